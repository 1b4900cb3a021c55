// The limit: a gap buffer of UTF-16 units that remembers nothing. It is given what the engine is
// given, positions in UTF-16 units and text in UTF-8, and does the least that an editor must do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace bench {

class GapBuffer {
public:
    // requires: positions within the text, valid UTF-8
    void replace(std::size_t at, std::size_t deleted, std::string_view utf8) {
        if (at != gap_start_) move_gap(at);
        gap_end_ += deleted;
        if (utf8.size() > gap_end_ - gap_start_) grow(utf8.size());  // never fewer units than bytes
        if (utf8.size() == 1) {
            units_[gap_start_++] = static_cast<unsigned char>(utf8[0]);
        } else if (!utf8.empty()) {
            gap_start_ =
                static_cast<std::size_t>(put_utf16(utf8, units_.get() + gap_start_) - units_.get());
        }
    }

    [[nodiscard]] std::size_t length() const { return capacity_ - (gap_end_ - gap_start_); }
    [[nodiscard]] std::string to_utf8() const;

private:
    static char16_t* put_utf16(std::string_view utf8, char16_t* out);

    void move_gap(std::size_t at) {
        char16_t* const units = units_.get();
        if (at < gap_start_) {
            const std::size_t count = gap_start_ - at;
            std::memmove(units + gap_end_ - count, units + at, count * sizeof(char16_t));
            gap_end_ -= count;
        } else {
            const std::size_t count = at - gap_start_;
            std::memmove(units + gap_start_, units + gap_end_, count * sizeof(char16_t));
            gap_end_ += count;
        }
        gap_start_ = at;
    }
    void grow(std::size_t needed);

    std::unique_ptr<char16_t[]> units_;
    std::size_t capacity_ = 0;
    std::size_t gap_start_ = 0;
    std::size_t gap_end_ = 0;
};

}  // namespace bench
