// What a decoder may be asked to hold. Lengths and counts are checked against the bytes that are
// left in any case; these bounds are for what honest-looking bytes can ask for.
#pragma once

#include <cstddef>
#include <cstdint>

namespace crdt {

// 0 means: no bound of its own. Servers set `update_bytes` to 16 MiB and `structs` to 1 M for what
// a client sends; the defaults are those of a program that reads its own documents.
struct Limits {
    // Containers inside containers in one Any or JSON value. At most detail::kMaxNesting.
    std::uint32_t nesting = 128;
    // Structs of one update, delete ranges counted apart. 0: what the input could hold in V1, two
    // bytes each, but at least 1 M: only compressed formats can ask for more.
    std::uint32_t structs = 0;
    // Size of one update. Offsets have 32 bits, so 4 GiB is the end in any case.
    std::uint64_t update_bytes = 0;
    // Different clients named in one update, state vector or delete set.
    std::uint32_t clients = 1U << 20;
    // What one update may leave waiting for missing structs. Not the sum of what waits: whether an
    // update is taken must not depend on what others have sent.
    std::uint64_t pending_bytes = 0;
    std::uint32_t pending_structs = 0;
    // Shared types inside shared types in one insert. Yjs clients fail between 1,000 and 2,000.
    std::uint32_t type_nesting = 512;
};

namespace detail {

// Fixed stacks have this many places; larger values of Limits::nesting count as this.
inline constexpr std::uint32_t kMaxNesting = 512;

[[nodiscard]] constexpr std::uint32_t nesting_of(const Limits& limits) noexcept {
    return limits.nesting < kMaxNesting ? limits.nesting : kMaxNesting;
}
[[nodiscard]] constexpr std::uint64_t structs_of(const Limits& limits, std::size_t input) noexcept {
    if (limits.structs != 0) return limits.structs;
    const std::uint64_t possible = input / 2;
    return possible > 1'000'000 ? possible : 1'000'000;
}
[[nodiscard]] constexpr std::uint64_t clients_of(const Limits& limits) noexcept {
    return limits.clients != 0 ? limits.clients : 0xfffffff0U;
}
[[nodiscard]] constexpr std::uint64_t update_bytes_of(const Limits& limits) noexcept {
    constexpr std::uint64_t largest = 0xffffffffU;
    if (limits.update_bytes == 0 || limits.update_bytes > largest) return largest;
    return limits.update_bytes;
}

}  // namespace detail
}  // namespace crdt
