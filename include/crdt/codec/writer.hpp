// Appends lib0's primitives to a caller's bytes. A failed allocation sticks: later calls do
// nothing and ok() says so at the end.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "../base/bytes.hpp"
#include "varint.hpp"

namespace crdt::detail {

class Writer {
public:
    explicit Writer(Bytes& out) noexcept : out_(out.storage()) {}
    explicit Writer(Vec<std::uint8_t>& out) noexcept : out_(out) {}

    [[nodiscard]] bool ok() const noexcept { return ok_; }
    [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }

    void byte(std::uint8_t value) noexcept {
        if (room(1)) out_.push_back_reserved(value);
    }
    void var_uint(std::uint64_t value) noexcept {
        if (room(kMaxVarUintSize)) finish(put_var_uint(tail(), value));
    }
    void var_int(std::uint64_t magnitude, bool negative) noexcept {
        if (room(kMaxVarUintSize)) finish(put_var_int(tail(), magnitude, negative));
    }
    void var_int(std::int64_t value) noexcept {
        const auto bits = static_cast<std::uint64_t>(value);
        var_int(value < 0 ? 0 - bits : bits, value < 0);
    }
    void raw(ByteView bytes) noexcept {
        if (!room(bytes.size()) || bytes.empty()) return;
        std::memcpy(tail(), bytes.data(), bytes.size());
        finish(tail() + bytes.size());
    }
    void var_bytes(ByteView bytes) noexcept {
        if (!room(kMaxVarUintSize + bytes.size())) return;
        finish(put_var_uint(tail(), bytes.size()));
        raw(bytes);
    }
    // requires: valid UTF-8
    void var_string(std::string_view text) noexcept { var_bytes(as_bytes(text)); }

    // Big-endian, as DataView writes them.
    void float32(float value) noexcept { big_endian(__builtin_bit_cast(std::uint32_t, value), 4); }
    void float64(double value) noexcept { big_endian(__builtin_bit_cast(std::uint64_t, value), 8); }
    void bigint64(std::int64_t value) noexcept { big_endian(static_cast<std::uint64_t>(value), 8); }

private:
    [[nodiscard]] bool room(std::size_t more) noexcept {
        if (ROPEWALK_UNLIKELY(!ok_ || !out_.reserve_more(more))) {
            ok_ = false;
            return false;
        }
        return true;
    }
    [[nodiscard]] std::uint8_t* tail() noexcept { return out_.data() + out_.size(); }
    void finish(const std::uint8_t* end) noexcept {
        out_.set_size(static_cast<std::size_t>(end - out_.data()));
    }
    void big_endian(std::uint64_t bits, unsigned bytes) noexcept {
        if (!room(bytes)) return;
        for (unsigned i = bytes; i-- > 0;) {
            out_.push_back_reserved(static_cast<std::uint8_t>(bits >> (8 * i)));
        }
    }

    Vec<std::uint8_t>& out_;
    bool ok_ = true;
};

}  // namespace crdt::detail
