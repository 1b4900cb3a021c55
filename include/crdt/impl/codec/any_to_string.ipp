#pragma once

#include <charconv>
#include <cmath>

#include "../../codec/any.hpp"
#include "../../codec/any_to_string.hpp"
#include "../../codec/number_text.hpp"

namespace crdt::detail {

ROPEWALK_INLINE bool number_to_string(double value, Bytes& out) noexcept {
    if (std::isnan(value)) return out.append("NaN");
    if (std::isinf(value)) return out.append(value < 0 ? "-Infinity" : "Infinity");
    std::uint8_t text[kMaxNumberText];
    return out.append(ByteView{text, put_number_text(text, value)});
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
