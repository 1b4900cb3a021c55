#pragma once

#include "../../codec/columns_v2.hpp"

namespace crdt::detail {

namespace columns {

inline constexpr std::uint8_t kReplacementUtf8[] = {0xef, 0xbf, 0xbd};

// requires: a high and a low surrogate; room for 4 bytes
inline void put_pair(char16_t high, char16_t low, std::uint8_t* out) noexcept {
    const char16_t units[] = {high, low};
    utf16_to_utf8(units, 2, out);
}

// Of four bytes of UTF-8.
inline void split_pair(const std::uint8_t* p, char16_t& high, char16_t& low) noexcept {
    char16_t units[4];
    utf8_to_utf16({p, 4}, units);
    high = units[0];
    low = units[1];
}

}  // namespace columns

ROPEWALK_INLINE void StringColumnWriter::append(const char16_t* text, std::size_t units) noexcept {
    if (units == 0) return;
    if (!text_.reserve_more(units * 3 + 1)) {
        ok_ = false;
        return;
    }
    if (high_ != 0 && is_low_surrogate(*text)) {
        std::uint8_t* const at = text_.data() + text_.size() - 3;
        columns::put_pair(high_, *text, at);
        text_.set_size(text_.size() + 1);
        ++text;
        --units;
    }
    high_ = 0;
    if (units == 0) return;
    const std::uint8_t* const end = utf16_to_utf8(text, units, text_.data() + text_.size());
    text_.set_size(static_cast<std::size_t>(end - text_.data()));
    if (is_high_surrogate(text[units - 1])) high_ = text[units - 1];
}

ROPEWALK_INLINE void StringColumnWriter::append_wtf8(ByteView text) noexcept {
    constexpr std::uint8_t kSurrogate = 0xed;  // and then a byte above 9f
    std::size_t from = 0;
    for (std::size_t i = 0; i + 2 < text.size(); ++i) {
        if (text[i] != kSurrogate || text[i + 1] <= 0x9f) continue;
        append(text.subspan(from, i - from));
        const auto half =
            static_cast<char16_t>(0xd000U | ((text[i + 1] & 0x3fU) << 6) | (text[i + 2] & 0x3fU));
        append(&half, 1);
        from = i + 3;
        i += 2;
    }
    append(text.subspan(from));
}

ROPEWALK_INLINE Error StringColumnReader::open(ByteView column) noexcept {
    Reader in(column);
    const ByteView text = as_bytes(in.var_string());
    if (!in.ok()) return in.error();
    // An empty text has no place of its own.
    p_ = text.empty() ? column.data() + in.offset() : text.data();
    end_ = p_ + text.size();
    all_ascii_ = is_ascii(text);
    lengths_ = UintOptRleReader(column.subspan(in.offset()));
    half_ = 0;
    return {};
}

ROPEWALK_INLINE bool StringColumnReader::read_wide(std::uint64_t units, ColumnText& text) noexcept {
    text = {};
    std::uint64_t left = units;
    if (left > 0 && half_ != 0) {
        text.first_half = half_;
        half_ = 0;
        --left;
    }
    text.from = p_;
    bool ascii = true;
    while (left > 0) {
        if (p_ == end_) return false;
        const std::uint8_t lead = *p_;
        if (lead < 0x80) {
            ++p_;
            --left;
            continue;
        }
        ascii = false;
        if (lead < 0xf0) {
            p_ += lead < 0xe0 ? 2 : 3;
            --left;
            continue;
        }
        if (left == 1) {
            columns::split_pair(p_, text.last_half, half_);
            text.size = static_cast<std::uint32_t>(p_ - text.from);
            p_ += 4;
            text.units = static_cast<std::uint32_t>(units);
            return true;
        }
        ++text.pairs;
        p_ += 4;
        left -= 2;
    }
    text.size = static_cast<std::uint32_t>(p_ - text.from);
    text.units = static_cast<std::uint32_t>(units);
    text.ascii = ascii && !text.has_halves();
    return true;
}

}  // namespace crdt::detail
