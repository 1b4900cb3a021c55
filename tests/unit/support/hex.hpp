// Bytes as people write them: "7d 40" and back.
#pragma once

#include <crdt/base/bytes.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace test {

inline std::vector<std::uint8_t> hex(std::string_view text) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i + 1 < text.size();) {
        if (text[i] == ' ') {
            ++i;
            continue;
        }
        bytes.push_back(static_cast<std::uint8_t>(digit(text[i]) * 16 + digit(text[i + 1])));
        i += 2;
    }
    return bytes;
}

inline std::string hex(crdt::ByteView bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}
inline std::string hex(const std::vector<std::uint8_t>& bytes) {
    return hex(crdt::ByteView(bytes.data(), bytes.size()));
}

// A small generator whose numbers are the same everywhere.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}
    std::uint64_t operator()(std::uint64_t below) {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_ % below;
    }

private:
    std::uint64_t state_;
};

}  // namespace test
