#pragma once

#include "../../codec/number_text.hpp"

#if !defined(ROPEWALK_HOST_NUMBERS)
#include <charconv>
#include <clocale>
#include <cstdlib>
#include <cstring>

#include "../../base/vec.hpp"
#endif

namespace crdt::detail {

#if defined(ROPEWALK_HOST_NUMBERS)

ROPEWALK_INLINE std::uint8_t* put_number_text(std::uint8_t* p, double value) noexcept {
    return p + ropewalk_number_to_text(value, reinterpret_cast<char*>(p));
}

ROPEWALK_INLINE bool read_number_text(std::string_view text, double& value) noexcept {
    value = ropewalk_text_to_number(text.data(), static_cast<std::uint32_t>(text.size()));
    return true;
}

#else

ROPEWALK_INLINE std::uint8_t* put_number_text(std::uint8_t* p, double value) noexcept {
    if (value == 0) {
        *p++ = '0';
        return p;
    }
    if (value < 0) {
        *p++ = '-';
        value = -value;
    }
    // d.ddde+xx: the digits and where the point is are taken from there.
    char text[kMaxNumberText];
    const char* const end =
        std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
    char digits[kMaxNumberText];
    int count = 0;
    const char* at = text;
    for (; *at != 'e'; ++at) {
        if (*at != '.') digits[count++] = *at;
    }
    int exponent = 0;
    at += at[1] == '+' ? 2 : 1;
    std::from_chars(at, end, exponent);
    const auto put = [&](const char* from, int size) {
        std::memcpy(p, from, static_cast<std::size_t>(size));
        p += size;
    };
    const auto zeros = [&](int size) {
        for (; size > 0; --size) *p++ = '0';
    };
    const int whole = exponent + 1;  // digits in front of the point
    if (whole > 21 || whole < -5) {
        put(digits, 1);
        if (count > 1) {
            *p++ = '.';
            put(digits + 1, count - 1);
        }
        *p++ = 'e';
        *p++ = exponent < 0 ? '-' : '+';
        char number[8];
        const char* const behind =
            std::to_chars(number, number + sizeof number, exponent < 0 ? -exponent : exponent).ptr;
        put(number, static_cast<int>(behind - number));
    } else if (whole >= count) {
        put(digits, count);
        zeros(whole - count);
    } else if (whole > 0) {
        put(digits, whole);
        *p++ = '.';
        put(digits + whole, count - whole);
    } else {
        put("0.", 2);
        zeros(-whole);
        put(digits, count);
    }
    return p;
}

// strtod rounds exactly, but reads the decimal point of the locale and needs an end.
ROPEWALK_INLINE bool read_number_text(std::string_view text, double& value) noexcept {
    Vec<char> digits;
    if (!digits.reserve(text.size() + 8)) return false;
    for (const char c : text) {
        if (c != '.') {
            if (!digits.push_back(c)) return false;
            continue;
        }
        for (const char* point = std::localeconv()->decimal_point; *point != 0; ++point) {
            if (!digits.push_back(*point)) return false;
        }
    }
    if (!digits.push_back('\0')) return false;
    value = std::strtod(digits.data(), nullptr);
    return true;
}

#endif

}  // namespace crdt::detail
