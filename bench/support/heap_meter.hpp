// Counts what the engine, and C++ at large, hold of the heap: real sizes of blocks, not the sizes
// that were asked for.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bench {

struct HeapUse {
    std::int64_t bytes = 0;        // held now; below 0 if older blocks were released
    std::int64_t most_bytes = 0;   // held at the worst moment
    std::int64_t allocations = 0;  // blocks made or resized, since the meter started
};

// Counts while it lives; at most one at a time, one thread. Blocks may outlive it or be older.
class HeapMeter {
public:
    HeapMeter();
    ~HeapMeter();
    HeapMeter(const HeapMeter&) = delete;
    HeapMeter& operator=(const HeapMeter&) = delete;

    [[nodiscard]] HeapUse use() const;
};

}  // namespace bench
