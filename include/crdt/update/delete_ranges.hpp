// A union of delete sets that is filled in any order and then read in order: an array that is
// sorted now and then, so that its size is that of the union and not of what was added.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "../base/sort.hpp"
#include "../base/vec.hpp"

namespace crdt::detail {

struct ClockRange {
    std::uint32_t from;
    std::uint32_t to;
};

class DeleteRanges {
public:
    // False when memory is exhausted. Amortised O(log n)
    [[nodiscard]] bool add(std::uint32_t slot, std::uint32_t clock, std::uint32_t length) noexcept {
        const std::uint32_t to = clock + length;
        if (ROPEWALK_LIKELY(!added_.empty())) {
            // What is deleted in one go, forwards and backwards.
            if (SlotRange& last = added_.back();
                last.slot == slot && clock <= last.range.to && to >= last.range.from) {
                if (to > last.range.to) last.range.to = to;
                if (clock < last.range.from) {
                    last.range.from = clock;
                    if (sorted_ == added_.size()) --sorted_;  // it may overlap those in front
                }
                return true;
            }
            if (ROPEWALK_UNLIKELY(added_.size() >= tidy_at_)) {
                tidy();
                if (!added_.reserve_exactly(tidy_at_)) return false;
            }
        }
        return added_.push_back({slot, {clock, to}});
    }
    // Nothing more is added; from now on it can be read. `slots` bounds those that were named.
    [[nodiscard]] bool finish(std::size_t slots) noexcept {
        tidy();
        if (!ranges_.reserve_exactly(added_.size()) || !first_.reserve_exactly(slots + 1)) {
            return false;
        }
        for (const SlotRange& one : added_) {
            start_slots(one.slot);
            ranges_.push_back_reserved(one.range);
        }
        start_slots(slots);
        added_.reset();
        return true;
    }

    // Ascending; they do not touch. Empty for a slot that was never named.
    [[nodiscard]] std::span<const ClockRange> of(std::uint32_t slot) const noexcept {
        if (std::size_t{slot} + 1 >= first_.size()) return {};
        return {ranges_.data() + first_[slot], ranges_.data() + first_[slot + 1]};
    }
    [[nodiscard]] bool contains(std::uint32_t slot, std::uint32_t clock) const noexcept {
        const std::span<const ClockRange> own = of(slot);
        const auto behind = std::upper_bound(
            own.begin(), own.end(), clock,
            [](std::uint32_t value, const ClockRange& range) { return value < range.from; });
        return behind != own.begin() && clock < (behind - 1)->to;
    }

private:
    struct SlotRange {
        std::uint32_t slot;
        ClockRange range;
    };

    static constexpr auto before = [](const SlotRange& a, const SlotRange& b) noexcept {
        return a.slot != b.slot ? a.slot < b.slot : a.range.from < b.range.from;
    };
    // Sorts by slot and clock; ranges no longer touch. Delete sets come sorted, and most of what is
    // here is sorted from the last time, so only what came since is looked at closely.
    void tidy() noexcept {
        SlotRange* const middle = added_.begin() + sorted_;
        if (!std::is_sorted(middle, added_.end(), before)) sort(middle, added_.end(), before);
        if (sorted_ > 0 && middle != added_.end() && before(*middle, *(middle - 1))) merge(middle);
        std::size_t kept = 0;
        for (std::size_t i = 0; i < added_.size(); ++i) {
            const SlotRange one = added_[i];
            if (kept > 0 && added_[kept - 1].slot == one.slot &&
                one.range.from <= added_[kept - 1].range.to) {
                ClockRange& last = added_[kept - 1].range;
                if (one.range.to > last.to) last.to = one.range.to;
            } else {
                added_[kept++] = one;
            }
        }
        added_.truncate(kept);
        sorted_ = kept;
        tidy_at_ = kept + kept / 4 < kLeast ? kLeast : kept + kept / 4;
    }
    // Of two sorted halves one, from behind.
    void merge(SlotRange* middle) noexcept {
        Vec<SlotRange> newer;
        const auto count = static_cast<std::size_t>(added_.end() - middle);
        if (!newer.reserve_exactly(count)) {
            sort(added_.begin(), added_.end(), before);  // needs no memory
            return;
        }
        for (const SlotRange* one = middle; one != added_.end(); ++one) {
            newer.push_back_reserved(*one);
        }
        SlotRange* to = added_.end();
        for (const SlotRange* from = newer.end(); from != newer.begin();) {
            const bool take_older = middle != added_.begin() && before(*(from - 1), *(middle - 1));
            *--to = take_older ? *--middle : *--from;
        }
    }
    // The slots up to this one, if they are new, begin here.
    void start_slots(std::size_t slot) noexcept {
        while (first_.size() <= slot) {
            first_.push_back_reserved(static_cast<std::uint32_t>(ranges_.size()));
        }
    }

    static constexpr std::size_t kLeast = 4096;
    Vec<SlotRange> added_;
    std::size_t sorted_ = 0;  // so many of them are in order and do not touch
    std::size_t tidy_at_ = kLeast;
    Vec<ClockRange> ranges_;    // by slot
    Vec<std::uint32_t> first_;  // of each slot, and behind the last
};

}  // namespace crdt::detail
