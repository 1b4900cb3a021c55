// Lets the n-th allocation of the engine fail, and counts what is not given back.
#pragma once

#include <crdt/base/memory.hpp>
#include <cstddef>
#include <cstdlib>

namespace test {

class FailingMemory {
public:
    // Allocation number `fail_at` (from 0) and all later ones fail.
    explicit FailingMemory(std::size_t fail_at) : before_(crdt::detail::allocator_in_use) {
        left() = fail_at;
        failed() = false;
        crdt::set_allocator({&reallocate, &release});
    }
    FailingMemory(const FailingMemory&) = delete;
    FailingMemory& operator=(const FailingMemory&) = delete;
    ~FailingMemory() { crdt::set_allocator(before_); }

    static bool& failed() {
        static bool value = false;
        return value;
    }

private:
    static std::size_t& left() {
        static std::size_t value = 0;
        return value;
    }
    static void* reallocate(void* block, std::size_t bytes) {
        if (left() == 0) {
            failed() = true;
            return nullptr;
        }
        --left();
        return std::realloc(block, bytes);
    }
    static void release(void* block) { std::free(block); }

    crdt::Allocator before_;
};

// Calls f() with the first, the second, ... allocation failing until one call needs no more. f
// returns whether it succeeded; it must fail exactly when memory did. Returns how often it failed.
template <class F>
std::size_t fail_each_allocation(F&& f) {
    for (std::size_t n = 0;; ++n) {
        FailingMemory memory(n);
        const bool ok = f();
        if (!FailingMemory::failed()) return ok ? n : static_cast<std::size_t>(-1);
        if (ok) return static_cast<std::size_t>(-1);
    }
}

}  // namespace test
