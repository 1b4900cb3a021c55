#pragma once

#include "../../store/sequence.hpp"

// How the nodes of a sequence come, split and go, and the index that names the leaf of a unit.

namespace crdt::detail {

// -- splitting ------------------------------------------------------------------------------------

ROPEWALK_INLINE void Sequences::make_room(std::uint32_t seq,
                                          Place& place,
                                          std::uint32_t count) noexcept {
    const Leaf& leaf = nodes.leaf(place.leaf);
    if (ROPEWALK_LIKELY(leaf.count + count <= leaf.capacity)) return;
    if (leaf.capacity == kSmallLeaf) {
        enlarge_leaf(seq, place);
    } else {
        split_leaf(seq, place);
    }
}

ROPEWALK_INLINE void Sequences::enlarge_leaf(std::uint32_t seq, Place& place) noexcept {
    if (pending_leaf_ == place.leaf) settle();
    const std::uint32_t node = nodes.take_leaf(kLargeLeaf);
    const Leaf& small = nodes.leaf(place.leaf);
    Leaf& large = nodes.leaf(node);
    large.parent = small.parent;  // a small leaf is a root
    large.count = small.count;
    large.measure = small.measure;
    std::memcpy(large.spans, small.spans, small.count * sizeof(Span));
    if (index.built()) {
        for (std::uint32_t i = 0; i < large.count; ++i) runs_[large.spans[i].run].leaf = node;
    }
    Seq& list = seqs[seq];
    list.root = list.first = list.last = node;
    nodes.give_back_leaf(place.leaf);
    place.leaf = node;
    hint_leaf_ = kNone;
}

ROPEWALK_INLINE void Sequences::split_leaf(std::uint32_t seq, Place& place) noexcept {
    settle();
    Leaf& leaf = nodes.leaf(place.leaf);
    // In the gap between two leaves, whichever has room takes it: a leaf is added only where both
    // are full, which reserve_changes counts on.
    if (place.offset == 0 && place.index == leaf.count && leaf.next != kNone &&
        nodes.leaf(leaf.next).count < kLargeLeaf) {
        place = {leaf.next, 0, 0};
        return;
    }
    if (place.offset == 0 && place.index == 0 && leaf.prev != kNone &&
        nodes.leaf(leaf.prev).count < kLargeLeaf) {
        place = {leaf.prev, nodes.leaf(leaf.prev).count, 0};
        return;
    }
    if (place.offset == 0 && place.index == leaf.count) {
        // Appending leaves full leaves behind.
        const std::uint32_t node = new_leaf_beside(seq, place.leaf, true);
        place = {node, 0, 0};
        return;
    }
    if (place.offset == 0 && place.index == 0) {
        const std::uint32_t node = new_leaf_beside(seq, place.leaf, false);
        place = {node, 0, 0};
        return;
    }
    constexpr std::uint32_t half = kLargeLeaf / 2;
    const std::uint32_t from = place.leaf;
    const std::uint32_t to = nodes.take_leaf(kLargeLeaf);
    Leaf& right = nodes.leaf(to);
    right.count = static_cast<std::uint16_t>(leaf.count - half);
    leaf.count = half;
    std::memcpy(right.spans, leaf.spans + half, right.count * sizeof(Span));
    right.next = leaf.next;
    right.prev = from;
    leaf.next = to;
    if (right.next == kNone) {
        seqs[seq].last = to;
    } else {
        nodes.leaf(right.next).prev = to;
    }
    if ((leaf.measure.pairs | leaf.measure.extra) == 0) {
        for (std::uint32_t i = 0; i < right.count; ++i) {
            right.measure.units += right.spans[i].visible();
        }
    } else {
        for (std::uint32_t i = 0; i < right.count; ++i)
            right.measure += span_measure(right.spans[i]);
    }
    leaf.measure -= right.measure;
    leaf.summary.state = Summary::State::unknown;
    if (index.built()) reindex_moved(from, to);
    add_child(seq, from, to, true, right.measure, 1);
    if (place.index > half || (place.index == half && place.offset > 0)) {
        place.leaf = to;
        place.index -= half;
    }
}

ROPEWALK_INLINE std::uint32_t Sequences::new_leaf_beside(std::uint32_t seq,
                                                         std::uint32_t leaf,
                                                         bool after) noexcept {
    // The caller fills it at once: an empty leaf is never left behind (S1).
    const std::uint32_t node = nodes.take_leaf(kLargeLeaf);
    Leaf& made = nodes.leaf(node);
    const Leaf& old = nodes.leaf(leaf);
    made.prev = after ? leaf : old.prev;
    made.next = after ? old.next : leaf;
    if (made.prev == kNone) {
        seqs[seq].first = node;
    } else {
        nodes.leaf(made.prev).next = node;
    }
    if (made.next == kNone) {
        seqs[seq].last = node;
    } else {
        nodes.leaf(made.next).prev = node;
    }
    add_child(seq, leaf, node, after, {}, 1);
    return node;
}

// Hangs `node` into the parent of `beside`; `taken` is what moved from one to the other.
ROPEWALK_INLINE void Sequences::add_child(std::uint32_t seq,
                                          std::uint32_t beside,
                                          std::uint32_t node,
                                          bool after,
                                          const Measure& taken,
                                          std::uint32_t level) noexcept {
    const auto parent_of = [&](std::uint32_t child) -> std::uint32_t& {
        return level == 1 ? nodes.leaf(child).parent : nodes.inner(child).parent;
    };
    std::uint32_t parent = parent_of(beside);
    if ((parent & kRootTag) != 0) {
        const std::uint32_t root = nodes.take_inner(level);
        Inner& inner = nodes.inner(root);
        inner.parent = parent;
        inner.count = 1;
        inner.child[0] = beside;
        inner.set_measure(0, seqs[seq].measure);
        parent_of(beside) = root;
        seqs[seq].root = root;
        seqs[seq].height = level;
        parent = root;
    } else if (nodes.inner(parent).count == kFanout) {
        Inner& full = nodes.inner(parent);
        const std::uint32_t at = full.index_of(beside);
        // At an end the old node stays fuller, with room for a few: see reserve_changes.
        std::uint32_t keep = kFanout / 2;
        if (after && at == kFanout - 1) keep = kFanout * 3 / 4;
        if (!after && at == 0) keep = kFanout / 4;
        const std::uint32_t half = nodes.take_inner(level);
        Inner& right = nodes.inner(half);
        right.count = static_cast<std::uint16_t>(kFanout - keep);
        Measure moved;
        for (std::uint32_t i = 0; i < right.count; ++i) {
            right.child[i] = full.child[keep + i];
            right.set_measure(i, full.measure(keep + i));
            moved += full.measure(keep + i);
            parent_of(right.child[i]) = half;
        }
        full.count = static_cast<std::uint16_t>(keep);
        full.summary.state = Summary::State::unknown;
        add_child(seq, parent, half, true, moved, level + 1);  // as deep as the tree
        parent = parent_of(beside);
    }
    Inner& inner = nodes.inner(parent);
    const std::uint32_t at = inner.index_of(beside);
    const std::uint32_t slot = after ? at + 1 : at;
    for (std::uint32_t i = inner.count; i > slot; --i) {
        inner.child[i] = inner.child[i - 1];
        inner.set_measure(i, inner.measure(i - 1));
    }
    ++inner.count;
    inner.child[slot] = node;
    inner.set_measure(slot, taken);
    const std::uint32_t old = after ? at : at + 1;
    Measure rest = inner.measure(old);
    rest -= taken;
    inner.set_measure(old, rest);
    parent_of(node) = parent;
    for (std::uint32_t up = parent; (up & kRootTag) == 0; up = nodes.inner(up).parent) {
        nodes.inner(up).summary.state = Summary::State::unknown;
    }
}

// -- the index ------------------------------------------------------------------------------------

ROPEWALK_INLINE void Sequences::reindex_moved(std::uint32_t from, std::uint32_t to) noexcept {
    const Leaf& left = nodes.leaf(from);
    const Leaf& right = nodes.leaf(to);
    for (std::uint32_t i = 0; i < right.count; ++i) {
        const Span& span = right.spans[i];
        Run& run = runs_[span.run];
        if (span.offset == 0 && span.length() == run.length) {
            run.leaf = to;
            continue;
        }
        bool seen = false;
        for (std::uint32_t k = 0; k < i && !seen; ++k) seen = right.spans[k].run == span.run;
        if (seen) continue;
        bool remains = false;
        for (std::uint32_t k = 0; k < left.count && !remains; ++k) {
            remains = left.spans[k].run == span.run;
        }
        index.moved(run, span.offset, to, remains);
        if (!index.built()) return;  // no memory: it was dropped
    }
}

ROPEWALK_INLINE void Sequences::build_index() noexcept {
    index.drop();
    for (std::uint32_t i = 0; i < runs_.size(); ++i) runs_[i].leaf = kNone;
    index.set_built();
    for (std::uint32_t seq = 0; seq < seqs.size(); ++seq) {
        for (std::uint32_t node = seqs[seq].first; node != kNone; node = nodes.leaf(node).next) {
            const Leaf& leaf = nodes.leaf(node);
            for (std::uint32_t i = 0; i < leaf.count; ++i) {
                const Span& span = leaf.spans[i];
                Run& run = runs_[span.run];
                if (run.leaf == kNone) {
                    run.leaf = node;
                } else {
                    index.appended(run, span.offset, node);
                    if (!index.built()) return;
                }
            }
        }
    }
}

// -- whole trees ----------------------------------------------------------------------------------

ROPEWALK_INLINE void Sequences::adopt(std::uint32_t seq,
                                      Vec<std::uint32_t>& leaves,
                                      const Measure& total) noexcept {
    Seq& list = seqs[seq];
    list.first = leaves[0];
    list.last = leaves.back();
    list.measure = total;
    std::uint32_t level = 0;
    while (leaves.size() > 1) {
        // Groups of 12, the rest shared out so that none is left with a single child.
        ++level;
        const auto count = static_cast<std::uint32_t>(leaves.size());
        const std::uint32_t groups = (count + kFanout * 3 / 4 - 1) / (kFanout * 3 / 4);
        std::uint32_t taken = 0;
        for (std::uint32_t g = 0; g < groups; ++g) {
            const std::uint32_t node = nodes.take_inner(level);
            Inner& inner = nodes.inner(node);
            const auto upto = static_cast<std::uint32_t>(std::uint64_t{count} * (g + 1) / groups);
            for (; taken < upto; ++taken) {
                const std::uint32_t child = leaves[taken];
                inner.child[inner.count] = child;
                if (level == 1) {
                    inner.set_measure(inner.count, nodes.leaf(child).measure);
                    nodes.leaf(child).parent = node;
                } else {
                    inner.set_measure(inner.count, nodes.inner(child).total());
                    nodes.inner(child).parent = node;
                }
                ++inner.count;
            }
            leaves[g] = node;
        }
        leaves.truncate(groups);
    }
    list.root = leaves[0];
    list.height = level;
    (level == 0 ? nodes.leaf(list.root).parent : nodes.inner(list.root).parent) = kRootTag | seq;
    ++rooted_;
    forget_cursor();
    hint_leaf_ = kNone;
}

ROPEWALK_INLINE void Sequences::clear(std::uint32_t seq) noexcept {
    settle();
    Seq& list = seqs[seq];
    if (cursor_.seq == seq) forget_cursor();
    hint_leaf_ = kNone;
    if (list.root == kNone) return;
    // Along the leaves; each inner node goes with its last child.
    for (std::uint32_t node = list.first; node != kNone;) {
        const std::uint32_t next = nodes.leaf(node).next;
        std::uint32_t parent = nodes.leaf(node).parent;
        bool last = is_last_child(parent, node);
        nodes.give_back_leaf(node);
        while (last) {
            node = parent;
            parent = nodes.inner(node).parent;
            last = is_last_child(parent, node);
            nodes.give_back_inner(node);
        }
        node = next;
    }
    --rooted_;
    list.root = list.first = list.last = kNone;
    list.height = 0;
    list.measure = {};
}

}  // namespace crdt::detail
