// What an encoder of any format writes: a client's runs as blocks, and what is deleted.
//
// Runs that continue one another are one block, and a run is cut only where its delete state
// changes, so the blocks follow from the state alone (architecture.md calls it canonical).
#pragma once

#include <algorithm>
#include <cstdint>

#include "../base/call.hpp"
#include "store.hpp"

namespace crdt::detail {

// Where a client's structs are to be written from.
struct WriteFrom {
    std::uint32_t client;
    std::uint32_t clock;
};

class BlockWalk {
public:
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

    // `forget`: deleted content is Deleted and what deleted types held is GC; `but_kept`: not what
    // undo managers keep.
    BlockWalk(Store& store, bool forget, bool but_kept) noexcept
        : store_(store), forget_(forget), but_kept_(forget && but_kept && store.keeping.any()) {}

    // Clocks from here on are left out.
    void stop_at(std::uint32_t clock) noexcept { until_ = clock; }

    // The parts of the block at hand, unless it is Deleted or GC.
    [[nodiscard]] const Vec<Part>& parts() const noexcept { return parts_; }
    // The unit that the block's first one was written behind.
    [[nodiscard]] RunPos origin_of(const Block& block) const noexcept {
        return block.offset > 0 ? RunPos{block.run, block.offset - 1}
                                : store_.runs[block.run].origin;
    }

    // flush(block) -> bool for each block of a client from clock `from` on. False: a flush was, or
    // memory is exhausted. `note`: the deletions of all of it will be asked for.
    // requires: from < the client's next clock
    template <class Flush>
    [[nodiscard]] bool blocks(std::uint32_t client,
                              std::uint32_t from,
                              bool note,
                              Flush&& flush) noexcept;

    // All that is deleted of a client: sorted, joined ranges. Those noted are not looked for again
    // if clients are asked for in the order in which their blocks were.
    [[nodiscard]] bool deletions_of(std::uint32_t client, Vec<Deletion>& ranges) noexcept;

    // Into the order of the wire, ranges that touch joined.
    void sort(Vec<WriteFrom>& from) noexcept;
    void sort(Vec<Deletion>& deletions) noexcept;

private:
    [[nodiscard]] ContentKind kind_of(const Run& run, bool dead, bool kept) const noexcept;
    // Which of the client's runs holds the unit.
    [[nodiscard]] std::uint32_t run_at(std::uint32_t client, std::uint32_t clock) const noexcept;
    [[nodiscard]] bool continues(const Block& block,
                                 const Run& run,
                                 std::uint32_t offset) const noexcept {
        switch (block.kind) {
            case ContentKind::gc:
                return true;
            case ContentKind::deleted:
            case ContentKind::string:
            case ContentKind::any:
            case ContentKind::json:
                return offset > 0 ||
                       (run.origin == block.last && run.right == store_.runs[block.run].right);
            default:
                return false;
        }
    }

    // Appends a range to those of its client, which come in order.
    [[nodiscard]] static bool add_range(Vec<Deletion>& ranges, const Deletion& range) noexcept {
        if (!ranges.empty()) {
            Deletion& last = ranges.back();
            if (last.client == range.client && last.clock + last.length == range.clock) {
                last.length += range.length;
                return true;
            }
        }
        return ranges.push_back(range);
    }

    Store& store_;
    Vec<Part> parts_;
    // Clients that were walked from their start, and the deletions that were met on the way.
    struct Noted {
        std::uint32_t client;
        std::size_t first, count;
    };
    Vec<Noted> noted_;
    Vec<Deletion> seen_;
    std::size_t next_noted_ = 0;
    std::uint32_t until_ = kEndOfClocks;
    bool forget_;
    bool but_kept_;
};

template <class Flush>
bool BlockWalk::blocks(std::uint32_t client,
                       std::uint32_t from,
                       bool note,
                       Flush&& flush) noexcept {
    if constexpr (kCallInstead<Flush>) {
        return blocks(client, from, note, Call<bool(const Block&)>(flush));
    }
    const ClientLog& log = store_.clients[client];
    note = note && from == 0;
    const std::size_t first_seen = seen_.size();
    const std::uint32_t* list = log.list();
    Block block;
    parts_.clear();
    for (std::uint32_t at = run_at(client, from); at < log.count; ++at) {
        const std::uint32_t number = list[at];
        const Run& run = store_.runs[number];
        if (run.clock >= until_) break;
        std::uint32_t offset = from > run.clock ? from - run.clock : 0;
        const std::uint32_t length = std::min(run.length, until_ - run.clock);
        while (offset < length) {
            auto [count, dead] = store_.content.stretch(run, offset, length - offset);
            const bool kept =
                dead && but_kept_ && store_.keeping.keeps(store_, {number, offset}, count);
            if (dead && note && !add_range(seen_, {client, run.clock + offset, count})) {
                return false;
            }
            const ContentKind kind = kind_of(run, dead, kept);
            if (block.run == kNone || kind != block.kind || dead != block.dead ||
                !continues(block, run, offset)) {
                if (block.run != kNone && !flush(block)) return false;
                parts_.clear();
                block = {kind, dead, number, offset, 0, {}};
            }
            block.length += count;
            block.last = {number, offset + count - 1};
            if (kind != ContentKind::deleted && kind != ContentKind::gc &&
                !parts_.push_back({number, offset, count})) {
                return false;
            }
            offset += count;
        }
    }
    if (note && !noted_.push_back({client, first_seen, seen_.size() - first_seen})) return false;
    return flush(block);
}

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/block_walk.ipp"
#endif
