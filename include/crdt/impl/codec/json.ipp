#pragma once

#include <cstring>

#include "../../codec/json.hpp"
#include "../../codec/limits.hpp"

namespace crdt::detail {

// A cursor over JSON text. Each read_ function returns false with p_ at the bad byte.
class JsonReader {
public:
    JsonReader(const std::uint8_t* p, const std::uint8_t* end) noexcept : p_(p), end_(end) {}

    [[nodiscard]] const std::uint8_t* at() const noexcept { return p_; }
    [[nodiscard]] bool at_end() const noexcept { return p_ == end_; }
    // The next byte, 0 at the end (and for a NUL, which no grammar rule accepts either).
    [[nodiscard]] std::uint8_t peek() const noexcept { return p_ == end_ ? std::uint8_t{0} : *p_; }
    [[nodiscard]] bool take(std::uint8_t byte) noexcept {
        if (peek() != byte || p_ == end_) return false;
        ++p_;
        return true;
    }
    void skip_space() noexcept {
        while (p_ != end_ && (*p_ == ' ' || *p_ == '\n' || *p_ == '\t' || *p_ == '\r')) ++p_;
    }
    [[nodiscard]] bool read_string() noexcept {
        if (!take('"')) return false;
        while (p_ != end_) {
            const std::uint8_t byte = *p_;
            if (byte == '"') {
                ++p_;
                return true;
            }
            if (byte < 0x20) return false;
            ++p_;
            if (byte == '\\' && !read_escape()) return false;
        }
        return false;
    }
    [[nodiscard]] bool read_scalar() noexcept {
        switch (peek()) {
            case '"':
                return read_string();
            case 't':
                return read_word("true", 4);
            case 'f':
                return read_word("false", 5);
            case 'n':
                return read_word("null", 4);
            default:
                return read_number();
        }
    }

private:
    static bool is_digit(std::uint8_t byte) noexcept { return byte >= '0' && byte <= '9'; }
    static bool is_hex(std::uint8_t byte) noexcept {
        const auto lower = static_cast<std::uint8_t>(byte | 0x20U);
        return is_digit(byte) || (lower >= 'a' && lower <= 'f');
    }
    bool read_escape() noexcept {
        switch (peek()) {
            case '"':
            case '\\':
            case '/':
            case 'b':
            case 'f':
            case 'n':
            case 'r':
            case 't':
                ++p_;
                return true;
            case 'u':
                ++p_;
                for (int i = 0; i < 4; ++i) {
                    if (!is_hex(peek())) return false;
                    ++p_;
                }
                return true;
            default:
                return false;
        }
    }
    bool read_word(const char* word, std::size_t size) noexcept {
        if (static_cast<std::size_t>(end_ - p_) < size || std::memcmp(p_, word, size) != 0) {
            return false;
        }
        p_ += size;
        return true;
    }
    bool read_digits() noexcept {
        if (!is_digit(peek())) return false;
        while (is_digit(peek())) ++p_;
        return true;
    }
    bool read_number() noexcept {
        static_cast<void>(take('-'));
        if (!take('0') && !read_digits()) return false;
        if (take('.') && !read_digits()) return false;
        if (peek() == 'e' || peek() == 'E') {
            ++p_;
            if (!take('+')) static_cast<void>(take('-'));
            return read_digits();
        }
        return true;
    }

    const std::uint8_t* p_;
    const std::uint8_t* end_;
};

ROPEWALK_INLINE ErrorCode validate_json(const std::uint8_t*& p,
                                        const std::uint8_t* end,
                                        std::uint32_t nesting) noexcept {
    JsonReader in(p, end);
    std::uint64_t is_object[kMaxNesting / 64] = {};  // one bit for each open container
    std::uint32_t depth = 0;
    const auto fail = [&](ErrorCode code) {
        p = in.at();
        return code;
    };
    const auto in_object = [&] {
        return ((is_object[(depth - 1) / 64] >> ((depth - 1) % 64)) & 1U) != 0;
    };
    const auto read_key = [&] {
        in.skip_space();
        if (!in.read_string()) return false;
        in.skip_space();
        return in.take(':');
    };
    for (;;) {
        // A value.
        in.skip_space();
        const std::uint8_t byte = in.peek();
        if (byte == '{' || byte == '[') {
            if (depth == nesting) return fail(ErrorCode::nesting_too_deep);
            static_cast<void>(in.take(byte));
            const std::uint64_t bit = std::uint64_t{1} << (depth % 64);
            std::uint64_t& word = is_object[depth / 64];
            word = byte == '{' ? word | bit : word & ~bit;
            ++depth;
            in.skip_space();
            const std::uint8_t closing = byte == '{' ? '}' : ']';
            if (in.peek() != closing) {
                if (byte == '{' && !read_key()) return fail(ErrorCode::invalid_json);
                continue;
            }
        } else if (!in.read_scalar()) {
            return fail(ErrorCode::invalid_json);
        }
        // What may follow it.
        for (;;) {
            in.skip_space();
            if (depth == 0) {
                if (!in.at_end()) return fail(ErrorCode::invalid_json);
                p = in.at();
                return ErrorCode::ok;
            }
            const bool object = in_object();
            if (in.take(object ? '}' : ']')) {
                --depth;
                continue;
            }
            if (!in.take(',')) return fail(ErrorCode::invalid_json);
            if (object && !read_key()) return fail(ErrorCode::invalid_json);
            break;
        }
    }
}

}  // namespace crdt::detail
