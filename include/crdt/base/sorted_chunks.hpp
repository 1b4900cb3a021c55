// A sorted sequence in chunks: any insertion moves at most one chunk, so that no order of
// insertions is quadratic in practice, and a small one is one small allocation.
//
// Invariants:
//   C1  no chunk is empty; a chunk holds at most kChunk elements
//   C2  elements ascend (by the caller's order) through all chunks
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <type_traits>
#include <utility>

#include "vec.hpp"

namespace crdt::detail {

// The order is the caller's: it is given as a predicate to every search.
template <class T>
class SortedChunks {
    static_assert(std::is_trivially_copyable_v<T>, "SortedChunks moves its elements with memcpy");
    struct Chunk {
        T* data = nullptr;
        std::uint32_t count = 0;
        std::uint32_t capacity = 0;
    };

public:
    static constexpr std::uint32_t kChunk = 128;

    struct Place {
        std::size_t chunk = 0;
        std::uint32_t index = 0;
        friend constexpr bool operator==(const Place&, const Place&) = default;
    };

    class Iterator {
    public:
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        using reference = const T&;
        using pointer = const T*;
        using iterator_category = std::forward_iterator_tag;

        Iterator() noexcept = default;
        Iterator(const SortedChunks* all, Place place) noexcept : all_(all), place_(place) {}
        reference operator*() const noexcept { return all_->at(place_); }
        pointer operator->() const noexcept { return &all_->at(place_); }
        Iterator& operator++() noexcept {
            place_ = all_->next(place_);
            return *this;
        }
        Iterator operator++(int) noexcept {
            Iterator old = *this;
            ++*this;
            return old;
        }
        friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
            return a.place_ == b.place_;
        }

    private:
        const SortedChunks* all_ = nullptr;
        Place place_;
    };

