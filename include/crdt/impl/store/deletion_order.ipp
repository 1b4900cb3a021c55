#pragma once

#include <cstdint>

#include "../../store/deletion_order.hpp"
#include "../../store/store.hpp"

namespace crdt::detail {

template <class Gone, class Met>
bool meet_deleted_clients(Store& store,
                          const Vec<Deletion>& ranges,
                          Gone&& gone,
                          Met&& met) noexcept {
    if constexpr (kCallInstead<Gone>) {
        return meet_deleted_clients(store, ranges,
                                    Call<bool(std::uint32_t, std::uint32_t, std::uint32_t)>(gone),
                                    Call<bool(std::uint32_t)>(met));
    }
    struct Walk {
        std::uint32_t seq;
        Place place;
    };
    Vec<Walk> walks;
    const auto enter = [&](const Run& run) {
        if (run.kind != RunKind::type || run.seq == kNone) return true;
        const std::uint32_t list = store.types.types[run.data].list;
        return walks.push_back({list, store.sequences.begin(list)});
    };
    const auto walk_one = [&] {
        Walk& walk = walks.back();
        if (walk.place.leaf == kNone) {
            const Seq& seq = store.sequences.seqs[walk.seq];
            walk.seq = seq.key == kNone ? store.types.types[seq.type].first_key : seq.next_key;
            if (walk.seq == kNone) {
                walks.pop_back();
            } else {
                walk.place = store.sequences.begin(walk.seq);
            }
            return true;
        }
        const Span span = store.sequences.span(walk.place);
        walk.place = store.sequences.next(walk.place);
        const Run& run = store.runs[span.run];
        if (!gone(run.client, run.clock + span.offset, span.length())) return true;
        return met(run.client) && enter(run);
    };
    for (const Deletion& range : ranges) {
        if (!met(range.client)) return false;
        if (store.change.first_dead == kNone) continue;
        const std::uint32_t end = range.clock + range.length;
        for (std::uint32_t clock = range.clock; clock < end;) {
            const Run& run = store.runs[store.resolve(range.client, clock).run];
            clock = run.end_clock();
            if (!enter(run)) return false;
            while (!walks.empty()) {
                if (!walk_one()) return false;
            }
        }
    }
    return true;
}

}  // namespace crdt::detail
