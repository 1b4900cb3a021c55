// The writing half of a merge with collection: deleted units lose their content, units that
// continue one another become one struct.
#pragma once

#include "block_writer.hpp"
#include "merge_index.hpp"

namespace crdt::detail {

class Collector {
public:
    Collector(BlockWriter& out, MergeIndex& index) noexcept : out_(out), index_(index) {}

    void begin_section(std::uint32_t slot, std::uint64_t client) noexcept {
        client_ = client;
        deletes_ = index_.deletes().of(slot);
        next_ = 0;
        kind_ = kNothing;
    }
    void skip(std::uint32_t length) noexcept {
        close();
        out_.skip(length);
    }
    // The units of the block from `cut` on.
    void take(const UpdateBlock& block, std::uint32_t cut) noexcept;
    // Ends the struct that is being written.
    void close() noexcept;

private:
    // Marks that no struct is open.
    static constexpr ContentKind kNothing = ContentKind::skip;

    void put(const UpdateBlock& block,
             ContentPlace& place,
             std::uint32_t from,
             std::uint32_t to,
             bool deleted) noexcept;
    [[nodiscard]] bool is_collected(const UpdateBlock& block, std::uint32_t from) noexcept;
    [[nodiscard]] bool continues(const UpdateBlock& block,
                                 std::uint32_t from,
                                 ContentKind kind) const noexcept;

    BlockWriter& out_;
    MergeIndex& index_;
    std::uint64_t client_ = 0;
    std::span<const ClockRange> deletes_;  // of the client
    std::size_t next_ = 0;                 // the first one that does not end before what is written

    // The struct that may go on: its kind, its clocks, its right origin, where its content begins.
    ContentKind kind_ = kNothing;
    bool exact_ = false;
    std::uint32_t end_ = 0;
    std::uint32_t length_ = 0;
    UpdateId right_origin_;
    std::size_t hole_ = 0;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/update/collector.ipp"
#endif
