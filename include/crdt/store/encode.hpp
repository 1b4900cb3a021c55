// From the history to V1 bytes: a walk over the logs, client by client, highest id first.
//
// Runs that continue one another are written as one block, and a run is cut only where its delete
// state changes, so the bytes follow from the state alone (architecture.md calls it canonical).
#pragma once

#include <cstdint>

#include "../base/bytes.hpp"
#include "store.hpp"

namespace crdt::detail {

// Where a client's structs are to be written from.
struct WriteFrom {
    std::uint32_t client;
    std::uint32_t clock;
};

class Encoder {
public:
    // `forget`: write deleted content as Deleted and what deleted types held as GC.
    Encoder(Store& store, Bytes& out, bool forget) noexcept
        : store_(store), out_(out.storage()), forget_(forget) {}

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

    // What one change has done. `from` and `deletions` are sorted in place.
    Status change(Vec<WriteFrom>& from, Vec<Deletion>& deletions) noexcept;

    // The same where the change's deletions could not be recorded: all of the document's.
    Status change_with_all_deletions(Vec<WriteFrom>& from) noexcept;

    // All that is deleted, whoever deleted it: one delete set, merged with `parked` ones.
    Status delete_set(bool with_pending) noexcept;

private:
    // What is being put together: units of one or several runs that make one block.
    struct Block {
        ContentKind kind = ContentKind::skip;
        bool dead = false;
        std::uint32_t run = kNone;  // where it starts
        std::uint32_t offset = 0;
        std::uint32_t length = 0;
        RunPos last;
    };
    struct Part {
        std::uint32_t run, offset, count;
    };
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

    [[nodiscard]] ContentKind kind_of(const Run& run, bool dead) const noexcept;
    [[nodiscard]] bool structs(std::uint32_t client,
                               std::uint32_t from,
                               bool with_pending,
                               Vec<Deletion>* deleted) noexcept;
    [[nodiscard]] bool flush(Block& block) noexcept;
    [[nodiscard]] bool head(const Block& block) noexcept;
    [[nodiscard]] bool string_content() noexcept;
    [[nodiscard]] bool element_content(const Block& block) noexcept;
    [[nodiscard]] bool single_content(const Run& run) noexcept;
    [[nodiscard]] bool deletions_of(std::uint32_t client, Vec<Deletion>& ranges) noexcept;
    Status change_structs(Vec<WriteFrom>& from) noexcept;
    [[nodiscard]] bool put_ranges(const Deletion* ranges, std::size_t count) noexcept;
    [[nodiscard]] static bool add_range(Vec<Deletion>& ranges,
                                        std::uint32_t client,
                                        std::uint32_t clock,
                                        std::uint32_t length) noexcept;
    struct Hole {
        std::size_t at;
        unsigned size;
    };
    Hole open_hole(std::uint64_t guess) noexcept;
    [[nodiscard]] bool close_hole(Hole hole, std::uint64_t count) noexcept;

    Store& store_;
    Vec<std::uint8_t>& out_;
    Vec<Part> parts_;
    // Clients whose structs were all written, and the deletions that were met on the way.
    struct Walked {
        std::uint32_t client;
        std::size_t first, count;
    };
    Vec<Walked> walked_;
    Vec<Deletion> seen_;
    std::uint32_t blocks_ = 0;
    bool forget_;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/encode.ipp"
#endif
