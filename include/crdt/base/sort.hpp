// Sorting in place, without memory. Equal elements may change places.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../config.hpp"

namespace crdt::detail {

// Elements as so many bytes each; the order is a call. One body for all types, where std::sort is
// a kilobyte for each. Sorted input is only looked through; otherwise heap sort, O(n log n).
struct ByteSort {
    std::uint8_t* data;
    std::size_t size;  // of an element; a multiple of four
    const void* order;
    bool (*less)(const void* order, const void* a, const void* b) noexcept;

    void run(std::size_t count) const noexcept;

private:
    [[nodiscard]] bool before(std::size_t a, std::size_t b) const noexcept {
        return less(order, data + a * size, data + b * size);
    }
    void swap(std::size_t a, std::size_t b) const noexcept;
    void sink(std::size_t at, std::size_t count) const noexcept;
};

template <class T, class Less>
void sort_small(T* first, T* last, const Less& less) noexcept {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % 4 == 0);
    const auto erased = [](const void* order, const void* a, const void* b) noexcept -> bool {
        return (*static_cast<const Less*>(order))(*static_cast<const T*>(a),
                                                  *static_cast<const T*>(b));
    };
    ByteSort{reinterpret_cast<std::uint8_t*>(first), sizeof(T), &less, erased}.run(
        static_cast<std::size_t>(last - first));
}

template <class T, class Less>
void sort(T* first, T* last, const Less& less) noexcept {
#if ROPEWALK_SMALL
    sort_small(first, last, less);
#else
    std::sort(first, last, less);
#endif
}

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/base/sort.ipp"
#endif
