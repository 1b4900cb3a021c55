// From wire content to stored content, for whoever turns blocks into runs.
#pragma once

#include <cstdint>

#include "store.hpp"

namespace crdt::detail {

// Deleted units inside a text become a hole in it, zeros under delete bits: smaller than a run of
// their own up to about two records.
inline constexpr std::uint32_t kLargestHole = 64;

// Stores the content of a block without its first `cut` units; sets kind and data of `made`, whose
// client and length are set. requires: reserved; `made` will be the next run
void store_content(Store& store,
                   const DecodedUpdate& update,
                   const BlockView& block,
                   std::uint32_t cut,
                   Run& made) noexcept;

// May content that was stored for `made` become part of `run`, whose last unit is in front of it?
[[nodiscard]] inline bool content_continues(const Run& run, const Run& made) noexcept {
    if (run.kind != made.kind) return false;
    switch (made.kind) {
        case RunKind::ascii:
        case RunKind::any:
        case RunKind::json:
            return run.data + run.length == made.data;
        case RunKind::utf16:
            return run.data + run.length * 2 == made.data;
        case RunKind::deleted:
            return true;
        default:
            return false;
    }
}

// Can a Deleted block of that length become a hole at the end of `run`?
[[nodiscard]] inline bool hole_fits(const Store& store,
                                    const Run& run,
                                    std::uint32_t length) noexcept {
    // Undo managers must tell what has content from what has none.
    if (!store.collect || store.keeping.any() || length > kLargestHole || !run.is_text()) {
        return false;
    }
    const std::uint32_t width = run.kind == RunKind::utf16 ? 2 : 1;
    return run.data + run.length * width == store.clients[run.client].text_tail;
}
// Lengthens the run by deleted units. requires: hole_fits, text reserved. The caller moves the
// client's clock.
inline void add_hole(Store& store, Run& run, std::uint32_t length) noexcept {
    ClientLog& log = store.clients[run.client];
    const std::uint32_t bytes = run.kind == RunKind::utf16 ? length * 2 : length;
    std::memset(store.content.text.at(log.text_tail), 0, bytes);
    log.text_tail += bytes;
    store.content.set_deleted_text(run, run.length, length);
    run.length += length;
}

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/block_content.ipp"
#endif
