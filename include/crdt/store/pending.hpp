// Blocks whose causes have not arrived, and deletions of units that nobody has sent yet.
//
// Each parked block is kept as a V1 update of its own (one struct, no deletions): it needs no
// document to be read, and what waits costs little more than its bytes. The blocks of one client
// form a group, ascending by clock and without overlap; a group waits for one client at a time,
// the one its first block lacks, so that an arrival looks only at those who wait for it.
#pragma once

#include <cstdint>

#include "../base/bytes.hpp"
#include "../codec/update_v1.hpp"
#include "change.hpp"
#include "client_table.hpp"

namespace crdt::detail {

struct ParkedBlock {
    std::uint32_t clock;
    std::uint32_t length;
    std::uint32_t bytes;  // offset in Pending::bytes_
    std::uint32_t size;
    [[nodiscard]] std::uint32_t end() const noexcept { return clock + length; }
};

class Pending {
public:
    Pending() noexcept = default;
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;
    ~Pending();

    [[nodiscard]] bool empty() const noexcept { return blocks_ == 0 && deletions_.empty(); }
    [[nodiscard]] bool has_blocks(const ClientLog& log) const noexcept {
        return log.parked != kNone && groups_[log.parked].count > 0;
    }
    // Does a parked block of this client end behind `clock`?
    [[nodiscard]] bool reaches(const ClientLog& log, std::uint32_t clock) const noexcept {
        if (!has_blocks(log)) return false;
        const Group& group = groups_[log.parked];
        return group.items[group.begin + group.count - 1].end() > clock;
    }
    [[nodiscard]] std::uint32_t blocks() const noexcept { return blocks_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size() - garbage_; }
    // In no order, and they may overlap.
    [[nodiscard]] const Vec<Deletion>& deletions() const noexcept { return deletions_; }

    // -- parking: reserve, then park ------------------------------------------------------------

    // Room for that many blocks of these clients, with `bytes` of V1 in all, and deletions.
    [[nodiscard]] bool reserve(std::uint32_t blocks,
                               std::size_t bytes,
                               std::uint32_t deletions) noexcept;
    [[nodiscard]] bool reserve_group(ClientLog& log, std::uint32_t blocks) noexcept;
    // requires: reserved; `log` is the block's client
    void park(ClientLog& log, const BlockView& block, const DecodedUpdate& update) noexcept;
    // How many bytes a block may take when it is parked.
    [[nodiscard]] static std::size_t parked_size(const BlockView& block) noexcept;
    void park_deletion(ClientTable& clients, const Deletion& deletion) noexcept {
        deletions_.push_back_reserved(deletion);
        std::uint32_t& first = clients[deletion.client].parked_deletion;
        if (first == kNone || deletion.clock < first) first = deletion.clock;
        // Sorted and joined now and then, so that repetitions do not add up.
        if (deletions_.size() > 2 * tidy_ + 64) tidy_deletions();
    }
    // Has a unit arrived whose deletion is parked?
    [[nodiscard]] static bool is_due(const ClientLog& log) noexcept {
        return log.parked_deletion != kNone && log.parked_deletion < log.next_clock;
    }

    // -- unparking ------------------------------------------------------------------------------

    [[nodiscard]] const ParkedBlock& first(const ClientLog& log) const noexcept {
        const Group& group = groups_[log.parked];
        return group.items[group.begin];
    }
    [[nodiscard]] ByteView bytes_of(const ParkedBlock& block) const noexcept {
        return {bytes_.data() + block.bytes, block.size};
    }
    void drop_first(ClientLog& log) noexcept;

    // The group of `client` waits until `missing` knows the unit that its first block lacks.
    void wait(ClientTable& clients,
              std::uint32_t client,
              std::uint32_t missing,
              std::uint32_t clock) noexcept;
    // Takes out a client whose group waited for `arrived` and need wait no longer; kNone: nobody.
    [[nodiscard]] std::uint32_t wake(ClientTable& clients, std::uint32_t arrived) noexcept;
    // What each waiting group lacks: f(client, clock).
    template <class F>
    void for_each_missing(F&& f) const {
        for (const Group& group : groups_) {
            if (group.count > 0) f(group.missing, group.missing_clock);
        }
    }

