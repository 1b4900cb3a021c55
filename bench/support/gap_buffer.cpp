#include "gap_buffer.hpp"

#include <algorithm>

#include "unicode.hpp"

namespace bench {

char16_t* GapBuffer::put_utf16(std::string_view utf8, char16_t* out) {
    for (std::size_t i = 0; i < utf8.size();) {
        const auto byte = static_cast<unsigned char>(utf8[i]);
        if (byte < 0x80) {
            *out++ = byte;
            ++i;
            continue;
        }
        char32_t c = next_code_point(utf8, i);
        if (c < 0x10000) {
            *out++ = static_cast<char16_t>(c);
        } else {
            c -= 0x10000;
            *out++ = static_cast<char16_t>(0xd800 + (c >> 10));
            *out++ = static_cast<char16_t>(0xdc00 + (c & 0x3ff));
        }
    }
    return out;
}

std::string GapBuffer::to_utf8() const {
    std::string text;
    text.reserve(length());
    char32_t high = 0;
    for (std::size_t i = 0; i < capacity_; ++i) {
        if (i == gap_start_) i = gap_end_;
        if (i == capacity_) break;
        const char32_t unit = units_[i];
        if ((unit & 0xfc00U) == 0xd800) {
            high = unit;
        } else if ((unit & 0xfc00U) == 0xdc00) {
            append_utf8(text, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
        } else {
            append_utf8(text, unit);
        }
    }
    return text;
}

void GapBuffer::grow(std::size_t needed) {
    const std::size_t used = length();
    const std::size_t capacity = std::max<std::size_t>(64, 2 * (used + needed));
    // new without (): the gap need not be cleared
    std::unique_ptr<char16_t[]> units(new char16_t[capacity]);
    const std::size_t behind = capacity_ - gap_end_;
    if (units_ != nullptr) {
        std::memcpy(units.get(), units_.get(), gap_start_ * sizeof(char16_t));
        std::memcpy(units.get() + capacity - behind, units_.get() + gap_end_,
                    behind * sizeof(char16_t));
    }
    units_ = std::move(units);
    gap_end_ = capacity - behind;
    capacity_ = capacity;
}

}  // namespace bench
