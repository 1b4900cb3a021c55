// Memory of the module, and the C library's functions that ask for it.
#include "heap.hpp"

namespace ropewalk {

namespace {

extern "C" std::uint8_t __heap_base;

// From behind the module's own data to the end.
class Linear {
public:
    [[nodiscard]] static std::uint8_t* base() noexcept {
        return reinterpret_cast<std::uint8_t*>(
            (reinterpret_cast<std::uintptr_t>(&__heap_base) + 7) & ~std::uintptr_t{7});
    }
    [[nodiscard]] static std::uint32_t size() noexcept {
        return static_cast<std::uint32_t>(__builtin_wasm_memory_size(0) * kPage -
                                          reinterpret_cast<std::uintptr_t>(base()));
    }
    [[nodiscard]] static bool grow_to(std::uint32_t size) noexcept {
        const std::uint32_t more = size - Linear::size();
        return __builtin_wasm_memory_grow(0, (more + kPage - 1) / kPage) != SIZE_MAX;
    }

private:
    static constexpr std::uint32_t kPage = 65536;
};

Linear memory;
constinit Heap<Linear> heap{memory};

}  // namespace

}  // namespace ropewalk

extern "C" {

void* malloc(std::size_t bytes) { return ropewalk::heap.allocate(bytes); }
void free(void* bytes) { ropewalk::heap.release(bytes); }
void* realloc(void* bytes, std::size_t wanted) { return ropewalk::heap.resize(bytes, wanted); }
void* calloc(std::size_t count, std::size_t size) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) return nullptr;
    void* const made = malloc(bytes);
    return made == nullptr ? nullptr : std::memset(made, 0, bytes);
}
}
