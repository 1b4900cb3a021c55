// Bytes owns, ByteView borrows.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "vec.hpp"

namespace crdt {

using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// An owned run of bytes. Moves; copies only by clone(), which can fail. Growth never throws.
class Bytes {
public:
    Bytes() noexcept = default;

    [[nodiscard]] const std::uint8_t* data() const noexcept { return bytes_.data(); }
    [[nodiscard]] std::uint8_t* data() noexcept { return bytes_.data(); }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
    [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
    [[nodiscard]] const std::uint8_t* begin() const noexcept { return bytes_.begin(); }
    [[nodiscard]] const std::uint8_t* end() const noexcept { return bytes_.end(); }
    [[nodiscard]] std::uint8_t operator[](std::size_t i) const noexcept { return bytes_[i]; }
    [[nodiscard]] ByteView view() const noexcept { return {bytes_.data(), bytes_.size()}; }
    operator ByteView() const noexcept { return view(); }  // NOLINT(google-explicit-constructor)

    // False when memory is exhausted; nothing has changed then.
    [[nodiscard]] bool append(ByteView more) noexcept {
        if (more.empty()) return true;
        if (!bytes_.reserve_more(more.size())) return false;
        std::memcpy(bytes_.data() + bytes_.size(), more.data(), more.size());
        bytes_.set_size(bytes_.size() + more.size());
        return true;
    }
    [[nodiscard]] bool append(std::string_view more) noexcept { return append(as_bytes(more)); }
    [[nodiscard]] bool push_back(std::uint8_t byte) noexcept { return bytes_.push_back(byte); }
    [[nodiscard]] bool reserve(std::size_t size) noexcept { return bytes_.reserve(size); }
    [[nodiscard]] bool clone_into(Bytes& copy) const noexcept {
        copy.clear();
        return copy.append(view());
    }
    void clear() noexcept { bytes_.clear(); }
    void truncate(std::size_t size) noexcept { bytes_.truncate(size); }

    // The storage itself, for writers that fill reserved room.
    [[nodiscard]] detail::Vec<std::uint8_t>& storage() noexcept { return bytes_; }

    friend bool operator==(const Bytes& a, const Bytes& b) noexcept {
        return as_text(a) == as_text(b);
    }

private:
    detail::Vec<std::uint8_t> bytes_;
};

}  // namespace crdt
