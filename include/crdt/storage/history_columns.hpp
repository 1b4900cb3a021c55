// The history of a container: rows of units in columns, and how what they refer to is written.
//
// A row is what one client inserted in one go: its units have consecutive clocks, the first has an
// origin of its own, each other one that in front of it, and all have one right origin. Rows stand
// client by client in the order of `clients`, by clock, and leave nothing out; a chunk is some of
// them, readable without those in front. Which units are deleted is told by `deletes`, what is
// written as text by `text`: here stands only where.
//
//   heads     a byte each, in runs (codec/columns_v2.hpp): what the row is, see kRow...
//   lengths   varUint: units; not of kinds that have one
//   origins   a reference, see RecentUnits
//   rights    a reference
//   others    clients of references, where it is another than that of the row
//   parents   varUint root + 1, or 0 and a reference; varUint name of the key
//   pieces    texts in `text`: varUint units * 2 + wide, where wide varUint bytes - units, varInt
//             (zigzag) distance from the end of the piece before
//   contents  of each stretch that has content other than text: varUint size and the bytes as in V1
//             without a count, of formats and types varUint name
#pragma once

#include <cstdint>

#include "../base/bytes.hpp"
#include "../base/ids.hpp"
#include "../base/utf.hpp"
#include "../codec/block.hpp"
#include "../codec/varint.hpp"
#include "pages.hpp"

namespace crdt::detail {

// The low four bits of a head: a ContentKind, or what only V2 can say (see codec/update_v1.hpp).
inline constexpr unsigned kRowKind = 0x0fU;
inline constexpr unsigned kRowExactEmbed = 11;
inline constexpr unsigned kRowExactFormat = 12;
inline constexpr unsigned kRowHalves = 13;
inline constexpr unsigned kRowHasKey = 0x10U;
// Goes on where the row before ends: that unit is its origin, and the right origin is the same.
inline constexpr unsigned kRowContinues = 0x20U;
inline constexpr unsigned kRowHasRight = 0x40U;
inline constexpr unsigned kRowHasOrigin = 0x80U;

enum class Column : std::uint8_t {
    heads,
    lengths,
    origins,
    rights,
    others,
    parents,
    pieces,
    contents,
};
inline constexpr std::size_t kColumns = 8;
// Holds numbers alone, which may be in bits (packed_numbers.hpp).
[[nodiscard]] constexpr bool is_packable(Column column) noexcept {
    return column != Column::heads && column != Column::contents;
}
inline constexpr std::size_t kLeastPacked = 16;  // bytes of a column
// A reader in the middle passes over half of a chunk, so they are not large.
inline constexpr std::uint32_t kRowsInChunk = 4096;
// A row is as long as somebody has typed on: what was taken back cuts it into stretches alone.
inline constexpr std::uint32_t kStretchesInChunk = 16384;

// Sections of records of one size.
inline constexpr std::size_t kClientSize = 20;  // id (8), units, structs in V1, deleted ranges
inline constexpr std::size_t kChunkSize = 16;   // client, clock, place in history, and in deletes
inline constexpr std::size_t kRootSize = 12;    // name, place in text, bytes

// Bits of the header's "flags".
inline constexpr std::uint64_t kFlagCollected = 1;  // what is deleted has no content
inline constexpr std::uint64_t kFlagExact = 2;      // has content that only V2 can say

[[nodiscard]] constexpr bool row_has_length(unsigned kind) noexcept {
    return kind <= 2 || kind == 4 || kind == 8 || kind == kRowHalves;
}
[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
    return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t value) noexcept {
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

// Of the first `units` units. requires: valid UTF-8 with so many
[[nodiscard]] inline std::uint32_t bytes_of(ByteView text, std::uint32_t units) noexcept {
    std::size_t at = 0;
    while (units > 0) {
        const unsigned size = utf8_size(text[at]);
        units -= size == 4 ? 2 : 1;
        at += size;
    }
    return static_cast<std::uint32_t>(at);
}

struct UnitRef {
    std::uint32_t client = kNoSlot;  // place in `clients`
    std::uint32_t clock = 0;

    [[nodiscard]] constexpr bool exists() const noexcept { return client != kNoSlot; }
    friend constexpr bool operator==(const UnitRef&, const UnitRef&) = default;
};

// References to units of other clients: a number counts from the unit behind the one referred to
// last, and the client is named by its place among the recent ones.
//
//   reference  varUint 2 * n      own client; an origin is n + 1 units in front of the row, a right
//                                 origin zigzag(n) units behind the unit after the origin
//              varUint 2 * n + 1  zigzag(n) from what is expected; `others` has the place, or
//                                 kPlaces and varUint client
class RecentUnits {
public:
    static constexpr std::uint32_t kPlaces = 8;

    // The place of a client, kPlaces if it is none of the recent ones, and the clock expected.
    [[nodiscard]] std::uint32_t find(std::uint32_t client, std::uint32_t& clock) const noexcept {
        for (std::uint32_t i = 0; i < kPlaces; ++i) {
            if (units_[i].client == client) {
                clock = units_[i].clock;
                return i;
            }
        }
        clock = 0;
        return kPlaces;
    }
    [[nodiscard]] UnitRef at(std::uint32_t place) const noexcept { return units_[place]; }
    // It was at `place`, and goes to the front.
    void note(std::uint32_t place, UnitRef unit) noexcept {
        for (std::uint32_t i = place < kPlaces ? place : kPlaces - 1; i > 0; --i) {
            units_[i] = units_[i - 1];
        }
        units_[0] = {unit.client, unit.clock + 1};
    }

private:
    UnitRef units_[kPlaces];
};

}  // namespace crdt::detail
