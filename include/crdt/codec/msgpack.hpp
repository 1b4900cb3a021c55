// MessagePack, as much of it as headers need: maps, arrays, text, bytes, numbers without a sign,
// booleans and nil. Other values can be skipped. (msgpack-c needs exceptions; tests compare.)
#pragma once

#include <cstdint>
#include <string_view>

#include "../base/bytes.hpp"
#include "../base/result.hpp"
#include "writer.hpp"

namespace crdt::detail {

// Appends to a caller's bytes, each value in its shortest form. A failed allocation sticks.
class MsgpackWriter {
public:
    explicit MsgpackWriter(Bytes& out) noexcept : out_(out) {}

    // So many pairs, or values, follow.
    void map(std::uint32_t pairs) noexcept { head(pairs, 0x80, 15, 0, 0xde); }
    void array(std::uint32_t values) noexcept { head(values, 0x90, 15, 0, 0xdc); }
    // requires: valid UTF-8, below 4 GiB
    void text(std::string_view text) noexcept {
        head(static_cast<std::uint32_t>(text.size()), 0xa0, 31, 0xd9, 0xda);
        out_.raw(as_bytes(text));
    }
    // requires: below 4 GiB
    void bytes(ByteView bytes) noexcept;
    void number(std::uint64_t value) noexcept;
    void boolean(bool value) noexcept { out_.byte(value ? 0xc3 : 0xc2); }
    void nil() noexcept { out_.byte(0xc0); }

    [[nodiscard]] bool ok() const noexcept { return out_.ok(); }

private:
    // `one`, `two`: the tags for a count of that many bytes; 0: there is none. The tag for four
    // bytes is two + 1.
    void head(std::uint32_t count,
              std::uint8_t fixed,
              std::uint32_t most_fixed,
              std::uint8_t one,
              std::uint8_t two) noexcept;
    void big_endian(std::uint64_t value, unsigned bytes) noexcept;

    Writer out_;
};

// Reads within bounds; the first failure sticks, as in Reader. Counts are compared with the bytes
// that are left, so nothing is allocated by a number that was only claimed.
class MsgpackReader {
public:
    explicit MsgpackReader(ByteView input) noexcept
        : begin_(input.data()), p_(begin_), end_(begin_ + input.size()) {}

    [[nodiscard]] bool ok() const noexcept { return code_ == ErrorCode::ok; }
    [[nodiscard]] Error error() const noexcept { return {code_, ok() ? 0 : offset()}; }
    [[nodiscard]] std::size_t offset() const noexcept {
        return static_cast<std::size_t>(p_ - begin_);
    }
    [[nodiscard]] bool at_end() const noexcept { return p_ == end_; }

    // 0 when the next value is none.
    [[nodiscard]] std::uint32_t map() noexcept { return container(0x80, 0xde, 2); }
    [[nodiscard]] std::uint32_t array() noexcept { return container(0x90, 0xdc, 1); }
    [[nodiscard]] std::string_view text() noexcept;
    [[nodiscard]] ByteView bytes() noexcept;
    [[nodiscard]] std::uint64_t number() noexcept;
    [[nodiscard]] bool boolean() noexcept;
    // Any value, whatever it holds. Without recursion: what nests is counted.
    void skip_value() noexcept;

private:
    void fail(ErrorCode code) noexcept {
        if (ok()) code_ = code;
    }
    [[nodiscard]] std::size_t left() const noexcept {
        return ok() ? static_cast<std::size_t>(end_ - p_) : 0;
    }
    [[nodiscard]] bool need(std::size_t size) noexcept {
        if (left() >= size && ok()) return true;
        fail(ErrorCode::unexpected_end);
        return false;
    }
    // The tag of the next value, which is not taken; 0xc1, which no value has, at the end.
    [[nodiscard]] std::uint8_t peek() noexcept;
    [[nodiscard]] std::uint64_t big_endian(unsigned bytes) noexcept;
    [[nodiscard]] std::uint32_t container(std::uint8_t fixed,
                                          std::uint8_t two,
                                          std::size_t least) noexcept;
    [[nodiscard]] ByteView raw(std::uint64_t size) noexcept;

    const std::uint8_t* begin_;
    const std::uint8_t* p_;
    const std::uint8_t* end_;
    ErrorCode code_ = ErrorCode::ok;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/codec/msgpack.ipp"
#endif
