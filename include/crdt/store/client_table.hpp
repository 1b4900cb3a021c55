// Who has inserted what: for each client its id, its next clock and its runs by clock.
// Clients get dense numbers in the order in which they are met; numbers are never reused.
#pragma once

#include <cstdint>

#include "../base/ids.hpp"
#include "../base/vec.hpp"
#include "../codec/varint.hpp"
#include "item.hpp"

namespace crdt::detail {

// The runs of one client, ascending by clock, covering [0, next_clock) without gaps.
struct ClientLog {
    std::uint64_t id = 0;
    std::uint32_t next_clock = 0;
    std::uint32_t count = 0;           // runs
    std::uint32_t capacity = kInline;  // of the list
    std::uint32_t text_tail = 0;       // the stretch of text reserved for this client:
    std::uint32_t text_end = 0;        //   next byte to write, and its end
    std::uint32_t touched = 0;         // epoch of the change that last inserted for it
    std::uint32_t waiters = kNone;     // first group of parked blocks that waits for it (Pending)
    std::uint32_t parked = kNone;      // group of its own parked blocks
    std::uint32_t parked_deletion = kNone;  // lowest clock of its units whose deletion is parked
    std::uint8_t id_bytes[8] = {};          // the id as the wire writes it
    std::uint8_t id_size = 0;

    static constexpr std::uint32_t kInline = 2;
    union {
        std::uint32_t inline_runs[kInline] = {};
        std::uint32_t* runs;
    };

    [[nodiscard]] const std::uint32_t* list() const noexcept {
        return capacity == kInline ? inline_runs : runs;
    }
    [[nodiscard]] std::uint32_t* list() noexcept {
        return capacity == kInline ? inline_runs : runs;
    }
    [[nodiscard]] std::uint32_t newest() const noexcept {
        return count == 0 ? kNone : list()[count - 1];
    }
    [[nodiscard]] bool reserve_more(std::uint32_t more) noexcept {
        if (ROPEWALK_LIKELY(more <= capacity - count)) return true;
        std::uint64_t wanted = std::uint64_t{capacity} + capacity / 2 + 2;
        if (wanted < std::uint64_t{count} + more) wanted = std::uint64_t{count} + more;
        if (wanted > 0x7fffffffU) return false;
        const bool was_inline = capacity == kInline;
        void* block = reallocate(was_inline ? nullptr : runs, wanted * sizeof(std::uint32_t));
        if (block == nullptr) return false;
        auto* list = static_cast<std::uint32_t*>(block);
        if (was_inline) std::memcpy(list, inline_runs, sizeof inline_runs);
        runs = list;
        capacity = static_cast<std::uint32_t>(wanted);
        return true;
    }
    // requires: room reserved
    void push(std::uint32_t run) noexcept { list()[count++] = run; }
};

class ClientTable {
public:
    ClientTable() noexcept = default;
    ClientTable(const ClientTable&) = delete;
    ClientTable& operator=(const ClientTable&) = delete;
    ~ClientTable() { truncate(0); }

    [[nodiscard]] std::uint32_t size() const noexcept {
        return static_cast<std::uint32_t>(logs_.size());
    }
    [[nodiscard]] ClientLog& operator[](std::uint32_t number) noexcept { return logs_[number]; }
    [[nodiscard]] const ClientLog& operator[](std::uint32_t number) const noexcept {
        return logs_[number];
    }

    // kNone if this client was never met.
    [[nodiscard]] std::uint32_t find(ClientId id) const noexcept {
        if (last_ < logs_.size() && logs_[last_].id == raw(id)) return last_;
        if (slots_.empty()) return kNone;
        const std::size_t mask = slots_.size() - 1;
        for (std::size_t at = hash(raw(id)) & mask;; at = (at + 1) & mask) {
            const std::uint32_t number = slots_[at];
            if (number == kNone) return kNone;
            if (logs_[number].id == raw(id)) {
                last_ = number;
                return number;
            }
        }
    }
    // The number of `id`, given now if it is new; kNone when memory is exhausted.
    [[nodiscard]] std::uint32_t number_of(ClientId id) noexcept {
        const std::uint32_t known = find(id);
        if (known != kNone) return known;
        if ((logs_.size() + 1) * 4 > slots_.size() * 3 && !rehash(logs_.size() + 1)) return kNone;
        ClientLog log;
        log.id = raw(id);
        log.id_size = static_cast<std::uint8_t>(put_var_uint(log.id_bytes, raw(id)) - log.id_bytes);
        if (!logs_.push_back(log)) return kNone;
        const auto number = static_cast<std::uint32_t>(logs_.size() - 1);
        place(number);
        order_is_stale_ = true;
        return number;
    }
    // Forgets the clients met last. requires: they have no runs and nobody names them
    void truncate(std::uint32_t count) noexcept {
        if (count >= logs_.size()) return;
        for (std::uint32_t i = count; i < logs_.size(); ++i) {
            if (logs_[i].capacity != ClientLog::kInline) release(logs_[i].runs);
        }
        logs_.truncate(count);
        last_ = 0;
        order_is_stale_ = true;
        for (std::uint32_t& slot : slots_) slot = kNone;
        for (std::uint32_t i = 0; i < count; ++i) place(i);
    }

    // All client numbers by id, highest first: the order of the wire. nullptr: memory exhausted.
    [[nodiscard]] const Vec<std::uint32_t>* descending() const noexcept;

private:
    // Salted with where the table lies, so that nobody far away can choose ids that collide. The
    // order of the slots is never seen.
    [[nodiscard]] std::size_t hash(std::uint64_t id) const noexcept {
        std::uint64_t sum = (id ^ reinterpret_cast<std::uintptr_t>(this)) * 0x9e3779b97f4a7c15U;
        sum = (sum ^ (sum >> 32)) * 0xd6e8feb86659fd93U;
        return static_cast<std::size_t>(sum ^ (sum >> 32));
    }
    void place(std::uint32_t number) noexcept {
        const std::size_t mask = slots_.size() - 1;
        std::size_t at = hash(logs_[number].id) & mask;
        while (slots_[at] != kNone) at = (at + 1) & mask;
        slots_[at] = number;
    }
    [[nodiscard]] bool rehash(std::size_t count) noexcept {
        std::size_t size = slots_.empty() ? 4 : slots_.size();
        while (count * 4 > size * 3) size *= 2;
        if (!slots_.resize(size)) return false;
        for (std::uint32_t& slot : slots_) slot = kNone;
        for (std::uint32_t i = 0; i < logs_.size(); ++i) place(i);
        return true;
    }

    Vec<ClientLog> logs_;
    Vec<std::uint32_t> slots_;  // open addressing, at most three quarters full
    mutable Vec<std::uint32_t> order_;
    mutable bool order_is_stale_ = false;
    mutable std::uint32_t last_ = 0;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/client_table.ipp"
#endif
