// The records of the history: one Run for each uninterrupted insertion, never split and never
// removed. What stands where is told by spans (sequence.hpp), what is deleted by bits beside the
// content (content.hpp).
#pragma once

#include <cstdint>

#include "../base/ids.hpp"
#include "../codec/block.hpp"

namespace crdt::detail {

inline constexpr std::uint32_t kNone = 0xffffffffU;

// A unit by the run that holds it: leads to its record without a search. The wire form is one
// addition away: (client of run, clock of run + offset).
struct RunPos {
    std::uint32_t run = kNone;
    std::uint32_t offset = 0;

    [[nodiscard]] constexpr bool exists() const noexcept { return run != kNone; }
    friend constexpr bool operator==(const RunPos&, const RunPos&) = default;
};

enum class RunKind : std::uint8_t {
    gc,       // somebody collected it: clocks only, in no sequence
    deleted,  // content unknown or forgotten; has a place in its sequence
    ascii,    // string, one byte a unit
    utf16,    // string, two bytes a unit
    any,      // JSON-like values, one cell a unit
    json,     // legacy JSON texts, one cell a unit
    binary,   // these five have length 1
    embed,
    format,  // takes a clock and a place, but is not visible
    type,
    document,
};

// Invariants:
//   R1  unit k > 0 has origin (this run, k - 1) and the run's right origin
//   R2  all units have one client, consecutive clocks, one sequence and one kind
//   R3  the spans of a run stand in its sequence in ascending offset order and cover it
struct Run {
    std::uint32_t client;  // number in ClientTable
    std::uint32_t clock;   // of unit 0
    std::uint32_t length;  // units
    std::uint32_t data;    // text address | first cell | value address | type number
    RunPos origin;         // the unit to the left of unit 0 when it was inserted
    RunPos right;          // the unit to the right of every unit when it was inserted
    std::uint32_t seq;     // the sequence that holds it; kNone for gc
    std::uint32_t leaf;    // IdIndex: the leaf of all its spans, or a list of leaves
    RunKind kind;
    std::uint8_t flags;
    std::uint16_t reserved;

    static constexpr std::uint8_t kDead = 1;    // single unit: deleted
    static constexpr std::uint8_t kPairs = 2;   // utf16: holds surrogate pairs
    static constexpr std::uint8_t kLoad = 4;    // document: somebody here wants it loaded
    static constexpr std::uint8_t kUnload = 8;  // document: not loaded, whatever its options say

    [[nodiscard]] bool is_text() const noexcept {
        return kind == RunKind::ascii || kind == RunKind::utf16;
    }
    [[nodiscard]] bool has_cells() const noexcept {
        return kind == RunKind::any || kind == RunKind::json;
    }
    [[nodiscard]] bool countable() const noexcept {
        return kind != RunKind::deleted && kind != RunKind::format && kind != RunKind::gc;
    }
    [[nodiscard]] std::uint32_t end_clock() const noexcept { return clock + length; }
};
static_assert(sizeof(Run) == 44, "the record of a run; large documents are bound by memory");

// A piece of a run in document order.
struct Span {
    std::uint32_t run;
    std::uint32_t offset;
    std::uint32_t bits;  // length, and whether it is hidden

    static constexpr std::uint32_t kHidden = 0x80000000U;

    [[nodiscard]] std::uint32_t length() const noexcept { return bits & ~kHidden; }
    [[nodiscard]] bool hidden() const noexcept { return (bits & kHidden) != 0; }
    // Units that count for indexes: none if deleted or not countable.
    [[nodiscard]] std::uint32_t visible() const noexcept { return hidden() ? 0 : bits; }
    [[nodiscard]] std::uint32_t end() const noexcept { return offset + length(); }
    [[nodiscard]] RunPos first() const noexcept { return {run, offset}; }
    [[nodiscard]] RunPos last() const noexcept { return {run, end() - 1}; }
    [[nodiscard]] bool contains(RunPos pos) const noexcept {
        return pos.run == run && pos.offset - offset < length();
    }
};
static_assert(sizeof(Span) == 12, "an entry of a leaf; bytes per entry decide the speed");

}  // namespace crdt::detail
