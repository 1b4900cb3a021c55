#pragma once

#include <algorithm>

#include "../../store/block_content.hpp"
#include "../../store/redo.hpp"

namespace crdt::detail {

// -- neighbours -----------------------------------------------------------------------------------

ROPEWALK_INLINE RunPos Redo::behind(RunPos unit) noexcept {
    const Place place = store_.sequences.find(unit);
    if (place.offset + 1 < store_.sequences.span(place).length()) {
        return {unit.run, unit.offset + 1};
    }
    const Place next = store_.sequences.next(place);
    return next.leaf == kNone ? RunPos{} : store_.sequences.span(next).first();
}

ROPEWALK_INLINE RunPos Redo::first_of(std::uint32_t seq) const noexcept {
    const std::uint32_t leaf = store_.sequences.seqs[seq].first;
    return leaf == kNone ? RunPos{} : store_.sequences.nodes.leaf(leaf).spans[0].first();
}

ROPEWALK_INLINE RunPos Redo::last_of(std::uint32_t seq) const noexcept {
    const std::uint32_t node = store_.sequences.seqs[seq].last;
    if (node == kNone) return {};
    const Leaf& leaf = store_.sequences.nodes.leaf(node);
    return leaf.spans[leaf.count - 1].last();
}

ROPEWALK_INLINE RunPos Redo::traced(RunPos unit, std::uint32_t target) const noexcept {
    while (unit.exists() && (store_.runs[unit.run].seq == kNone || type_of(unit.run) != target)) {
        unit = redone_.copy_of(unit);
    }
    return unit;
}

// -- where ----------------------------------------------------------------------------------------

// The type lives: directly in front of the deleted units.
ROPEWALK_INLINE void Redo::gap_in_list(Gap& gap) noexcept {
    gap.right = {piece_[0].run, piece_[0].offset};
    gap.seq = store_.runs[gap.right.run].seq;
    gap.place = store_.sequences.find(gap.right);
    if (gap.place.offset > 0) {
        gap.left = {gap.right.run, gap.right.offset - 1};
        return;
    }
    const Place before = store_.sequences.previous(gap.place);
    if (before.leaf != kNone) gap.left = store_.sequences.span(before).last();
}

// The type came back: between the copies of the nearest units to the left and to the right that
// have some. Both sides are searched in turns, so that a search ends where the nearer one tells
// all: copies stand in the order of their units. Unless a unit was brought back beside itself
// before: what was inserted between the two may have one copy to its left and to its right.
ROPEWALK_INLINE void Redo::find_neighbours(std::uint32_t target, Gap& gap) noexcept {
    if (store_.sequences.seqs[gap.seq].root == kNone) return;
    const RunPos first = first_of(gap.seq);
    const RunPos last = last_of(gap.seq);
    const RunPart& head = piece_[0];
    Place left = store_.sequences.find({head.run, head.offset});
    Place right = left;
    std::uint32_t before = left.offset;   // units of the span in front of what is searched
    std::uint32_t behind = right.offset;  // and from which on it is
    const auto& sequences = store_.sequences;
    const bool ordered = !store_.types.types[target].recopied;
    while (left.leaf != kNone || right.leaf != kNone) {
        if (left.leaf != kNone) {
            const Span& span = sequences.span(left);
            const auto* entry = redone_.last_in(span.run, span.offset, span.offset + before);
            if (entry == nullptr) {
                left = sequences.previous({left.leaf, left.index, 0});
                if (left.leaf != kNone) before = sequences.span(left).length();
            } else {
                const std::uint32_t end =
                    std::min(entry->offset + entry->length, span.offset + before);
                gap.left = traced({span.run, end - 1}, target);
                if (gap.left.exists()) {
                    left = {};
                    if (ordered && gap.left == last) return;
                } else {
                    before = entry->offset > span.offset ? entry->offset - span.offset : 0;
                }
            }
        }
        if (right.leaf != kNone) {
            const Span& span = sequences.span(right);
            const auto* entry = redone_.first_in(span.run, span.offset + behind, span.end());
            if (entry == nullptr) {
                right = sequences.next({right.leaf, right.index, 0});
                behind = 0;
            } else {
                const std::uint32_t start = std::max(entry->offset, span.offset + behind);
                gap.right = traced({span.run, start}, target);
                if (gap.right.exists()) {
                    right = {};
                    if (ordered && gap.right == first) {
                        gap.left = {};
                        return;
                    }
                } else {
                    behind = entry->offset + entry->length - span.offset;
                }
            }
        }
    }
}

ROPEWALK_INLINE void Redo::gap_in_copy(std::uint32_t target, Gap& gap) noexcept {
    gap.seq = store_.types.types[target].list;
    find_neighbours(target, gap);
    if (gap.left.exists() && gap.right.exists() &&
        !store_.sequences.precedes(store_.sequences.find(gap.left),
                                   store_.sequences.find(gap.right))) {
        // Yjs puts it here, too, but writes origins in the wrong order: others put it elsewhere.
        gap.right = {};
    }
    Integrator integrator{store_, store_.decoded, nullptr};
    Integrator::Gap found = integrator.gap_behind(gap.seq, gap.left);
    if (integrator.first_behind(found) != gap.right) {
        // Others have inserted there.
        integrator.scan(gap.seq, store_.clients[store_.own].id, gap.left, gap.right, found);
    }
    gap.place = found.place;
}

// Behind the last value of the key. False: somebody else's later value stands.
ROPEWALK_INLINE bool Redo::gap_in_key(std::uint32_t target, Gap& gap) noexcept {
    const RunPart& tail = piece_[piece_.size() - 1];
    RunPos left{tail.run, tail.offset + tail.count - 1};
    const std::uint32_t key = store_.sequences.seqs[store_.runs[tail.run].seq].key;
    gap.seq = store_.types.add_key(target, key);
    RunPos right = behind(left);
    if (right.exists() && !ignore_remote_keys_) {
        while (right.exists() && (redone_.copy_of(right).exists() || in(step_.insertions, right) ||
                                  (in(keeper_.deleted, right) && !in(step_.deletions, right)))) {
            left = redone_.follow(right);
            right = behind(left);
        }
        if (right.exists()) return false;
        if (store_.runs[left.run].seq != gap.seq) left = last_of(gap.seq);
    } else {
        left = last_of(gap.seq);
    }
    gap.left = left;
    const std::uint32_t leaf = store_.sequences.seqs[gap.seq].last;
    if (leaf != kNone) gap.place = {leaf, store_.sequences.nodes.leaf(leaf).count, 0};
    return true;
}

// -- writing --------------------------------------------------------------------------------------

// Sets kind and data of the copy, whose length is set. Values are shared, delete bits are not.
ROPEWALK_INLINE void Redo::copy_content(Run& made) noexcept {
    ContentStore& content = store_.content;
    const Run& source = store_.runs[piece_[0].run];
    made.kind = source.kind;
    if (source.has_cells()) {
        made.data = content.cells.size();
        for (const RunPart& part : piece_) {
            const Run& run = store_.runs[part.run];
            for (std::uint32_t i = 0; i < part.count; ++i) {
                content.cells.push_reserved(content.cells[run.data + part.offset + i] &
                                            ~ContentStore::kDeadCell);
            }
        }
        return;
    }
    if (source.kind == RunKind::type) {
        const TypeRecord old = store_.types.types[source.data];
        made.data = store_.types.add(old.kind, store_.runs.size(), old.name);
        store_.types.types[made.data].recopied = old.recopied;
        return;
    }
    if (!source.is_text()) {
        made.data = source.data;
        return;
    }
    bool wide = false;
    for (const RunPart& part : piece_) {
        wide = wide || store_.runs[part.run].kind == RunKind::utf16;
    }
    ClientLog& log = store_.clients[store_.own];
    made.kind = wide ? RunKind::utf16 : RunKind::ascii;
    if (wide) log.text_tail += log.text_tail & 1U;
    made.data = log.text_tail;
    for (const RunPart& part : piece_) {
        const Run& run = store_.runs[part.run];
        std::uint8_t* to = content.text.at(log.text_tail);
        if (run.kind == RunKind::utf16) {
            std::memcpy(to, content.utf16(run, part.offset), std::size_t{part.count} * 2);
        } else if (wide) {
            widen_ascii(content.ascii(run, part.offset), part.count,
                        reinterpret_cast<char16_t*>(to));
        } else {
            std::memcpy(to, content.ascii(run, part.offset), part.count);
        }
        log.text_tail += wide ? part.count * 2 : part.count;
    }
}

// requires: reserve_copy, note_copy
ROPEWALK_INLINE void Redo::write_copy(const Gap& gap, std::uint32_t target) noexcept {
    Sequences& sequences = store_.sequences;
    const Seq& seq = sequences.seqs[gap.seq];
    const RunPos old = seq.key == kNone ? RunPos{} : store_.value_of(gap.seq);
    Run made{};
    made.client = store_.own;
    made.clock = store_.clients[store_.own].next_clock;
    for (const RunPart& part : piece_) made.length += part.count;
    made.origin = gap.left;
    made.right = gap.right;
    made.seq = gap.seq;
    // Yjs cuts what it copies, and where it puts the copy.
    const RunPart& tail = piece_[piece_.size() - 1];
    store_.break_pair({piece_[0].run, piece_[0].offset});
    store_.break_pair({tail.run, tail.offset + tail.count});
    if (gap.left.exists()) store_.break_pair({gap.left.run, gap.left.offset + 1});
    if (gap.right.exists()) store_.break_pair(gap.right);
    copy_content(made);
    const std::uint32_t number = store_.add_run(made);
    const bool visible = made.countable();
    sequences.insert(gap.seq, gap.place,
                     {number, 0, visible ? made.length : made.length | Span::kHidden},
                     visible ? store_.content.measure(made, 0, made.length) : Measure{});
    if (made.kind == RunKind::format) {
        store_.note_format(gap.seq);
        store_.formats.added(store_, number);
    }
    if (old.exists()) {
        const Span& span = sequences.span(sequences.find(old));
        store_.delete_units(old.run, span.offset, span.length());
    }
    if (made.kind == RunKind::type) {
        for (std::uint32_t type = made.data;;) {
            keeper_.types[type] = 1;
            const std::uint32_t holder = store_.types.types[type].run;
            if (holder == kNone) break;
            type = type_of(holder);
            if (keeper_.types[type] != 0) break;
        }
    }
    if (store_.types.types[target].dead) store_.delete_units(number, 0, made.length);
}

}  // namespace crdt::detail
