// The allocator of the module: blocks side by side in one stretch of memory that grows at its end.
//
//   block   size of the one in front, own size and whether it is free; then the bytes, 8 aligned.
//           A free one links to others of its class there
//   class   power of two and the next three bits: whoever asks takes from the first class all of
//           whose blocks are large enough, so that nothing is searched
//
// Neighbours that are free are one block. All steps take constant time but for copying.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ropewalk {

// Memory: std::uint8_t* base(), std::uint32_t size(), bool grow_to(std::uint32_t size). It starts
// at an address that is a multiple of 8, and its size is one, too.
template <class Memory>
class Heap {
public:
    constexpr explicit Heap(Memory& memory) noexcept : memory_(memory) {}

    [[nodiscard]] void* allocate(std::size_t bytes) noexcept {
        if (bytes > kMost) return nullptr;
        const std::uint32_t size = rounded(bytes);
        std::uint32_t at = find(size);
        if (at == kNone) {
            if (!grow(size)) return nullptr;
            at = find(size);
            if (at == kNone) return nullptr;
        }
        unlink(at);
        split(at, size);
        return payload(at);
    }

    void release(void* bytes) noexcept {
        if (bytes == nullptr) return;
        std::uint32_t at = block_of(bytes);
        const std::uint32_t next = behind(at);
        if (is_free(next)) {
            unlink(next);
            set_size(at, size_of(at) + kHead + size_of(next));
        }
        if (at != first_ && is_free(in_front(at))) {
            const std::uint32_t before = in_front(at);
            unlink(before);
            set_size(before, size_of(before) + kHead + size_of(at));
            at = before;
        }
        link(at);
    }

    // nullptr: memory is exhausted, and the block is as it was.
    [[nodiscard]] void* resize(void* bytes, std::size_t wanted) noexcept {
        if (bytes == nullptr) return allocate(wanted);
        if (wanted > kMost) return nullptr;
        const std::uint32_t size = rounded(wanted);
        const std::uint32_t at = block_of(bytes);
        const std::uint32_t had = size_of(at);
        if (size > had) {
            const std::uint32_t next = behind(at);
            if (is_free(next) && had + kHead + size_of(next) >= size) {
                unlink(next);
                set_size(at, had + kHead + size_of(next));
            } else {
                void* const moved = allocate(wanted);
                if (moved == nullptr) return nullptr;
                std::memcpy(moved, bytes, had);
                release(bytes);
                return moved;
            }
        }
        split(at, size);
        return bytes;
    }

private:
    struct Head {
        std::uint32_t before;  // size of the block in front
        std::uint32_t size;    // of the bytes; the lowest bit: free
    };
    struct Links {
        std::uint32_t next;
        std::uint32_t before;
    };
    static constexpr std::uint32_t kNone = 0xffffffffU;
    static constexpr std::uint32_t kHead = sizeof(Head);
    static constexpr std::uint32_t kLeast = sizeof(Links);
    static constexpr std::uint32_t kMost = 0x7fff0000U;
    static constexpr std::uint32_t kFree = 1;
    static constexpr std::uint32_t kSteps = 8;  // classes for each power of two

    [[nodiscard]] static std::uint32_t rounded(std::size_t bytes) noexcept {
        const auto size = static_cast<std::uint32_t>((bytes + 7) & ~std::size_t{7});
        return size < kLeast ? kLeast : size;
    }
    [[nodiscard]] Head& head(std::uint32_t at) const noexcept {
        return *reinterpret_cast<Head*>(memory_.base() + at);
    }
    [[nodiscard]] Links& links(std::uint32_t at) const noexcept {
        return *reinterpret_cast<Links*>(memory_.base() + at + kHead);
    }
    [[nodiscard]] void* payload(std::uint32_t at) const noexcept {
        return memory_.base() + at + kHead;
    }
    [[nodiscard]] std::uint32_t block_of(void* bytes) const noexcept {
        return static_cast<std::uint32_t>(static_cast<std::uint8_t*>(bytes) - memory_.base()) -
               kHead;
    }
    [[nodiscard]] std::uint32_t size_of(std::uint32_t at) const noexcept {
        return head(at).size & ~kFree;
    }
    [[nodiscard]] bool is_free(std::uint32_t at) const noexcept {
        return (head(at).size & kFree) != 0;
    }
    [[nodiscard]] std::uint32_t behind(std::uint32_t at) const noexcept {
        return at + kHead + size_of(at);
    }
    [[nodiscard]] std::uint32_t in_front(std::uint32_t at) const noexcept {
        return at - kHead - head(at).before;
    }
    // Not free from now on.
    void set_size(std::uint32_t at, std::uint32_t size) noexcept {
        head(at).size = size;
        head(behind(at)).before = size;
    }

