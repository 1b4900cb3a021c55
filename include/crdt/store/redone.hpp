// Which units were brought back as which: undoing a deletion inserts a copy, and whoever looks for
// the old unit is led to the copy. In memory only. Outlives undo managers: relative positions
// follow it.
//
//   (run, offset, length) -> the first unit of the copy; sorted, disjoint
#pragma once

#include <cstdint>

#include "../base/sorted_chunks.hpp"
#include "item.hpp"

namespace crdt::detail {

class RedoneUnits {
public:
    struct Entry {
        std::uint32_t run;
        std::uint32_t offset;
        std::uint32_t length;
        RunPos copy;
    };

    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    // The copy of a unit; none if it was never brought back. O(log n)
    [[nodiscard]] RunPos copy_of(RunPos unit) const noexcept {
        std::uint32_t count = 1;
        return stretch(unit, count);
    }
    // The same for `unit`, and `count` is cut to the units that were brought back together with it,
    // or to those that like it were not.
    [[nodiscard]] RunPos stretch(RunPos unit, std::uint32_t& count) const noexcept {
        const Place place = first_ending_at(unit.run, unit.offset + 1);
        if (place == entries_.end_place()) return {};
        const Entry& entry = entries_.at(place);
        if (entry.run != unit.run) return {};
        const bool inside = entry.offset <= unit.offset;
        const std::uint32_t border = inside ? entry.offset + entry.length : entry.offset;
        if (border - unit.offset < count) count = border - unit.offset;
        return inside ? RunPos{entry.copy.run, entry.copy.offset + (unit.offset - entry.offset)}
                      : RunPos{};
    }
    // The last and the first entry that has units of [begin, end) of a run; nullptr if none has.
    [[nodiscard]] const Entry* last_in(std::uint32_t run,
                                       std::uint32_t begin,
                                       std::uint32_t end) const noexcept {
        if (begin >= end) return nullptr;
        Place place = first_ending_at(run, end);
        const bool here = place != entries_.end_place() && entries_.at(place).run == run &&
                          entries_.at(place).offset < end;
        if (!here && !entries_.previous(place)) return nullptr;
        const Entry& entry = entries_.at(place);
        return entry.run == run && entry.offset + entry.length > begin ? &entry : nullptr;
    }
    [[nodiscard]] const Entry* first_in(std::uint32_t run,
                                        std::uint32_t begin,
                                        std::uint32_t end) const noexcept {
        if (begin >= end) return nullptr;
        const Place place = first_ending_at(run, begin + 1);
        if (place == entries_.end_place()) return nullptr;
        const Entry& entry = entries_.at(place);
        return entry.run == run && entry.offset < end ? &entry : nullptr;
    }
    // The latest copy: copies of copies are followed.
    [[nodiscard]] RunPos follow(RunPos unit) const noexcept {
        for (RunPos copy = copy_of(unit); copy.exists(); copy = copy_of(unit)) unit = copy;
        return unit;
    }

    // requires: none of these units has a copy yet. False when memory is exhausted.
    [[nodiscard]] bool add(const Entry& added) noexcept {
        return entries_.insert(place_of(added), added);
    }
    void remove(const Entry& added) noexcept {
        const Place place = place_of(added);
        entries_.erase(place, entries_.next(place));
    }

private:
    using Place = SortedChunks<Entry>::Place;
    // The first entry of the run, or behind it, that ends at `end` or later.
    [[nodiscard]] Place first_ending_at(std::uint32_t run, std::uint32_t end) const noexcept {
        return entries_.lower_bound([&](const Entry& entry) {
            return entry.run != run ? entry.run < run : entry.offset + entry.length < end;
        });
    }
    [[nodiscard]] Place place_of(const Entry& added) const noexcept {
        return entries_.lower_bound([&](const Entry& entry) {
            return entry.run != added.run ? entry.run < added.run : entry.offset < added.offset;
        });
    }

    SortedChunks<Entry> entries_;
};

}  // namespace crdt::detail
