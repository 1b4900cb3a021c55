#pragma once

#include "../../base/utf.hpp"
#include "../../store/sequence.hpp"

namespace crdt::detail {

// -- settling and finding ---------------------------------------------------------------------

ROPEWALK_NEVER_INLINE ROPEWALK_INLINE void Sequences::settle_pending() noexcept {
    const Measure delta = pending_;
    std::uint32_t node = pending_leaf_;
    std::uint32_t parent = nodes.leaf(node).parent;
    pending_leaf_ = kNone;
    pending_seq_ = kNone;
    pending_ = {};
    const bool wide = (delta.pairs | delta.extra) != 0;
    while ((parent & kRootTag) == 0) {
        Inner& inner = nodes.inner(parent);
        const std::uint32_t i = inner.index_of(node);
        inner.units[i] += delta.units;
        if (ROPEWALK_UNLIKELY(wide)) {
            inner.pairs[i] += delta.pairs;
            inner.extra[i] += delta.extra;
        }
        inner.summary.state = Summary::State::unknown;
        node = parent;
        parent = inner.parent;
    }
    seqs[parent & ~kRootTag].measure += delta;
}

ROPEWALK_INLINE Place Sequences::descend(std::uint32_t seq, std::uint32_t position) noexcept {
    settle();
    const Seq& list = seqs[seq];
    if (position >= list.measure.units) {
        const Leaf& leaf = nodes.leaf(list.last);
        cursor_ = {seq, list.last, leaf.count, list.measure.units};
        return {list.last, leaf.count, 0};
    }
    std::uint32_t node = list.root;
    std::uint32_t rest = position;
    for (std::uint32_t level = list.height; level > 0; --level) {
        const Inner& inner = nodes.inner(node);
        std::uint32_t i = 0;
        while (rest >= inner.units[i]) rest -= inner.units[i++];
        node = inner.child[i];
    }
    const Leaf& leaf = nodes.leaf(node);
    std::uint32_t i = 0;
    for (;; ++i) {
        const std::uint32_t visible = leaf.spans[i].visible();
        if (rest < visible) break;
        rest -= visible;
    }
    cursor_ = {seq, node, i, position - rest};
    return {node, i, rest};
}

ROPEWALK_NEVER_INLINE ROPEWALK_INLINE Place Sequences::seek_further(std::uint32_t seq, std::uint32_t position) noexcept {
    if (cursor_.seq != seq) return descend(seq, position);
    const Leaf* leaf = &nodes.leaf(cursor_.leaf);
    std::uint32_t node = cursor_.leaf;
    std::uint32_t i = cursor_.index;
    std::uint32_t start = cursor_.start;
    if (position < start) {
        do {
            if (i == 0) {
                const std::uint32_t prev = leaf->prev;
                if (prev == kNone || start - position > nodes.leaf(prev).measure.units) {
                    return descend(seq, position);
                }
                node = prev;
                leaf = &nodes.leaf(prev);
                i = leaf->count;
            }
            --i;
            start -= leaf->spans[i].visible();
        } while (position < start);
    } else {
        for (;;) {
            if (i == leaf->count) {
                const std::uint32_t next = leaf->next;
                if (next == kNone || position - start >= nodes.leaf(next).measure.units) {
                    return descend(seq, position);
                }
                node = next;
                leaf = &nodes.leaf(next);
                i = 0;
            }
            const std::uint32_t visible = leaf->spans[i].visible();
            if (position - start < visible) break;
            start += visible;
            ++i;
        }
    }
    cursor_ = {seq, node, i, start};
    return {node, i, position - start};
}

ROPEWALK_NEVER_INLINE ROPEWALK_INLINE Place Sequences::find_further(RunPos unit) noexcept {
    const Run& run = runs_[unit.run];
    if (ROPEWALK_UNLIKELY(!index.built())) build_index();
    std::uint32_t node = ROPEWALK_LIKELY(index.built()) ? index.leaf_of(run, unit.offset)
                                                        : seqs[run.seq].first;
    // Without memory for the index the leaves are searched one after another.
    for (; node != kNone; node = nodes.leaf(node).next) {
        const Leaf& leaf = nodes.leaf(node);
        for (std::uint32_t i = 0; i < leaf.count; ++i) {
            if (!leaf.spans[i].contains(unit)) continue;
            const Place place{node, i, unit.offset - leaf.spans[i].offset};
            hint(place);
            return place;
        }
        ROPEWALK_ASSERT(!index.built(), "S3: the index names another leaf");
    }
    ROPEWALK_ASSERT(false, "R3: a unit has no place");
    return {};
}

ROPEWALK_INLINE std::uint32_t Sequences::position_of(Place place) noexcept {
    settle();
    const Leaf& leaf = nodes.leaf(place.leaf);
    std::uint32_t sum = 0;
    for (std::uint32_t i = 0; i < place.index; ++i) sum += leaf.spans[i].visible();
    if (place.index < leaf.count && !leaf.spans[place.index].hidden()) sum += place.offset;
    std::uint32_t node = place.leaf;
    for (std::uint32_t parent = leaf.parent; (parent & kRootTag) == 0;) {
        const Inner& inner = nodes.inner(parent);
        for (std::uint32_t i = 0; inner.child[i] != node; ++i) sum += inner.units[i];
        node = parent;
        parent = inner.parent;
    }
    return sum;
}

ROPEWALK_INLINE Measure Sequences::measure_before(std::uint32_t seq,
                                                  std::uint32_t position) noexcept {
    settle();
    const Seq& list = seqs[seq];
    if (position >= list.measure.units) return list.measure;
    Measure sum;
    std::uint32_t node = list.root;
    for (std::uint32_t level = list.height; level > 0; --level) {
        const Inner& inner = nodes.inner(node);
        std::uint32_t i = 0;
        while (sum.units + inner.units[i] <= position) sum += inner.measure(i++);
        node = inner.child[i];
    }
    const Leaf& leaf = nodes.leaf(node);
    for (std::uint32_t i = 0; sum.units < position; ++i) {
        const Span& span = leaf.spans[i];
        if (span.hidden()) continue;
        const std::uint32_t rest = position - sum.units;
        sum += content_.measure(runs_[span.run], span.offset,
                                rest < span.length() ? rest : span.length());
    }
    return sum;
}

ROPEWALK_INLINE std::uint32_t Sequences::units_at(std::uint32_t seq, std::uint32_t value,
                                                  bool utf8, bool& inside) noexcept {
    settle();
    const Seq& list = seqs[seq];
    const auto size_of = [utf8](const Measure& m) {
        return utf8 ? m.units + m.extra : m.units - m.pairs;
    };
    const std::uint32_t whole = size_of(list.measure);
    if (value >= whole) return value == whole ? list.measure.units : kNone;
    std::uint32_t rest = value;
    std::uint32_t units = 0;
    std::uint32_t node = list.root;
    for (std::uint32_t level = list.height; level > 0; --level) {
        const Inner& inner = nodes.inner(node);
        std::uint32_t i = 0;
        for (; rest >= size_of(inner.measure(i)); ++i) {
            rest -= size_of(inner.measure(i));
            units += inner.units[i];
        }
        node = inner.child[i];
    }
    const Leaf& leaf = nodes.leaf(node);
    for (std::uint32_t i = 0; i < leaf.count && rest > 0; ++i) {
        const Span& span = leaf.spans[i];
        if (span.hidden()) continue;
        const Run& run = runs_[span.run];
        const Measure all = content_.measure(run, span.offset, span.length());
        if (rest >= size_of(all)) {
            rest -= size_of(all);
            units += all.units;
            continue;
        }
        if (run.kind != RunKind::utf16) return units + rest;
        const char16_t* text = content_.utf16(run, span.offset);
        for (std::uint32_t k = 0; rest > 0;) {
            const bool pair = k + 1 < span.length() && is_high_surrogate(text[k]) &&
                              is_low_surrogate(text[k + 1]);
            const std::uint32_t step = pair ? 2 : 1;
            const std::uint32_t size = size_of(measure_units(text + k, step));
            if (size > rest) {
                inside = true;
                return kNone;
            }
            rest -= size;
            k += step;
            units += step;
        }
    }
    return units;
}

ROPEWALK_INLINE bool Sequences::precedes(Place a, Place b) const noexcept {
    if (a.leaf == b.leaf) {
        return a.index != b.index ? a.index < b.index : a.offset < b.offset;
    }
    std::uint32_t x = a.leaf;
    std::uint32_t y = b.leaf;
    std::uint32_t above_x = nodes.leaf(x).parent;
    std::uint32_t above_y = nodes.leaf(y).parent;
    while (above_x != above_y) {
        x = above_x;
        y = above_y;
        above_x = nodes.inner(x).parent;
        above_y = nodes.inner(y).parent;
    }
    const Inner& inner = nodes.inner(above_x);
    return inner.index_of(x) < inner.index_of(y);
}

// -- memory -------------------------------------------------------------------------------------

ROPEWALK_INLINE bool Sequences::reserve_changes(std::uint32_t count) noexcept {
    // A change adds at most two entries to one leaf, which therefore is split at most once. A leaf
    // that was split has room for 16 more, so beyond the leaves there are now, one in eight
    // changes splits. The same holds for each level above with fanout 16.
    const std::uint64_t splits_by_room = std::uint64_t{nodes.leaves()} + count / 7 + 2;
    const std::uint64_t splits = count < splits_by_room ? count : splits_by_room;
    constexpr std::uint64_t kHeight = 9;  // 8^9 leaves exceed 32 bits
    const std::uint64_t inner_by_room = nodes.inners() + splits / 6 + kHeight + 1;
    const std::uint64_t inner = splits * kHeight < inner_by_room ? splits * kHeight : inner_by_room;
    return nodes.reserve(0, static_cast<std::uint32_t>(splits), static_cast<std::uint32_t>(inner));
}

ROPEWALK_INLINE bool Sequences::reserve_entries(std::uint32_t leaf,
                                                std::uint32_t count) noexcept {
    if (leaf == kNone) return nodes.reserve(1, 0, 0);
    const Leaf& node = nodes.leaf(leaf);
    if (ROPEWALK_LIKELY(node.count + count <= node.capacity)) return true;
    std::uint32_t inner = 1;
    for (std::uint32_t parent = node.parent; (parent & kRootTag) == 0;
         parent = nodes.inner(parent).parent) {
        if (nodes.inner(parent).count < kFanout) break;
        ++inner;
    }
    return nodes.reserve(0, 1, inner);
}

// -- changing -------------------------------------------------------------------------------------

ROPEWALK_INLINE Place Sequences::insert(std::uint32_t seq, Place place, Span added,
                                        const Measure& visible) noexcept {
    forget_cursor();
    if (ROPEWALK_UNLIKELY(place.leaf == kNone)) {
        const std::uint32_t node = nodes.take_leaf(kSmallLeaf);
        Seq& list = seqs[seq];
        list.root = list.first = list.last = node;
        list.height = 0;
        nodes.leaf(node).parent = kRootTag | seq;
        place = {node, 0, 0};
        ++rooted_;
    }
    if (place.offset == 0) {
        make_room(seq, place, 1);
        Leaf& leaf = nodes.leaf(place.leaf);
        open_entries(leaf, place.index, 1);
        leaf.spans[place.index] = added;
    } else {
        make_room(seq, place, 2);
        Leaf& leaf = nodes.leaf(place.leaf);
        open_entries(leaf, place.index + 1, 2);
        Span& cut = leaf.spans[place.index];
        Span& rest = leaf.spans[place.index + 2];
        rest = {cut.run, cut.offset + place.offset, cut.bits - place.offset};
        cut.bits = (cut.bits & Span::kHidden) | place.offset;
        leaf.spans[place.index + 1] = added;
        place = {place.leaf, place.index + 1, 0};
    }
    if (index.built()) {
        Run& run = runs_[added.run];
        if (added.offset == 0) {
            run.leaf = place.leaf;
        } else {
            index.appended(run, added.offset, place.leaf);
        }
    }
    hint(place);
    changed(seq, place.leaf, visible);
    return place;
}

ROPEWALK_INLINE Place Sequences::hide(std::uint32_t seq, Place place, std::uint32_t count,
                                      const Measure& hidden) noexcept {
    forget_cursor();
    if (hide_at_edge(seq, place, count, hidden)) {
        // Behind the front is the rest of the span, behind the back what follows its neighbour.
        return {place.leaf, place.offset == 0 ? place.index : place.index + 2, 0};
    }
    Leaf* leaf = &nodes.leaf(place.leaf);
    Span* span = &leaf->spans[place.index];
    const std::uint32_t length = span->bits;  // it is visible
    Place behind;
    if (place.offset == 0 && count == length) {
        span->bits |= Span::kHidden;
        const bool with_next =
            place.index + 1U < leaf->count && joins(*span, span[1]);
        const bool with_prev = place.index > 0 && joins(span[-1], *span);
        if (with_next) {
            span->bits += span[1].length();
            close_entries(*leaf, place.index + 1, 1);
        }
        if (with_prev) {
            span[-1].bits += span->length();
            close_entries(*leaf, place.index, 1);
            --place.index;
        }
        // A merge with the next may take in units behind ours; they are hidden all the same.
        behind = {place.leaf, place.index + 1, 0};
    } else if (place.offset == 0) {
        place.offset = 1;  // room beside the span, not in the gap in front of it
        make_room(seq, place, 1);
        leaf = &nodes.leaf(place.leaf);
        open_entries(*leaf, place.index + 1, 1);
        span = &leaf->spans[place.index];
        span[1] = {span->run, span->offset + count, length - count};
        span->bits = count | Span::kHidden;
        behind = {place.leaf, place.index + 1, 0};
    } else if (place.offset + count == length) {
        make_room(seq, place, 1);
        leaf = &nodes.leaf(place.leaf);
        open_entries(*leaf, place.index + 1, 1);
        span = &leaf->spans[place.index];
        span->bits -= count;
        span[1] = {span->run, span->end(), count | Span::kHidden};
        behind = {place.leaf, place.index + 2, 0};
    } else {
        make_room(seq, place, 2);
        leaf = &nodes.leaf(place.leaf);
        open_entries(*leaf, place.index + 1, 2);
        span = &leaf->spans[place.index];
        span[2] = {span->run, span->offset + place.offset + count, length - place.offset - count};
        span[1] = {span->run, span->offset + place.offset, count | Span::kHidden};
        span->bits = place.offset;
        behind = {place.leaf, place.index + 2, 0};
    }
    Measure delta;
    delta -= hidden;
    changed(seq, place.leaf, delta);
    return behind;
}

ROPEWALK_INLINE void Sequences::make_room(std::uint32_t seq, Place& place,
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
        for (std::uint32_t i = 0; i < right.count; ++i) right.measure += span_measure(right.spans[i]);
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

ROPEWALK_INLINE std::uint32_t Sequences::new_leaf_beside(std::uint32_t seq, std::uint32_t leaf,
                                                         bool after) noexcept {
    // The caller fills it at once: an empty leaf is never left behind (S1).
    const std::uint32_t node = nodes.take_leaf(kLargeLeaf);
    Leaf& made = nodes.leaf(node);
    Leaf& old = nodes.leaf(leaf);
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
ROPEWALK_INLINE void Sequences::add_child(std::uint32_t seq, std::uint32_t beside,
                                          std::uint32_t node, bool after, const Measure& taken,
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
        // Like leaves: at an end the old node stays full.
        std::uint32_t keep = kFanout / 2;
        if (after && at == kFanout - 1) keep = kFanout - 1;
        if (!after && at == 0) keep = 1;
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

ROPEWALK_INLINE void Sequences::adopt(std::uint32_t seq, Vec<std::uint32_t>& leaves,
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
            const std::uint32_t upto =
                static_cast<std::uint32_t>(std::uint64_t{count} * (g + 1) / groups);
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

ROPEWALK_INLINE void Sequences::reset() noexcept {
    index.drop();
    nodes.reset();
    seqs.reset();
    pending_leaf_ = kNone;
    pending_seq_ = kNone;
    pending_ = {};
    hint_leaf_ = kNone;
    forget_cursor();
}

}  // namespace crdt::detail
