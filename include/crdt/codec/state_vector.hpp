// How many clocks are known from each client.
//
//   varUint entries, each: varUint client, varUint clock; clients descending
#pragma once

#include <cstdint>

#include "../base/bytes.hpp"
#include "../base/ids.hpp"
#include "../base/result.hpp"
#include "../base/sorted_chunks.hpp"
#include "limits.hpp"
#include "writer.hpp"

namespace crdt {

// Iterates by client, highest first: the order of the wire. Moves; copies only by clone_into().
class StateVector {
public:
    struct Entry {
        ClientId client{};
        Clock clock{};  // the first one that is not known
        friend constexpr bool operator==(const Entry&, const Entry&) = default;
    };
    using Iterator = detail::SortedChunks<Entry>::Iterator;

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    [[nodiscard]] Iterator begin() const noexcept { return entries_.begin(); }
    [[nodiscard]] Iterator end() const noexcept { return entries_.end(); }

    // 0 for a client without an entry. O(log n)
    [[nodiscard]] Clock get(ClientId client) const noexcept;
    [[nodiscard]] bool has(ClientId client) const noexcept;
    // An entry of 0 stays an entry, as in Yjs. False when memory is exhausted. O(log n)
    [[nodiscard]] bool set(ClientId client, Clock clock) noexcept;
    void clear() noexcept { entries_.clear(); }
    [[nodiscard]] bool clone_into(StateVector& copy) const noexcept {
        return entries_.clone_into(copy.entries_);
    }

    // Of two entries of one client the later counts; bytes behind the last entry are ignored.
    [[nodiscard]] static Result<StateVector> decode(ByteView input,
                                                    const Limits& limits = {}) noexcept;
    [[nodiscard]] Result<Bytes> encode() const noexcept;
    void write(detail::Writer& out) const noexcept;

    friend bool operator==(const StateVector& a, const StateVector& b) noexcept {
        return a.equals(b);
    }

private:
    using Place = detail::SortedChunks<Entry>::Place;
    [[nodiscard]] Place place_of(ClientId client) const noexcept {
        return entries_.lower_bound([&](const Entry& entry) { return entry.client > client; });
    }
    [[nodiscard]] bool equals(const StateVector& other) const noexcept;

    detail::SortedChunks<Entry> entries_;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/codec/state_vector.ipp"
#endif
