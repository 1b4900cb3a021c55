// A command line as tokens, and hexadecimal in both directions.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace differential {

inline int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

inline std::string unhex(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        bytes.push_back(static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1])));
    }
    return bytes;
}

inline std::u16string unhex_units(std::string_view text) {
    std::u16string units;
    for (std::size_t i = 0; i + 3 < text.size(); i += 4) {
        int unit = 0;
        for (std::size_t k = 0; k < 4; ++k) unit = unit * 16 + digit(text[i + k]);
        units.push_back(static_cast<char16_t>(unit));
    }
    return units;
}

inline void append_hex(std::string& out, std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out.push_back(kDigits[byte >> 4U]);
        out.push_back(kDigits[byte & 15U]);
    }
}

inline std::string hex(std::string_view bytes) {
    std::string out;
    append_hex(out, bytes);
    return out;
}

// Reads a line token by token; past the end every token is empty.
class Tokens {
public:
    explicit Tokens(std::string_view line) : rest_(line) {}

    [[nodiscard]] std::string_view peek() const { return rest_.substr(0, rest_.find(' ')); }
    std::string_view next() {
        const auto token = peek();
        rest_.remove_prefix(token.size() == rest_.size() ? token.size() : token.size() + 1);
        return token;
    }
    std::uint64_t number() { return std::strtoull(std::string(next()).c_str(), nullptr, 10); }
    [[nodiscard]] std::string_view rest() const { return rest_; }
    [[nodiscard]] bool done() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

}  // namespace differential
