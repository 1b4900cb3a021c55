#pragma once

#include "../../codec/client_slots.hpp"

namespace crdt::detail {

ROPEWALK_INLINE bool ClientSlots::rehash(const Vec<ClientId>& clients) noexcept {
    std::size_t size = 32;
    while (size < clients.size() * 4) size *= 2;
    if (!table_.resize(size)) return false;
    for (std::uint32_t& free : table_) free = kNoSlot;
    for (std::size_t i = 0; i < clients.size(); ++i) {
        std::size_t at = hash(raw(clients[i])) & (size - 1);
        for (std::size_t probe = 0; table_[at] != kNoSlot; ++probe) {
            if (probe == kLongestProbe) return sort(clients);
            at = (at + 1) & (size - 1);
        }
        table_[at] = static_cast<std::uint32_t>(i);
    }
    return true;
}

ROPEWALK_INLINE bool ClientSlots::sort(const Vec<ClientId>& clients) noexcept {
    is_sorted_ = true;
    for (std::size_t i = 0; i < clients.size(); ++i) {
        const std::uint64_t client = raw(clients[i]);
        const auto place =
            sorted_.lower_bound([&](const Entry& entry) { return entry.client < client; });
        if (!sorted_.insert(place, {client, static_cast<std::uint32_t>(i)})) return false;
    }
    return true;
}

ROPEWALK_INLINE std::uint32_t ClientSlots::find_hashed(std::uint64_t client,
                                                       Vec<ClientId>& clients) noexcept {
    if (clients.size() * 2 >= table_.size()) {
        if (!rehash(clients)) return kNoSlot;
        if (is_sorted_) return find_sorted(client, clients);
    }
    const std::size_t mask = table_.size() - 1;
    std::size_t at = hash(client) & mask;
    for (std::size_t probe = 0; probe <= kLongestProbe; ++probe) {
        const std::uint32_t slot = table_[at];
        if (slot == kNoSlot) {
            const std::uint32_t fresh = append(client, clients);
            table_[at] = fresh;
            return fresh;
        }
        if (raw(clients[slot]) == client) return slot;
        at = (at + 1) & mask;
    }
    if (!sort(clients)) return kNoSlot;
    return find_sorted(client, clients);
}

ROPEWALK_INLINE std::uint32_t ClientSlots::find_sorted(std::uint64_t client,
                                                       Vec<ClientId>& clients) noexcept {
    const auto place =
        sorted_.lower_bound([&](const Entry& entry) { return entry.client < client; });
    if (place != sorted_.end_place() && sorted_.at(place).client == client) {
        return sorted_.at(place).slot;
    }
    const auto slot = static_cast<std::uint32_t>(clients.size());
    if (!sorted_.insert(place, {client, slot})) return kNoSlot;
    return append(client, clients);
}

}  // namespace crdt::detail