    // Deletions whose units have arrived are handed to f(Deletion) and forgotten.
    template <class F>
    void take_deletions(ClientTable& clients, F&& f) noexcept;

    // -- encoding -------------------------------------------------------------------------------

    // Appends the client's parked structs from clock `from` on, Skips in front of gaps included;
    // `started`: the first clock of the section is written already. False: out of memory.
    [[nodiscard]] bool write(const ClientLog& log,
                             std::uint32_t from,
                             bool started,
                             Vec<std::uint8_t>& out,
                             std::uint32_t& blocks) const noexcept;
    // f(update, block, cut, clock, gap) -> bool for each of the client's parked structs from clock
    // `next` on: without its first `cut` units it starts at `clock`, behind a gap of so many
    // clocks.
    template <class F>
    [[nodiscard]] bool for_each_struct(const ClientLog& log,
                                       std::uint32_t next,
                                       F&& f) const noexcept;
    // Joins the parked deletions of a client into its sorted ranges.
    [[nodiscard]] bool add_deletions(std::uint32_t client, Vec<Deletion>& ranges) noexcept;

private:
    // Items [begin, begin + count) of `capacity`: blocks arrive at either end.
    struct Group {
        std::uint32_t client = kNone;
        std::uint32_t begin = 0;
        std::uint32_t count = 0;
        std::uint32_t capacity = 0;
        ParkedBlock* items = nullptr;
        std::uint32_t missing = kNone;  // the client waited for
        std::uint32_t missing_clock = 0;
        std::uint32_t next_waiter = kNone;  // client whose group waits for the same one
    };

    Vec<Group> groups_;
    Vec<std::uint8_t> bytes_;
    std::size_t garbage_ = 0;
    std::uint32_t blocks_ = 0;
    void tidy_deletions() noexcept;

    Vec<Deletion> deletions_;
    std::size_t tidy_ = 0;  // so many from the start are by client and clock, and joined
};

// Writes the struct of a block, its first `cut` units left out, for decode_parked; 5 ids and
// lengths and its names and content. requires: room
[[nodiscard]] std::uint8_t* write_block(std::uint8_t* out,
                                        const BlockView& block,
                                        const DecodedUpdate& update,
                                        std::uint32_t cut) noexcept;

template <class F>
bool Pending::for_each_struct(const ClientLog& log, std::uint32_t next, F&& f) const noexcept {
    const Group& group = groups_[log.parked];
    static constexpr Limits kAccepted{.nesting = kMaxNesting};  // when they were parked
    DecodedUpdate update;
    for (std::uint32_t i = 0; i < group.count; ++i) {
        const ParkedBlock& parked = group.items[group.begin + i];
        if (parked.end() <= next) continue;
        if (decode_parked(bytes_of(parked), kAccepted, update).code != ErrorCode::ok) {
            return false;  // only memory can fail here
        }
        const std::uint32_t clock = parked.clock > next ? parked.clock : next;
        if (!f(update, update.blocks[0], clock - parked.clock, clock, clock - next)) return false;
        next = parked.end();
    }
    return true;
}

template <class F>
void Pending::take_deletions(ClientTable& clients, F&& f) noexcept {
    for (const Deletion& deletion : deletions_) {
        clients[deletion.client].parked_deletion = kNone;
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < deletions_.size(); ++i) {
        Deletion deletion = deletions_[i];
        ClientLog& log = clients[deletion.client];
        if (deletion.clock < log.next_clock) {
            const std::uint32_t arrived = log.next_clock - deletion.clock;
            const std::uint32_t now = deletion.length < arrived ? deletion.length : arrived;
            if (f(Deletion{deletion.client, deletion.clock, now})) {
                deletion.clock += now;
                deletion.length -= now;
            }
        }
        if (deletion.length == 0) continue;
        deletions_[kept++] = deletion;
        if (log.parked_deletion == kNone || deletion.clock < log.parked_deletion) {
            log.parked_deletion = deletion.clock;
        }
    }
    deletions_.truncate(kept);
    tidy_ = 0;
}

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/pending.ipp"
#endif
