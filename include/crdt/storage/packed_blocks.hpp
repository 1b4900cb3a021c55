// From the packed history to blocks, for a document that opens: no bytes in between. Texts are
// slices of the container.
#pragma once

#include "../codec/update_v1.hpp"
#include "history_reader.hpp"

namespace crdt::detail {

class PackedBlocks {
public:
    PackedBlocks(const Pages& pages, const HistoryTables& tables, DecodedUpdate& out) noexcept
        : pages_(pages), tables_(tables), reader_(pages, tables), out_(out) {}

    // False: the history is not text alone, does not lie in one piece, is broken, or memory is
    // exhausted; whoever asks does without.
    [[nodiscard]] bool run() noexcept;

private:
    [[nodiscard]] bool section(std::uint32_t client) noexcept;
    [[nodiscard]] bool add(std::uint32_t client) noexcept;
    [[nodiscard]] BlockView* next_block() noexcept;
    [[nodiscard]] bool add_text(BlockView* block) noexcept;
    [[nodiscard]] bool add_deletion(const BlockView& block) noexcept;
    [[nodiscard]] bool slice_of(std::uint32_t name, Slice& slice) const noexcept;
    [[nodiscard]] Slice slice_of(ByteView part) const noexcept {
        return {static_cast<std::uint32_t>(part.data() - out_.input.data()),
                static_cast<std::uint32_t>(part.size())};
    }

    const Pages& pages_;
    const HistoryTables& tables_;
    HistoryReader reader_;
    DecodedUpdate& out_;
    ByteView text_;
    bool ascii_ = false;  // all of it
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/packed_blocks.ipp"
#endif
