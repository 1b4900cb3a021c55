#pragma once

#include "../../base/utf.hpp"

namespace crdt::detail {

ROPEWALK_INLINE bool is_long_ascii(const std::uint8_t* p, std::size_t size) noexcept {
    std::size_t i = 0;
    for (; i + 32 <= size; i += 32) {
        const std::uint64_t all =
            load_word(p + i) | load_word(p + i + 8) | load_word(p + i + 16) | load_word(p + i + 24);
        if ((all & kHighBits) != 0) return false;
    }
    for (; i + 8 <= size; i += 8) {
        if ((load_word(p + i) & kHighBits) != 0) return false;
    }
    return (load_word(p + size - 8) & kHighBits) == 0;
}

// Bytes of the well-formed sequence at p, which starts with a byte >= 0x80; 0 if there is none.
// Table 3-7 of the Unicode standard.
inline unsigned wide_sequence(const std::uint8_t* p, std::size_t left) noexcept {
    const auto continues = [](std::uint8_t byte) { return (byte & 0xc0U) == 0x80U; };
    const std::uint8_t lead = p[0];
    if (lead < 0xc2) return 0;  // a continuation, or an overlong form
    if (lead < 0xe0) return left >= 2 && continues(p[1]) ? 2 : 0;
    if (lead < 0xf0) {
        if (left < 3 || !continues(p[1]) || !continues(p[2])) return 0;
        if (lead == 0xe0 && p[1] < 0xa0) return 0;  // overlong
        if (lead == 0xed && p[1] > 0x9f) return 0;  // a surrogate
        return 3;
    }
    if (lead > 0xf4 || left < 4) return 0;
    if (!continues(p[1]) || !continues(p[2]) || !continues(p[3])) return 0;
    if (lead == 0xf0 && p[1] < 0x90) return 0;  // overlong
    if (lead == 0xf4 && p[1] > 0x8f) return 0;  // above U+10FFFF
    return 4;
}

ROPEWALK_INLINE Utf8Scan scan_wide_utf8(ByteView text) noexcept {
    Utf8Scan scan;
    const std::uint8_t* const data = text.data();
    const std::size_t size = text.size();
    std::size_t code_points = 0;
    std::size_t pairs = 0;
    std::size_t i = 0;
    while (i < size) {
        while (i + 8 <= size && (load_word(data + i) & kHighBits) == 0) {
            i += 8;
            code_points += 8;
        }
        if (i == size) break;
        ++code_points;
        if (data[i] < 0x80) {
            ++i;
            continue;
        }
        scan.ascii = false;
        const unsigned bytes = wide_sequence(data + i, size - i);
        if (bytes == 0) {
            --code_points;
            scan.valid = false;
            scan.bad_offset = i;
            break;
        }
        if (bytes == 4) ++pairs;
        i += bytes;
    }
    scan.code_points = static_cast<std::uint32_t>(code_points);
    scan.utf16_length = static_cast<std::uint32_t>(code_points + pairs);
    return scan;
}

ROPEWALK_INLINE char16_t* widen_ascii(const std::uint8_t* in,
                                      std::size_t size,
                                      char16_t* out) noexcept {
    for (std::size_t i = 0; i < size; ++i) out[i] = in[i];
    return out + size;
}

ROPEWALK_INLINE std::uint8_t* narrow_ascii(const char16_t* in,
                                           std::size_t count,
                                           std::uint8_t* out) noexcept {
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>(in[i]);
    return out + count;
}

ROPEWALK_INLINE char16_t* utf8_to_utf16(ByteView text, char16_t* out) noexcept {
    const std::uint8_t* p = text.data();
    const std::uint8_t* const end = p + text.size();
    while (p != end) {
        while (end - p >= 8 && (load_word(p) & kHighBits) == 0) {
            out = widen_ascii(p, 8, out);
            p += 8;
        }
        if (p == end) break;
        const std::uint32_t lead = *p;
        if (lead < 0x80) {
            *out++ = static_cast<char16_t>(lead);
            p += 1;
        } else if (lead < 0xe0) {
            *out++ = static_cast<char16_t>(((lead & 0x1fU) << 6) | (p[1] & 0x3fU));
            p += 2;
        } else if (lead < 0xf0) {
            *out++ = static_cast<char16_t>(((lead & 0x0fU) << 12) | ((p[1] & 0x3fU) << 6) |
                                           (p[2] & 0x3fU));
            p += 3;
        } else {
            const std::uint32_t above = (((lead & 0x07U) << 18) | ((p[1] & 0x3fU) << 12) |
                                         ((p[2] & 0x3fU) << 6) | (p[3] & 0x3fU)) -
                                        0x10000U;
            *out++ = static_cast<char16_t>(0xd800U + (above >> 10));
            *out++ = static_cast<char16_t>(0xdc00U + (above & 0x3ffU));
            p += 4;
        }
    }
    return out;
}

// Four units at a time are below 0x80.
inline bool four_ascii(const char16_t* units) noexcept {
    return (load_word(units) & 0xff80ff80ff80ff80U) == 0;
}
inline bool pair_at(const char16_t* units, std::size_t i, std::size_t count) noexcept {
    return is_high_surrogate(units[i]) && i + 1 < count && is_low_surrogate(units[i + 1]);
}

ROPEWALK_INLINE std::size_t utf8_length(const char16_t* units, std::size_t count) noexcept {
    std::size_t size = count;
    std::size_t i = 0;
    while (i < count) {
        while (i + 4 <= count && four_ascii(units + i)) i += 4;
        if (i == count) break;
        const char16_t unit = units[i];
        if (unit >= 0x800) {
            if (pair_at(units, i, count)) {
                size += 2;
                ++i;
            } else {
                size += 2;
            }
        } else if (unit >= 0x80) {
            size += 1;
        }
        ++i;
    }
    return size;
}

ROPEWALK_INLINE std::uint8_t* utf16_to_utf8(const char16_t* units,
                                            std::size_t count,
                                            std::uint8_t* out) noexcept {
    const auto byte = [](std::uint32_t value) { return static_cast<std::uint8_t>(value); };
    std::size_t i = 0;
    while (i < count) {
        while (i + 4 <= count && four_ascii(units + i)) {
            out = narrow_ascii(units + i, 4, out);
            i += 4;
        }
        if (i == count) break;
        std::uint32_t unit = units[i];
        if (unit < 0x80) {
            *out++ = byte(unit);
        } else if (unit < 0x800) {
            *out++ = byte(0xc0U | (unit >> 6));
            *out++ = byte(0x80U | (unit & 0x3fU));
        } else if (pair_at(units, i, count)) {
            ++i;
            unit = 0x10000U + ((unit & 0x3ffU) << 10) + (units[i] & 0x3ffU);
            *out++ = byte(0xf0U | (unit >> 18));
            *out++ = byte(0x80U | ((unit >> 12) & 0x3fU));
            *out++ = byte(0x80U | ((unit >> 6) & 0x3fU));
            *out++ = byte(0x80U | (unit & 0x3fU));
        } else {
            if ((unit & 0xf800U) == 0xd800U) unit = kReplacement;
            *out++ = byte(0xe0U | (unit >> 12));
            *out++ = byte(0x80U | ((unit >> 6) & 0x3fU));
            *out++ = byte(0x80U | (unit & 0x3fU));
        }
        ++i;
    }
    return out;
}

ROPEWALK_INLINE std::size_t count_surrogate_pairs(const char16_t* units,
                                                  std::size_t count) noexcept {
    std::size_t pairs = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (pair_at(units, i, count)) {
            ++pairs;
            ++i;
        }
    }
    return pairs;
}

ROPEWALK_INLINE bool is_ascii(const char16_t* units, std::size_t count) noexcept {
    std::size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        if (!four_ascii(units + i)) return false;
    }
    for (; i < count; ++i) {
        if (units[i] >= 0x80) return false;
    }
    return true;
}

ROPEWALK_INLINE bool is_well_formed(const char16_t* units, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        if ((units[i] & 0xf800U) != 0xd800U) continue;
        if (!pair_at(units, i, count)) return false;
        ++i;
    }
    return true;
}

}  // namespace crdt::detail
