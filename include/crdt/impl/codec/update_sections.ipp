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

private:
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
    bool replaced_ = false;
};

}  // namespace crdt::detail
