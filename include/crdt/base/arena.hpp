// Storage addressed by 32-bit numbers that never moves what it holds.
//
// Pages are small so that a small document stays small; pages are allocated together in segments
// that grow with the whole, so that a large document makes few allocations and wastes at most an
// eighth. Elements of one segment lie side by side in memory.
#pragma once

#include <cstdint>
#include <cstring>

#include "vec.hpp"

namespace crdt::detail {

// How many pages the next segment should have, given how many there are.
constexpr std::size_t next_segment_pages(std::size_t pages, std::size_t largest) noexcept {
    const std::size_t eighth = pages / 8;
    if (eighth < 1) return 1;
    return eighth < largest ? eighth : largest;
}

// Elements numbered 0, 1, 2... Plain values only; numbers are never reused by the arena itself.
template <class T, unsigned kPageBits>
class Arena {
    static_assert(std::is_trivially_copyable_v<T>, "an arena runs no constructors");

public:
    static constexpr std::uint32_t kPage = 1U << kPageBits;

    Arena() noexcept = default;
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    Arena(Arena&&) noexcept = default;
    Arena& operator=(Arena&&) = delete;
    ~Arena() { reset(); }

    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
    [[nodiscard]] T& operator[](std::uint32_t i) noexcept {
        ROPEWALK_ASSERT(i < size_, "arena index past the end");
        return pages_.data()[i >> kPageBits][i & (kPage - 1)];
    }
    [[nodiscard]] const T& operator[](std::uint32_t i) const noexcept {
        ROPEWALK_ASSERT(i < size_, "arena index past the end");
        return pages_.data()[i >> kPageBits][i & (kPage - 1)];
    }

    [[nodiscard]] bool reserve_more(std::size_t count) noexcept {
        const std::size_t wanted = std::size_t{size_} + count;
        if (ROPEWALK_LIKELY(wanted <= capacity_)) return true;
        if (wanted > 0xfffffff0U) return false;
        return grow_to(wanted);
    }
    // requires: room reserved
    std::uint32_t push_reserved(const T& value) noexcept {
        ROPEWALK_ASSERT(size_ < capacity_, "arena was not reserved");
        const std::uint32_t at = size_++;
        (*this)[at] = value;
        return at;
    }
    // The element that push_next() adds, to be made in place. requires: room reserved
    [[nodiscard]] T& next() noexcept {
        ROPEWALK_ASSERT(size_ < capacity_, "arena was not reserved");
        return pages_.data()[size_ >> kPageBits][size_ & (kPage - 1)];
    }
    std::uint32_t push_next() noexcept { return size_++; }
    void truncate(std::uint32_t count) noexcept {
        if (count < size_) size_ = count;
    }
    void reset() noexcept {
        for (T* segment : segments_) release(segment);
        segments_.reset();
        pages_.reset();
        size_ = 0;
        capacity_ = 0;
    }

private:
    ROPEWALK_NEVER_INLINE bool grow_to(std::size_t wanted) noexcept {
        const std::size_t missing = (wanted - capacity_ + kPage - 1) >> kPageBits;
        std::size_t pages = next_segment_pages(pages_.size(), kLargestSegment);
        if (pages < missing) pages = missing;
        if (!pages_.reserve_more(pages) || !segments_.reserve_more(1)) return false;
        T* segment = static_cast<T*>(allocate(pages * kPage * sizeof(T)));
        if (segment == nullptr) return false;
        segments_.push_back_reserved(segment);
        for (std::size_t i = 0; i < pages; ++i) {
            pages_.push_back_reserved(segment + i * kPage);
        }
        capacity_ += pages * kPage;
        return true;
    }

    static constexpr std::size_t kLargestSegment = std::size_t{64} * 1024 / (kPage * sizeof(T)) + 1;

    Vec<T*> pages_;
    Vec<T*> segments_;
    std::uint32_t size_ = 0;
    std::size_t capacity_ = 0;
};

// Blocks of bytes, each contiguous, addressed by a 32-bit byte number. `kBits` adds one bit beside
// every byte (zero at first). Bytes are given out at the tail only. Where pointers have 32 bits and
// there are no bits to find, the number is the address, and nothing has to be looked up.
template <bool kBits>
class ByteArena {
public:
    static constexpr unsigned kPageBits = 10;
    static constexpr std::uint32_t kPage = 1U << kPageBits;
    static constexpr bool kDirect = !kBits && sizeof(void*) == sizeof(std::uint32_t);

    ByteArena() noexcept = default;
    ByteArena(const ByteArena&) = delete;
    ByteArena& operator=(const ByteArena&) = delete;
    ~ByteArena() { reset(); }

    // The first bytes of a segment are never given out: what lies side by side by number then does
    // so in memory, too.
    static constexpr std::uint32_t kGuard = 8;

