// What keystrokes defer: one after another at one place, they only count, and the history follows
// in Store::settle().
#pragma once

#include <cstdint>

#include "../base/utf.hpp"
#include "content.hpp"
#include "sequence.hpp"

namespace crdt::detail {

// Typing: a run that grows at its end while nothing else happens. A keystroke writes one unit and
// moves `end`; lengths, counts and clocks follow in Store::settle().
// Invariant: the run is the newest of the own client, its last unit is visible and stands at
// document position `begin` - 1, its right neighbour is its right origin, and `room` units can be
// written behind it.
struct Typing {
    std::uint32_t type = kNone;  // kNone: not armed
    std::uint32_t seq = kNone;   // its list
    std::uint32_t begin = 0;     // visible position behind the last settled unit
    std::uint32_t end = 0;       // visible position behind the last unit
    std::uint32_t limit = 0;     // of `end`
    // The same while a keystroke need tell nobody, else 0; for one-byte and for two-byte units.
    std::uint32_t open_limit = 0;
    std::uint32_t open_wide_limit = 0;
    std::uint8_t* next = nullptr;  // where the next unit goes
    bool wide = false;             // units of two bytes
    std::uint32_t pairs = 0;       // of what is not settled, as in Measure
    std::uint32_t extra = 0;
    Place place;  // of the run's last span
    std::uint32_t run = kNone;

    // One unit more, of 1 + `extra_bytes` in UTF-8. requires: end < limit, `wide` as said
    void put_narrow(std::uint8_t unit) noexcept {
        *next++ = unit;
        ++end;
    }
    void put_wide(char16_t unit, std::uint32_t extra_bytes) noexcept {
        *reinterpret_cast<char16_t*>(next) = unit;
        next += sizeof unit;
        ++end;
        extra += extra_bytes;
    }
};

// Erasing: units deleted one by one beside what was deleted last. A keystroke counts; the border of
// the hidden span and the delete bits follow in Store::settle().
// Invariant: span `index` of `leaf` is hidden, in front of visible position `at`; as many units as
// the limits say can be deleted on either side of it, all visible text of the same run, so that no
// span is used up and nothing has to be reserved. Typing is not armed.
struct Erasing {
    std::uint32_t type = kNone;  // kNone: not armed
    std::uint32_t at = 0;        // the visible position behind what is deleted
    std::uint32_t behind = 0;    // units deleted in front of the span (backspace)
    std::uint32_t behind_limit = 0;
    std::uint32_t ahead = 0;  // units deleted behind the span
    std::uint32_t ahead_limit = 0;
    // Where the hidden units lie, with what is deleted beside them; null: they are ASCII.
    const char16_t* hidden_begin = nullptr;
    const char16_t* hidden_end = nullptr;
    std::uint32_t behind_pairs = 0;  // of what is deleted, as in Measure
    std::uint32_t behind_extra = 0;
    std::uint32_t ahead_pairs = 0;
    std::uint32_t ahead_extra = 0;
    std::uint32_t seq = kNone;
    std::uint32_t leaf = kNone;
    std::uint32_t index = 0;

    [[nodiscard]] std::uint32_t count() const noexcept { return behind + ahead; }
    // Deletes the visible unit `unit` if it is beside what was deleted last and a character.
    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool take(std::uint32_t unit) noexcept {
        if (unit + 1 == at && behind < behind_limit) {
            if (hidden_begin != nullptr) {
                if (is_surrogate(hidden_begin[-1])) return false;
                behind_extra += extra_bytes(*--hidden_begin);
            }
            ++behind;
            at = unit;
            return true;
        }
        if (unit == at && ahead < ahead_limit) {
            if (hidden_end != nullptr) {
                if (is_surrogate(hidden_end[0])) return false;
                ahead_extra += extra_bytes(*hidden_end++);
            }
            ++ahead;
            return true;
        }
        return false;
    }
    // The same of a surrogate pair that starts there.
    [[nodiscard]] bool take_pair(std::uint32_t unit) noexcept {
        if (hidden_begin == nullptr) return false;
        if (unit + 2 == at && behind_limit - behind >= 2) {
            if (!is_pair(hidden_begin - 2)) return false;
            hidden_begin -= 2;
            behind += 2;
            behind_pairs += 1;
            behind_extra += 2;
            at = unit;
            return true;
        }
        if (unit == at && ahead_limit - ahead >= 2) {
            if (!is_pair(hidden_end)) return false;
            hidden_end += 2;
            ahead += 2;
            ahead_pairs += 1;
            ahead_extra += 2;
            return true;
        }
        return false;
    }

private:
    static bool is_surrogate(char16_t unit) noexcept { return (unit & 0xf800) == 0xd800; }
    static bool is_pair(const char16_t* units) noexcept {
        return is_high_surrogate(units[0]) && is_low_surrogate(units[1]);
    }
};

}  // namespace crdt::detail
