#pragma once

#include "../../codec/update_v1.hpp"

namespace crdt::detail {

// Origins in the wrong order: no editor makes them, and where such an item stands depends in Yjs on
// how the text happened to be cut. Where both stood in one block of the section, Yjs cuts it at
// both, the right origin last, and takes what then ends in front of that for the origin. That is
// done here, so that the item is an honest one from now on. (The decoder of V1 does not look back,
// which would cost a tenth of its time; there the store places such an item.)
class CrossedOrigins {
public:
    explicit CrossedOrigins(const DecodedUpdate& update) noexcept : update_(update) {}

    // One unit as both is what undo in Yjs may write: such an item stands behind it.
    // requires: `block` is being read, behind those of its section that have been
    ROPEWALK_ALWAYS_INLINE void settle(BlockView& block) noexcept {
        if (ROPEWALK_LIKELY(block.right_origin.slot != block.origin.slot ||
                            block.origin.clock - block.right_origin.clock >= longest_)) {
            return;
        }
        if (block.right_origin == block.origin) return;
        if (block.origin.slot == block.slot && left_ > 0) uncross(block);
    }
    // Once it has been read.
    ROPEWALK_ALWAYS_INLINE void note(const BlockView& block) noexcept {
        if (ROPEWALK_UNLIKELY(block.length > longest_) && block.is_item()) {
            longest_ = block.length;
        }
    }

private:
    ROPEWALK_NEVER_INLINE void uncross(BlockView& block) noexcept {
        const BlockView* at = update_.blocks.data() + update_.sections.back().first;
        for (auto count = static_cast<std::size_t>(&block - at); count > 0;) {
            const std::size_t half = count / 2;
            if (at[half].clock + at[half].length <= block.origin.clock) {
                at += half + 1;
                count -= half + 1;
            } else {
                count = half;
            }
        }
        if (at == &block || !at->is_item() || at->clock >= block.right_origin.clock) return;
        --left_;
        // Where the block has been cut by then, that is no longer so.
        const WireId end{block.slot, block.right_origin.clock - 1};
        for (++at; at != &block; ++at) {
            if (at->origin == end || at->right_origin == block.right_origin) return;
        }
        block.origin = end;
    }

    const DecodedUpdate& update_;
    std::uint32_t longest_ = 1;  // of the items so far
    std::uint32_t left_ = 16;    // each costs a search
};

}  // namespace crdt::detail
