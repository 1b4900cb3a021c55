// Memory for what cannot fail. The engine's own containers answer when memory is exhausted; those
// of the standard library, in which contents and deltas come in and go out, cannot say so without
// exceptions. So a call that uses them asks for room first, and what it did not foresee comes out
// of a reserve that is there when it begins.
#include "border.hpp"

namespace ropewalk {

namespace {

constexpr std::size_t kReserve = std::size_t{256} << 10;
void* reserve = nullptr;

// So that the compiler does not take the pair of calls away.
bool fits(std::size_t bytes) noexcept {
    void* const block = std::malloc(bytes);
    asm volatile("" : : "r"(block) : "memory");
    std::free(block);
    return block != nullptr;
}

}  // namespace

bool room(std::size_t bytes) noexcept {
    if (reserve == nullptr) reserve = std::malloc(kReserve);
    return reserve != nullptr && (bytes < kReserve / 4 || fits(bytes));
}

}  // namespace ropewalk

void* operator new(std::size_t bytes) {
    if (void* const block = std::malloc(bytes)) return block;
    std::free(std::exchange(ropewalk::reserve, nullptr));
    if (void* const block = std::malloc(bytes)) return block;
    __builtin_trap();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
