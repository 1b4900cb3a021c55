#pragma once

#include "../../base/utf.hpp"
#include "../../store/content.hpp"

namespace crdt::detail {

ROPEWALK_INLINE bool ContentStore::extend_text(ClientLog& log, std::size_t size) noexcept {
    // A client's stretches grow with what it has written, so that many clients with a character
    // each stay small and one busy client is rarely interrupted.
    const std::uint32_t held = log.text_end - log.text_tail;
    std::size_t ahead = std::size_t{log.next_clock} / 4;
    ahead = ahead < 30 ? 30 : ahead > 1024 ? 1024 : ahead;
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

ROPEWALK_INLINE void ContentStore::set_deleted(Run& run, std::uint32_t offset,
                                          std::uint32_t count) noexcept {
    if (run.is_text()) {
        set_deleted_text(run, offset, count);
    } else if (run.has_cells()) {
        for (std::uint32_t i = 0; i < count; ++i) cells[run.data + offset + i] |= kDeadCell;
    } else {
        run.flags |= Run::kDead;
    }
}

ROPEWALK_INLINE std::uint32_t ContentStore::same_state(const Run& run, std::uint32_t offset,
                                                  std::uint32_t limit) const noexcept {
    if (run.is_text()) {
        const std::uint32_t start = run.data + offset;
        const std::uint32_t end = start + limit;
        const std::uint64_t flip = deleted(run, offset) ? ~std::uint64_t{0} : 0;
        std::uint32_t at = start;
        while (at < end) {
            const std::uint32_t bit = at & 63U;
            const std::uint64_t other = (text.bit_word(at) ^ flip) >> bit;
            if (other != 0) {
                at += static_cast<std::uint32_t>(__builtin_ctzll(other));
                return (at < end ? at : end) - start;
            }
            at += 64 - bit;
        }
        return limit;
    }
    if (run.has_cells()) {
        const bool state = deleted(run, offset);
        std::uint32_t count = 1;
        while (count < limit && deleted(run, offset + count) == state) ++count;
        return count;
    }
    return limit;
}

ROPEWALK_INLINE Measure measure_units(const char16_t* units, std::uint32_t count) noexcept {
    // Without branches: which characters come next cannot be guessed.
    std::uint32_t extra = 0;
    std::uint32_t surrogates = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t unit = units[i];
        extra += (unit >= 0x80 ? 1U : 0U) + (unit >= 0x800 ? 1U : 0U);
        surrogates += (unit & 0xf800U) == 0xd800U ? 1U : 0U;
    }
    Measure sum{count, 0, extra};
    if (surrogates == 0) return sum;
    for (std::uint32_t i = 0; i + 1 < count; ++i) {
        if (is_high_surrogate(units[i]) && is_low_surrogate(units[i + 1])) {
            sum.pairs += 1;  // 4 bytes, where two lone halves count 3 each
            sum.extra -= 2;
            ++i;
        }
    }
    return sum;
}

ROPEWALK_INLINE Measure ContentStore::measure_utf16(const Run& run, std::uint32_t offset,
                                               std::uint32_t count) const noexcept {
    return measure_units(utf16(run, offset), count);
}

ROPEWALK_INLINE Measure ContentStore::measure_appended(const Run& run, std::uint32_t offset,
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
