#pragma once

#include "../../codec/update_v1.hpp"

namespace crdt::detail {

// Keeps DecodedUpdate::sections. Of two sections of one client the later one counts, even if it is
// empty.
class UpdateSections {
public:
    explicit UpdateSections(DecodedUpdate& out) noexcept : out_(out) {}

    // `several`: there are other sections besides. False: memory is exhausted.
    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool begin(std::uint32_t slot,
                                                    std::uint32_t structs,
                                                    bool several) noexcept {
        const auto first = static_cast<std::uint32_t>(out_.blocks.size());
        if (several && !replace(slot)) return false;
        if (structs == 0) return true;
        if (several) {
            out_.section_of_slot[slot] = static_cast<std::uint32_t>(out_.sections.size());
        }
        return out_.sections.push_back({slot, first, structs});
    }
    void finish() noexcept {
        if (!replaced_) return;
        std::size_t kept = 0;
        for (const ClientSection& section : out_.sections) {
            if (section.count > 0) out_.sections[kept++] = section;
        }
        out_.sections.truncate(kept);
    }

    // Origins that cannot be. Between a unit and itself nothing stands: false. (Yjs puts such an
    // item in front of the unit or behind it, depending on where the text happened to be cut.)
    // A right origin in front of the origin, in one block of the section: Yjs cuts the block at
    // both, the right one last, and takes what then ends in front of that for the origin. That is
    // done here, so that the item is an honest one from now on.
    [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool settle_origins(BlockView& block) noexcept {
        if (ROPEWALK_LIKELY(block.right_origin.slot != block.origin.slot ||
                            block.origin.clock - block.right_origin.clock >= longest_)) {
            return true;
        }
        if (block.right_origin == block.origin) return false;
        if (block.origin.slot == block.slot) uncross(block);
        return true;
    }
    // Once it has been read.
    ROPEWALK_ALWAYS_INLINE void note(const BlockView& block) noexcept {
        if (ROPEWALK_UNLIKELY(block.length > longest_) && block.is_item()) {
            longest_ = block.length;
        }
    }

private:
    // requires: `block` is being read, behind those of its section that have been
    ROPEWALK_NEVER_INLINE void uncross(BlockView& block) noexcept {
        if (crossings_left_ == 0) return;
        const BlockView* at = out_.blocks.data() + out_.sections.back().first;
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
        --crossings_left_;
        // Where the block has been cut by then, that is no longer so.
        const WireId end{block.slot, block.right_origin.clock - 1};
        for (++at; at != &block; ++at) {
            if (at->origin == end || at->right_origin == block.right_origin) return;
        }
        block.origin = end;
    }
    [[nodiscard]] ROPEWALK_NEVER_INLINE bool replace(std::uint32_t slot) noexcept {
        Vec<std::uint32_t>& section_of = out_.section_of_slot;
        while (section_of.size() <= slot) {
            if (!section_of.push_back(kNoSlot)) return false;
        }
        if (section_of[slot] != kNoSlot) {
            out_.sections[section_of[slot]].count = 0;
            section_of[slot] = kNoSlot;
            replaced_ = true;
        }
        return true;
    }

    DecodedUpdate& out_;
    std::uint32_t longest_ = 1;          // of the blocks so far
    std::uint32_t crossings_left_ = 16;  // each costs a search; honest updates have none
    bool replaced_ = false;
};

}  // namespace crdt::detail
