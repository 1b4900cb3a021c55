// The deletions of a packed history as they stand on the wire, joined on the way with those of
// updates that have come since: into room that somebody else has made, for they are most of what
// who joins a document is told.
#pragma once

#include "../base/id_set.hpp"
#include "history_reader.hpp"

namespace crdt::detail {

class PackedDeletes {
public:
    // All must outlive this.
    PackedDeletes(const Pages& pages, const HistoryTables& tables, const IdSet& more) noexcept
        : pages_(pages), tables_(tables), more_(more), at_(more.begin()) {}

    // Bytes that write() takes at most. Errors: `damaged`, for there cannot be so many ranges.
    [[nodiscard]] Result<std::size_t> most() const noexcept;
    // Once; how many it has written. Memory besides: none, where the container is read in place.
    [[nodiscard]] Result<std::size_t> write(std::span<std::uint8_t> room) noexcept;

private:
    // The room that any two numbers take, and those that are written ahead of their end.
    static constexpr std::size_t kSpare = 32;

    [[nodiscard]] static Error broken() noexcept { return {ErrorCode::damaged, 0}; }
    [[nodiscard]] bool room() const noexcept {
        return static_cast<std::size_t>(full_ - to_) >= kSpare;
    }
    [[nodiscard]] std::uint64_t clients() const noexcept;
    [[nodiscard]] bool begin_client() noexcept;
    [[nodiscard]] bool end_client() noexcept;
    [[nodiscard]] bool put_others() noexcept;
    [[nodiscard]] bool pass(std::uint64_t units, bool dead) noexcept;
    [[nodiscard]] const std::uint8_t* pass_pairs(const std::uint8_t* p,
                                                 const std::uint8_t* end) noexcept;
    template <unsigned kBytes>
    [[nodiscard]] const std::uint8_t* pass_fours(const std::uint8_t* p,
                                                 const std::uint8_t* end,
                                                 std::uint32_t limit) noexcept;
    [[nodiscard]] bool put_range() noexcept;
    [[nodiscard]] bool unite(std::uint32_t from, std::uint32_t to) noexcept;
    [[nodiscard]] bool put_held() noexcept;
    [[nodiscard]] bool put(std::uint32_t from, std::uint32_t length) noexcept;
    void put_number(std::uint64_t number) noexcept { to_ = put_var_uint(to_, number); }
    // Is the next range of `more_` one of the client at hand?
    [[nodiscard]] bool is_more() const noexcept {
        return at_ != more_.end() && raw(at_->client) == id_;
    }

    const Pages& pages_;
    const HistoryTables& tables_;
    const IdSet& more_;
    IdSet::Iterator at_;  // in it, what comes next
    std::uint8_t* to_ = nullptr;
    const std::uint8_t* full_ = nullptr;

    // The client.
    std::uint32_t client_ = 0;
    std::uint64_t id_ = 0;
    std::uint32_t clock_ = 0;
    std::uint32_t end_ = 0;   // of its units
    std::uint32_t left_ = 0;  // ranges that are still to come of the history
    // The range of the history that may go on.
    std::uint32_t from_ = 0;
    std::uint32_t length_ = 0;
    // Where both have ranges: how many there will be is not known. The range that may go on with
    // one of the other's, and how many were written behind `hole_`.
    std::uint8_t* hole_ = nullptr;
    std::size_t hole_size_ = 0;
    std::uint32_t held_from_ = 0;
    std::uint32_t held_to_ = 0;  // 0: none is
    std::uint64_t written_ = 0;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/packed_deletes.ipp"
#endif
