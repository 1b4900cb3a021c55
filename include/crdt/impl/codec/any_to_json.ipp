#pragma once

#include <charconv>
#include <cmath>
#include <cstring>

#include "../../codec/any.hpp"
#include "../../codec/any_to_json.hpp"

namespace crdt::detail {

class JsonWriter {
public:
    explicit JsonWriter(Bytes& out) noexcept : out_(out.storage()) {}

    [[nodiscard]] ErrorCode write(ByteView any) noexcept {
        const std::uint8_t* p = any.data();
        ErrorCode code = value(p);
        while (code == ErrorCode::ok && depth_ > 0) {
            Open& open = stack_[depth_ - 1];
            if (open.left == 0) {
                code = put(open.object ? '}' : ']');
                --depth_;
                continue;
            }
            --open.left;
            code = element(open, p);
        }
        return code;
    }

private:
    // A container that is being written.
    struct Open {
        std::uint64_t left;  // elements
        bool object;
        bool filled;  // an element was written
    };

    [[nodiscard]] ErrorCode put(char c) noexcept {
        return out_.push_back(static_cast<std::uint8_t>(c)) ? ErrorCode::ok
                                                            : ErrorCode::out_of_memory;
    }
    [[nodiscard]] ErrorCode put(std::string_view text) noexcept {
        if (!out_.reserve_more(text.size())) return ErrorCode::out_of_memory;
        if (!text.empty()) std::memcpy(out_.data() + out_.size(), text.data(), text.size());
        out_.set_size(out_.size() + text.size());
        return ErrorCode::ok;
    }

    [[nodiscard]] ErrorCode element(Open& open, const std::uint8_t*& p) noexcept {
        std::string_view key;
        if (open.object) {
            const auto size = static_cast<std::size_t>(get_var_uint(p));
            key = as_text({p, size});
            p += size;
            if (*p == kTagUndefined) {
                ++p;
                return ErrorCode::ok;
            }
        }
        ErrorCode code = open.filled ? put(',') : ErrorCode::ok;
        open.filled = true;
        if (code == ErrorCode::ok && open.object) {
            code = string(key);
            if (code == ErrorCode::ok) code = put(':');
        }
        if (code != ErrorCode::ok) return code;
        if (*p == kTagUndefined) {
            ++p;
            return put("null");
        }
        return value(p);
    }

    // A value, or the start of a container.
    [[nodiscard]] ErrorCode value(const std::uint8_t*& p) noexcept {
        const std::uint8_t* start = p;
        switch (*p++) {
            case kTagNull:
                return put("null");
            case kTagTrue:
                return put("true");
            case kTagFalse:
                return put("false");
            case kTagInteger:
            case kTagFloat32:
            case kTagFloat64:
                p = skip_any(start);
                return number(get_any_number(start));
            case kTagString: {
                const auto size = static_cast<std::size_t>(get_var_uint(p));
                const std::string_view text = as_text({p, size});
                p += size;
                return string(text);
            }
            case kTagBytes: {
                const auto size = static_cast<std::size_t>(get_var_uint(p));
                const ByteView bytes{p, size};
                p += size;
                return byte_members(bytes);
            }
            case kTagArray:
                return open(get_var_uint(p), false);
            case kTagObject:
                return open(get_var_uint(p), true);
            default:
                return ErrorCode::invalid_argument;
        }
    }

    [[nodiscard]] ErrorCode open(std::uint64_t count, bool object) noexcept {
        if (depth_ == kMaxNesting) return ErrorCode::nesting_too_deep;
        stack_[depth_++] = {count, object, false};
        return put(object ? '{' : '[');
    }

