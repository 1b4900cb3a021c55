// Names of roots, keys, formats: each once, told by its number.
#pragma once

#include "../base/hash.hpp"
#include "../base/vec.hpp"

namespace crdt::detail {

class NameTable {
public:
    // kNone: memory is exhausted.
    [[nodiscard]] std::uint32_t number_of(ByteView name) noexcept;
    [[nodiscard]] std::uint32_t count() const noexcept {
        return static_cast<std::uint32_t>(ends_.size());
    }
    [[nodiscard]] std::uint32_t end(std::uint32_t number) const noexcept { return ends_[number]; }
    // All of them, one behind the other.
    [[nodiscard]] ByteView bytes() const noexcept { return {bytes_.data(), bytes_.size()}; }

    static constexpr std::uint32_t kNone = 0xffffffffU;

private:
    [[nodiscard]] ByteView name(std::uint32_t number) const noexcept {
        const std::uint32_t from = number == 0 ? 0 : ends_[number - 1];
        return bytes().subspan(from, ends_[number] - from);
    }
    [[nodiscard]] std::size_t slot_of(ByteView name) const noexcept;
    [[nodiscard]] bool grow() noexcept;

    Vec<std::uint8_t> bytes_;
    Vec<std::uint32_t> ends_;
    Vec<std::uint32_t> slots_;  // number + 1, 0: free; open addressing, at most half full
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/name_table.ipp"
#endif