    [[nodiscard]] std::uint8_t* at(std::uint32_t address) noexcept {
        if constexpr (kDirect) {
            return reinterpret_cast<std::uint8_t*>(  // NOLINT(performance-no-int-to-ptr): it is one
                static_cast<std::uintptr_t>(address));
        } else {
            return pages_.data()[address >> kPageBits] + (address & (kPage - 1));
        }
    }
    [[nodiscard]] const std::uint8_t* at(std::uint32_t address) const noexcept {
        if constexpr (kDirect) {
            return reinterpret_cast<const std::uint8_t*>(  // NOLINT(performance-no-int-to-ptr)
                static_cast<std::uintptr_t>(address));
        } else {
            return pages_.data()[address >> kPageBits] + (address & (kPage - 1));
        }
    }
    // The word with the bit of `address`; bit address % 64 of it.
    [[nodiscard]] std::uint64_t& bit_word(std::uint32_t address) noexcept
        requires kBits
    {
        return bits_.data()[address >> kPageBits][(address & (kPage - 1)) >> 6];
    }
    [[nodiscard]] const std::uint64_t& bit_word(std::uint32_t address) const noexcept
        requires kBits
    {
        return bits_.data()[address >> kPageBits][(address & (kPage - 1)) >> 6];
    }

    // Where the next byte would go, and how many can follow it without a new segment.
    [[nodiscard]] std::uint32_t tail() const noexcept { return tail_; }
    [[nodiscard]] std::uint32_t room() const noexcept { return end_ - tail_; }

    // A contiguous stretch of `size` bytes can be given out after this.
    [[nodiscard]] bool reserve(std::size_t size) noexcept {
        if (ROPEWALK_LIKELY(size <= room())) return true;
        return grow(size);
    }
    // requires: size <= room()
    std::uint32_t take(std::uint32_t size) noexcept {
        ROPEWALK_ASSERT(size <= room(), "byte arena was not reserved");
        const std::uint32_t address = tail_;
        tail_ += size;
        return address;
    }
    // Gives back the newest bytes. requires: they were given out by take() and are unused
    void give_back(std::uint32_t size) noexcept { tail_ -= size; }

    void reset() noexcept {
        for (void* segment : segments_) release(segment);
        segments_.reset();
        pages_.reset();
        bits_.reset();
        page_count_ = 0;
        tail_ = end_ = 0;
    }

private:
    ROPEWALK_NEVER_INLINE bool grow(std::size_t size) noexcept {
        // Addresses stay below 2^31 so that callers may use the top bit.
        if (size > (1U << 30) || (!kDirect && end_ > (1U << 31) - (1U << 30) - 65536)) return false;
        std::size_t pages = next_segment_pages(page_count_, 64);
        const std::size_t needed = (size + kGuard + kPage - 1) >> kPageBits;
        if (pages < needed) pages = needed;
        if (!segments_.reserve_more(1)) return false;
        if constexpr (!kDirect) {
            if (!pages_.reserve_more(pages)) return false;
        }
        if constexpr (kBits) {
            if (!bits_.reserve_more(pages)) return false;
        }
        constexpr std::size_t bit_bytes = kBits ? kPage / 8 : 0;
        void* block = allocate(pages * (kPage + bit_bytes));
        if (block == nullptr) return false;
        if constexpr (kDirect) {
            const auto address = reinterpret_cast<std::uintptr_t>(block);
            if (address > (1U << 31) - (pages << kPageBits)) {
                release(block);
                return false;
            }
            end_ = static_cast<std::uint32_t>(address);
            tail_ = end_;
        } else {
            tail_ = end_ + kGuard;
        }
        segments_.push_back_reserved(block);
        page_count_ += pages;
        end_ += static_cast<std::uint32_t>(pages << kPageBits);
        [[maybe_unused]] auto* const bytes = static_cast<std::uint8_t*>(block);
        if constexpr (!kDirect) {
            for (std::size_t i = 0; i < pages; ++i) pages_.push_back_reserved(bytes + i * kPage);
        }
        if constexpr (kBits) {
            std::memset(bytes + pages * kPage, 0, pages * bit_bytes);
            for (std::size_t i = 0; i < pages; ++i) {
                bits_.push_back_reserved(
                    reinterpret_cast<std::uint64_t*>(bytes + pages * kPage + i * bit_bytes));
            }
        }
        return true;
    }

    struct None {
        void reset() noexcept {}
    };
    std::conditional_t<kDirect, None, Vec<std::uint8_t*>> pages_;
    std::conditional_t<kBits, Vec<std::uint64_t*>, None> bits_;
    Vec<void*> segments_;
    std::size_t page_count_ = 0;
    std::uint32_t tail_ = 0;
    std::uint32_t end_ = 0;
};

}  // namespace crdt::detail
