#include "heap_meter.hpp"

#include <malloc.h>

#include <algorithm>
#include <crdt/base/memory.hpp>
#include <cstdlib>
#include <new>

namespace bench {
namespace {

HeapUse use_now;
bool counting = false;

void count(void* block, int sign) {
    use_now.bytes += sign * static_cast<std::int64_t>(malloc_usable_size(block));
    use_now.most_bytes = std::max(use_now.most_bytes, use_now.bytes);
}

void* counted_reallocate(void* block, std::size_t bytes) {
    const auto before = static_cast<std::int64_t>(malloc_usable_size(block));
    void* const moved = std::realloc(block, bytes);
    if (moved != nullptr) {
        ++use_now.allocations;
        use_now.bytes -= before;
        count(moved, 1);
    }
    return moved;
}

void counted_release(void* block) {
    count(block, -1);
    std::free(block);
}

}  // namespace

HeapMeter::HeapMeter() {
    use_now = {};
    counting = true;
    crdt::set_allocator({&counted_reallocate, &counted_release});
}

HeapMeter::~HeapMeter() {
    crdt::set_allocator({});
    counting = false;
}

HeapUse HeapMeter::use() const { return use_now; }

}  // namespace bench

// The rest of the program: strings, vectors, unique_ptr. Arrays and nothrow forms end here too.
void* operator new(std::size_t bytes) {
    void* const block = std::malloc(bytes == 0 ? 1 : bytes);
    if (block == nullptr) throw std::bad_alloc();
    if (bench::counting) {
        ++bench::use_now.allocations;
        bench::count(block, 1);
    }
    return block;
}
void operator delete(void* block) noexcept {
    if (bench::counting) bench::count(block, -1);
    std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }
