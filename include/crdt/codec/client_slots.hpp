// From client ids to the slots of one update. Ids are chosen by the sender, so a hash table alone
// would let it make every probe long: a table whose probes grow long becomes a sorted list.
#pragma once

#include <cstdint>

#include "../base/ids.hpp"
#include "../base/sorted_chunks.hpp"
#include "../base/vec.hpp"
#include "block.hpp"

namespace crdt::detail {

class ClientSlots {
public:
    void clear() noexcept {
        table_.clear();
        if (ROPEWALK_UNLIKELY(is_sorted_)) {
            sorted_.clear();
            is_sorted_ = false;
        }
    }
    [[nodiscard]] std::size_t capacity() const noexcept {
        return table_.capacity() * sizeof(std::uint32_t);
    }

    // The slot of `client`, which is appended to `clients` if it is new.
    // kNoSlot: memory is exhausted.
    [[nodiscard]] std::uint32_t slot_of(std::uint64_t client, Vec<ClientId>& clients) noexcept {
        if (clients.size() <= kLinear) {
            for (std::size_t i = 0; i < clients.size(); ++i) {
                if (raw(clients[i]) == client) return static_cast<std::uint32_t>(i);
            }
            if (clients.size() < kLinear) return append(client, clients);
        }
        return is_sorted_ ? find_sorted(client, clients) : find_hashed(client, clients);
    }

private:
    static constexpr std::size_t kLinear = 8;
    // Of honest ids, at most half of the table full, none in 10^9 probes this far.
    static constexpr std::size_t kLongestProbe = 96;
    struct Entry {
        std::uint64_t client;
        std::uint32_t slot;
    };

    [[nodiscard]] static std::uint32_t append(std::uint64_t client,
                                              Vec<ClientId>& clients) noexcept {
        if (!clients.push_back(static_cast<ClientId>(client))) return kNoSlot;
        return static_cast<std::uint32_t>(clients.size() - 1);
    }
    [[nodiscard]] static std::size_t hash(std::uint64_t client) noexcept {
        client ^= client >> 29;
        client *= 0x9e3779b97f4a7c15U;
        return static_cast<std::size_t>(client >> 32);
    }
    [[nodiscard]] std::uint32_t find_hashed(std::uint64_t client, Vec<ClientId>& clients) noexcept;
    [[nodiscard]] std::uint32_t find_sorted(std::uint64_t client, Vec<ClientId>& clients) noexcept;
    // False: memory is exhausted.
    [[nodiscard]] bool rehash(const Vec<ClientId>& clients) noexcept;
    [[nodiscard]] bool sort(const Vec<ClientId>& clients) noexcept;

    Vec<std::uint32_t> table_;  // open addressing, at most half full; kNoSlot = free
    SortedChunks<Entry> sorted_;
    bool is_sorted_ = false;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/codec/client_slots.ipp"
#endif
