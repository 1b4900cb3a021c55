// lib0's variable-length integers: little-endian, 7 bits a byte, bit 8 says that more follows.
//
//   varUint   7 + 7 + 7 ...
//   varInt    6 + 7 + 7 ...   bit 7 of the first byte is the sign, so -0 exists
//
// Values end at 2^53-1. Over-long forms are read and never written.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../config.hpp"

namespace crdt::detail {

inline constexpr std::uint64_t kMaxVarUint = (std::uint64_t{1} << 53) - 1;
inline constexpr std::size_t kMaxVarUintSize = 10;  // what put_var_uint may write

// requires: room for var_uint_size(v) bytes, at most kMaxVarUintSize. Returns the end.
inline std::uint8_t* put_var_uint(std::uint8_t* p, std::uint64_t v) noexcept {
    while (v >= 0x80) {
        *p++ = static_cast<std::uint8_t>(v | 0x80U);
        v >>= 7;
    }
    *p++ = static_cast<std::uint8_t>(v);
    return p;
}

// Sign and magnitude are separate because -0 is a value of its own.
inline std::uint8_t* put_var_int(std::uint8_t* p, std::uint64_t magnitude, bool negative) noexcept {
    auto first = static_cast<std::uint8_t>((magnitude & 0x3fU) | (negative ? 0x40U : 0U));
    magnitude >>= 6;
    if (magnitude == 0) {
        *p++ = first;
        return p;
    }
    *p++ = static_cast<std::uint8_t>(first | 0x80U);
    return put_var_uint(p, magnitude);
}

[[nodiscard]] inline unsigned var_uint_size(std::uint64_t v) noexcept {
    unsigned size = 1;
    while (v >= 0x80) {
        v >>= 7;
        ++size;
    }
    return size;
}

// Behind a number whose low `shift` bits are in `value` already; nullptr if it has no last byte or
// is above 2^53-1. (By value and return, so that callers keep their cursor in a register.)
ROPEWALK_NEVER_INLINE inline const std::uint8_t* read_var_uint_rest(const std::uint8_t* p,
                                                                    const std::uint8_t* end,
                                                                    std::uint64_t& value,
                                                                    unsigned shift) noexcept {
    std::uint64_t v = value;
    for (; p != end; shift += 7) {
        const std::uint8_t byte = *p++;
        const std::uint64_t bits = byte & 0x7fU;
        if (bits != 0) {
            if (shift >= 53 || (bits << shift) > kMaxVarUint) return nullptr;
            v |= bits << shift;
        }
        if (byte < 0x80) {
            value = v;
            return p;
        }
    }
    return nullptr;
}

// False: no byte left, no last byte, or above 2^53-1; p then stands at the number's first byte.
ROPEWALK_INLINE_ANYWAY bool read_var_uint_here(const std::uint8_t*& p,
                                               const std::uint8_t* end,
                                               std::uint64_t& value) noexcept {
    if (ROPEWALK_UNLIKELY(p == end)) return false;
    const std::uint64_t first = *p;
    if (ROPEWALK_LIKELY(first < 0x80)) {
        ++p;
        value = first;
        return true;
    }
    if (end - p >= 4) {
        const std::uint64_t second = p[1];
        if (ROPEWALK_LIKELY(second < 0x80)) {
            p += 2;
            value = (first & 0x7fU) | (second << 7);
            return true;
        }
        const std::uint64_t third = p[2];
        if (ROPEWALK_LIKELY(third < 0x80)) {
            p += 3;
            value = (first & 0x7fU) | ((second & 0x7fU) << 7) | (third << 14);
            return true;
        }
    }
    if constexpr (std::endian::native == std::endian::little) {
        if (end - p >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, p, sizeof word);
            const std::uint64_t stops = ~word & 0x8080808080808080U;
            if (stops != 0) {  // at most 56 bits: squeeze out every eighth bit
                word &= (stops ^ (stops - 1)) & 0x7f7f7f7f7f7f7f7fU;
                word = (word & 0x007f007f007f007fU) | ((word & 0x7f007f007f007f00U) >> 1);
                word = (word & 0x00003fff00003fffU) | ((word & 0x3fff00003fff0000U) >> 2);
                word = (word & 0x000000000fffffffU) | ((word & 0x0fffffff00000000U) >> 4);
                if (word > kMaxVarUint) return false;
                p += (static_cast<unsigned>(std::countr_zero(stops)) >> 3) + 1;
                value = word;
                return true;
            }
        }
    }
    std::uint64_t rest = 0;
    const std::uint8_t* const behind = read_var_uint_rest(p, end, rest, 0);
    if (behind == nullptr) return false;
    p = behind;
    value = rest;
    return true;
}

#if ROPEWALK_SMALL
// Two words, which come back without a detour through memory.
struct VarUint {
    const std::uint8_t* behind;  // nullptr: there is none
    std::uint64_t value;
};
ROPEWALK_NEVER_INLINE inline VarUint read_var_uint_there(const std::uint8_t* p,
                                                         const std::uint8_t* end) noexcept {
    std::uint64_t value = 0;
    if (!read_var_uint_here(p, end, value)) return {nullptr, 0};
    return {p, value};
}
#endif

// As read_var_uint_here, which is a call where the engine is built for size.
ROPEWALK_INLINE_ANYWAY bool read_var_uint(const std::uint8_t*& p,
                                          const std::uint8_t* end,
                                          std::uint64_t& value) noexcept {
#if ROPEWALK_SMALL
    const VarUint read = read_var_uint_there(p, end);
    if (ROPEWALK_UNLIKELY(read.behind == nullptr)) return false;
    p = read.behind;
    value = read.value;
    return true;
#else
    return read_var_uint_here(p, end, value);
#endif
}

// As read_var_uint.
inline bool read_var_int(const std::uint8_t*& p,
                         const std::uint8_t* end,
                         std::uint64_t& magnitude,
                         bool& negative) noexcept {
    if (p == end) return false;
    const std::uint8_t* at = p;
    const std::uint8_t first = *at++;
    magnitude = first & 0x3fU;
    negative = (first & 0x40U) != 0;
    if ((first & 0x80U) != 0) at = read_var_uint_rest(at, end, magnitude, 6);
    if (at == nullptr) return false;
    p = at;
    return true;
}

// For bytes that have been validated: no bounds.
ROPEWALK_ALWAYS_INLINE std::uint64_t get_var_uint(const std::uint8_t*& p) noexcept {
    std::uint64_t v = 0;
    for (unsigned shift = 0;; shift += 7) {
        const std::uint8_t byte = *p++;
        if (shift < 64) v |= std::uint64_t{byte & 0x7fU} << shift;
        if (byte < 0x80) return v;
    }
}

}  // namespace crdt::detail
