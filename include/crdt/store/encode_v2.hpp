// From the history to V2 bytes: the blocks that V1 would have (block_walk.hpp), in columns.
#pragma once

#include <cstdint>

#include "../codec/update_writer.hpp"
#include "block_walk.hpp"

namespace crdt::detail {

// Writes one update. As Encoder, which is that of V1.
class EncoderV2 {
public:
    EncoderV2(Store& store, Bytes& out, bool forget, bool but_kept = false) noexcept
        : store_(store), out_(out), walk_(store, forget, but_kept) {}

    // The structs from these clocks on, with the deletions of the whole document and, if wanted,
    // what waits. `known` is called with a client id and returns the clocks the reader has.
    template <class Known>
    Status state(Known&& known, bool with_pending) noexcept;

    // The whole state, with what waits.
    Status all() noexcept;

    // What one change has done. `from` and `deletions` are sorted in place.
    Status change(Vec<WriteFrom>& from, Vec<Deletion>& deletions) noexcept;

    // The same where the change's deletions could not be recorded: all of the document's.
    Status change_with_all_deletions(Vec<WriteFrom>& from) noexcept;

private:
    using Block = BlockWalk::Block;
    struct UnitId {
        std::uint64_t client;
        std::uint32_t clock;
    };

    [[nodiscard]] UnitId id_of(RunPos unit) const noexcept {
        const Run& run = store_.runs[unit.run];
        return {store_.clients[run.client].id, run.clock + unit.offset};
    }
    [[nodiscard]] bool structs(std::uint32_t client,
                               std::uint32_t from,
                               bool with_pending,
                               bool note) noexcept;
    void flush(const Block& block) noexcept;
    void head(const Block& block) noexcept;
    void elements(const Block& block) noexcept;
    void single_content(const Run& run) noexcept;
    void put_ranges(const Deletion* ranges, std::size_t count) noexcept;
    Status all_deletions(bool with_pending) noexcept;
    Status change_structs(Vec<WriteFrom>& from) noexcept;

    Store& store_;
    UpdateWriterV2 out_;
    BlockWalk walk_;
};

template <class Known>
Status EncoderV2::state(Known&& known, bool with_pending) noexcept {
    store_.settle();
    const Vec<std::uint32_t>* order = store_.clients.descending();
    if (order == nullptr) return ErrorCode::out_of_memory;
    for (const std::uint32_t client : *order) {
        const ClientLog& log = store_.clients[client];
        const std::uint32_t from = known(ClientId{log.id});
        const bool parked = with_pending && store_.pending.reaches(log, from);
        if (from >= log.next_clock && !parked) continue;
        if (!structs(client, from, with_pending, true)) return ErrorCode::out_of_memory;
    }
    return all_deletions(with_pending);
}

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/encode_v2.ipp"
#endif
