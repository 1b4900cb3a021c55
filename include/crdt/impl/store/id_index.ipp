#pragma once

#include <cstring>

#include "../../store/id_index.hpp"

namespace crdt::detail {

ROPEWALK_INLINE bool LeafList::reserve(Chunk& chunk, std::uint32_t count) noexcept {
    if (count <= chunk.capacity) return true;
    std::uint32_t wanted = chunk.capacity < 4 ? 4 : chunk.capacity * 2;
    if (wanted > kChunk) wanted = kChunk;
    if (wanted < count) wanted = count;
    void* block = reallocate(chunk.entries, wanted * sizeof(LeafEntry));
    if (block == nullptr) return false;
    chunk.entries = static_cast<LeafEntry*>(block);
    chunk.capacity = wanted;
    return true;
}

ROPEWALK_INLINE bool LeafList::insert(LeafEntry entry) noexcept {
    if (count_ == 0 || chunks_[chunk_of(entry.offset)].count == kChunk) {
        if (count_ == capacity_) {
            const std::uint32_t wanted = capacity_ == 0 ? 1 : capacity_ * 2;
            void* block = reallocate(chunks_, wanted * sizeof(Chunk));
            if (block == nullptr) return false;
            chunks_ = static_cast<Chunk*>(block);
            capacity_ = wanted;
        }
        Chunk fresh{entry.offset, 0, 0, nullptr};
        std::uint32_t at = 0;
        if (count_ > 0) {
            at = chunk_of(entry.offset);
            Chunk& full = chunks_[at];
            constexpr std::uint32_t half = kChunk / 2;
            if (!reserve(fresh, half)) return false;
            std::memcpy(fresh.entries, full.entries + half, half * sizeof(LeafEntry));
            fresh.count = half;
            fresh.first = fresh.entries[0].offset;
            full.count = half;
            ++at;
        }
        std::memmove(chunks_ + at + 1, chunks_ + at, (count_ - at) * sizeof(Chunk));
        chunks_[at] = fresh;
        ++count_;
    }
    Chunk& chunk = chunks_[chunk_of(entry.offset)];
    if (!reserve(chunk, chunk.count + 1)) return false;
    std::uint32_t at = 0;
    if (chunk.count > 0) {
        at = entry_of(chunk, entry.offset);
        if (chunk.entries[at].offset < entry.offset) ++at;
    }
    std::memmove(chunk.entries + at + 1, chunk.entries + at,
                 (chunk.count - at) * sizeof(LeafEntry));
    chunk.entries[at] = entry;
    ++chunk.count;
    if (at == 0) chunk.first = entry.offset;
    return true;
}

ROPEWALK_INLINE void LeafList::free() noexcept {
    for (std::uint32_t i = 0; i < count_; ++i) release(chunks_[i].entries);
    release(chunks_);
    chunks_ = nullptr;
    count_ = capacity_ = 0;
}

ROPEWALK_INLINE void IdIndex::drop() noexcept {
    for (std::uint32_t i = 0; i < lists_.size(); ++i) lists_[i].free();
    lists_.reset();
    built_ = false;
}

ROPEWALK_INLINE void IdIndex::spread(Run& run, LeafEntry first, LeafEntry second) noexcept {
    if (!lists_.reserve_more(1)) return drop();
    const std::uint32_t list = lists_.push_reserved({});
    run.leaf = list | kListTag;
    if (!lists_[list].insert(first) || !lists_[list].insert(second)) drop();
}

ROPEWALK_INLINE void IdIndex::moved_in_list(Run& run,
                                            std::uint32_t offset,
                                            std::uint32_t leaf,
                                            bool remains) noexcept {
    LeafList& list = lists_[run.leaf & ~kListTag];
    if (!remains) {
        list.rename(offset, leaf);
    } else if (!list.insert({offset, leaf})) {
        drop();
    }
}

}  // namespace crdt::detail
