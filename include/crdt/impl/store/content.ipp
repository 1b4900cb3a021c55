#pragma once

#include <algorithm>
#include <cstring>

#include "../../base/utf.hpp"
#include "../../store/content.hpp"

namespace crdt::detail {

ROPEWALK_INLINE bool ContentStore::extend_text(ClientLog& log, std::size_t size) noexcept {
    // A client's stretches grow with what it has written, so that many clients with a character
    // each stay small and one busy client is rarely interrupted.
    const std::uint32_t held = log.text_end - log.text_tail;
    const std::size_t ahead = std::clamp<std::size_t>(log.next_clock / 4, 30, 1024);
    const bool at_tail = log.text_end == text.tail() && log.text_end != 0;
    if (at_tail && size - held <= text.room()) {
        std::size_t more = size - held + ahead;
        if (more > text.room()) more = text.room();
        text.take(static_cast<std::uint32_t>(more));
        log.text_end += static_cast<std::uint32_t>(more);
        return true;
    }
    if (at_tail) {
        text.give_back(held);
        log.text_end = log.text_tail;
    }
    if (!text.reserve(size + 2)) return false;
    std::size_t more = size + ahead;
    if (more > text.room()) more = text.room();
    log.text_tail = text.take(static_cast<std::uint32_t>(more));
    log.text_end = log.text_tail + static_cast<std::uint32_t>(more);
    return true;
}

ROPEWALK_INLINE void ContentStore::set_deleted(Run& run,
                                               std::uint32_t offset,
                                               std::uint32_t count) noexcept {
    if (run.is_text()) {
        set_deleted_text(run, offset, count);
    } else if (run.has_cells()) {
        for (std::uint32_t i = 0; i < count; ++i) cells[run.data + offset + i] |= kDeadCell;
    } else {
        run.flags |= Run::kDead;
    }
}

ROPEWALK_NEVER_INLINE ROPEWALK_INLINE ContentStore::Stretch ContentStore::long_stretch(
    const Run& run, std::uint32_t offset, std::uint32_t limit) const noexcept {
    const bool dead = deleted(run, offset);
    if (run.is_text()) {
        const std::uint32_t start = run.data + offset;
        const std::uint32_t end = start + limit;
        const std::uint64_t flip = dead ? ~std::uint64_t{0} : 0;
        std::uint32_t at = start;
        while (at < end) {
            const std::uint32_t bit = at & 63U;
            const std::uint64_t other = (text.bit_word(at) ^ flip) >> bit;
            if (other != 0) {
                at += static_cast<std::uint32_t>(__builtin_ctzll(other));
                return {(at < end ? at : end) - start, dead};
            }
            at += 64 - bit;
        }
        return {limit, dead};
    }
    if (run.has_cells()) {
        std::uint32_t count = 1;
        while (count < limit && deleted(run, offset + count) == dead) ++count;
        return {count, dead};
    }
    return {limit, dead};
}

// Sums over eight units at a time, which compilers keep in vectors. Without branches: which
// characters come next cannot be guessed.
struct UnitLanes {
    static constexpr std::uint32_t kLanes = 8;
    static constexpr std::uint32_t kMost = kLanes * 0x4000;  // units before a lane may overflow
    std::uint16_t extra[kLanes] = {};
    std::uint16_t pairs[kLanes] = {};

    // requires: one unit more
    ROPEWALK_ALWAYS_INLINE void add(const char16_t* units) noexcept {
        for (std::uint32_t i = 0; i < kLanes; ++i) {
            const bool two_bytes = units[i] >= 0x80;
            const bool three_bytes = units[i] >= 0x800;
            extra[i] = static_cast<std::uint16_t>(extra[i] + int{two_bytes} + int{three_bytes});
        }
        for (std::uint32_t i = 0; i < kLanes; ++i) {
            const bool high = (units[i] & 0xfc00) == 0xd800;
            const bool low = (units[i + 1] & 0xfc00) == 0xdc00;
            pairs[i] = static_cast<std::uint16_t>(pairs[i] + (int{high} & int{low}));
        }
    }
    void add_to(Measure& sum) const noexcept {
        for (std::uint32_t i = 0; i < kLanes; ++i) {
            sum.extra += extra[i];
            sum.pairs += pairs[i];
        }
    }
};

ROPEWALK_INLINE Measure measure_units(const char16_t* units, std::uint32_t count) noexcept {
    Measure sum{count, 0, 0};
    std::uint32_t at = 0;
    for (; count - at > UnitLanes::kMost;) {
        UnitLanes lanes;
        const std::uint32_t stop = at + UnitLanes::kMost;
        for (; at < stop; at += UnitLanes::kLanes) lanes.add(units + at);
        lanes.add_to(sum);
    }
    UnitLanes lanes;
    for (; count - at > UnitLanes::kLanes; at += UnitLanes::kLanes) lanes.add(units + at);
    char16_t rest[UnitLanes::kLanes + 1] = {};
    if (count != 0) std::memcpy(rest, units + at, (count - at) * sizeof(char16_t));
    lanes.add(rest);
    lanes.add_to(sum);
    sum.extra -= 2 * sum.pairs;  // 4 bytes, where two lone halves count 3 each
    return sum;
}

ROPEWALK_INLINE Measure ContentStore::measure_utf16(const Run& run,
                                                    std::uint32_t offset,
                                                    std::uint32_t count) const noexcept {
    return measure_units(utf16(run, offset), count);
}

ROPEWALK_INLINE Measure ContentStore::measure_appended(const Run& run,
                                                       std::uint32_t offset,
                                                       std::uint32_t count) const noexcept {
    Measure sum = measure(run, offset, count);
    if (run.kind == RunKind::utf16 && offset > 0 && is_high_surrogate(*utf16(run, offset - 1)) &&
        is_low_surrogate(*utf16(run, offset))) {
        sum.pairs += 1;  // two lone halves (3 + 3 bytes) became one character (4 bytes)
        sum.extra -= 2;
    }
    return sum;
}

}  // namespace crdt::detail
