// A growing array of plain values whose growth can fail without throwing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "../config.hpp"
#include "memory.hpp"

namespace crdt::detail {

// Owns its elements, moves but does not copy. Every function that may allocate returns false on
// exhaustion and then has changed nothing.
template <class T>
class Vec {
    static_assert(std::is_trivially_copyable_v<T>, "Vec moves its elements with memcpy");

public:
    Vec() noexcept = default;
    Vec(const Vec&) = delete;
    Vec& operator=(const Vec&) = delete;
    Vec(Vec&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    Vec& operator=(Vec&& other) noexcept {
        if (this != &other) {
            release(data_);
            data_ = std::exchange(other.data_, nullptr);
            size_ = std::exchange(other.size_, 0);
            capacity_ = std::exchange(other.capacity_, 0);
        }
        return *this;
    }
    ~Vec() { release(data_); }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] T* data() noexcept { return data_; }
    [[nodiscard]] const T* data() const noexcept { return data_; }
    [[nodiscard]] T* begin() noexcept { return data_; }
    [[nodiscard]] T* end() noexcept { return data_ + size_; }
    [[nodiscard]] const T* begin() const noexcept { return data_; }
    [[nodiscard]] const T* end() const noexcept { return data_ + size_; }
    [[nodiscard]] T& operator[](std::size_t i) noexcept {
        ROPEWALK_ASSERT(i < size_, "Vec index past the end");
        return data_[i];
    }
    [[nodiscard]] const T& operator[](std::size_t i) const noexcept {
        ROPEWALK_ASSERT(i < size_, "Vec index past the end");
        return data_[i];
    }
    [[nodiscard]] T& back() noexcept { return (*this)[size_ - 1]; }
    [[nodiscard]] const T& back() const noexcept { return (*this)[size_ - 1]; }

    // Room for `count` elements in all.
    [[nodiscard]] bool reserve(std::size_t count) noexcept {
        if (ROPEWALK_LIKELY(count <= capacity_)) return true;
        return grow_to(count);
    }
    // The same, and no more than that: for who knows better how it will grow.
    [[nodiscard]] bool reserve_exactly(std::size_t count) noexcept {
        if (count <= capacity_) return true;
        if (count > kMaxCount) return false;
        return set_capacity(count);
    }
    // Room for `count` further elements.
    [[nodiscard]] bool reserve_more(std::size_t count) noexcept {
        if (ROPEWALK_LIKELY(count <= capacity_ - size_)) return true;
        return count <= kMaxCount - size_ && grow_to(size_ + count);
    }
    [[nodiscard]] bool push_back(const T& value) noexcept {
        if (ROPEWALK_UNLIKELY(size_ == capacity_)) {
            const T copy = value;  // `value` may lie in the block that moves
            if (!grow_to(size_ + 1)) return false;
            data_[size_++] = copy;
            return true;
        }
        data_[size_++] = value;
        return true;
    }
    // requires: room reserved
    void push_back_reserved(const T& value) noexcept {
        ROPEWALK_ASSERT(size_ < capacity_, "Vec was not reserved");
        data_[size_++] = value;
    }
    [[nodiscard]] bool insert(std::size_t at, const T& value) noexcept {
        const T copy = value;
        if (!reserve_more(1)) return false;
        std::memmove(static_cast<void*>(data_ + at + 1), data_ + at, (size_ - at) * sizeof(T));
        data_[at] = copy;
        ++size_;
        return true;
    }
    void erase(std::size_t from, std::size_t count) noexcept {
        if (count == 0) return;
        std::memmove(static_cast<void*>(data_ + from), data_ + from + count,
                     (size_ - from - count) * sizeof(T));
        size_ -= count;
    }
    // New elements are value-initialised.
    [[nodiscard]] bool resize(std::size_t count) noexcept {
        if (!reserve(count)) return false;
        for (std::size_t i = size_; i < count; ++i) data_[i] = T{};
        size_ = count;
        return true;
    }
    void pop_back() noexcept { --size_; }
    void truncate(std::size_t count) noexcept {
        if (count < size_) size_ = count;
    }
    void clear() noexcept { size_ = 0; }
    void reset() noexcept {
        release(data_);
        data_ = nullptr;
        size_ = capacity_ = 0;
    }
    // For writers that fill reserved room themselves. requires: count <= capacity()
    void set_size(std::size_t count) noexcept { size_ = count; }

private:
    static constexpr std::size_t kMaxCount =
        static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / sizeof(T);

    ROPEWALK_NEVER_INLINE bool grow_to(std::size_t count) noexcept {
        if (count > kMaxCount) return false;
        std::size_t wanted = capacity_ + capacity_ / 2;
        constexpr std::size_t smallest = sizeof(T) >= 16 ? 4 : 64 / sizeof(T);
        if (wanted < smallest) wanted = smallest;
        if (wanted < count || wanted > kMaxCount) wanted = count;
        return set_capacity(wanted);
    }
    [[nodiscard]] bool set_capacity(std::size_t wanted) noexcept {
        void* block = reallocate(data_, wanted * sizeof(T));
        if (block == nullptr) return false;
        data_ = static_cast<T*>(block);
        capacity_ = wanted;
        return true;
    }

    T* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace crdt::detail
