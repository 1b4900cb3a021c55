#pragma once

#include <charconv>
#include <cmath>

#include "../../codec/any_to_json.hpp"
#include "../../codec/number_text.hpp"
#include "../../codec/varint.hpp"
#include "../../codec/writer.hpp"

namespace crdt::detail {

// One pass over the encoding.
class AnyToJson {
public:
    AnyToJson(const std::uint8_t* p, Bytes& out) noexcept : p_(p), out_(out) {}

    [[nodiscard]] bool run() noexcept {
        value();
        while (depth_ > 0 && out_.ok()) {
            Open& top = open_[depth_ - 1];
            if (top.left == 0) {
                out_.byte(top.object ? '}' : ']');
                --depth_;
                continue;
            }
            --top.left;
            if (top.object) {
                const ByteView key = text_here();
                if (*p_ == kTagUndefined) {
                    exact_ = false;
                    ++p_;
                    continue;
                }
                comma(top);
                string(key);
                out_.byte(':');
            } else {
                comma(top);
            }
            value();
        }
        return out_.ok();
    }
    [[nodiscard]] bool exact() const noexcept { return exact_; }
    [[nodiscard]] bool has_bigints() const noexcept { return bigints_; }

private:
    struct Open {
        std::uint64_t left;
        bool object;
        bool first;
    };

    void put(std::string_view text) noexcept { out_.raw(as_bytes(text)); }
    void comma(Open& top) noexcept {
        if (!top.first) out_.byte(',');
        top.first = false;
    }
    [[nodiscard]] ByteView text_here() noexcept {
        const auto size = static_cast<std::size_t>(get_var_uint(p_));
        const ByteView text{p_, size};
        p_ += size;
        return text;
    }
    void number(double value) noexcept {
        if (!std::isfinite(value)) {
            exact_ = false;
            put("null");
            return;
        }
        if (value == 0 && std::signbit(value)) exact_ = false;
        std::uint8_t text[kMaxNumberText];
        const std::uint8_t* const end = put_number_text(text, value);
        out_.raw({text, static_cast<std::size_t>(end - text)});
    }
    void string(ByteView text) noexcept {
        constexpr char kHex[] = "0123456789abcdef";
        out_.byte('"');
        std::size_t from = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const std::uint8_t c = text[i];
            if (c >= 0x20 && c != '"' && c != '\\') continue;
            out_.raw(text.subspan(from, i - from));
            from = i + 1;
            out_.byte('\\');
            switch (c) {
                case '"':
                case '\\':
                    out_.byte(c);
                    break;
                case '\b':
                    out_.byte('b');
                    break;
                case '\f':
                    out_.byte('f');
                    break;
                case '\n':
                    out_.byte('n');
                    break;
                case '\r':
                    out_.byte('r');
                    break;
                case '\t':
                    out_.byte('t');
                    break;
                default:
                    put("u00");
                    out_.byte(static_cast<std::uint8_t>(kHex[c >> 4]));
                    out_.byte(static_cast<std::uint8_t>(kHex[c & 15U]));
            }
        }
        out_.raw(text.subspan(from));
        out_.byte('"');
    }
    void bytes(ByteView list) noexcept {
        exact_ = false;
        out_.byte('{');
        for (std::size_t i = 0; i < list.size(); ++i) {
            put(i == 0 ? "\"" : ",\"");
            number(static_cast<double>(i));
            put("\":");
            number(list[i]);
        }
        out_.byte('}');
    }
    void bigint() noexcept {
        exact_ = false;
        bigints_ = true;
        const auto value = static_cast<std::int64_t>(get_big_endian(p_, 8));
        p_ += 8;
        char text[24];
        const char* const end = std::to_chars(text, text + sizeof text, value).ptr;
        put({text, static_cast<std::size_t>(end - text)});
    }

    void value() noexcept {
        const std::uint8_t* const at = p_;
        switch (*p_++) {
            case kTagUndefined:
                exact_ = false;
                [[fallthrough]];
            case kTagNull:
                put("null");
                break;
            case kTagTrue:
                put("true");
                break;
            case kTagFalse:
                put("false");
                break;
            case kTagInteger:
            case kTagFloat32:
            case kTagFloat64:
                number(get_any_number(at));
                p_ = skip_any(at);
                break;
            case kTagBigint:
                bigint();
                break;
            case kTagString:
                string(text_here());
                break;
            case kTagBytes:
                bytes(text_here());
                break;
            default: {
                const bool object = *at == kTagObject;
                out_.byte(object ? '{' : '[');
                open_[depth_++] = {get_var_uint(p_), object, true};
            }
        }
    }

    const std::uint8_t* p_;
    Writer out_;
    bool exact_ = true;
    bool bigints_ = false;
    std::uint32_t depth_ = 0;
    Open open_[kMaxNesting + 1];
};

ROPEWALK_INLINE bool any_to_json(AnyView value, Bytes& out, bool& exact) noexcept {
    const std::size_t before = out.size();
    AnyToJson writer(value.encoded().data(), out);
    const bool written = writer.run();
    exact = writer.exact();
    if (!written) out.truncate(before);
    return written;
}

ROPEWALK_INLINE ErrorCode any_to_strict_json(AnyView value, Bytes& out) noexcept {
    if (value.is_undefined()) return ErrorCode::invalid_argument;
    const std::size_t before = out.size();
    AnyToJson writer(value.encoded().data(), out);
    if (writer.run() && !writer.has_bigints()) return ErrorCode::ok;
    out.truncate(before);
    return writer.has_bigints() ? ErrorCode::invalid_argument : ErrorCode::out_of_memory;
}

}  // namespace crdt::detail
