// UTF-8 for data that is known to be valid. Independent of the engine, so that it can judge it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bench {

// requires: valid UTF-8, a character starts at i. Moves i behind it.
inline char32_t next_code_point(std::string_view utf8, std::size_t& i) {
    const auto byte = [&](std::size_t k) -> char32_t {
        return static_cast<unsigned char>(utf8[i + k]);
    };
    const char32_t first = byte(0);
    char32_t c = first;
    std::size_t size = 1;
    if (first >= 0xf0) {
        c = (first & 0x07U) << 18 | (byte(1) & 0x3fU) << 12 | (byte(2) & 0x3fU) << 6 |
            (byte(3) & 0x3fU);
        size = 4;
    } else if (first >= 0xe0) {
        c = (first & 0x0fU) << 12 | (byte(1) & 0x3fU) << 6 | (byte(2) & 0x3fU);
        size = 3;
    } else if (first >= 0x80) {
        c = (first & 0x1fU) << 6 | (byte(1) & 0x3fU);
        size = 2;
    }
    i += size;
    return c;
}

inline void append_utf8(std::string& text, char32_t c) {
    const auto tail = [&](unsigned shift) {
        text.push_back(static_cast<char>(0x80U | ((c >> shift) & 0x3fU)));
    };
    if (c < 0x80) {
        text.push_back(static_cast<char>(c));
    } else if (c < 0x800) {
        text.push_back(static_cast<char>(0xc0U | (c >> 6)));
        tail(0);
    } else if (c < 0x10000) {
        text.push_back(static_cast<char>(0xe0U | (c >> 12)));
        tail(6);
        tail(0);
    } else {
        text.push_back(static_cast<char>(0xf0U | (c >> 18)));
        tail(12);
        tail(6);
        tail(0);
    }
}

inline std::size_t utf16_width(char32_t c) { return c < 0x10000 ? 1 : 2; }

// f(code point) for each character.
template <class F>
void for_each_code_point(std::string_view utf8, F&& f) {
    for (std::size_t i = 0; i < utf8.size();) f(next_code_point(utf8, i));
}

}  // namespace bench
