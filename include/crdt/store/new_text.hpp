// Text on its way into the history, in the form in which the caller has it.
#pragma once

#include <cstdint>
#include <cstring>

#include "../base/bytes.hpp"
#include "../base/utf.hpp"

namespace crdt::detail {

// Text to be inserted, valid and counted.
struct NewText {
    std::uint32_t count;  // UTF-16 units
    bool ascii;

    NewText(ByteView utf8, const Utf8Scan& scan) noexcept
        : count(scan.utf16_length), ascii(scan.ascii), utf8_(utf8) {}
    NewText(const char16_t* units, std::uint32_t number) noexcept
        : count(number), ascii(is_ascii(units, number)), units_(units) {}

    // As `count` units of one byte; requires: ascii. Or of two.
    ROPEWALK_ALWAYS_INLINE void write(std::uint8_t* to, bool wide) const noexcept {
        if (ROPEWALK_LIKELY(!wide && utf8_.size() == 1)) {
            *to = utf8_[0];
        } else {
            write_all(to, wide);
        }
    }

private:
    void write_all(std::uint8_t* to, bool wide) const noexcept {
        auto* const wide_to = reinterpret_cast<char16_t*>(to);
        if (units_ != nullptr) {
            if (wide) {
                std::memcpy(wide_to, units_, count * sizeof(char16_t));
            } else {
                narrow_ascii(units_, count, to);
            }
        } else if (wide) {
            utf8_to_utf16(utf8_, wide_to);
        } else {
            std::memcpy(to, utf8_.data(), utf8_.size());
        }
    }

    ByteView utf8_;
    const char16_t* units_ = nullptr;
};

}  // namespace crdt::detail
