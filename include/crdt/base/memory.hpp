// Where the engine's memory comes from. Nothing on a document's paths throws on exhaustion: a
// failed allocation is a null pointer here and ErrorCode::out_of_memory at the surface.
#pragma once

#include <cstddef>
#include <cstdlib>

namespace crdt {

// What the engine allocates with. Both functions follow std::realloc and std::free.
struct Allocator {
    void* (*reallocate)(void* block, std::size_t bytes) = &std::realloc;
    void (*release)(void* block) = &std::free;
};

namespace detail {
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): what set_allocator() sets
inline Allocator allocator_in_use{};
}  // namespace detail

// Replaces the allocator of the whole program. Call it before the first document is made: blocks
// are released by the allocator in use at that time. Not safe while other threads use the engine.
inline void set_allocator(const Allocator& allocator) noexcept {
    detail::allocator_in_use = allocator;
}

namespace detail {

[[nodiscard]] inline void* reallocate(void* block, std::size_t bytes) noexcept {
    return allocator_in_use.reallocate(block, bytes);
}
[[nodiscard]] inline void* allocate(std::size_t bytes) noexcept {
    return allocator_in_use.reallocate(nullptr, bytes);
}
inline void release(void* block) noexcept {
    if (block != nullptr) allocator_in_use.release(block);
}

}  // namespace detail
}  // namespace crdt
