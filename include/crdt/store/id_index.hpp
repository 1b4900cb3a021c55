// Run -> the leaves in which its spans stand: the way from an id to its place in document order.
//
// Most runs lie in one leaf and name it in their record. A run that leaf splits have separated
// names a list of (first offset, leaf), ascending; one entry per leaf is enough, because the spans
// of a run stand in ascending offset order (R3). Long lists are kept in chunks, so that an entry
// in the middle costs no long move.
//
// A document without remote traffic needs none of this: the index is built in one pass when first
// asked for, and is a cache: where memory for it fails it is dropped, never the document.
#pragma once

#include <cstdint>

#include "../base/arena.hpp"
#include "item.hpp"

namespace crdt::detail {

struct LeafEntry {
    std::uint32_t offset;  // of the run's first unit in that leaf
    std::uint32_t leaf;
};

// Ascending by offset. Chunks of at most kChunk entries; the directory holds their first offsets.
class LeafList {
public:
    [[nodiscard]] std::uint32_t find(std::uint32_t offset) const noexcept {
        const Chunk& chunk = chunks_[chunk_of(offset)];
        return chunk.entries[entry_of(chunk, offset)].leaf;
    }
    // The leaf of the entry that covers `offset` becomes `leaf`.
    void rename(std::uint32_t offset, std::uint32_t leaf) noexcept {
        const Chunk& chunk = chunks_[chunk_of(offset)];
        chunk.entries[entry_of(chunk, offset)].leaf = leaf;
    }
    [[nodiscard]] bool insert(LeafEntry entry) noexcept;
    void free() noexcept;

private:
    static constexpr std::uint32_t kChunk = 256;
    struct Chunk {
        std::uint32_t first;  // offset of the first entry
        std::uint32_t count;
        std::uint32_t capacity;
        LeafEntry* entries;
    };
    [[nodiscard]] std::uint32_t chunk_of(std::uint32_t offset) const noexcept {
        std::uint32_t low = 0;
        std::uint32_t high = count_;
        while (high - low > 1) {
            const std::uint32_t middle = (low + high) / 2;
            (chunks_[middle].first <= offset ? low : high) = middle;
        }
        return low;
    }
    static std::uint32_t entry_of(const Chunk& chunk, std::uint32_t offset) noexcept {
        std::uint32_t low = 0;
        std::uint32_t high = chunk.count;
        while (high - low > 1) {
            const std::uint32_t middle = (low + high) / 2;
            (chunk.entries[middle].offset <= offset ? low : high) = middle;
        }
        return low;
    }
    [[nodiscard]] static bool reserve(Chunk& chunk, std::uint32_t count) noexcept;

    Chunk* chunks_ = nullptr;
    std::uint32_t count_ = 0;
    std::uint32_t capacity_ = 0;
};

class IdIndex {
public:
    static constexpr std::uint32_t kListTag = 0x80000000U;

    IdIndex() noexcept = default;
    IdIndex(const IdIndex&) = delete;
    IdIndex& operator=(const IdIndex&) = delete;
    ~IdIndex() { drop(); }

    [[nodiscard]] bool built() const noexcept { return built_; }
    void set_built() noexcept { built_ = true; }
    void drop() noexcept;

    // requires: built()
    [[nodiscard]] std::uint32_t leaf_of(const Run& run, std::uint32_t offset) const noexcept {
        if (ROPEWALK_LIKELY((run.leaf & kListTag) == 0)) return run.leaf;
        return lists_[run.leaf & ~kListTag].find(offset);
    }
    // The spans of `run` from `offset` on, up to its next entry, now stand in `leaf`. `remains`:
    // the leaf that held them keeps lower ones.
    void moved(Run& run, std::uint32_t offset, std::uint32_t leaf, bool remains) noexcept {
        if ((run.leaf & kListTag) == 0) {
            if (!remains) {
                run.leaf = leaf;
            } else if (run.leaf != leaf) {
                spread(run, {0, run.leaf}, {offset, leaf});
            }
            return;
        }
        moved_in_list(run, offset, leaf, remains);
    }
    // A span of `run` that starts at `offset`, its last one, was put into `leaf`.
    void appended(Run& run, std::uint32_t offset, std::uint32_t leaf) noexcept {
        if (ROPEWALK_LIKELY(run.leaf == leaf)) return;
        if ((run.leaf & kListTag) == 0) {
            spread(run, {0, run.leaf}, {offset, leaf});
        } else if (lists_[run.leaf & ~kListTag].find(offset) != leaf) {
            moved_in_list(run, offset, leaf, true);
        }
    }

private:
    void spread(Run& run, LeafEntry first, LeafEntry second) noexcept;
    void moved_in_list(Run& run, std::uint32_t offset, std::uint32_t leaf, bool remains) noexcept;

    Arena<LeafList, 5> lists_;
    bool built_ = false;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/id_index.ipp"
#endif
