#pragma once

#include <charconv>
#include <cmath>

#include "../../codec/any.hpp"
#include "../../codec/any_to_string.hpp"

namespace crdt::detail {

ROPEWALK_INLINE bool number_to_string(double value, Bytes& out) noexcept {
    if (std::isnan(value)) return out.append("NaN");
    if (std::isinf(value)) return out.append(value < 0 ? "-Infinity" : "Infinity");
    if (value == 0) return out.append("0");
    char text[32];
    const auto* const end =
        std::to_chars(text, text + sizeof text, std::fabs(value), std::chars_format::scientific)
            .ptr;
    // d.ddde+xx
    char digits[20];
    int count = 0;
    const char* at = text;
    for (; *at != 'e'; ++at) {
        if (*at != '.') digits[count++] = *at;
    }
    ++at;
    const bool small = *at++ == '-';
    int exponent = 0;
    for (; at != end; ++at) exponent = exponent * 10 + (*at - '0');
    if (small) exponent = -exponent;

    char made[48];
    char* to = made;
    if (value < 0) *to++ = '-';
    const int point = exponent + 1;  // digits in front of it
    if (point > 0 && point <= 21) {
        for (int i = 0; i < point; ++i) *to++ = i < count ? digits[i] : '0';
        if (count > point) *to++ = '.';
        for (int i = point; i < count; ++i) *to++ = digits[i];
    } else if (point > -6 && point <= 0) {
        *to++ = '0';
        *to++ = '.';
        for (int i = point; i < 0; ++i) *to++ = '0';
        for (int i = 0; i < count; ++i) *to++ = digits[i];
    } else {
        *to++ = digits[0];
        if (count > 1) *to++ = '.';
        for (int i = 1; i < count; ++i) *to++ = digits[i];
        *to++ = 'e';
        *to++ = exponent < 0 ? '-' : '+';
        to = std::to_chars(to, made + sizeof made, exponent < 0 ? -exponent : exponent).ptr;
    }
    return out.append(std::string_view(made, static_cast<std::size_t>(to - made)));
}

// A value that is not an array.
ROPEWALK_INLINE bool single_to_string(AnyView value, Bytes& out) noexcept {
    char digits[24];
    const auto whole = [&](auto number) {
        const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
        return out.append(std::string_view(digits, static_cast<std::size_t>(end - digits)));
    };
    switch (value.kind()) {
        case AnyKind::undefined:
            return out.append("undefined");
        case AnyKind::null:
            return out.append("null");
        case AnyKind::boolean:
            return out.append(value.as_bool() ? "true" : "false");
        case AnyKind::number:
            return number_to_string(value.as_number(), out);
        case AnyKind::bigint:
            return whole(value.as_bigint());
        case AnyKind::string:
            return out.append(value.as_string());
        case AnyKind::bytes: {
            bool first = true;
            for (const std::uint8_t byte : value.as_bytes()) {
                if (!first && !out.append(",")) return false;
                first = false;
                if (!whole(unsigned{byte})) return false;
            }
            return true;
        }
        case AnyKind::array:
        case AnyKind::object:
            break;
    }
    return out.append("[object Object]");
}

ROPEWALK_INLINE bool any_to_string(ByteView any, Bytes& out) noexcept {
    if (AnyView(any).kind() != AnyKind::array) return single_to_string(AnyView(any), out);
    // Arrays within arrays are joined by the same commas: only what is left of each counts.
    std::uint64_t left[kMaxNesting];
    bool first[kMaxNesting];
    std::size_t depth = 0;
    const std::uint8_t* p = any.data();
    const auto open = [&] {
        ++p;
        left[depth] = get_var_uint(p);
        first[depth++] = true;
    };
    open();
    while (depth > 0) {
        if (left[depth - 1] == 0) {
            --depth;
            continue;
        }
        --left[depth - 1];
        if (!first[depth - 1] && !out.append(",")) return false;
        first[depth - 1] = false;
        if (*p == kTagArray && depth < kMaxNesting) {
            open();
            continue;
        }
        const std::uint8_t* behind = skip_any(p);
        const AnyView element(ByteView(p, behind));
        const bool nothing = element.is_undefined() || element.is_null();
        if (!nothing && !single_to_string(element, out)) return false;
        p = behind;
    }
    return true;
}

ROPEWALK_INLINE bool before_in_utf16(std::string_view a, std::string_view b) noexcept {
    const std::size_t size = a.size() < b.size() ? a.size() : b.size();
    for (std::size_t i = 0; i < size; ++i) {
        const auto x = static_cast<std::uint8_t>(a[i]);
        const auto y = static_cast<std::uint8_t>(b[i]);
        if (x == y) continue;
        // What four bytes hold is a surrogate pair, in front of U+E000 to U+FFFF.
        if (x >= 0xee && y >= 0xee && (x >= 0xf0) != (y >= 0xf0)) return x >= 0xf0;
        return x < y;
    }
    return a.size() < b.size();
}

}  // namespace crdt::detail
