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

ROPEWALK_NEVER_INLINE ROPEWALK_INLINE Place
Sequences::seek_further(std::uint32_t seq, std::uint32_t position) noexcept {
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
                if (next == kNone && position == start) break;
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
    std::uint32_t node =
        ROPEWALK_LIKELY(index.built()) ? index.leaf_of(run, unit.offset) : seqs[run.seq].first;
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

ROPEWALK_INLINE std::uint32_t Sequences::units_at(std::uint32_t seq,
                                                  std::uint32_t value,
                                                  bool utf8,
                                                  bool& inside) noexcept {
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

// The bounds count what each node that comes needs before: entries, since a change adds at most two
// to one leaf, and children of the level below.
//   Leaves. A full one may be halved, and one may come into each gap beside it; the second of two
//   full neighbours shares theirs. Whatever came needs 16 entries to be full. A small leaf becomes
//   a large one once: one that has just come needs four more entries. Inner nodes. Whatever split
//   has room for four. A root comes where one splits; such a tree needs 14 more below it before
//   that happens again.
ROPEWALK_INLINE bool Sequences::reserve_changes(std::uint32_t count) noexcept {
    const auto least = [](std::uint64_t a, std::uint64_t b) { return a < b ? a : b; };
    constexpr std::uint64_t kHeight = 9;  // 8^9 leaves exceed 32 bits
    const std::uint64_t small = nodes.small_leaves();
    const std::uint64_t enlarged = least(small + nodes.spare_small_leaves(), small + count / 3);
    const std::uint64_t leaves =
        least(count, std::uint64_t{nodes.leaves()} * 3 + enlarged + count / 4 + 2);
    const std::uint64_t lists = std::uint64_t{rooted_} + nodes.spare_small_leaves();
    const std::uint64_t inners = nodes.inners();
    const std::uint64_t roots = least(leaves, lists) + least(lists * kHeight, inners + leaves / 12);
    const std::uint64_t inner =
        least(leaves * kHeight, inners + inners / 3 + leaves / 3 + roots + kHeight + 1);
    return nodes.reserve(0, static_cast<std::uint32_t>(leaves), static_cast<std::uint32_t>(inner));
}

ROPEWALK_NEVER_INLINE ROPEWALK_INLINE bool Sequences::reserve_split(std::uint32_t leaf) noexcept {
    if (leaf == kNone) return nodes.reserve(1, 0, 0);
    std::uint32_t inner = 1;
    for (std::uint32_t parent = nodes.leaf(leaf).parent; (parent & kRootTag) == 0;
         parent = nodes.inner(parent).parent) {
        if (nodes.inner(parent).count < kFanout) break;
        ++inner;
    }
    return nodes.reserve(0, 1, inner);
}

// -- changing -------------------------------------------------------------------------------------

ROPEWALK_INLINE Place Sequences::insert(std::uint32_t seq,
                                        Place place,
                                        Span added,
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

ROPEWALK_INLINE Place Sequences::hide_anew(std::uint32_t seq,
                                           Place place,
                                           std::uint32_t count,
                                           const Measure& hidden) noexcept {
    forget_cursor();
    Leaf* leaf = &nodes.leaf(place.leaf);
    Span* span = &leaf->spans[place.index];
    const std::uint32_t length = span->bits;  // it is visible
    Place behind;
    if (place.offset == 0 && count == length) {
        span->bits |= Span::kHidden;
        const bool with_next = place.index + 1U < leaf->count && joins(*span, span[1]);
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

template <class F>
Place Sequences::hide_spans(std::uint32_t seq, Place place, std::uint32_t& units, F&& f) noexcept {
    forget_cursor();
    Leaf& leaf = nodes.leaf(place.leaf);
    Measure delta;
    std::uint32_t read = place.index;
    std::uint32_t written = place.index;  // spans kept so far, the one in front included
    const auto keep = [&](const Span& span) {
        if (written > 0 && joins(leaf.spans[written - 1], span)) {
            leaf.spans[written - 1].bits += span.length();
        } else {
            leaf.spans[written++] = span;
        }
    };
    for (; read < leaf.count; ++read) {
        Span span = leaf.spans[read];
        if (!span.hidden()) {
            if (span.length() > units) break;
            units -= span.length();
            delta -= f(span);
            span.bits |= Span::kHidden;
        }
        keep(span);
        if (units == 0) {
            // What follows may be hidden already and continue it.
            ++read;
            if (read < leaf.count && leaf.spans[read].hidden()) keep(leaf.spans[read++]);
            break;
        }
    }
    close_entries(leaf, written, read - written);
    hint({place.leaf, written - 1, 0});
    changed(seq, place.leaf, delta);
    return {place.leaf, written, 0};
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
