// Document order as counted B+trees: index -> unit and unit -> index in O(log n).
//
// Invariants (check.hpp tests them; builds with ROPEWALK_CHECKS=2 do so after each change):
//   S1  a leaf holds 1..capacity spans; an inner node 2..kFanout children (a root may have fewer);
//       a sequence that never held anything has no node
//   S2  the measure of a node is that of its visible units, but for `pending_`, which settle() adds
//   S3  a span lies in the leaf that IdIndex names for it, once the index is built
//   S4  the spans of one run stand in ascending order; neighbours in a leaf that continue one
//       another and agree on hidden are one span
//   S5  a leaf that tells of siblings (Summary) holds only such, each with its head,
//       and the one it calls the highest
// Not here: which of two concurrent runs goes first (integrate.hpp). One thread at a time.
#pragma once

#include <cstdint>

#include "content.hpp"
#include "id_index.hpp"
#include "nodes.hpp"

namespace crdt::detail {

// A unit, or the gap in front of it: unit `offset` of the span. index == count of the last leaf is
// the end of the sequence.
struct Place {
    std::uint32_t leaf = kNone;
    std::uint32_t index = 0;
    std::uint32_t offset = 0;
};

// One list of items: the list of a type, or the history of one key of a map.
struct Seq {
    std::uint32_t root = kNone;
    std::uint32_t first = kNone;  // leaves
    std::uint32_t last = kNone;
    std::uint32_t type = kNone;
    std::uint32_t key = kNone;       // interned key; kNone for a list
    std::uint32_t next_key = kNone;  // next key of the same type
    Measure measure;                 // visible units, but for `pending_`
    std::uint32_t height = 0;        // of the root above the leaves
    bool formats = false;            // holds format marks
    bool tidied = false;             // of a type that knew its kind when marks came: see tidy.hpp
};

class Sequences {
public:
    explicit Sequences(Arena<Run, 5>& runs, ContentStore& content) noexcept
        : runs_(runs), content_(content) {}

    Nodes nodes;
    Arena<Seq, 4> seqs;
    IdIndex index;

    // Adds to the ancestors what recent changes left in their leaf.
    void settle() noexcept {
        if (pending_leaf_ != kNone) settle_pending();
    }
    // Visible units of a sequence, pending ones included.
    [[nodiscard]] Measure measure(std::uint32_t seq) const noexcept {
        Measure sum = seqs[seq].measure;
        if (seq == pending_seq_) sum += pending_;
        return sum;
    }
    [[nodiscard]] std::uint32_t units(std::uint32_t seq) const noexcept {
        return seqs[seq].measure.units + (seq == pending_seq_ ? pending_.units : 0);
    }

    // -- finding ------------------------------------------------------------------------------

    // The visible unit at `position`, or the end of the sequence when there are just so many.
    // requires: position <= visible units; the sequence has nodes
    [[nodiscard]] ROPEWALK_ALWAYS_INLINE Place seek(std::uint32_t seq,
                                                    std::uint32_t position) noexcept {
        if (ROPEWALK_LIKELY(cursor_.seq == seq)) {
            const Leaf& leaf = nodes.leaf(cursor_.leaf);
            const std::uint32_t offset = position - cursor_.start;
            if (cursor_.index < leaf.count && offset < leaf.spans[cursor_.index].visible()) {
                return {cursor_.leaf, cursor_.index, offset};
            }
        }
        return seek_further(seq, position);
    }
    // The place of a unit in document order.
    [[nodiscard]] ROPEWALK_ALWAYS_INLINE Place find(RunPos unit) noexcept {
        // Most often where something was changed last.
        if (ROPEWALK_LIKELY(hint_leaf_ != kNone)) {
            const Leaf& leaf = nodes.leaf(hint_leaf_);
            if (hint_index_ < leaf.count && leaf.spans[hint_index_].contains(unit)) {
                return {hint_leaf_, hint_index_, unit.offset - leaf.spans[hint_index_].offset};
            }
        }
        return find_further(unit);
    }
    // Visible units in front of a place.
    [[nodiscard]] std::uint32_t position_of(Place place) noexcept;
    // The sequence changed last; kNone once it was settled.
    [[nodiscard]] std::uint32_t changed_last() const noexcept { return pending_seq_; }
    // Measure of what lies in front of visible unit `position`, all units of it counted.
    [[nodiscard]] Measure measure_before(std::uint32_t seq, std::uint32_t position) noexcept;
    // The visible unit at which code point (or UTF-8 byte) `value` starts; kNone if there are
    // fewer. `inside`: it lies inside a character.
    [[nodiscard]] std::uint32_t units_at(std::uint32_t seq,
                                         std::uint32_t value,
                                         bool utf8,
                                         bool& inside) noexcept;
    // Is `a` in front of `b`? Both in one sequence.
    [[nodiscard]] bool precedes(Place a, Place b) const noexcept;

