// UTF-8 and UTF-16: validation, lengths, transcoding. Storage is the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "bytes.hpp"

namespace crdt::detail {

inline constexpr char16_t kReplacement = 0xfffd;

[[nodiscard]] constexpr bool is_high_surrogate(char16_t unit) noexcept {
    return (unit & 0xfc00U) == 0xd800U;
}
[[nodiscard]] constexpr bool is_low_surrogate(char16_t unit) noexcept {
    return (unit & 0xfc00U) == 0xdc00U;
}

inline constexpr std::uint64_t kHighBits = 0x8080808080808080U;

ROPEWALK_ALWAYS_INLINE std::uint64_t load_word(const void* p) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, p, sizeof word);
    return word;
}

ROPEWALK_ALWAYS_INLINE std::uint32_t load_half(const void* p) noexcept {
    std::uint32_t half = 0;
    std::memcpy(&half, p, sizeof half);
    return half;
}

// Overlapping loads cover what is not a multiple of a word: no loop over single bytes.
[[nodiscard]] bool is_long_ascii(const std::uint8_t* p, std::size_t size) noexcept;
[[nodiscard]] inline bool is_ascii(const std::uint8_t* p, std::size_t size) noexcept {
    if (size > 16) return is_long_ascii(p, size);
    if (size >= 8) return ((load_word(p) | load_word(p + size - 8)) & kHighBits) == 0;
    if (size >= 4) {
        return ((load_half(p) | load_half(p + size - 4)) & static_cast<std::uint32_t>(kHighBits)) ==
               0;
    }
    return size == 0 || (p[0] | p[size / 2] | p[size - 1]) < 0x80;
}
[[nodiscard]] inline bool is_ascii(ByteView bytes) noexcept {
    return is_ascii(bytes.data(), bytes.size());
}

// Of a character, as its first byte says.
[[nodiscard]] ROPEWALK_ALWAYS_INLINE constexpr unsigned utf8_size(std::uint8_t lead) noexcept {
    if (lead < 0x80) return 1;
    if (lead < 0xe0) return 2;
    return lead < 0xf0 ? 3 : 4;
}

// The character that these bytes are; 0 if they are none. requires: three bytes
[[nodiscard]] ROPEWALK_ALWAYS_INLINE char16_t decode_three_bytes(std::string_view text) noexcept {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    const std::uint32_t all =
        std::uint32_t{bytes[0]} << 16 | std::uint32_t{bytes[1]} << 8 | bytes[2];
    const std::uint32_t code = (all >> 4 & 0xf000U) | (all >> 2 & 0x0fc0U) | (all & 0x3fU);
    const bool valid =
        (all & 0xf0c0c0U) == 0xe08080U && code >= 0x800 && (code & 0xf800U) != 0xd800U;
    return valid ? static_cast<char16_t>(code) : u'\0';
}

// What one pass over text tells. Strict: no overlong forms, no encoded surrogates, nothing above
// U+10FFFF. The lengths are those of the valid prefix; texts are shorter than 4 GiB.
struct Utf8Scan {
    bool valid = true;
    bool ascii = true;
    std::size_t bad_offset = 0;  // first byte of the first bad sequence
    std::uint32_t utf16_length = 0;
    std::uint32_t code_points = 0;

    // Characters beyond U+FFFF.
    [[nodiscard]] std::uint32_t pairs() const noexcept { return utf16_length - code_points; }
};
[[nodiscard]] Utf8Scan scan_wide_utf8(ByteView text) noexcept;
[[nodiscard]] inline Utf8Scan scan_utf8(ByteView text) noexcept {
    if (ROPEWALK_LIKELY(is_ascii(text))) {
        Utf8Scan scan;
        scan.utf16_length = scan.code_points = static_cast<std::uint32_t>(text.size());
        return scan;
    }
    return scan_wide_utf8(text);
}
[[nodiscard]] inline bool is_valid_utf8(ByteView text) noexcept { return scan_utf8(text).valid; }

// Writes the UTF-16 form and returns its end. requires: valid UTF-8, room for its UTF-16 length
// (text.size() units are always enough)
char16_t* utf8_to_utf16(ByteView text, char16_t* out) noexcept;

// Bytes of the UTF-8 form; a lone surrogate counts as U+FFFD: 3 bytes.
[[nodiscard]] std::size_t utf8_length(const char16_t* units, std::size_t count) noexcept;

// Writes the UTF-8 form and returns its end. Lone surrogates become U+FFFD (ef bf bd).
// requires: room for utf8_length(units, count); 3 bytes a unit are always enough
std::uint8_t* utf16_to_utf8(const char16_t* units, std::size_t count, std::uint8_t* out) noexcept;

[[nodiscard]] std::size_t count_surrogate_pairs(const char16_t* units, std::size_t count) noexcept;
[[nodiscard]] bool is_ascii(const char16_t* units, std::size_t count) noexcept;
// No lone surrogates.
[[nodiscard]] bool is_well_formed(const char16_t* units, std::size_t count) noexcept;

// Widens bytes below 0x80. Returns the end.
char16_t* widen_ascii(const std::uint8_t* in, std::size_t size, char16_t* out) noexcept;
// Narrows units below 0x80. Returns the end.
std::uint8_t* narrow_ascii(const char16_t* in, std::size_t count, std::uint8_t* out) noexcept;

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/base/utf.ipp"
#endif
