// Walking over wire content that the decoder has validated: where its n-th unit starts.
#pragma once

#include <cstdint>

#include "../base/bytes.hpp"

namespace crdt::detail {

// A place in UTF-8 by UTF-16 units. `inside`: between the halves of a surrogate pair; `offset` is
// then behind the character.
struct Utf16Cut {
    std::size_t offset = 0;
    bool inside = false;
};

[[nodiscard]] Utf16Cut utf8_at_utf16(ByteView text, std::uint32_t units) noexcept;

// Behind `count` values of Any that lie side by side.
[[nodiscard]] const std::uint8_t* skip_valid_any(ByteView values, std::uint32_t count) noexcept;

// Size of a varBytes or varString, its length included.
[[nodiscard]] std::size_t valid_var_bytes_size(const std::uint8_t* at) noexcept;

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/wire_cut.ipp"
#endif
