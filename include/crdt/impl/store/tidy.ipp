#pragma once

#include <algorithm>

#include "../../base/sort.hpp"
#include "../../store/deletion_order.hpp"
#include "../../store/rich_edit.hpp"
#include "../../store/tidy.hpp"

namespace crdt::detail {

ROPEWALK_INLINE void Store::note_format(std::uint32_t seq) noexcept {
    sequences.seqs[seq].formats = true;
    const TypeRecord& type = types.types[sequences.seqs[seq].type];
    if (type.kind == TypeKind::undefined) return;
    sequences.seqs[type.list].tidied = true;
    formats.tidying = true;
    if (change.remote) change.recording = true;  // what it deletes from now on matters
}

ROPEWALK_INLINE Status Store::gap_with_formats(std::uint32_t type,
                                               std::uint32_t position,
                                               Gap& gap) noexcept {
    return RichEdit(*this, type).inherit(position, gap);
}

// -- planning -----------------------------------------------------------------------------------

// Was the type there before this change, and is it a text that Yjs tidies?
ROPEWALK_INLINE bool Tidying::counts(std::uint32_t type) const noexcept {
    const TypeRecord& record = store_.types.types[type];
    if (record.dead || (record.kind != TypeKind::text && record.kind != TypeKind::xml_text) ||
        !store_.sequences.seqs[record.list].tidied) {
        return false;
    }
    if (record.run == kNone) return true;
    const Run& run = store_.runs[record.run];
    if (run.client == store_.own) return run.clock < store_.change.own_begin;
    if (store_.clients[run.client].touched != store_.change.epoch) return true;
    for (const Touched& touched : store_.change.touched) {
        if (touched.client == run.client) return run.clock < touched.begin;
    }
    return true;
}

ROPEWALK_INLINE void Tidying::add_whole(std::uint32_t list) noexcept {
    const auto at = known_.lower_bound([list](std::uint32_t other) { return other < list; });
    if (at != known_.end_place() && known_.at(at) == list) return;
    // No memory: it stays untidy.
    if (known_.insert(at, list)) static_cast<void>(whole_.push_back(list));
}

ROPEWALK_INLINE bool Tidying::is_whole(std::uint32_t list) const noexcept {
    const auto at = known_.lower_bound([list](std::uint32_t other) { return other < list; });
    return at != known_.end_place() && known_.at(at) == list;
}

ROPEWALK_INLINE void Tidying::inserted(const Touched& by) noexcept {
    const ClientLog& log = store_.clients[by.client];
    const std::uint32_t* const end = log.list() + log.count;
    const std::uint32_t* const first = std::upper_bound(
        log.list(), end, by.begin,
        [this](std::uint32_t clock, auto run) { return clock < store_.runs[run].end_clock(); });
    for (const std::uint32_t* at = first; at != end; ++at) {
        const Run& run = store_.runs[*at];
        if (run.seq == kNone) continue;
        const std::uint32_t type = store_.sequences.seqs[run.seq].type;
        due_ = due_ || counts(type);
        if (run.kind == RunKind::format && !store_.content.deleted(run, 0)) {
            add_whole(store_.types.types[type].list);
        }
    }
}

// Clients in the order in which their first units came.
ROPEWALK_INLINE bool Tidying::look_at_inserted() noexcept {
    const Change& change = store_.change;
    const bool own = store_.own_next_clock() > change.own_begin;
    if (!own && change.touched.size() == 1) {
        inserted(change.touched[0]);
        return true;
    }
    Vec<Touched> all;
    if (!all.reserve(change.touched.size() + 1)) return false;
    for (const Touched& one : change.touched) {
        if (store_.clients[one.client].next_clock > one.begin) all.push_back_reserved(one);
    }
    if (own) all.push_back_reserved({store_.own, change.own_begin});
    const auto first_run = [this](const Touched& one) {
        return store_.clients[one.client].list()[0];
    };
    sort(all.begin(), all.end(),
         [&](const Touched& a, const Touched& b) { return first_run(a) < first_run(b); });
    for (const Touched& one : all) inserted(one);
    return true;
}

// Clients as Yjs meets them, their clocks ascending: the order in which it looks at what was
// deleted matters, because a mark among it ends the search for gaps.
ROPEWALK_INLINE bool Tidying::order_deletions() noexcept {
    const Vec<Deletion>& deletions = store_.change.deletions;
    if (deletions.empty()) return true;
    Vec<std::uint32_t> rank;  // by client number
    if (!rank.resize(store_.clients.size()) || !deleted_.reserve(deletions.size())) return false;
    const auto id_of = [this](std::uint32_t client) { return ClientId{store_.clients[client].id}; };
    bool memory = true;
    IdSet gone;
    for (const Deletion& deletion : deletions) {
        deleted_.push_back_reserved(deletion);
        if (store_.change.first_dead == kNone) continue;  // nobody will ask
        memory = memory && gone.insert(id_of(deletion.client), static_cast<Clock>(deletion.clock),
                                       deletion.length);
    }
    std::uint32_t met = 0;
    memory =
        memory && meet_deleted_clients(
                      store_, deletions,
                      [&](std::uint32_t client, std::uint32_t clock, std::uint32_t length) {
                          return gone.intersects(id_of(client), static_cast<Clock>(clock), length);
                      },
                      [&](std::uint32_t client) {
                          if (rank[client] == 0) rank[client] = ++met;
                          return true;
                      });
    sort(deleted_.begin(), deleted_.end(), [&](const Deletion& a, const Deletion& b) {
        return a.client != b.client ? rank[a.client] < rank[b.client] : a.clock < b.clock;
    });
    return memory;
}

// f(run, offset, end) for each stretch of a run that the change deleted.
template <class F>
void Tidying::for_each_deleted(F&& f) noexcept {
    for (const Deletion& deletion : deleted_) {
        const std::uint32_t end = deletion.clock + deletion.length;
        for (std::uint32_t clock = deletion.clock; clock < end;) {
            const RunPos unit = store_.resolve(deletion.client, clock);
            const Run& run = store_.runs[unit.run];
            const std::uint32_t stop = end < run.end_clock() ? end : run.end_clock();
            if (run.seq != kNone) f(unit.run, unit.offset, stop - run.clock);
            clock = stop;
        }
    }
}

ROPEWALK_INLINE void Tidying::plan() noexcept {
    if (!look_at_inserted() || !order_deletions()) return;
    if (!due_) {
        for_each_deleted([this](std::uint32_t run, std::uint32_t, std::uint32_t) {
            due_ = due_ || counts(store_.sequences.seqs[store_.runs[run].seq].type);
        });
    }
    if (!due_) return;
    for_each_deleted([this](std::uint32_t number, std::uint32_t offset, std::uint32_t end) {
        const Run& run = store_.runs[number];
        const TypeRecord& type = store_.types.types[store_.sequences.seqs[run.seq].type];
        if (type.dead || !store_.sequences.seqs[type.list].tidied || is_whole(type.list)) return;
        if (run.kind == RunKind::format) return add_whole(type.list);
        if (run.seq != type.list) return;
        while (offset < end) {
            // No memory: it stays untidy.
            static_cast<void>(store_.formats.untidy.push_back({run.seq, {number, offset}}));
            offset = store_.sequences.span(store_.sequences.find({number, offset})).end();
        }
    });
    for (const std::uint32_t list : whole_) {
        static_cast<void>(store_.formats.untidy.push_back({list, {}}));
    }
}

ROPEWALK_INLINE void Store::plan_tidying() noexcept {
    formats.untidy.clear();
    delete_all_dead();
    Tidying(*this).plan();
}

// -- doing --------------------------------------------------------------------------------------

// Those who were told of the remote change may have edited the document meanwhile.
ROPEWALK_INLINE void Store::tidy(const Vec<UntidyGap>& plan) noexcept {
    if (plan.empty() || !begin_change().ok()) return;
    disarm();
    std::uint32_t last_seq = kNone;
    std::uint32_t last_position = 0;
    for (const UntidyGap& gap : plan) {
        const bool first = !gap.deleted.exists();
        const std::uint32_t type = sequences.seqs[gap.seq].type;
        if (types.types[type].dead || (first && units(type) == 0)) continue;
        std::uint32_t position = 0;
        if (!first) {
            if (runs[gap.deleted.run].seq != gap.seq) continue;  // collected
            position = sequences.position_of(sequences.find(gap.deleted));
            if (gap.seq == last_seq && position == last_position) continue;
            last_seq = gap.seq;
            last_position = position;
        }
        RichEdit edit(*this, type);
        if (edit.start(position).ok()) edit.tidy(first);
    }
    static_cast<void>(end_change());
}

}  // namespace crdt::detail
