// Names of things that happened: who inserted it (client) and as their how-manieth unit (clock).
#pragma once

#include <compare>
#include <cstdint>

namespace crdt {

// 0 .. 2^53-1, so that JavaScript holds it exactly.
enum class ClientId : std::uint64_t {};

// Units that a client has inserted before; UTF-16 code units in text, elements elsewhere.
// The wire has 53 bits; one client's clocks end at kMaxClock here (limit_exceeded beyond).
enum class Clock : std::uint32_t {};

inline constexpr std::uint64_t kMaxClientId = (std::uint64_t{1} << 53) - 1;
inline constexpr std::uint32_t kMaxClock = 0x7fffffffU;

constexpr std::uint64_t raw(ClientId id) noexcept { return static_cast<std::uint64_t>(id); }
constexpr std::uint32_t raw(Clock clock) noexcept { return static_cast<std::uint32_t>(clock); }

// requires: clock + units <= kMaxClock (decoders and writers have checked)
constexpr Clock advance(Clock clock, std::uint32_t units) noexcept {
    return static_cast<Clock>(raw(clock) + units);
}

struct Id {
    ClientId client{};
    Clock clock{};
    friend constexpr auto operator<=>(const Id&, const Id&) = default;
};

// `length` consecutive units of one client.
struct IdSpan {
    Id start;
    std::uint32_t length = 0;
    friend constexpr bool operator==(const IdSpan&, const IdSpan&) = default;
};

}  // namespace crdt
