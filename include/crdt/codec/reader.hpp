// Reads lib0's primitives within bounds. The first failure sticks: later reads return nothing and
// error() tells the first bad byte. Every length is compared with what is left before it is used.
#pragma once

#include <cstdint>
#include <string_view>

#include "../base/bytes.hpp"
#include "../base/result.hpp"
#include "../base/utf.hpp"
#include "varint.hpp"

namespace crdt::detail {

inline std::uint64_t get_big_endian(const std::uint8_t* p, unsigned bytes) noexcept {
    std::uint64_t bits = 0;
    for (unsigned i = 0; i < bytes; ++i) bits = (bits << 8) | p[i];
    return bits;
}

class Reader {
public:
    explicit Reader(ByteView input) noexcept
        : start_(input.data()), p_(start_), end_(start_ + input.size()) {}

    [[nodiscard]] bool ok() const noexcept { return code_ == ErrorCode::ok; }
    // Ok, or the first failure with its offset in the input.
    [[nodiscard]] Error error() const noexcept { return {code_, ok() ? 0 : offset()}; }
    [[nodiscard]] std::size_t offset() const noexcept {
        return static_cast<std::size_t>(p_ - start_);
    }
    [[nodiscard]] std::size_t remaining() const noexcept {
        return ok() ? static_cast<std::size_t>(end_ - p_) : 0;
    }
    [[nodiscard]] bool at_end() const noexcept { return p_ == end_; }

    // For callers that find a value wrong. Keeps the first failure.
    void fail(ErrorCode code) noexcept {
        if (ok()) code_ = code;
    }
    void fail_at(ErrorCode code, std::size_t offset) noexcept {
        if (!ok()) return;
        code_ = code;
        p_ = start_ + offset;
    }

    std::uint8_t byte() noexcept {
        if (!need(1)) return 0;
        return *p_++;
    }
    std::uint64_t var_uint() noexcept {
        std::uint64_t value = 0;
        if (!ok() || read_var_uint(p_, end_, value)) return value;
        return fail_number();
    }
    // A count of things that take at least `least` bytes each; refused if they cannot be there.
    std::uint64_t count(std::size_t least) noexcept {
        const std::uint8_t* const at = p_;
        const std::uint64_t value = var_uint();
        if (value <= remaining() / least) return value;
        if (ok()) {
            p_ = at;
            code_ = ErrorCode::unexpected_end;
        }
        return 0;
    }
    // False: failed.
    bool var_int(std::uint64_t& magnitude, bool& negative) noexcept {
        magnitude = 0;
        negative = false;
        if (!ok()) return false;
        if (read_var_int(p_, end_, magnitude, negative)) return true;
        magnitude = fail_number();
        negative = false;
        return false;
    }
    // -0 reads as 0.
    std::int64_t var_int() noexcept {
        std::uint64_t magnitude = 0;
        bool negative = false;
        if (!var_int(magnitude, negative)) return 0;
        const auto value = static_cast<std::int64_t>(magnitude);
        return negative ? -value : value;
    }
    ByteView raw(std::size_t size) noexcept {
        if (!need(size)) return {};
        const ByteView bytes{p_, size};
        p_ += size;
        return bytes;
    }
    ByteView var_bytes() noexcept {
        const std::uint64_t size = count(1);
        return raw(static_cast<std::size_t>(size));
    }
    // Strict UTF-8.
    std::string_view var_string() noexcept {
        const ByteView bytes = var_bytes();
        const Utf8Scan scan = scan_utf8(bytes);
        if (ROPEWALK_LIKELY(scan.valid)) return as_text(bytes);
        p_ = bytes.data() + scan.bad_offset;
        code_ = ErrorCode::invalid_utf8;
        return {};
    }
    float float32() noexcept {
        return __builtin_bit_cast(float, static_cast<std::uint32_t>(big_endian(4)));
    }
    double float64() noexcept { return __builtin_bit_cast(double, big_endian(8)); }
    std::int64_t bigint64() noexcept { return static_cast<std::int64_t>(big_endian(8)); }

private:
    [[nodiscard]] bool need(std::size_t size) noexcept {
        if (ROPEWALK_LIKELY(remaining() >= size && ok())) return true;
        fail(ErrorCode::unexpected_end);
        return false;
    }
    std::uint64_t fail_number() noexcept {
        code_ = at_end() ? ErrorCode::unexpected_end : ErrorCode::invalid_varint;
        return 0;
    }
    std::uint64_t big_endian(unsigned bytes) noexcept {
        if (!need(bytes)) return 0;
        const std::uint64_t bits = get_big_endian(p_, bytes);
        p_ += bytes;
        return bits;
    }

    const std::uint8_t* start_;
    const std::uint8_t* p_;
    const std::uint8_t* end_;
    ErrorCode code_ = ErrorCode::ok;
};

}  // namespace crdt::detail
