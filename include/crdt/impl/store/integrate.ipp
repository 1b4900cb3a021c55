#pragma once

#include "../../store/block_content.hpp"
#include "../../store/integrate.hpp"

namespace crdt::detail {

// -- where
// ------------------------------------------------------------------------------------------

// The sequence that a block without neighbours names; kNone when it can hold nothing any more.
ROPEWALK_INLINE std::uint32_t Integrator::parent_sequence(const BlockView& block) noexcept {
    std::uint32_t type = kNone;
    if (block.parent == ParentRef::root) {
        type = store.root(as_text(update.input.subspan(block.root.offset, block.root.size)));
    } else {
        const RunPos parent = resolve(block.parent_item);
        const Run& run = store.runs[parent.run];
        if (run.kind != RunKind::type || store.types.types[run.data].collected) return kNone;
        type = run.data;
    }
    if (!block.has_key) return store.types.types[type].list;
    const std::uint32_t key =
        store.types.names.find(as_text(update.input.subspan(block.key.offset, block.key.size)));
    return store.types.add_key(type, key);
}

ROPEWALK_INLINE Integrator::Gap Integrator::gap_behind(std::uint32_t seq, RunPos left) noexcept {
    Gap gap;
    gap.left = left;
    if (!left.exists()) {
        gap.place = store.sequences.begin(seq);
        return gap;
    }
    gap.left_place = store.sequences.find(left);
    const Place& unit = gap.left_place;
    gap.place = unit.offset + 1 < store.sequences.span(unit).length()
                    ? Place{unit.leaf, unit.index, unit.offset + 1}
                    : Place{unit.leaf, unit.index + 1, 0};
    return gap;
}

ROPEWALK_INLINE RunPos Integrator::first_behind(const Gap& gap) const noexcept {
    if (gap.place.leaf == kNone) return {};
    const Leaf& leaf = store.sequences.nodes.leaf(gap.place.leaf);
    if (gap.place.index < leaf.count) {
        const Span& span = leaf.spans[gap.place.index];
        return {span.run, span.offset + gap.place.offset};
    }
    if (leaf.next == kNone) return {};
    return store.sequences.nodes.leaf(leaf.next).spans[0].first();
}

// Whether everything below a node is one group of siblings. At most as deep as the tree.
ROPEWALK_INLINE const Summary& Integrator::summary_of(std::uint32_t node,
                                                      std::uint32_t level) noexcept {
    Sequences& sequences = store.sequences;
    const auto id_of = [this](std::uint32_t client) { return store.clients[client].id; };
    if (level == 0) {
        Leaf& leaf = sequences.nodes.leaf(node);
        if (leaf.summary.state != Summary::State::unknown) return leaf.summary;
        Summary summary;
        summary.state = Summary::State::mixed;
        for (std::uint32_t i = 0; i < leaf.count; ++i) {
            const Span& span = leaf.spans[i];
            if (span.offset > 0) {
                // The rest of a run goes with its head, if that stands here too.
                if (i > 0 && span.run == leaf.spans[i - 1].run) continue;
                return leaf.summary = summary;
            }
            const Run& run = store.runs[span.run];
            if (i == 0) {
                summary.origin = run.origin;
                summary.right = run.right;
                summary.one_right = true;
                summary.highest = run.client;
                continue;
            }
            if (run.right != summary.right) summary.one_right = false;
            if (run.origin != summary.origin) {
                return leaf.summary = summary;
            }
            if (id_of(run.client) > id_of(summary.highest)) {
                summary.highest = run.client;
            }
        }
        summary.state = Summary::State::siblings;
        return leaf.summary = summary;
    }
    Inner& inner = sequences.nodes.inner(node);
    if (inner.summary.state != Summary::State::unknown) return inner.summary;
    Summary summary;
    for (std::uint32_t i = 0; i < inner.count; ++i) {
        const Summary& below = summary_of(inner.child[i], level - 1);
        if (below.state == Summary::State::mixed || (i > 0 && below.origin != summary.origin)) {
            summary.state = Summary::State::mixed;
            return inner.summary = summary;
        }
        if (i == 0 || id_of(below.highest) > id_of(summary.highest)) {
            summary.highest = below.highest;
        }
        summary.origin = below.origin;
    }
    summary.state = Summary::State::siblings;
    return inner.summary = summary;
}

ROPEWALK_INLINE void Integrator::find_path(RunPos unit, std::uint32_t seq, Path& path) noexcept {
    path.known = true;
    if (!unit.exists() || store.runs[unit.run].seq != seq) return;
    std::uint32_t node = store.sequences.find(unit).leaf;
    path.nodes[path.count++] = node;
    for (node = store.sequences.nodes.leaf(node).parent; (node & kRootTag) == 0;
         node = store.sequences.nodes.inner(node).parent) {
        path.nodes[path.count++] = node;
    }
}

ROPEWALK_INLINE std::uint32_t Integrator::pass_siblings(RunPos origin,
                                                        std::uint64_t client,
                                                        const Path& right,
                                                        std::uint32_t leaf,
                                                        std::uint32_t& next) noexcept {
    Nodes& nodes = store.sequences.nodes;
    const auto passes = [&](std::uint32_t node, std::uint32_t level) {
        if (right.holds(node, level)) return false;
        const Summary& summary = summary_of(node, level);
        return summary.state == Summary::State::siblings && summary.origin == origin &&
               store.clients[summary.highest].id < client;
    };
    const auto parent_of = [&](std::uint32_t node, std::uint32_t level) {
        return level == 0 ? nodes.leaf(node).parent : nodes.inner(node).parent;
    };
    std::uint32_t node = leaf;
    std::uint32_t level = 0;
    std::uint32_t passed = kNone;  // the subtree passed last, at `passed_level`
    std::uint32_t passed_level = 0;
    for (;;) {
        if (passes(node, level)) {
            // As much at once as starts here.
            for (;;) {
                const std::uint32_t parent = parent_of(node, level);
                if ((parent & kRootTag) != 0 || nodes.inner(parent).child[0] != node ||
                    !passes(parent, level + 1)) {
                    break;
                }
                node = parent;
                ++level;
            }
            passed = node;
            passed_level = level;
            // Its neighbour on the right, above where it is a last child.
            std::uint32_t parent = parent_of(node, level);
            while ((parent & kRootTag) == 0) {
                const Inner& inner = nodes.inner(parent);
                const std::uint32_t at = inner.index_of(node);
                if (at + 1U < inner.count) {
                    node = inner.child[at + 1];
                    break;
                }
                node = parent;
                ++level;
                parent = inner.parent;
            }
            if ((parent & kRootTag) != 0) {
                next = kNone;
                break;
            }
        } else if (level > 0) {
            node = nodes.inner(node).child[0];
            --level;
        } else {
            next = node;
            break;
        }
    }
    for (; passed != kNone && passed_level > 0; --passed_level) {
        const Inner& inner = nodes.inner(passed);
        passed = inner.child[inner.count - 1];
    }
    return passed;
}

// Between the origin and the right origin stands what was inserted there at the same time. Yjs'
// sets of scanned and conflicting items are stretches of the document here: an origin is in them
// iff it stands behind `origin`, respectively behind the left neighbour found so far.
ROPEWALK_INLINE void Integrator::scan(
    std::uint32_t seq, std::uint64_t client, RunPos origin, RunPos right, Gap& gap) noexcept {
    Sequences& sequences = store.sequences;
    sequences.settle();
    Place at = gap.place;
    if (at.index >= sequences.nodes.leaf(at.leaf).count) {
        at = {sequences.nodes.leaf(at.leaf).next, 0, 0};
    }
    const Place start = at;
    bool moved = false;  // gap.left is behind `origin`
    Path path;
    while (at.leaf != kNone) {
        ++scan_steps;
        if (at.index == 0 && at.offset == 0) {
            if (!path.known) find_path(right, seq, path);
            std::uint32_t leaf = kNone;
            const std::uint32_t passed = pass_siblings(origin, client, path, at.leaf, leaf);
            if (passed != kNone) {
                const std::uint32_t count = sequences.nodes.leaf(passed).count;
                const Span& span = sequences.nodes.leaf(passed).spans[count - 1];
                gap.left = span.last();
                gap.left_place = {passed, count - 1, span.length() - 1};
                gap.place = {passed, count, 0};
                moved = true;
                at = {leaf, 0, 0};
                if (leaf == kNone) return;
            }
            const Leaf& here = sequences.nodes.leaf(leaf);
            if (here.summary.state == Summary::State::siblings && here.summary.one_right &&
                here.summary.origin == origin && here.summary.right == right &&
                !path.holds(leaf, 0)) {
                // The first of them with a higher id ends the scan: one is there, they are sorted.
                std::uint32_t low = 0;
                std::uint32_t high = here.count;
                while (low < high) {
                    const std::uint32_t middle = (low + high) / 2;
                    const std::uint32_t owner = store.runs[here.spans[middle].run].client;
                    if (store.clients[owner].id < client) {
                        low = middle + 1;
                    } else {
                        high = middle;
                    }
                }
                if (low == 0) return;
                const Span& span = here.spans[low - 1];
                gap.left = span.last();
                gap.left_place = {leaf, low - 1, span.length() - 1};
                gap.place = {leaf, low, 0};
                return;
            }
        }
        const Span& span = sequences.span(at);
        const RunPos unit{span.run, span.offset + at.offset};
        std::uint32_t length = span.length() - at.offset;
        bool reaches_right = false;
        if (right.run == span.run && right.offset >= unit.offset &&
            right.offset < unit.offset + length) {
            length = right.offset - unit.offset;
            if (length == 0) return;
            reaches_right = true;
        }
        const Run& run = store.runs[span.run];
        const RunPos before = unit.offset > 0 ? RunPos{span.run, unit.offset - 1} : run.origin;
        bool passes = false;
        if (before == origin) {
            passes = store.clients[run.client].id < client;
            if (!passes && run.right == right) return;
        } else {
            if (!before.exists() || store.runs[before.run].seq != seq) return;
            const Place place = sequences.find(before);
            if (sequences.precedes(place, start)) return;
            passes = moved && !sequences.precedes(gap.left_place, place);
        }
        if (passes) {
            gap.left = {span.run, unit.offset + length - 1};
            gap.left_place = {at.leaf, at.index, at.offset + length - 1};
            gap.place = reaches_right ? Place{at.leaf, at.index, at.offset + length}
                                      : Place{at.leaf, at.index + 1, 0};
            moved = true;
        }
        if (reaches_right) return;
        at = sequences.next(at);
    }
}

// -- what
// -------------------------------------------------------------------------------------------

ROPEWALK_INLINE void Integrator::add_gc(std::uint32_t client, std::uint32_t length) noexcept {
    ClientLog& log = store.clients[client];
    const std::uint32_t newest = log.newest();
    if (newest != kNone && store.runs[newest].kind == RunKind::gc) {
        store.runs[newest].length += length;
        log.next_clock += length;
    } else {
        Run made{};
        made.client = client;
        made.clock = log.next_clock;
        made.length = length;
        made.seq = kNone;
        made.kind = RunKind::gc;
        store.add_run(made);
    }
    // Not a deletion of this change: who collected it has told of that, and Yjs tells no more
    // either.
}

// Puts the newest units of a run behind the others: into their span, if that agrees on hidden.
ROPEWALK_INLINE Place Integrator::lengthen(
    std::uint32_t seq, const Gap& gap, RunPos added, std::uint32_t length, bool visible) noexcept {
    Sequences& sequences = store.sequences;
    const Run& run = store.runs[added.run];
    if (sequences.span(gap.left_place).hidden() != visible) {
        sequences.extend(
            seq, gap.left_place, length,
            visible ? store.content.measure_appended(run, added.offset, length) : Measure{});
        sequences.forget_cursor();
        return gap.left_place;
    }
    return sequences.insert(seq, gap.place,
                            {added.run, added.offset, visible ? length : length | Span::kHidden},
                            visible ? store.content.measure(run, added.offset, length) : Measure{});
}

ROPEWALK_INLINE void Integrator::integrate(const BlockView& block) noexcept {
    Sequences& sequences = store.sequences;
    const std::uint32_t client = numbers[block.slot];
    ClientLog& log = store.clients[client];
    const std::uint32_t cut = log.next_clock - block.clock;
    const std::uint32_t length = block.length - cut;
    store.touch(client);
    if (client == store.own) store.change.own_was_remote = true;
    if (block.kind == ContentKind::gc) return add_gc(client, length);

    const bool has_right = block.right_origin.slot != kNoSlot;
    RunPos origin;
    if (cut > 0) {
        origin = {log.newest(), store.runs[log.newest()].length - 1};
    } else if (block.origin.slot != kNoSlot) {
        const std::uint32_t newest = log.newest();
        // Most blocks continue what their client wrote last.
        origin = block.origin.slot == block.slot && block.origin.clock + 1 == block.clock
                     ? RunPos{newest, store.runs[newest].length - 1}
                     : resolve(block.origin);
    }
    if (origin.exists() && store.runs[origin.run].kind == RunKind::gc) {
        add_gc(client, length);
        return;
    }
    RunPos right;
    std::uint32_t seq = kNone;
    Gap gap;
    RunPos behind;
    if (origin.exists()) {
        seq = store.runs[origin.run].seq;
        gap = gap_behind(seq, origin);
        behind = first_behind(gap);
    }
    if (has_right) {
        right = behind.exists() && is_unit(behind, block.right_origin)
                    ? behind
                    : resolve(block.right_origin);
        if (store.runs[right.run].kind == RunKind::gc) return add_gc(client, length);
    }
    if (!origin.exists()) {
        seq = has_right ? store.runs[right.run].seq : parent_sequence(block);
        if (seq == kNone) return add_gc(client, length);
        gap = gap_behind(seq, {});
        behind = first_behind(gap);
    }
    if (behind != right) scan(seq, log.id, origin, right, gap);
    // Yjs cuts at both origins, wherever the block ends up.
    if (origin.exists()) store.break_pair({origin.run, origin.offset + 1});
    if (right.exists()) store.break_pair(right);

    const std::uint32_t newest = log.newest();
    const bool behind_newest = newest != kNone && gap.left == origin && origin.run == newest &&
                               origin.offset + 1 == store.runs[newest].length &&
                               store.runs[newest].right == right && store.runs[newest].seq == seq;
    RunPos added;
    Place place;
    if (block.kind == ContentKind::deleted && behind_newest &&
        hole_fits(store, store.runs[newest], length)) {
        added = {newest, store.runs[newest].length};
        add_hole(store, store.runs[newest], length);
        log.next_clock += length;
        place = lengthen(seq, gap, added, length, false);
    } else {
        Run made{};
        made.client = client;
        made.clock = log.next_clock;
        made.length = length;
        made.origin = origin;
        made.right = right;
        made.seq = seq;
        store_content(store, update, block, cut, made);
        const bool visible = made.countable();
        if (behind_newest && content_continues(store.runs[newest], made)) {
            added = {newest, store.runs[newest].length};
            store.runs[newest].length += length;
            log.next_clock += length;
            place = lengthen(seq, gap, added, length, visible);
        } else {
            // One more sibling: what is known of the leaf stays known.
            Summary summary;
            std::uint32_t count = 0;
            if (gap.place.leaf != kNone) {
                summary = sequences.nodes.leaf(gap.place.leaf).summary;
                count = sequences.nodes.leaf(gap.place.leaf).count;
            }
            added = {store.add_run(made), 0};
            place = sequences.insert(seq, gap.place,
                                     {added.run, 0, visible ? length : length | Span::kHidden},
                                     visible ? store.content.measure(made, 0, length) : Measure{});
            if (summary.state == Summary::State::siblings && summary.origin == origin &&
                place.leaf == gap.place.leaf &&
                sequences.nodes.leaf(place.leaf).count == count + 1) {
                if (store.clients[summary.highest].id < log.id) summary.highest = client;
                if (summary.right != right) summary.one_right = false;
                sequences.nodes.leaf(place.leaf).summary = summary;
            }
            if (ROPEWALK_UNLIKELY(made.kind == RunKind::format)) {
                store.note_format(seq);
                store.formats.added(store, added.run);
            }
        }
    }
    if (sequences.seqs[seq].key != kNone) settle_key(place, added, length);
    // After the value that it replaces, as in Yjs: the order of clients matters (tidy.hpp).
    if (block.kind == ContentKind::deleted) {
        store.change.deleted(client, log.next_clock - length, length);
    }
    const TypeRecord& type = store.types.types[sequences.seqs[seq].type];
    if (ROPEWALK_UNLIKELY(type.dead)) store.delete_units(added.run, added.offset, length);
}

// Of a key the last item shows: an item that comes last deletes the one before it, an item that
// does not is deleted itself.
ROPEWALK_INLINE void Integrator::settle_key(Place place,
                                            RunPos added,
                                            std::uint32_t length) noexcept {
    Sequences& sequences = store.sequences;
    const Span& span = sequences.span(place);
    const bool last = added.offset + length == span.end() && sequences.next(place).leaf == kNone;
    if (!last) {
        store.delete_units(added.run, added.offset, length);
        return;
    }
    if (span.offset < added.offset) {
        store.delete_units(added.run, span.offset, added.offset - span.offset);
        return;
    }
    const Place before = sequences.previous({place.leaf, place.index, 0});
    if (before.leaf == kNone) return;
    const Span old = sequences.span(before);
    store.delete_units(old.run, old.offset, old.length());
}

}  // namespace crdt::detail
