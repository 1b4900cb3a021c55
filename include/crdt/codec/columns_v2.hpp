// The columns of update format V2: each holds one kind of number, compressed by repetition.
//
//   UintOptRle     runs of one value.       varInt v, or varInt -v and varUint (run - 2)
//   IntDiffOptRle  runs of one difference.  varInt 2d, or varInt 2d+1 and varUint (run - 2)
//   Rle            runs of one byte.        byte, varUint (run - 1); the last run without a count
//   String         varString of all texts together, then their UTF-16 lengths as a UintOptRle
//
// Readers compare with the bytes that are there: a run costs nothing until it is read, so whoever
// reads bounds how much. (Yjs reads zeros for ever past the end of the Opt columns; here that is an
// error.)
#pragma once

#include <cstdint>

#include "../base/bytes.hpp"
#include "../base/utf.hpp"
#include "../base/vec.hpp"
#include "reader.hpp"
#include "varint.hpp"
#include "writer.hpp"

namespace crdt::detail {

// -- writing ------------------------------------------------------------------------------------

class UintOptRleWriter {
public:
    // requires: value <= kMaxVarUint
    void write(std::uint64_t value) noexcept {
        if (value != value_) {
            flush();
            value_ = value;
        }
        ++count_;
    }
    // Ends the last run. False when memory was exhausted on the way.
    [[nodiscard]] bool finish() noexcept {
        flush();
        return ok_;
    }
    [[nodiscard]] ByteView bytes() const noexcept { return {bytes_.data(), bytes_.size()}; }

private:
    void flush() noexcept {
        if (count_ == 0) return;
        Writer out(bytes_);
        out.var_int(value_, count_ > 1);
        if (count_ > 1) out.var_uint(count_ - 2);
        ok_ = ok_ && out.ok();
        count_ = 0;
    }

    Vec<std::uint8_t> bytes_;
    std::uint64_t value_ = 0;
    std::uint64_t count_ = 0;
    bool ok_ = true;
};

class IntDiffOptRleWriter {
public:
    // requires: value <= kMaxVarUint
    void write(std::uint64_t value) noexcept {
        const auto difference =
            static_cast<std::int64_t>(value) - static_cast<std::int64_t>(value_);
        if (difference != difference_) {
            flush();
            difference_ = difference;
        }
        value_ = value;
        ++count_;
    }
    [[nodiscard]] bool finish() noexcept {
        flush();
        return ok_;
    }
    [[nodiscard]] ByteView bytes() const noexcept { return {bytes_.data(), bytes_.size()}; }

private:
    void flush() noexcept {
        if (count_ == 0) return;
        Writer out(bytes_);
        out.var_int(difference_ * 2 + (count_ > 1 ? 1 : 0));
        if (count_ > 1) out.var_uint(count_ - 2);
        ok_ = ok_ && out.ok();
        count_ = 0;
    }

    Vec<std::uint8_t> bytes_;
    std::uint64_t value_ = 0;
    std::int64_t difference_ = 0;
    std::uint64_t count_ = 0;
    bool ok_ = true;
};

class RleWriter {
public:
    void write(std::uint8_t value) noexcept {
        if (count_ == 0 || value != value_) {
            Writer out(bytes_);
            if (count_ > 0) out.var_uint(count_ - 1);
            out.byte(value);
            ok_ = ok_ && out.ok();
            value_ = value;
            count_ = 0;
        }
        ++count_;
    }
    [[nodiscard]] bool finish() const noexcept { return ok_; }
    [[nodiscard]] ByteView bytes() const noexcept { return {bytes_.data(), bytes_.size()}; }

private:
    Vec<std::uint8_t> bytes_;
    std::uint64_t count_ = 0;
    std::uint8_t value_ = 0;
    bool ok_ = true;
};

// Texts are joined before they become UTF-8, so a high surrogate at the end of one and a low one at
// the start of the next are one character. Others that stand alone become U+FFFD.
class StringColumnWriter {
public:
    // requires: valid UTF-8
    void write(ByteView text) noexcept { write(text, scan_utf8(text).utf16_length); }
    // requires: valid UTF-8 of `units` UTF-16 units
    void write(ByteView text, std::uint32_t units) noexcept {
        append(text);
        lengths_.write(units);
    }
    void write(const char16_t* text, std::size_t units) noexcept {
        append(text, units);
        lengths_.write(units);
    }
    // A text in parts: append() each of them, then end_text().
    void append(ByteView text) noexcept {
        if (text.empty()) return;
        high_ = 0;
        Writer out(text_);
        out.raw(text);
        ok_ = ok_ && out.ok();
    }
    void append(const char16_t* text, std::size_t units) noexcept;
    // UTF-8 in which lone surrogates stand as three bytes of their own.
    void append_wtf8(ByteView text) noexcept;
    void end_text(std::uint32_t units) noexcept { lengths_.write(units); }

