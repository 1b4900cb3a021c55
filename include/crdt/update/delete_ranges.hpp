// A union of delete sets that is filled in any order and then read in order: an array that is sorted
// now and then, so that its size is that of the union and not of what was added.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "../base/vec.hpp"

namespace crdt::detail {

struct SlotRange {
    std::uint32_t slot;
    std::uint32_t from;
    std::uint32_t to;
};

class DeleteRanges {
public:
    // False when memory is exhausted. Amortised O(log n)
    [[nodiscard]] bool add(std::uint32_t slot, std::uint32_t clock, std::uint32_t length) noexcept {
        const std::uint32_t to = clock + length;
        if (ROPEWALK_LIKELY(!ranges_.empty())) {
            SlotRange& last = ranges_.back();
            // What is deleted in one go, forwards and backwards.
            if (last.slot == slot && clock <= last.to && to >= last.from) {
                if (to > last.to) last.to = to;
                if (clock < last.from) last.from = clock;
                return true;
            }
            if (ROPEWALK_UNLIKELY(ranges_.size() >= tidy_at_)) tidy();
        }
        return ranges_.push_back({slot, clock, to});
    }
    // Sorts by slot and clock; ranges no longer touch.
    void tidy() noexcept {
        std::sort(ranges_.begin(), ranges_.end(), [](const SlotRange& a, const SlotRange& b) {
            return a.slot != b.slot ? a.slot < b.slot : a.from < b.from;
        });
        std::size_t kept = 0;
        for (std::size_t i = 0; i < ranges_.size(); ++i) {
            const SlotRange range = ranges_[i];
            if (kept > 0 && ranges_[kept - 1].slot == range.slot &&
                range.from <= ranges_[kept - 1].to) {
                if (range.to > ranges_[kept - 1].to) ranges_[kept - 1].to = range.to;
            } else {
                ranges_[kept++] = range;
            }
        }
        ranges_.truncate(kept);
        tidy_at_ = kept + kept / 2 < kLeast ? kLeast : kept + kept / 2;
    }
    // requires: tidy
    [[nodiscard]] std::span<const SlotRange> of(std::uint32_t slot) const noexcept {
        const SlotRange* const first = lower_bound(slot);
        return {first, static_cast<std::size_t>(lower_bound(slot + 1) - first)};
    }
    // requires: tidy
    [[nodiscard]] bool contains(std::uint32_t slot, std::uint32_t clock) const noexcept {
        const std::span<const SlotRange> own = of(slot);
        const auto behind = std::upper_bound(
            own.begin(), own.end(), clock,
            [](std::uint32_t value, const SlotRange& range) { return value < range.from; });
        return behind != own.begin() && clock < (behind - 1)->to;
    }

private:
    [[nodiscard]] const SlotRange* lower_bound(std::uint32_t slot) const noexcept {
        return std::lower_bound(
            ranges_.begin(), ranges_.end(), slot,
            [](const SlotRange& range, std::uint32_t value) { return range.slot < value; });
    }

    static constexpr std::size_t kLeast = 4096;
    Vec<SlotRange> ranges_;
    std::size_t tidy_at_ = kLeast;
};

}  // namespace crdt::detail
