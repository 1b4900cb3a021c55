// UTF-16 from and to WTF-8: UTF-8 in which lone surrogates may stand. Independent of the engine.
#pragma once

#include <string>
#include <string_view>

namespace support {

[[nodiscard]] constexpr bool is_high(char16_t unit) { return (unit & 0xfc00U) == 0xd800U; }
[[nodiscard]] constexpr bool is_low(char16_t unit) { return (unit & 0xfc00U) == 0xdc00U; }

[[nodiscard]] std::string to_wtf8(std::u16string_view units);
// requires: WTF-8
[[nodiscard]] std::u16string to_utf16(std::string_view wtf8);
// Lone surrogates become U+FFFD, as JavaScript's TextEncoder writes them. requires: WTF-8
[[nodiscard]] std::string to_utf8(std::string_view wtf8);

}  // namespace support
