// From the history to V1 bytes: a walk over the logs, client by client, highest id first.
//
// A change that only typed is written without the walk.
#pragma once

#include <cstdint>

#include "../base/bytes.hpp"
#include "block_walk.hpp"

namespace crdt::detail {

class Encoder {
public:
    // `forget`: write deleted content as Deleted and what deleted types held as GC; `but_kept`: not
    // what undo managers keep.
    Encoder(Store& store, Bytes& out, bool forget, bool but_kept = false) noexcept
        : store_(store), out_(out.storage()), walk_(store, forget, but_kept) {}

    // The update of a change that only typed: what one client has appended to its newest run since
    // `from`. False: it is more than that, and nothing was written.
    [[nodiscard]] static bool keystroke(Store& store,
                                        std::uint32_t client,
                                        std::uint32_t from,
                                        Bytes& out) noexcept;

    // The structs from these clocks on, with the deletions of the whole document.
    // `known` is called with a client id and returns the clocks the reader has.
    template <class Known>
    Status state(Known&& known, bool with_pending) noexcept;

    // The whole state, with what waits.
    Status all() noexcept;

    // The structs up to these clocks, with these deletions. requires: no clock is beyond the
    // document
    Status prefix(const StateVector& until, const IdSet& deletions) noexcept;

    // What one change has done. `from` and `deletions` are sorted in place.
    Status change(Vec<WriteFrom>& from, Vec<Deletion>& deletions) noexcept;

    // The same where the change's deletions could not be recorded: all of the document's.
    Status change_with_all_deletions(Vec<WriteFrom>& from) noexcept;

    // All that is deleted, whoever deleted it: one delete set, merged with `parked` ones.
    Status delete_set(bool with_pending) noexcept;

private:
    using Block = BlockWalk::Block;
    static constexpr std::size_t kLikely = std::size_t{1} << 20;  // bytes reserved at once

    [[nodiscard]] bool room(std::size_t more) noexcept {
        if (ROPEWALK_LIKELY(out_.capacity() - out_.size() >= more)) return true;
        return out_.reserve_more(more);
    }
    void put(std::uint64_t number) noexcept {
        out_.set_size(static_cast<std::size_t>(put_var_uint(out_.data() + out_.size(), number) -
                                               out_.data()));
    }
    void put_byte(unsigned byte) noexcept {
        out_.push_back_reserved(static_cast<std::uint8_t>(byte));
    }
    void put_bytes(ByteView bytes) noexcept {
        if (!bytes.empty()) std::memcpy(out_.data() + out_.size(), bytes.data(), bytes.size());
        out_.set_size(out_.size() + bytes.size());
    }
    void put_id(RunPos unit) noexcept;
    [[nodiscard]] bool put_string(std::string_view text) noexcept;

    [[nodiscard]] bool structs(std::uint32_t client,
                               std::uint32_t from,
                               bool with_pending,
                               bool note) noexcept;
    [[nodiscard]] bool flush(const Block& block) noexcept;
    [[nodiscard]] bool head(const Block& block) noexcept;
    [[nodiscard]] bool string_content() noexcept;
    [[nodiscard]] bool element_content(const Block& block) noexcept;
    [[nodiscard]] bool single_content(const Run& run) noexcept;
    Status change_structs(Vec<WriteFrom>& from) noexcept;
    [[nodiscard]] bool put_ranges(const Deletion* ranges, std::size_t count) noexcept;
    struct Hole {
        std::size_t at;
        unsigned size;
    };
    Hole open_hole(std::uint64_t guess) noexcept;
    [[nodiscard]] bool close_hole(Hole hole, std::uint64_t count) noexcept;

    Store& store_;
    Vec<std::uint8_t>& out_;
    BlockWalk walk_;
    std::uint32_t blocks_ = 0;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/encode.ipp"
#endif