    // The first and the next span; leaf == kNone when there is none.
    [[nodiscard]] Place begin(std::uint32_t seq) const noexcept { return {seqs[seq].first, 0, 0}; }
    [[nodiscard]] Place next(Place place) const noexcept {
        if (place.index + 1 < nodes.leaf(place.leaf).count) return {place.leaf, place.index + 1, 0};
        return {nodes.leaf(place.leaf).next, 0, 0};
    }
    // The span in front of this one's first unit.
    [[nodiscard]] Place previous(Place place) const noexcept {
        if (place.index > 0) return {place.leaf, place.index - 1, 0};
        const std::uint32_t leaf = nodes.leaf(place.leaf).prev;
        if (leaf == kNone) return {};
        return {leaf, nodes.leaf(leaf).count - 1U, 0};
    }
    [[nodiscard]] Span& span(Place place) noexcept {
        return nodes.leaf(place.leaf).spans[place.index];
    }
    [[nodiscard]] const Span& span(Place place) const noexcept {
        return nodes.leaf(place.leaf).spans[place.index];
    }

    // -- changing: all memory reserved before ---------------------------------------------------

    // Enough for `count` changes (an insertion or a deletion of one stretch is at most 2 changes).
    [[nodiscard]] bool reserve_changes(std::uint32_t count) noexcept;
    // Enough for `count` more entries in the leaf of `place`; cheap when they fit.
    [[nodiscard]] bool reserve_entries(std::uint32_t leaf, std::uint32_t count) noexcept {
        if (ROPEWALK_LIKELY(leaf != kNone)) {
            const Leaf& node = nodes.leaf(leaf);
            if (ROPEWALK_LIKELY(node.count + count <= node.capacity)) return true;
        }
        return reserve_split(leaf);
    }

    // insert() and hide() forget the cursor: who knows it sets it again.

    // Puts a span into the gap in front of `place` and returns where it stands.
    Place insert(std::uint32_t seq, Place place, Span added, const Measure& visible) noexcept;
    // Lengthens a visible or hidden span at its end. `visible`: what that adds. A cursor behind it
    // is the caller's to forget.
    void extend(std::uint32_t seq,
                Place place,
                std::uint32_t count,
                const Measure& visible) noexcept {
        span(place).bits += count;
        hint(place);
        changed(seq, place.leaf, visible);
    }
    // Hides `count` units from `place` on, all in its span; returns the place behind them. The
    // hidden span is the one in front of that place, in the same leaf.
    Place hide(std::uint32_t seq,
               Place place,
               std::uint32_t count,
               const Measure& hidden) noexcept {
        if (hide_at_edge(seq, place, count, hidden)) {
            forget_cursor();
            // Behind the front is the rest of the span, behind the back what follows its neighbour.
            return {place.leaf, place.offset == 0 ? place.index : place.index + 2, 0};
        }
        return hide_anew(seq, place, count, hidden);
    }
    // The same where hide_at_edge() has done nothing.
    Place hide_anew(std::uint32_t seq,
                    Place place,
                    std::uint32_t count,
                    const Measure& hidden) noexcept;
    // Hides the visible spans from `place` on that lie in its leaf and have at most `units` units
    // together, which it counts down; needs no memory. f(span) -> Measure of each as it goes.
    // Returns the place behind them. requires: place.offset == 0
    template <class F>
    Place hide_spans(std::uint32_t seq, Place place, std::uint32_t& units, F&& f) noexcept;
    // The same as hide() where it only moves the border to a neighbour that is hidden already,
    // which needs no memory; else nothing happens. A cursor behind `place` is the caller's to
    // forget.
    ROPEWALK_ALWAYS_INLINE bool hide_at_edge(std::uint32_t seq,
                                             Place place,
                                             std::uint32_t count,
                                             const Measure& hidden) noexcept {
        Leaf& leaf = nodes.leaf(place.leaf);
        Span& span = leaf.spans[place.index];
        const std::uint32_t length = span.bits;  // it is visible
        if (place.offset + count >= length) {
            if (place.offset == 0 || place.offset + count > length) return false;
            Span& next = (&span)[1];
            if (place.index + 1U >= leaf.count || next.run != span.run || !next.hidden()) {
                return false;
            }
            next.offset -= count;
            next.bits += count;
        } else {
            Span& prev = (&span)[-1];
            if (place.offset != 0 || place.index == 0 || prev.run != span.run || !prev.hidden()) {
                return false;
            }
            prev.bits += count;
            span.offset += count;
        }
        span.bits -= count;
        hint(place);
        Measure delta;
        delta -= hidden;
        changed(seq, place.leaf, delta);
        return true;
    }
    // Visible units of a leaf changed by their content alone (a broken surrogate pair).
    void remeasured(std::uint32_t seq,
                    std::uint32_t leaf,
                    const Measure& removed,
                    const Measure& added) noexcept {
        Measure delta = added;
        delta -= removed;
        changed(seq, leaf, delta);
    }
    // Makes the tree of an empty sequence from its leaves, in order and chained. `leaves` is used
    // for the levels above. requires: inner nodes reserved, leaves / 8 and some
    void adopt(std::uint32_t seq, Vec<std::uint32_t>& leaves, const Measure& total) noexcept;
    // Gives back every node of a sequence, whose runs have left it.
    void clear(std::uint32_t seq) noexcept;

