#pragma once

#include <cstring>

#include "../../base/sort.hpp"

namespace crdt::detail {

ROPEWALK_INLINE void ByteSort::swap(std::size_t a, std::size_t b) const noexcept {
    for (std::size_t i = 0; i < size; i += 4) {
        std::uint32_t x = 0;
        std::uint32_t y = 0;
        std::memcpy(&x, data + a * size + i, 4);
        std::memcpy(&y, data + b * size + i, 4);
        std::memcpy(data + a * size + i, &y, 4);
        std::memcpy(data + b * size + i, &x, 4);
    }
}

// Restores the heap, greatest first, where only the element `at` may be too small.
ROPEWALK_INLINE void ByteSort::sink(std::size_t at, std::size_t count) const noexcept {
    for (;;) {
        std::size_t child = 2 * at + 1;
        if (child >= count) return;
        if (child + 1 < count && before(child, child + 1)) ++child;
        if (!before(at, child)) return;
        swap(at, child);
        at = child;
    }
}

ROPEWALK_INLINE void ByteSort::run(std::size_t count) const noexcept {
    std::size_t sorted = 1;
    while (sorted < count && !before(sorted, sorted - 1)) ++sorted;
    if (sorted >= count) return;
    for (std::size_t i = count / 2; i > 0;) sink(--i, count);
    for (std::size_t i = count; --i > 0;) {
        swap(0, i);
        sink(0, i);
    }
}

}  // namespace crdt::detail
