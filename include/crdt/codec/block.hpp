// One struct as it stands on the wire. Views into the update; nothing is copied or unescaped.
#pragma once

#include <cstdint>

namespace crdt::detail {

// The numbers of the wire. `gc` and `skip` are kinds of struct, the others contents of items.
enum class ContentKind : std::uint8_t {
    gc = 0,
    deleted = 1,
    json = 2,  // legacy
    binary = 3,
    string = 4,
    embed = 5,
    format = 6,
    type = 7,
    any = 8,
    document = 9,
    skip = 10,
};

inline constexpr std::uint32_t kNoSlot = 0xffffffffU;

struct WireId {
    std::uint32_t slot = kNoSlot;  // place in DecodedUpdate::clients
    std::uint32_t clock = 0;

    [[nodiscard]] constexpr bool exists() const noexcept { return slot != kNoSlot; }
    friend constexpr bool operator==(const WireId&, const WireId&) = default;
};

// Bytes of the input; inputs are shorter than 4 GiB.
struct Slice {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
};

enum class ParentRef : std::uint8_t {
    inherit,  // the parent and key of the left neighbour, else of the right one
    root,
    item,
};

// What `content` holds:
//   gc deleted skip   nothing
//   string            UTF-8 without its length (with has_halves: lone surrogates as three bytes)
//   any               Anys side by side, without their count
//   json              varStrings of JSON text side by side, without their count
//   binary            the bytes
//   embed             JSON text, or with has_any_value an Any
//   format            varString key, varString JSON text (with has_any_value: an Any)
//   type              varUint type ref, for XML elements and hooks varString name
//   document          varString guid, Any options (an object)
struct BlockView {
    std::uint32_t slot;
    std::uint32_t clock;
    std::uint32_t length;  // clocks: UTF-16 units of a string, elements of any and json
    ContentKind kind;
    ParentRef parent;
    bool has_key;  // the key stands on the wire; where an origin hides it, it is inherited
    std::uint8_t flags;
    WireId origin;
    WireId right_origin;
    WireId parent_item;  // where parent == item
    Slice root;          // where parent == root
    Slice key;
    Slice content;

    static constexpr std::uint8_t kAscii = 1;      // string: only ASCII
    static constexpr std::uint8_t kCanonical = 2;  // content is canonical as it stands
    static constexpr std::uint8_t kPairs = 4;      // string: holds surrogate pairs
    // From V2 only, which can say more than V1:
    static constexpr std::uint8_t kAnyValue = 8;  // embed, format: a value that JSON cannot say
    static constexpr std::uint8_t kHalves = 16;   // string: holds lone surrogates

    [[nodiscard]] constexpr bool is_ascii() const noexcept { return (flags & kAscii) != 0; }
    [[nodiscard]] constexpr bool is_canonical() const noexcept { return (flags & kCanonical) != 0; }
    [[nodiscard]] constexpr bool has_pairs() const noexcept { return (flags & kPairs) != 0; }
    [[nodiscard]] constexpr bool has_any_value() const noexcept { return (flags & kAnyValue) != 0; }
    [[nodiscard]] constexpr bool has_halves() const noexcept { return (flags & kHalves) != 0; }
    [[nodiscard]] constexpr bool is_item() const noexcept {
        return kind != ContentKind::gc && kind != ContentKind::skip;
    }
};
static_assert(sizeof(BlockView) == 64, "one block, one cache line");

}  // namespace crdt::detail
