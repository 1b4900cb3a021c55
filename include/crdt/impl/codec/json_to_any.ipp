#pragma once

#include "../../base/utf.hpp"
#include "../../codec/any.hpp"
#include "../../codec/json_to_any.hpp"
#include "../../codec/number_text.hpp"
#include "../../codec/varint.hpp"

namespace crdt::detail {

// One pass. Counts of arrays and objects are known at their end: a hole of fixed size waits for
// them, which over-long varints fill; canonicalise_any shortens them.
class JsonToAny {
public:
    JsonToAny(std::string_view json, Bytes& out) noexcept
        : at_(json.data()), end_(at_ + json.size()), out_(out.storage()) {}

    [[nodiscard]] bool run() noexcept {
        std::uint32_t depth = 0;
        for (;;) {
            skip_space();
            if (at_ == end_) return true;
            const char c = *at_;
            if (c == ']' || c == '}') {
                ++at_;
                close(open_[--depth]);
                continue;
            }
            if (c == ',' || c == ':') {
                ++at_;
                continue;
            }
            Open* inside = depth > 0 ? &open_[depth - 1] : nullptr;
            if (inside != nullptr && inside->object && !inside->value_next) {
                inside->value_next = true;
                if (!text()) return false;
                continue;
            }
            if (inside != nullptr) {
                ++inside->count;
                inside->value_next = false;
            }
            if (c == '[' || c == '{') {
                ++at_;
                if (!room(1 + kHole)) return false;
                out_.push_back_reserved(c == '[' ? kTagArray : kTagObject);
                open_[depth++] = {out_.size(), 0, c == '{', false};
                out_.set_size(out_.size() + kHole);
                continue;
            }
            if (c == '"') {
                if (!room(1)) return false;
                out_.push_back_reserved(kTagString);
                if (!text()) return false;
                continue;
            }
            if (c == '-' || (c >= '0' && c <= '9')) {
                if (!number()) return false;
                continue;
            }
            if (!word(c)) return false;
        }
    }

private:
    static constexpr std::size_t kHole = 5;  // of a varint below 2^32
    struct Open {
        std::size_t hole;
        std::uint32_t count;
        bool object;
        bool value_next;  // its key has been read
    };

    [[nodiscard]] bool room(std::size_t more) noexcept { return out_.reserve_more(more); }
    void skip_space() noexcept {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    }
    void close(const Open& open) noexcept { fill(open.hole, open.count); }
    void fill(std::size_t hole, std::uint64_t value) noexcept {
        for (std::size_t i = 0; i + 1 < kHole; ++i, value >>= 7) {
            out_[hole + i] = static_cast<std::uint8_t>(value | 0x80U);
        }
        out_[hole + kHole - 1] = static_cast<std::uint8_t>(value);
    }
    [[nodiscard]] static std::uint8_t tag_of_word(char first) noexcept {
        if (first == 't') return kTagTrue;
        if (first == 'f') return kTagFalse;
        return first == 'n' ? kTagNull : kTagUndefined;
    }
    [[nodiscard]] bool word(char first) noexcept {
        if (!room(1)) return false;
        out_.push_back_reserved(tag_of_word(first));
        while (at_ != end_ && *at_ >= 'a' && *at_ <= 'z') ++at_;
        return true;
    }

    [[nodiscard]] bool number() noexcept {
        const char* start = at_;
        while (at_ != end_ && (*at_ == '-' || *at_ == '+' || *at_ == '.' || *at_ == 'e' ||
                               *at_ == 'E' || (*at_ >= '0' && *at_ <= '9'))) {
            ++at_;
        }
        double value = 0;
        const std::string_view digits{start, static_cast<std::size_t>(at_ - start)};
        if (!read_number_text(digits, value) || !room(kMaxNumberSize)) return false;
        out_.set_size(static_cast<std::size_t>(put_any_number(out_.data() + out_.size(), value) -
                                               out_.data()));
        return true;
    }

    // A string from its quote to behind the closing one, with its length in front.
    [[nodiscard]] bool text() noexcept {
        ++at_;
        const std::size_t hole = out_.size();
        if (!room(kHole)) return false;
        out_.set_size(hole + kHole);
        while (*at_ != '"') {
            if (!room(4)) return false;
            if (*at_ != '\\') {
                out_.push_back_reserved(static_cast<std::uint8_t>(*at_++));
                continue;
            }
            ++at_;
            const char escape = *at_++;
            if (escape == 'u') {
                unicode();
            } else {
                constexpr std::string_view from = "bfnrt";
                constexpr std::string_view to = "\b\f\n\r\t";
                const std::size_t known = from.find(escape);
                out_.push_back_reserved(static_cast<std::uint8_t>(
                    known == std::string_view::npos ? escape : to[known]));
            }
        }
        ++at_;
        fill(hole, out_.size() - hole - kHole);
        return true;
    }
    [[nodiscard]] char16_t hex() noexcept {
        std::uint32_t unit = 0;
        for (int i = 0; i < 4; ++i, ++at_) {
            const auto c = static_cast<std::uint32_t>(static_cast<unsigned char>(*at_));
            unit = unit * 16 + (c <= '9' ? c - '0' : (c | 0x20U) - 'a' + 10);
        }
        return static_cast<char16_t>(unit);
    }
    void unicode() noexcept {
        char16_t units[2] = {hex(), 0};
        std::size_t count = 1;
        if (is_high_surrogate(units[0]) && at_[0] == '\\' && at_[1] == 'u') {
            const char* before = at_;
            at_ += 2;
            units[1] = hex();
            if (is_low_surrogate(units[1])) {
                count = 2;
            } else {
                at_ = before;
            }
        }
        const std::uint8_t* end = utf16_to_utf8(units, count, out_.data() + out_.size());
        out_.set_size(static_cast<std::size_t>(end - out_.data()));
    }

    const char* at_;
    const char* end_;
    Vec<std::uint8_t>& out_;
    Open open_[kMaxNesting];
};

ROPEWALK_INLINE bool json_to_any(std::string_view json, Bytes& out) noexcept {
    Bytes wide;
    return JsonToAny(json, wide).run() && canonicalise_any(wide, out);
}

}  // namespace crdt::detail
