// The side of the coder that writes, and one that only asks what writing would cost.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "coder.hpp"

namespace packing {

class Writer {
public:
    bool bit(Chance& chance, bool bit) {
        const std::uint64_t bound = (range_ >> 16) * chance;
        if (bit) {
            range_ = bound;
        } else {
            low_ += bound;
            range_ -= bound;
        }
        learn(chance, bit);
        normalize();
        return bit;
    }
    std::uint32_t direct(std::uint32_t bits, std::uint32_t value) {
        range_ >>= bits;
        low_ += value * range_;
        normalize();
        return value;
    }
    std::string finish() {
        put();
        put();
        while (!text_.empty() && text_.back() == 0)
            text_.pop_back();  // what Reader takes the end for
        for (char& digit : text_) {
            digit = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[digit & 63];
        }
        return text_;
    }

private:
    void normalize() {
        if (range_ < kLeastRange) {
            put();
            range_ <<= 30;
        }
    }
    // The upper half of `low_` goes out; what is above is carried.
    void put() {
        if (low_ > kWholeRange) {
            for (std::size_t i = text_.size(); i-- > 0;) {
                text_[i] = static_cast<char>((text_[i] + 1) & 63);
                if (text_[i] != 0) break;
            }
        }
        for (int bits = 54; bits >= 30; bits -= 6)
            text_.push_back(static_cast<char>(low_ >> bits & 63));
        low_ = (low_ & (kLeastRange - 1)) << 30;
    }

    std::string text_;
    std::uint64_t low_ = 0;
    std::uint64_t range_ = kWholeRange;
};

// Bits, as far as one knows now; nothing is learned.
class Pricer {
public:
    Pricer() {
        for (std::size_t i = 0; i < bits_.size(); ++i) {
            bits_[i] = static_cast<float>(-std::log2((static_cast<double>(i) + 0.5) / 4096));
        }
    }
    bool bit(const Chance& chance, bool bit) {
        sum_ += bits_[(bit ? chance : 65535 - chance) >> 4];
        return bit;
    }
    std::uint32_t direct(std::uint32_t bits, std::uint32_t value) {
        sum_ += static_cast<float>(bits);
        return value;
    }
    // Since it was last asked.
    float take() {
        const float sum = sum_;
        sum_ = 0;
        return sum;
    }

private:
    std::array<float, 4096> bits_;
    float sum_ = 0;
};

}  // namespace packing