    // Class of a block of this size.
    [[nodiscard]] static std::uint32_t class_of(std::uint32_t size) noexcept {
        const std::uint32_t power = 31U - static_cast<std::uint32_t>(__builtin_clz(size));
        return power * kSteps + ((size >> (power - 3)) & (kSteps - 1));
    }
    void link(std::uint32_t at) noexcept {
        const std::uint32_t where = class_of(size_of(at));
        std::uint32_t& first = lists_[where];
        const bool empty = !has(where);
        links(at) = {empty ? kNone : first, kNone};
        if (!empty) links(first).before = at;
        first = at;
        powers_ |= 1U << (where / kSteps);
        steps_[where / kSteps] |= static_cast<std::uint8_t>(1U << (where % kSteps));
        head(at).size |= kFree;
    }
    void unlink(std::uint32_t at) noexcept {
        const auto [next, before] = links(at);
        if (next != kNone) links(next).before = before;
        if (before != kNone) {
            links(before).next = next;
        } else {
            const std::uint32_t where = class_of(size_of(at));
            lists_[where] = next;
            if (next == kNone) {
                std::uint8_t& steps = steps_[where / kSteps];
                steps = static_cast<std::uint8_t>(steps & ~(1U << (where % kSteps)));
                if (steps == 0) powers_ &= ~(1U << (where / kSteps));
            }
        }
        head(at).size &= ~kFree;
    }
    [[nodiscard]] bool has(std::uint32_t where) const noexcept {
        return (steps_[where / kSteps] >> (where % kSteps) & 1U) != 0;
    }
    // A free block of at least this size.
    [[nodiscard]] std::uint32_t find(std::uint32_t size) const noexcept {
        const std::uint32_t power = 31U - static_cast<std::uint32_t>(__builtin_clz(size));
        const std::uint32_t where = class_of(size + (1U << (power - 3)) - 1);
        std::uint32_t in = where / kSteps;
        std::uint32_t steps = steps_[in] & (0xffU << (where % kSteps));
        if (steps == 0) {
            const std::uint32_t powers = in == 31 ? 0 : powers_ & (~0U << (in + 1));
            if (powers == 0) return kNone;
            in = static_cast<std::uint32_t>(__builtin_ctz(powers));
            steps = steps_[in];
        }
        return lists_[in * kSteps + static_cast<std::uint32_t>(__builtin_ctz(steps))];
    }
    // What a block has beyond `size` becomes a block of its own.
    void split(std::uint32_t at, std::uint32_t size) noexcept {
        const std::uint32_t had = size_of(at);
        if (had - size < kHead + kLeast) return;
        set_size(at, size);
        const std::uint32_t rest = behind(at);
        set_size(rest, had - size - kHead);
        release(payload(rest));
    }

    // A free block of `size` can be found then. In steps of an eighth of what there is: each makes
    // the host take new views, and its collector look at everything.
    [[nodiscard]] bool grow(std::uint32_t size) noexcept {
        const std::uint32_t held = memory_.size();
        if (last_ == kNone && !begin()) return false;
        if (find(size) != kNone) return true;
        // Blocks of a class may be smaller than what asks for it.
        const std::uint64_t least = std::uint64_t{memory_.size()} + size + size / 8 + 64;
        const std::uint64_t roomy = std::uint64_t{held} + held / 8;
        if (least > 0xffff0000U) return false;
        if (roomy <= least || roomy > 0xffff0000U ||
            !memory_.grow_to(static_cast<std::uint32_t>(roomy))) {
            if (!memory_.grow_to(static_cast<std::uint32_t>(least))) return false;
        }
        // The last block, which nobody owns, becomes one that is free.
        const std::uint32_t at = last_;
        const std::uint32_t before = head(at).before;
        last_ = memory_.size() - kHead;
        head(last_) = {0, 0};
        set_size(at, last_ - at - kHead);
        head(at).before = before;
        release(payload(at));
        return true;
    }
    [[nodiscard]] bool begin() noexcept {
        if (memory_.size() < 4096 && !memory_.grow_to(65536)) return false;
        first_ = 0;
        last_ = memory_.size() - kHead;
        head(last_) = {0, 0};
        head(first_).before = 0;
        set_size(first_, last_ - kHead);
        link(first_);
        return true;
    }

    Memory& memory_;
    std::uint32_t first_ = kNone;
    std::uint32_t last_ = kNone;   // ends the memory: never free, without bytes
    std::uint32_t powers_ = 0;     // which powers of two have free blocks,
    std::uint8_t steps_[32] = {};  // and in which steps
    std::uint32_t lists_[32 * kSteps] = {};
};

}  // namespace ropewalk
