// The nodes of the sequence trees and where they are kept.
//
//   leaf:   up to 32 spans by value        (4 while a sequence is small)
//   inner:  up to 16 children with what each counts
//
// A node is named by its byte address in one arena; freed leaves are used again.
#pragma once

#include <cstdint>

#include "../base/arena.hpp"
#include "item.hpp"

namespace crdt::detail {

// What a node counts besides its entries, over its units that are visible. In UTF-16 units, so
// that ASCII never touches the second and third:
//   code points = units - pairs        UTF-8 bytes = units + extra
struct Measure {
    std::uint32_t units = 0;
    std::uint32_t pairs = 0;  // surrogate pairs
    std::uint32_t extra = 0;  // UTF-8 bytes beyond one a unit

    Measure& operator+=(const Measure& other) noexcept {
        units += other.units;
        pairs += other.pairs;
        extra += other.extra;
        return *this;
    }
    Measure& operator-=(const Measure& other) noexcept {
        units -= other.units;
        pairs -= other.pairs;
        extra -= other.extra;
        return *this;
    }
    friend Measure operator-(Measure a, const Measure& b) noexcept { return a -= b; }
    friend bool operator==(const Measure&, const Measure&) = default;
    [[nodiscard]] bool none() const noexcept { return (units | pairs | extra) == 0; }
};

// Whether everything below a node consists of siblings: whole runs that share one origin. Then a
// conflict scan may pass it at once (integrate.hpp). Computed when asked for, lost by any change.
struct Summary {
    enum class State : std::uint16_t { unknown, mixed, siblings };
    State state = State::unknown;
    bool one_right = false;     // they share the right origin, too: then they stand by client id
    std::uint32_t highest = 0;  // number of the client with the highest id
    RunPos origin;
    RunPos right;
};

inline constexpr std::uint32_t kRootTag = 0x80000000U;  // parent = tag | sequence number
inline constexpr std::uint32_t kFanout = 16;
inline constexpr std::uint32_t kSmallLeaf = 4;
inline constexpr std::uint32_t kLargeLeaf = 32;

struct Leaf {
    std::uint32_t parent;
    std::uint32_t prev;
    std::uint32_t next;
    std::uint16_t count;
    std::uint16_t capacity;
    Measure measure;
    Summary summary;
    Span spans[1];  // `capacity` of them

    static constexpr std::uint32_t bytes(std::uint32_t capacity) noexcept {
        return static_cast<std::uint32_t>(sizeof(Leaf) + (capacity - 1) * sizeof(Span));
    }
};

struct Inner {
    std::uint32_t parent;
    std::uint16_t count;
    std::uint16_t level;  // 1 above the leaves
    Summary summary;
    std::uint32_t child[kFanout];
    std::uint32_t units[kFanout];
    std::uint32_t pairs[kFanout];
    std::uint32_t extra[kFanout];

    [[nodiscard]] Measure measure(std::uint32_t i) const noexcept {
        return {units[i], pairs[i], extra[i]};
    }
    void set_measure(std::uint32_t i, const Measure& m) noexcept {
        units[i] = m.units;
        pairs[i] = m.pairs;
        extra[i] = m.extra;
    }
    [[nodiscard]] Measure total() const noexcept {
        Measure sum;
        for (std::uint32_t i = 0; i < count; ++i) sum += measure(i);
        return sum;
    }
    [[nodiscard]] std::uint32_t index_of(std::uint32_t node) const noexcept {
        std::uint32_t i = 0;
        while (child[i] != node) ++i;
        return i;
    }
};

class Nodes {
public:
    [[nodiscard]] Leaf& leaf(std::uint32_t node) noexcept {
        return *reinterpret_cast<Leaf*>(bytes_.at(node));
    }
    [[nodiscard]] const Leaf& leaf(std::uint32_t node) const noexcept {
        return *reinterpret_cast<const Leaf*>(bytes_.at(node));
    }
    [[nodiscard]] Inner& inner(std::uint32_t node) noexcept {
        return *reinterpret_cast<Inner*>(bytes_.at(node));
    }
    [[nodiscard]] const Inner& inner(std::uint32_t node) const noexcept {
        return *reinterpret_cast<const Inner*>(bytes_.at(node));
    }
    // In use: large leaves, inner nodes, small leaves.
    [[nodiscard]] std::uint32_t leaves() const noexcept { return large_.used; }
    [[nodiscard]] std::uint32_t inners() const noexcept { return inner_.used; }
    [[nodiscard]] std::uint32_t small_leaves() const noexcept { return small_.used; }
    [[nodiscard]] std::uint32_t spare_small_leaves() const noexcept { return small_.count; }

    // After this, that many nodes of each kind can be taken.
    [[nodiscard]] bool reserve(std::uint32_t small,
                               std::uint32_t large,
                               std::uint32_t inner) noexcept {
        return fill(small_, small, Leaf::bytes(kSmallLeaf)) &&
               fill(large_, large, Leaf::bytes(kLargeLeaf)) && fill(inner_, inner, sizeof(Inner));
    }
    // requires: reserved
    std::uint32_t take_leaf(std::uint32_t capacity) noexcept {
        const std::uint32_t node = take(capacity == kSmallLeaf ? small_ : large_);
        Leaf& made = leaf(node);
        made.parent = made.prev = made.next = kNone;
        made.count = 0;
        made.capacity = static_cast<std::uint16_t>(capacity);
        made.measure = {};
        made.summary = {};
        return node;
    }
    std::uint32_t take_inner(std::uint32_t level) noexcept {
        const std::uint32_t node = take(inner_);
        Inner& made = inner(node);
        made.parent = kNone;
        made.count = 0;
        made.level = static_cast<std::uint16_t>(level);
        made.summary = {};
        return node;
    }
    void give_back_leaf(std::uint32_t node) noexcept {
        give_back(leaf(node).capacity == kSmallLeaf ? small_ : large_, node);
    }
    void give_back_inner(std::uint32_t node) noexcept { give_back(inner_, node); }
    void reset() noexcept {
        bytes_.reset();
        small_ = large_ = inner_ = {};
    }

private:
    // Free nodes of one size, chained through their first word.
    struct FreeList {
        std::uint32_t first = kNone;
        std::uint32_t count = 0;
        std::uint32_t used = 0;
    };
    std::uint32_t& link(std::uint32_t node) noexcept {
        return *reinterpret_cast<std::uint32_t*>(bytes_.at(node));
    }
    [[nodiscard]] bool fill(FreeList& list, std::uint32_t count, std::uint32_t size) noexcept {
        while (ROPEWALK_UNLIKELY(list.count < count)) {
            if (!bytes_.reserve(size)) return false;
            const std::uint32_t node = bytes_.take(size);
            link(node) = list.first;
            list.first = node;
            ++list.count;
        }
        return true;
    }
    std::uint32_t take(FreeList& list) noexcept {
        ROPEWALK_ASSERT(list.count > 0, "nodes were not reserved");
        const std::uint32_t node = list.first;
        list.first = link(node);
        --list.count;
        ++list.used;
        return node;
    }
    void give_back(FreeList& list, std::uint32_t node) noexcept {
        link(node) = list.first;
        list.first = node;
        ++list.count;
        --list.used;
    }

    ByteArena<false> bytes_;
    FreeList small_;
    FreeList large_;
    FreeList inner_;
};

}  // namespace crdt::detail