    // -- the index and the cursor -----------------------------------------------------------------

    void build_index() noexcept;
    void forget_cursor() noexcept { cursor_.seq = kNone; }
    // The visible position at which the span at `place` starts is known to be `start`.
    void set_cursor(std::uint32_t seq, Place place, std::uint32_t start) noexcept {
        cursor_ = {seq, place.leaf, place.index, start};
    }
    // Where `seek` found its span to start.
    [[nodiscard]] std::uint32_t cursor_start() const noexcept { return cursor_.start; }
    [[nodiscard]] bool has_cursor(std::uint32_t seq) const noexcept { return cursor_.seq == seq; }

    // Sequences without a node.
    [[nodiscard]] std::uint32_t empty_sequences() const noexcept { return seqs.size() - rooted_; }
    void reset() noexcept;

private:
    friend class Checker;

    // The last place looked at by position: span `index` of `leaf` starts at visible unit `start`.
    struct Cursor {
        std::uint32_t seq = kNone;
        std::uint32_t leaf = kNone;
        std::uint32_t index = 0;
        std::uint32_t start = 0;
    };

    ROPEWALK_ALWAYS_INLINE void changed(std::uint32_t seq,
                                        std::uint32_t leaf,
                                        const Measure& delta) noexcept {
        Leaf& node = nodes.leaf(leaf);
        node.measure += delta;
        node.summary.state = Summary::State::unknown;
        if (ROPEWALK_UNLIKELY(leaf != pending_leaf_)) {
            settle();
            pending_leaf_ = leaf;
            pending_seq_ = seq;
        }
        pending_ += delta;
    }
    void settle_pending() noexcept;
    [[nodiscard]] bool reserve_split(std::uint32_t leaf) noexcept;
    [[nodiscard]] Place seek_further(std::uint32_t seq, std::uint32_t position) noexcept;
    [[nodiscard]] Place find_further(RunPos unit) noexcept;
    void hint(Place place) noexcept {
        hint_leaf_ = place.leaf;
        hint_index_ = place.index;
    }
    [[nodiscard]] Place descend(std::uint32_t seq, std::uint32_t position) noexcept;
    [[nodiscard]] Measure span_measure(const Span& span) const noexcept {
        return span.hidden() ? Measure{}
                             : content_.measure(runs_[span.run], span.offset, span.length());
    }
    // Makes `count` free entries behind `place`, which follows its gap.
    void make_room(std::uint32_t seq, Place& place, std::uint32_t count) noexcept;
    void enlarge_leaf(std::uint32_t seq, Place& place) noexcept;
    void split_leaf(std::uint32_t seq, Place& place) noexcept;
    std::uint32_t new_leaf_beside(std::uint32_t seq, std::uint32_t leaf, bool after) noexcept;
    void add_child(std::uint32_t seq,
                   std::uint32_t beside,
                   std::uint32_t node,
                   bool after,
                   const Measure& taken,
                   std::uint32_t level) noexcept;
    [[nodiscard]] bool is_last_child(std::uint32_t parent, std::uint32_t node) const noexcept {
        if ((parent & kRootTag) != 0) return false;
        const Inner& inner = nodes.inner(parent);
        return inner.child[inner.count - 1] == node;
    }
    void reindex_moved(std::uint32_t from, std::uint32_t to) noexcept;
    [[nodiscard]] static bool joins(const Span& a, const Span& b) noexcept {
        return a.run == b.run && a.end() == b.offset && a.hidden() == b.hidden();
    }
    static void open_entries(Leaf& leaf, std::uint32_t at, std::uint32_t count) noexcept {
        std::memmove(leaf.spans + at + count, leaf.spans + at, (leaf.count - at) * sizeof(Span));
        leaf.count = static_cast<std::uint16_t>(leaf.count + count);
    }
    static void close_entries(Leaf& leaf, std::uint32_t at, std::uint32_t count) noexcept {
        std::memmove(leaf.spans + at, leaf.spans + at + count,
                     (leaf.count - at - count) * sizeof(Span));
        leaf.count = static_cast<std::uint16_t>(leaf.count - count);
    }

    Arena<Run, 5>& runs_;
    ContentStore& content_;
    std::uint32_t pending_leaf_ = kNone;  // changed, but its ancestors do not know of `pending_`
    std::uint32_t pending_seq_ = kNone;
    Measure pending_;
    Cursor cursor_;
    std::uint32_t hint_leaf_ = kNone;  // a leaf in use, changed last
    std::uint32_t hint_index_ = 0;
    std::uint32_t rooted_ = 0;  // sequences with nodes
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/sequence.ipp"
#include "../impl/store/sequence_nodes.ipp"
#endif