    [[nodiscard]] bool finish() noexcept { return lengths_.finish() && ok_; }
    [[nodiscard]] ByteView text() const noexcept { return {text_.data(), text_.size()}; }
    [[nodiscard]] ByteView lengths() const noexcept { return lengths_.bytes(); }

private:
    Vec<std::uint8_t> text_;
    UintOptRleWriter lengths_;
    char16_t high_ = 0;  // the text ends with this lone half, written as U+FFFD for now
    bool ok_ = true;
};

// -- reading ------------------------------------------------------------------------------------
//
// read() is false at the first number that is not there; at() is then its place.

class UintOptRleReader {
public:
    UintOptRleReader() noexcept = default;
    explicit UintOptRleReader(ByteView bytes) noexcept
        : p_(bytes.data()), end_(p_ + bytes.size()) {}

    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool read(std::uint64_t& value) noexcept {
        if (ROPEWALK_UNLIKELY(count_ == 0) && !next()) return false;
        --count_;
        value = value_;
        return true;
    }
    [[nodiscard]] const std::uint8_t* at() const noexcept { return p_; }
    [[nodiscard]] bool at_end() const noexcept { return p_ == end_; }

private:
    [[nodiscard]] bool next() noexcept {
        bool repeated = false;
        if (!read_var_int(p_, end_, value_, repeated)) return false;
        count_ = 1;
        if (!repeated) return true;
        if (!read_var_uint(p_, end_, count_)) {
            count_ = 0;
            return false;
        }
        count_ += 2;
        return true;
    }

    const std::uint8_t* p_ = nullptr;
    const std::uint8_t* end_ = nullptr;
    std::uint64_t value_ = 0;
    std::uint64_t count_ = 0;
};

class IntDiffOptRleReader {
public:
    IntDiffOptRleReader() noexcept = default;
    explicit IntDiffOptRleReader(ByteView bytes) noexcept
        : p_(bytes.data()), end_(p_ + bytes.size()) {}

    // Also false when the value would be negative or above 2^53-1.
    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool read(std::uint64_t& value) noexcept {
        if (ROPEWALK_UNLIKELY(count_ == 0) && !next()) return false;
        --count_;
        value_ += static_cast<std::uint64_t>(difference_);
        value = value_;
        return value_ <= kMaxVarUint;
    }
    [[nodiscard]] const std::uint8_t* at() const noexcept { return p_; }
    [[nodiscard]] bool at_end() const noexcept { return p_ == end_; }

private:
    [[nodiscard]] bool next() noexcept {
        std::uint64_t magnitude = 0;
        bool negative = false;
        if (!read_var_int(p_, end_, magnitude, negative)) return false;
        const auto number = static_cast<std::int64_t>(magnitude);
        const std::int64_t coded = negative ? -number : number;
        difference_ = coded >> 1;  // rounds down
        count_ = 1;
        if ((coded & 1) == 0) return true;
        if (!read_var_uint(p_, end_, count_)) {
            count_ = 0;
            return false;
        }
        count_ += 2;
        return true;
    }

    const std::uint8_t* p_ = nullptr;
    const std::uint8_t* end_ = nullptr;
    std::uint64_t value_ = 0;
    std::int64_t difference_ = 0;
    std::uint64_t count_ = 0;
};

class RleReader {
public:
    RleReader() noexcept = default;
    explicit RleReader(ByteView bytes) noexcept : p_(bytes.data()), end_(p_ + bytes.size()) {}

    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool read(std::uint8_t& value) noexcept {
        if (ROPEWALK_UNLIKELY(count_ == 0) && !next()) return false;
        --count_;
        value = value_;
        return true;
    }
    [[nodiscard]] const std::uint8_t* at() const noexcept { return p_; }
    [[nodiscard]] bool at_end() const noexcept { return p_ == end_; }

private:
    [[nodiscard]] bool next() noexcept {
        if (p_ == end_) return false;
        value_ = *p_++;
        count_ = ~std::uint64_t{0};  // the last run has no count and no end
        if (p_ == end_) return true;
        if (!read_var_uint(p_, end_, count_)) {
            count_ = 0;
            return false;
        }
        ++count_;
        return true;
    }

    const std::uint8_t* p_ = nullptr;
    const std::uint8_t* end_ = nullptr;
    std::uint64_t count_ = 0;
    std::uint8_t value_ = 0;
};

// One text of a String column. Where the column's texts were joined within a character, one half of
// it belongs to this text and the other to its neighbour.
struct ColumnText {
    const std::uint8_t* from = nullptr;  // without the halves
    std::uint32_t size = 0;
    std::uint32_t units = 0;
    std::uint32_t pairs = 0;
    char16_t first_half = 0;
    char16_t last_half = 0;
    bool ascii = false;

    [[nodiscard]] bool has_halves() const noexcept { return (first_half | last_half) != 0; }
};

class StringColumnReader {
public:
    StringColumnReader() noexcept = default;

    // Checks the text, but not yet the lengths.
    [[nodiscard]] Error open(ByteView column) noexcept;
    // False: no such text is left.
    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool read(ColumnText& text) noexcept {
        std::uint64_t units = 0;
        if (ROPEWALK_UNLIKELY(!lengths_.read(units))) return false;
        if (ROPEWALK_LIKELY(half_ == 0 && units <= static_cast<std::uint64_t>(end_ - p_) &&
                            (all_ascii_ || is_ascii(p_, static_cast<std::size_t>(units))))) {
            text = {
                p_,  static_cast<std::uint32_t>(units), static_cast<std::uint32_t>(units), 0, 0, 0,
                true};
            p_ += units;
            return true;
        }
        return read_wide(units, text);
    }
    // Where the last read failed, or the next one starts.
    [[nodiscard]] const std::uint8_t* at() const noexcept { return lengths_.at(); }
    [[nodiscard]] bool at_end() const noexcept { return lengths_.at_end(); }

private:
    [[nodiscard]] bool read_wide(std::uint64_t units, ColumnText& text) noexcept;

    const std::uint8_t* p_ = nullptr;
    const std::uint8_t* end_ = nullptr;
    UintOptRleReader lengths_;
    char16_t half_ = 0;  // low surrogate of the character in front of p_ that is still to be read
    bool all_ascii_ = false;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/codec/columns_v2.ipp"
#endif
