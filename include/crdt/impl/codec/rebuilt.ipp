#pragma once

#include <cstring>

#include "../../codec/columns_v2.hpp"
#include "../../codec/update_v1.hpp"

namespace crdt::detail {

// Puts contents together behind a copy of the update, where slices of the update stay good.
class Rebuilt {
public:
    Rebuilt(ByteView input, Vec<std::uint8_t>& out) noexcept : input_(input), out_(out) {}

    // Before each put. Keys can be named again and again at no cost in bytes: what that adds up to
    // is bounded.
    [[nodiscard]] ErrorCode room(std::size_t more) noexcept {
        if (out_.empty()) {
            const std::size_t size = input_.size();
            if (!out_.reserve(size + size / 4 + 64)) return ErrorCode::out_of_memory;
            std::memcpy(out_.data(), input_.data(), size);
            out_.set_size(size);
        }
        constexpr std::uint64_t kAllowance = std::uint64_t{16} << 20;
        constexpr std::uint64_t kLargest = 0xffffffffU;
        const std::uint64_t after = std::uint64_t{out_.size()} + more;
        if (after > std::uint64_t{input_.size()} * 16 + kAllowance || after > kLargest) {
            return ErrorCode::limit_exceeded;
        }
        return out_.reserve_more(more) ? ErrorCode::ok : ErrorCode::out_of_memory;
    }
    [[nodiscard]] const std::uint8_t* at(Slice slice) const noexcept {
        return (out_.empty() ? input_.data() : out_.data()) + slice.offset;
    }
    // What is put from now on, once end() is called.
    [[nodiscard]] Slice begin() const noexcept {
        return {static_cast<std::uint32_t>(out_.size()), 0};
    }
    void end(Slice& slice) const noexcept {
        slice.size = static_cast<std::uint32_t>(out_.size()) - slice.offset;
    }

    void put(ByteView bytes) noexcept {
        if (!bytes.empty()) std::memcpy(out_.data() + out_.size(), bytes.data(), bytes.size());
        out_.set_size(out_.size() + bytes.size());
    }
    void put_number(std::uint64_t value) noexcept {
        const std::uint8_t* const end = put_var_uint(out_.data() + out_.size(), value);
        out_.set_size(static_cast<std::size_t>(end - out_.data()));
    }
    void put_sized(Slice slice) noexcept {
        put_number(slice.size);
        put({at(slice), slice.size});
    }
    // A text with lone surrogates, as three bytes each or as U+FFFD.
    [[nodiscard]] ErrorCode text(const ColumnText& text, bool keep_halves, Slice& to) noexcept {
        const ErrorCode code = room(std::size_t{text.size} + 6);
        if (code != ErrorCode::ok) return code;
        to = begin();
        put_half(text.first_half, keep_halves);
        put({text.from, text.size});
        put_half(text.last_half, keep_halves);
        end(to);
        return ErrorCode::ok;
    }

private:
    void put_half(char16_t half, bool keep) noexcept {
        if (half == 0) return;
        if (!keep) half = kReplacement;
        const std::uint8_t bytes[] = {static_cast<std::uint8_t>(0xe0U | (half >> 12)),
                                      static_cast<std::uint8_t>(0x80U | ((half >> 6) & 0x3fU)),
                                      static_cast<std::uint8_t>(0x80U | (half & 0x3fU))};
        put(bytes);
    }

    ByteView input_;
    Vec<std::uint8_t>& out_;
};

}  // namespace crdt::detail
