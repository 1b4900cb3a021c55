// An arithmetic coder whose output is text: digits of base64, six bits each, so that a script can
// carry them as they are and who unpacks reads them as they are.
#pragma once

#include <cstdint>

namespace packing {

// How likely a decision is 1, of 65536; it learns.
using Chance = std::uint16_t;
constexpr Chance kEven = 1U << 15;

// Without branches, which would be guessed wrong as often as not: so is all of Reader. It stays
// between 31 and 65505.
inline void learn(Chance& chance, bool bit) {
    constexpr std::int32_t kSlowness = 5;
    const std::int32_t away = chance - (bit ? 65505 : 0);
    chance = static_cast<Chance>(chance - (away >> kSlowness));
}

// The range is less than 2^60; when it falls below 2^30, five digits come in.
constexpr std::uint64_t kWholeRange = (1ULL << 60) - 1;
constexpr std::uint64_t kLeastRange = 1ULL << 30;

class Reader {
public:
    Reader(const char* text, std::uint32_t size) : at_(text), end_(text + size) {
        std::uint8_t digit = 0;
        const auto letters = [&](char first, char last) {
            for (int letter = first; letter <= last; ++letter) digits_[letter] = digit++;
        };
        letters('A', 'Z');
        letters('a', 'z');
        letters('0', '9');
        letters('+', '+');
        letters('/', '/');
        refill();
        refill();
    }

    bool bit(Chance& chance, bool = false) {
        const std::uint64_t bound = (range_ >> 16) * chance;
        const bool bit = code_ < bound;
        code_ -= bit ? 0 : bound;
        range_ = bit ? bound : range_ - bound;
        learn(chance, bit);
        if (range_ < kLeastRange) {
            range_ <<= 30;
            refill();
        }
        return bit;
    }

    // Up to 12 bits, each as likely as not.
    std::uint32_t direct(std::uint32_t bits, std::uint32_t = 0) {
        range_ >>= bits;
        const std::uint64_t value = code_ / range_;
        code_ -= value * range_;
        if (range_ < kLeastRange) {
            range_ <<= 30;
            refill();
        }
        return static_cast<std::uint32_t>(value) & ((1U << bits) - 1);
    }

private:
    void refill() {
        for (int i = 0; i < 5; ++i) code_ = code_ << 6 | digit();
    }

    // What is no digit reads as zero, and the end as zeros: who calls knows the size.
    std::uint32_t digit() { return at_ == end_ ? 0 : digits_[static_cast<unsigned char>(*at_++)]; }

    std::uint8_t digits_[256] = {};
    const char* at_;
    const char* end_;
    std::uint64_t range_ = kWholeRange;
    std::uint64_t code_ = 0;
};

}  // namespace packing
