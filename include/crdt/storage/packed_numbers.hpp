// A column of numbers in bits: what a number begins with is written the shorter the more often it
// occurs in this column, and the rest of it as it is.
//
//   symbol   n for n < 16; else 16 + 2 (w - 5) + b, where w is how many bits n has, from its
//   highest
//            1 on, and b the one behind that; the w - 2 bits below follow the symbol as they are
//   column   a byte: how many symbols have a length (1 .. kSymbols)
//            4 bits each: the length of its code, 0 if it does not occur; low half of a byte first
//            the numbers, in bits from the lowest of a byte on; 0 to the end of the last byte
//   codes    canonical: by length and then symbol, counted upwards; written from their highest bit
//
// No code is longer than kLongestCode, so that a reader needs one look into a small table. A symbol
// that is alone has a code of one bit: no number is free, and so a column bounds its numbers.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "../base/bytes.hpp"
#include "../base/vec.hpp"
#include "pages.hpp"

namespace crdt::detail {

inline constexpr unsigned kPlainNumbers = 16;  // below it each number is a symbol
inline constexpr unsigned kNumberBits = 53;
inline constexpr unsigned kSymbols = kPlainNumbers + 2 * (kNumberBits - 4);
inline constexpr unsigned kLongestCode = 9;

[[nodiscard]] constexpr unsigned symbol_of(std::uint64_t number) noexcept {
    if (number < kPlainNumbers) return static_cast<unsigned>(number);
    const auto width = static_cast<unsigned>(std::bit_width(number));
    return kPlainNumbers + 2 * (width - 5) + static_cast<unsigned>(number >> (width - 2) & 1);
}
// Bits that stand behind the symbol.
[[nodiscard]] constexpr unsigned rest_of(unsigned symbol) noexcept {
    return symbol < kPlainNumbers ? 0 : (symbol - kPlainNumbers) / 2 + 3;
}
// The number whose rest is 0.
[[nodiscard]] constexpr std::uint64_t first_of(unsigned symbol) noexcept {
    if (symbol < kPlainNumbers) return symbol;
    return std::uint64_t{2 + (symbol & 1U)} << rest_of(symbol);
}

// Reads one number after the other. The bytes and the table must outlive it.
class PackedNumbers {
public:
    // What the next bits stand for: symbol * 16 + length of its code; 0 for none.
    using Table = std::uint16_t[1U << kLongestCode];

    PackedNumbers() noexcept = default;
    // False: these are no codes.
    [[nodiscard]] bool open(ByteView column, Table& table) noexcept;
    // False: there is none, or it is no number of a column.
    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool read(std::uint64_t& number) noexcept {
        if (count_ < kLongestCode + kShortRest) refill();
        const std::uint16_t found = table_[bits_ & ((1U << kLongestCode) - 1)];
        const unsigned length = found & 15U;
        const unsigned symbol = found >> 4U;
        const unsigned rest = rest_of(symbol);
        if (ROPEWALK_UNLIKELY(length == 0 || length + rest > count_)) {
            return read_long(symbol, length, number);
        }
        number = first_of(symbol) + (bits_ >> length & ((std::uint64_t{1} << rest) - 1));
        bits_ >>= length + rest;
        count_ -= length + rest;
        return true;
    }

private:
    static constexpr unsigned kShortRest = 24;
    [[nodiscard]] bool read_long(unsigned symbol, unsigned length, std::uint64_t& number) noexcept;
    // At least 56 bits, or all there are.
    ROPEWALK_ALWAYS_INLINE void refill() noexcept {
        if (ROPEWALK_LIKELY(end_ - p_ >= 8)) {
            bits_ |= get_u64(p_) << count_;
            p_ += (63 - count_) / 8;
            count_ |= 56U;
            return;
        }
        for (; p_ != end_ && count_ <= 56; count_ += 8) bits_ |= std::uint64_t{*p_++} << count_;
    }

    const std::uint8_t* p_ = nullptr;
    const std::uint8_t* end_ = nullptr;
    const std::uint16_t* table_ = nullptr;
    std::uint64_t bits_ = 0;  // the next ones, the first lowest
    unsigned count_ = 0;
};

// Appends the column of these numbers to `out`, unless it would have `limit` bytes or more: then
// `packed` is false and nothing is appended. False: memory is exhausted.
// requires: numbers below 2^kNumberBits
[[nodiscard]] bool pack_numbers(std::span<const std::uint64_t> numbers,
                                std::size_t limit,
                                Bytes& out,
                                bool& packed) noexcept;

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/packed_numbers.ipp"
#endif
