// Where in a text: counted in UTF-16 units unless the caller says otherwise.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace crdt {

struct Utf16 {
    std::uint32_t value;
};
struct Utf8 {
    std::uint32_t value;
};
struct CodePoint {
    std::uint32_t value;
};

enum class Unit : std::uint8_t { utf16, utf8, code_point };

// letter.insert(3, ...), letter.insert(Utf8{3}, ...), letter.insert(CodePoint{3}, ...)
class Position {
public:
    template <std::integral T>
    constexpr Position(T units) noexcept : value_(clamp(units)), unit_(Unit::utf16) {}
    constexpr Position(Utf16 at) noexcept : value_(at.value), unit_(Unit::utf16) {}
    constexpr Position(Utf8 at) noexcept : value_(at.value), unit_(Unit::utf8) {}
    constexpr Position(CodePoint at) noexcept : value_(at.value), unit_(Unit::code_point) {}

    [[nodiscard]] constexpr std::uint32_t value() const noexcept { return value_; }
    [[nodiscard]] constexpr Unit unit() const noexcept { return unit_; }
    [[nodiscard]] constexpr bool is_utf16(std::uint32_t units) const noexcept {
        return value_ == units && unit_ == Unit::utf16;
    }

private:
    // What does not fit is past the end of every text.
    template <class T>
    static constexpr std::uint32_t clamp(T units) noexcept {
        constexpr std::uint32_t most = 0xffffffffU;
        if constexpr (std::is_signed_v<T>) {
            if (units < 0) return most;
        }
        if constexpr (sizeof(T) > sizeof(std::uint32_t)) {
            if (static_cast<std::uint64_t>(units) > most) return most;
        }
        return static_cast<std::uint32_t>(units);
    }

    std::uint32_t value_;
    Unit unit_;
};

}  // namespace crdt