    SortedChunks() noexcept = default;
    SortedChunks(const SortedChunks&) = delete;
    SortedChunks& operator=(const SortedChunks&) = delete;
    SortedChunks(SortedChunks&& other) noexcept
        : chunks_(std::move(other.chunks_)), size_(std::exchange(other.size_, 0)) {}
    SortedChunks& operator=(SortedChunks&& other) noexcept {
        if (this != &other) {
            clear();
            chunks_ = std::move(other.chunks_);
            size_ = std::exchange(other.size_, 0);
        }
        return *this;
    }
    ~SortedChunks() { clear(); }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] Iterator begin() const noexcept { return {this, {}}; }
    [[nodiscard]] Iterator end() const noexcept { return {this, end_place()}; }
    [[nodiscard]] Place end_place() const noexcept { return {chunks_.size(), 0}; }

    [[nodiscard]] const T& at(Place place) const noexcept {
        ROPEWALK_ASSERT(place.index < chunks_[place.chunk].count, "no element there");
        return chunks_[place.chunk].data[place.index];
    }
    [[nodiscard]] T& at(Place place) noexcept {
        ROPEWALK_ASSERT(place.index < chunks_[place.chunk].count, "no element there");
        return chunks_[place.chunk].data[place.index];
    }
    [[nodiscard]] const T& back() const noexcept {
        return chunks_.back().data[chunks_.back().count - 1];
    }
    [[nodiscard]] Place next(Place place) const noexcept {
        if (++place.index == chunks_[place.chunk].count) return {place.chunk + 1, 0};
        return place;
    }

    // Moves to the element in front of `place`, which may be the end; false at the first one.
    [[nodiscard]] bool previous(Place& place) const noexcept {
        if (place.index == 0) {
            if (place.chunk == 0) return false;
            --place.chunk;
            place.index = chunks_[place.chunk].count;
        }
        --place.index;
        return true;
    }

    // The first element that is not before(element). O(log n)
    template <class Before>
    [[nodiscard]] Place lower_bound(Before&& before) const noexcept {
        std::size_t low = 0;
        std::size_t high = chunks_.size();
        while (low < high) {
            const std::size_t middle = low + (high - low) / 2;
            const Chunk& chunk = chunks_[middle];
            if (before(chunk.data[chunk.count - 1])) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low == chunks_.size()) return end_place();
        const Chunk& chunk = chunks_[low];
        std::uint32_t first = 0;
        std::uint32_t last = chunk.count - 1;
        while (first < last) {
            const std::uint32_t middle = first + (last - first) / 2;
            if (before(chunk.data[middle])) {
                first = middle + 1;
            } else {
                last = middle;
            }
        }
        return {low, first};
    }

    // False when memory is exhausted; nothing has changed then.
    [[nodiscard]] bool insert(Place place, const T& value) noexcept {
        if (place.chunk == chunks_.size()) return push_back(value);
        if (chunks_[place.chunk].count == kChunk) {
            if (!split(place.chunk)) return false;
            constexpr std::uint32_t kHalf = kChunk / 2;
            if (place.index > kHalf) place = {place.chunk + 1, place.index - kHalf};
        }
        Chunk& chunk = chunks_[place.chunk];
        if (!grow(chunk)) return false;
        std::memmove(static_cast<void*>(chunk.data + place.index + 1), chunk.data + place.index,
                     (chunk.count - place.index) * sizeof(T));
        chunk.data[place.index] = value;
        ++chunk.count;
        ++size_;
        return true;
    }
    // requires: in order. Full chunks are filled up, so building in order wastes nothing.
    [[nodiscard]] bool push_back(const T& value) noexcept {
        if (chunks_.empty() || chunks_.back().count == kChunk) {
            Chunk fresh;
            if (!chunks_.reserve_more(1) || !grow(fresh)) return false;
            chunks_.push_back_reserved(fresh);
        }
        Chunk& chunk = chunks_.back();
        if (!grow(chunk)) return false;
        chunk.data[chunk.count++] = value;
        ++size_;
        return true;
    }
    // Removes [from, to).
    void erase(Place from, Place to) noexcept {
        if (from == to) return;
        if (from.chunk == to.chunk) {
            cut(chunks_[from.chunk], from.index, to.index);
        } else {
            Chunk& first = chunks_[from.chunk];
            cut(first, from.index, first.count);
            for (std::size_t i = from.chunk + 1; i < to.chunk; ++i) {
                cut(chunks_[i], 0, chunks_[i].count);
            }
            if (to.chunk < chunks_.size()) cut(chunks_[to.chunk], 0, to.index);
        }
        const std::size_t stop = to.chunk < chunks_.size() ? to.chunk + 1 : to.chunk;
        std::size_t kept = from.chunk;
        for (std::size_t i = from.chunk; i < stop; ++i) {
            if (chunks_[i].count == 0) {
                release(chunks_[i].data);
            } else {
                chunks_[kept++] = chunks_[i];
            }
        }
        chunks_.erase(kept, stop - kept);
    }
    void clear() noexcept {
        for (const Chunk& chunk : chunks_) release(chunk.data);
        chunks_.reset();
        size_ = 0;
    }
    // False when memory is exhausted; `copy` is then empty.
    [[nodiscard]] bool clone_into(SortedChunks& copy) const noexcept {
        copy.clear();
        for (const T& value : *this) {
            if (!copy.push_back(value)) {
                copy.clear();
                return false;
            }
        }
        return true;
    }

private:
    void cut(Chunk& chunk, std::uint32_t from, std::uint32_t to) noexcept {
        std::memmove(static_cast<void*>(chunk.data + from), chunk.data + to,
                     (chunk.count - to) * sizeof(T));
        chunk.count -= to - from;
        size_ -= to - from;
    }
    [[nodiscard]] static bool grow(Chunk& chunk) noexcept {
        if (ROPEWALK_LIKELY(chunk.count < chunk.capacity)) return true;
        const std::uint32_t wanted = chunk.capacity == 0 ? 4 : chunk.capacity * 2;
        void* block = reallocate(chunk.data, wanted * sizeof(T));
        if (block == nullptr) return false;
        chunk.data = static_cast<T*>(block);
        chunk.capacity = wanted;
        return true;
    }
    [[nodiscard]] bool split(std::size_t at) noexcept {
        constexpr std::uint32_t kHalf = kChunk / 2;
        Chunk right;
        right.data = static_cast<T*>(allocate(kChunk * sizeof(T)));
        if (right.data == nullptr) return false;
        right.capacity = kChunk;
        right.count = kChunk - kHalf;
        if (!chunks_.insert(at + 1, right)) {
            release(right.data);
            return false;
        }
        std::memcpy(static_cast<void*>(right.data), chunks_[at].data + kHalf,
                    right.count * sizeof(T));
        chunks_[at].count = kHalf;
        return true;
    }

    Vec<Chunk> chunks_;
    std::size_t size_ = 0;
};

}  // namespace crdt::detail