    // Shortest digits; an exponent from 1e21 on and below 1e-6.
    [[nodiscard]] ErrorCode number(double value) noexcept {
        if (!std::isfinite(value)) return put("null");
        if (value == 0) return put('0');
        char text[32];
        const auto end =
            std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
        char digits[20];
        int count = 0;
        const char* at = text;
        const bool negative = *at == '-';
        for (at += negative ? 1 : 0; *at != 'e'; ++at) {
            if (*at != '.') digits[count++] = *at;
        }
        ++at;
        if (*at == '+') ++at;  // from_chars takes no plus
        int exponent = 0;
        std::from_chars(at, end.ptr, exponent);
        const int point = exponent + 1;  // digits in front of the decimal point
        char made[64];
        char* to = made;
        if (negative) *to++ = '-';
        const auto append = [&to](const char* from, int length) {
            std::memcpy(to, from, static_cast<std::size_t>(length));
            to += length;
        };
        const auto zeros = [&to](int length) {
            for (int i = 0; i < length; ++i) *to++ = '0';
        };
        if (point >= count && point <= 21) {
            append(digits, count);
            zeros(point - count);
        } else if (point > 0 && point <= 21) {
            append(digits, point);
            *to++ = '.';
            append(digits + point, count - point);
        } else if (point > -6 && point <= 0) {
            append("0.", 2);
            zeros(-point);
            append(digits, count);
        } else {
            *to++ = digits[0];
            if (count > 1) {
                *to++ = '.';
                append(digits + 1, count - 1);
            }
            *to++ = 'e';
            *to++ = exponent < 0 ? '-' : '+';
            to = std::to_chars(to, made + sizeof made, exponent < 0 ? -exponent : exponent).ptr;
        }
        return put({made, static_cast<std::size_t>(to - made)});
    }

    [[nodiscard]] ErrorCode string(std::string_view text) noexcept {
        ErrorCode code = put('"');
        std::size_t plain = 0;
        for (std::size_t i = 0; i < text.size() && code == ErrorCode::ok; ++i) {
            const auto c = static_cast<unsigned char>(text[i]);
            if (c >= 0x20 && c != '"' && c != '\\') continue;
            code = put(text.substr(plain, i - plain));
            plain = i + 1;
            if (code == ErrorCode::ok) code = escaped(c);
        }
        if (code == ErrorCode::ok) code = put(text.substr(plain));
        return code == ErrorCode::ok ? put('"') : code;
    }

    [[nodiscard]] ErrorCode escaped(unsigned char c) noexcept {
        switch (c) {
            case '"':
                return put("\\\"");
            case '\\':
                return put("\\\\");
            case '\b':
                return put("\\b");
            case '\t':
                return put("\\t");
            case '\n':
                return put("\\n");
            case '\f':
                return put("\\f");
            case '\r':
                return put("\\r");
            default:
                break;
        }
        constexpr char kHex[] = "0123456789abcdef";
        const char text[] = {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15U]};
        return put({text, sizeof text});
    }

    [[nodiscard]] ErrorCode byte_members(ByteView bytes) noexcept {
        ErrorCode code = put('{');
        for (std::size_t i = 0; i < bytes.size() && code == ErrorCode::ok; ++i) {
            char text[24];
            const auto index = std::to_chars(text, text + sizeof text, i);
            if (i > 0) code = put(',');
            if (code == ErrorCode::ok) code = put('"');
            if (code == ErrorCode::ok)
                code = put({text, static_cast<std::size_t>(index.ptr - text)});
            if (code == ErrorCode::ok) code = put("\":");
            const auto byte = std::to_chars(text, text + sizeof text, unsigned{bytes[i]});
            if (code == ErrorCode::ok)
                code = put({text, static_cast<std::size_t>(byte.ptr - text)});
        }
        return code == ErrorCode::ok ? put('}') : code;
    }

    Vec<std::uint8_t>& out_;
    Open stack_[kMaxNesting];
    std::uint32_t depth_ = 0;
};

ROPEWALK_INLINE ErrorCode any_to_json(ByteView any, Bytes& out) noexcept {
    const std::size_t before = out.size();
    const ErrorCode code = JsonWriter(out).write(any);
    if (code != ErrorCode::ok) out.truncate(before);
    return code;
}

}  // namespace crdt::detail
