// A set of ids as ranges: per client (descending, the order of the wire) sorted, disjoint ranges
// that do not touch.
#pragma once

#include <cstdint>
#include <utility>

#include "ids.hpp"
#include "sorted_chunks.hpp"

namespace crdt {

namespace detail {

// Where a range ends that stands for all a client will ever insert; the wire has 2^53-1 for it.
// No unit has this clock. Any other range ends at kMaxClock or before when it comes from a wire.
inline constexpr std::uint32_t kEndOfClocks = 0xffffffffU;

}  // namespace detail

struct IdRange {
    ClientId client{};
    Clock start{};
    std::uint32_t length = 0;

    [[nodiscard]] constexpr std::uint32_t end() const noexcept { return raw(start) + length; }
    friend constexpr bool operator==(const IdRange&, const IdRange&) = default;
};

// Moves; copies only by clone_into(), which can fail. Functions that may allocate return false
// when memory is exhausted and then have changed nothing.
class IdSet {
public:
    using Iterator = detail::SortedChunks<IdRange>::Iterator;

    [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
    [[nodiscard]] std::size_t range_count() const noexcept { return ranges_.size(); }
    [[nodiscard]] Iterator begin() const noexcept { return ranges_.begin(); }
    [[nodiscard]] Iterator end() const noexcept { return ranges_.end(); }

    // f(ClientId, Clock start, std::uint32_t length) in the order of the wire.
    template <class F>
    void for_each(F&& f) const {
        for (const IdRange& range : ranges_) f(range.client, range.start, range.length);
    }
    // f(Clock start, std::uint32_t length), ascending.
    template <class F>
    void for_each_of(ClientId client, F&& f) const {
        const auto last = ranges_.end();
        for (Iterator at{&ranges_, place_of(client, 0)}; at != last && at->client == client; ++at) {
            f(at->start, at->length);
        }
    }

    // requires: start + length <= 2^32-1; a length of 0 adds nothing. O(log n)
    [[nodiscard]] bool insert(ClientId client, Clock start, std::uint32_t length) noexcept;
    [[nodiscard]] bool insert(Id id) noexcept { return insert(id.client, id.clock, 1); }
    [[nodiscard]] bool insert(const IdSpan& span) noexcept {
        return insert(span.start.client, span.start.clock, span.length);
    }
    // The opposite of insert: what of the range is not there is left alone. O(log n)
    [[nodiscard]] bool remove(ClientId client, Clock start, std::uint32_t length) noexcept;
    // All, or none when memory is exhausted.
    [[nodiscard]] bool unite(const IdSet& other) noexcept;
    [[nodiscard]] bool subtract(const IdSet& other) noexcept;
    [[nodiscard]] bool intersect(const IdSet& other) noexcept;

    [[nodiscard]] bool contains(Id id) const noexcept { return contains(id.client, id.clock, 1); }
    // The whole range; true for length 0.
    [[nodiscard]] bool contains(ClientId client, Clock start, std::uint32_t length) const noexcept;
    [[nodiscard]] bool contains(const IdSet& other) const noexcept;
    // Any part of the range.
    [[nodiscard]] bool intersects(ClientId client,
                                  Clock start,
                                  std::uint32_t length) const noexcept;
    [[nodiscard]] bool intersects(const IdSet& other) const noexcept;
    // The range that holds this id, or nullptr; good until the set changes. O(log n)
    [[nodiscard]] const IdRange* range_of(Id id) const noexcept;
    // How many clocks from `start` on, at most `limit`, are all in the set or all outside.
    // `inside`: which of the two. O(log n)
    [[nodiscard]] std::uint32_t same_from(ClientId client,
                                          Clock start,
                                          std::uint32_t limit,
                                          bool& inside) const noexcept;

    void clear() noexcept { ranges_.clear(); }
    [[nodiscard]] bool clone_into(IdSet& copy) const noexcept {
        return ranges_.clone_into(copy.ranges_);
    }
    friend bool operator==(const IdSet& a, const IdSet& b) noexcept { return a.equals(b); }

private:
    using Place = detail::SortedChunks<IdRange>::Place;

    // The first range of `client` that ends at `clock` or later, or the place where it would be.
    [[nodiscard]] Place place_of(ClientId client, std::uint32_t clock) const noexcept {
        return ranges_.lower_bound([&](const IdRange& range) {
            if (range.client != client) return range.client > client;
            return range.end() < clock;
        });
    }
    // requires: not before the last range
    [[nodiscard]] bool append(const IdRange& range) noexcept;
    [[nodiscard]] bool equals(const IdSet& other) const noexcept;

    detail::SortedChunks<IdRange> ranges_;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/base/id_set.ipp"
#endif
