#pragma once

#include "../../store/store.hpp"

namespace crdt::detail {

// -- typing -------------------------------------------------------------------------------------

ROPEWALK_INLINE void Store::settle_typing() noexcept {
    const std::uint32_t count = typing.end - typing.begin;
    const Measure added{count, typing.pairs, typing.extra};
    typing.pairs = typing.extra = 0;
    typing.begin = typing.end;
    runs[typing.run].length += count;
    ClientLog& log = clients[own];
    log.next_clock += count;
    log.text_tail += typing.wide ? count * 2 : count;
    sequences.extend(typing.seq, typing.place, count, added);
}

// The last unit of `run` was written just now, stands at the end of the span at `place`, in front
// of visible unit `position`; the next one goes to `next`.
ROPEWALK_INLINE void Store::arm_typing(std::uint32_t type,
                                       std::uint32_t seq,
                                       Place place,
                                       std::uint32_t run,
                                       std::uint32_t position,
                                       bool wide,
                                       std::uint8_t* next) noexcept {
    const ClientLog& log = clients[own];
    std::uint32_t room = log.text_end - log.text_tail;
    if (wide) room /= 2;
    const std::uint32_t clocks = kMaxClock - log.next_clock;
    if (room > clocks) room = clocks;
    if (room > 0x7fffffffU - position) room = 0x7fffffffU - position;
    typing.type = type;
    typing.seq = seq;
    typing.begin = typing.end = position;
    typing.limit = position + room;
    typing.next = next;
    typing.wide = wide;
    typing.pairs = typing.extra = 0;
    typing.place = place;
    typing.run = run;
    open_typing(true);  // a change is open
}

// -- erasing ------------------------------------------------------------------------------------

// Span `index`, in front of visible unit `position`, has just been hidden.
ROPEWALK_INLINE void Store::arm_erasing(std::uint32_t type,
                                        std::uint32_t seq,
                                        std::uint32_t leaf,
                                        std::uint32_t index,
                                        std::uint32_t position) noexcept {
    const Leaf& node = sequences.nodes.leaf(leaf);
    const Span* const hidden = node.spans + index;
    // A unit stays, so that the span does.
    const auto limit = [&](const Span& beside) {
        const std::uint32_t units = beside.run == hidden->run ? beside.visible() : 0;
        return units > 0 ? units - 1 : 0;
    };
    erasing.behind_limit = index > 0 ? limit(hidden[-1]) : 0;
    erasing.ahead_limit = index + 1U < node.count ? limit(hidden[1]) : 0;
    erasing.behind = erasing.ahead = 0;
    erasing.behind_pairs = erasing.ahead_pairs = 0;
    erasing.behind_extra = erasing.ahead_extra = 0;
    erasing.hidden_begin = erasing.hidden_end = nullptr;
    const Run& run = runs[hidden->run];
    if (run.kind == RunKind::utf16) {
        erasing.hidden_begin = content.utf16(run, hidden->offset);
        erasing.hidden_end = content.utf16(run, hidden->end());
    }
    erasing.type = type;
    erasing.at = position;
    erasing.seq = seq;
    erasing.leaf = leaf;
    erasing.index = index;
}

ROPEWALK_INLINE void Store::settle_erasing() noexcept {
    const Leaf& leaf = sequences.nodes.leaf(erasing.leaf);
    const auto hide = [&](std::uint32_t index, std::uint32_t from, const Measure& erased) {
        const std::uint32_t count = erased.units;
        const Span span = leaf.spans[index];
        const Run& run = runs[span.run];
        content.set_deleted_text(run, span.offset + from, count);
        change.deleted(run.client, run.clock + span.offset + from, count);
        const bool hidden =
            sequences.hide_at_edge(erasing.seq, {erasing.leaf, index, from}, count, erased);
        ROPEWALK_ASSERT(hidden, "what is erased lies beside what is hidden");
        static_cast<void>(hidden);
    };
    if (erasing.behind != 0) {
        const std::uint32_t before = leaf.spans[erasing.index - 1].length();
        hide(erasing.index - 1, before - erasing.behind,
             {erasing.behind, erasing.behind_pairs, erasing.behind_extra});
    }
    if (erasing.ahead != 0) {
        hide(erasing.index + 1, 0, {erasing.ahead, erasing.ahead_pairs, erasing.ahead_extra});
    }
    erasing.behind_limit -= erasing.behind;
    erasing.ahead_limit -= erasing.ahead;
    erasing.behind = erasing.ahead = 0;
    erasing.behind_pairs = erasing.ahead_pairs = 0;
    erasing.behind_extra = erasing.ahead_extra = 0;
    sequences.set_cursor(erasing.seq, {erasing.leaf, erasing.index + 1, 0}, erasing.at);
}

}  // namespace crdt::detail
