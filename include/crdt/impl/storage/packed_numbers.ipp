#pragma once

#include "../../base/sort.hpp"
#include "../../storage/packed_numbers.hpp"

namespace crdt::detail {

// -- codes ----------------------------------------------------------------------------------------

// The code of each symbol from its length, its first bit lowest: as it is written.
class ColumnCodes {
public:
    std::uint8_t lengths[kSymbols] = {};
    std::uint16_t codes[kSymbols] = {};

    // False: there are more codes than their lengths allow for.
    [[nodiscard]] bool assign() noexcept {
        unsigned next = 0;
        for (unsigned length = 1; length <= kLongestCode; ++length) {
            next <<= 1U;
            for (unsigned symbol = 0; symbol < kSymbols; ++symbol) {
                if (lengths[symbol] != length) continue;
                if (next >> length != 0) return false;
                codes[symbol] = reversed(next++, length);
            }
        }
        return next > 0;
    }
    // Lengths that make the column short. requires: some count is not 0
    void choose(const std::uint64_t (&counts)[kSymbols]) noexcept;

private:
    [[nodiscard]] static std::uint16_t reversed(unsigned code, unsigned length) noexcept {
        unsigned out = 0;
        for (unsigned i = 0; i < length; ++i) out |= (code >> i & 1U) << (length - 1 - i);
        return static_cast<std::uint16_t>(out);
    }
};

// By merging packages: for each length from the longest to 1, the symbols and the pairs that the
// length below has made, by weight; of those of length 1 as many are taken as n symbols need, and
// each symbol is as long as it was taken often.
ROPEWALK_INLINE void ColumnCodes::choose(const std::uint64_t (&counts)[kSymbols]) noexcept {
    std::uint32_t used[kSymbols];
    std::uint32_t n = 0;
    for (unsigned symbol = 0; symbol < kSymbols; ++symbol) {
        if (counts[symbol] > 0) used[n++] = symbol;
    }
    if (n == 1) {
        lengths[used[0]] = 1;
        return;
    }
    sort(used, used + n, [&](std::uint32_t a, std::uint32_t b) {
        return counts[a] != counts[b] ? counts[a] < counts[b] : a < b;
    });
    // Of each length: which entries are symbols, in the order of weight.
    bool is_symbol[kLongestCode][2 * kSymbols] = {};
    std::uint64_t weights[2 * kSymbols] = {};
    unsigned size = 0;
    for (unsigned level = 0; level < kLongestCode; ++level) {
        std::uint64_t pairs[kSymbols] = {};
        const unsigned paired = size / 2;
        for (unsigned i = 0; i < paired; ++i) pairs[i] = weights[2 * i] + weights[2 * i + 1];
        unsigned symbol = 0;
        unsigned pair = 0;
        size = n + paired;
        for (unsigned i = 0; i < size; ++i) {
            const bool take = pair == paired || (symbol < n && counts[used[symbol]] <= pairs[pair]);
            is_symbol[level][i] = take;
            weights[i] = take ? counts[used[symbol++]] : pairs[pair++];
        }
    }
    unsigned taken = 2 * n - 2;
    for (unsigned level = kLongestCode; level-- > 0 && taken > 0;) {
        unsigned symbols = 0;
        for (unsigned i = 0; i < taken; ++i) symbols += is_symbol[level][i] ? 1 : 0;
        for (unsigned i = 0; i < symbols; ++i) ++lengths[used[i]];
        taken = 2 * (taken - symbols);
    }
}

// -- reading --------------------------------------------------------------------------------------

ROPEWALK_INLINE bool PackedNumbers::open(ByteView column, Table& table) noexcept {
    *this = {};
    if (column.empty()) return false;
    const unsigned symbols = column[0];
    const std::size_t front = 1 + (symbols + 1) / 2;
    if (symbols == 0 || symbols > kSymbols || front > column.size()) return false;
    ColumnCodes codes;
    for (unsigned i = 0; i < symbols; ++i) {
        codes.lengths[i] = column[1 + i / 2] >> (i % 2 * 4) & 15U;
        if (codes.lengths[i] > kLongestCode) return false;
    }
    if (!codes.assign()) return false;
    std::memset(table, 0, sizeof table);
    for (unsigned symbol = 0; symbol < symbols; ++symbol) {
        const unsigned length = codes.lengths[symbol];
        if (length == 0) continue;
        for (unsigned at = codes.codes[symbol]; at < 1U << kLongestCode; at += 1U << length) {
            table[at] = static_cast<std::uint16_t>(symbol << 4U | length);
        }
    }
    table_ = table;
    p_ = column.data() + front;
    end_ = column.data() + column.size();
    return true;
}

ROPEWALK_INLINE bool PackedNumbers::read_long(unsigned symbol,
                                              unsigned length,
                                              std::uint64_t& number) noexcept {
    if (length == 0 || length > count_) return false;
    bits_ >>= length;
    count_ -= length;
    // Two halves, each of which a refill has room for.
    number = first_of(symbol);
    const unsigned rest = rest_of(symbol);
    for (unsigned done = 0; done < rest;) {
        const unsigned part = std::min(rest - done, 28U);
        if (count_ < part) refill();
        if (count_ < part) return false;
        number += (bits_ & ((std::uint64_t{1} << part) - 1)) << done;
        bits_ >>= part;
        count_ -= part;
        done += part;
    }
    return true;
}

// -- writing --------------------------------------------------------------------------------------

ROPEWALK_INLINE bool pack_numbers(std::span<const std::uint64_t> numbers,
                                  std::size_t limit,
                                  Bytes& out,
                                  bool& packed) noexcept {
    packed = false;
    std::uint64_t counts[kSymbols] = {};
    for (const std::uint64_t number : numbers) ++counts[symbol_of(number)];
    unsigned symbols = kSymbols;
    while (symbols > 0 && counts[symbols - 1] == 0) --symbols;
    if (symbols == 0) return true;
    ColumnCodes codes;
    codes.choose(counts);
    std::uint64_t bits = 0;
    for (unsigned i = 0; i < symbols; ++i) bits += counts[i] * (codes.lengths[i] + rest_of(i));
    const std::size_t front = 1 + (symbols + 1) / 2;
    const std::uint64_t size = front + (bits + 7) / 8;
    if (size >= limit) return true;
    [[maybe_unused]] const bool fits = codes.assign();
    ROPEWALK_ASSERT(fits, "codes of a length that does not hold them");

    if (!out.storage().reserve_more(static_cast<std::size_t>(size))) return false;
    std::uint8_t* p = out.data() + out.size();
    out.storage().set_size(out.size() + static_cast<std::size_t>(size));
    *p++ = static_cast<std::uint8_t>(symbols);
    for (unsigned i = 0; i < symbols; i += 2) {
        const unsigned high = i + 1 < symbols ? codes.lengths[i + 1] : 0U;
        *p++ = static_cast<std::uint8_t>(codes.lengths[i] | high << 4U);
    }
    std::uint64_t waiting = 0;
    unsigned count = 0;
    const auto put = [&](std::uint64_t value, unsigned width) {
        waiting |= value << count;
        for (count += width; count >= 8; count -= 8) {
            *p++ = static_cast<std::uint8_t>(waiting);
            waiting >>= 8U;
        }
    };
    for (const std::uint64_t number : numbers) {
        const unsigned symbol = symbol_of(number);
        put(codes.codes[symbol], codes.lengths[symbol]);
        put(number - first_of(symbol), rest_of(symbol));
    }
    if (count > 0) *p = static_cast<std::uint8_t>(waiting);
    packed = true;
    return true;
}

}  // namespace crdt::detail
