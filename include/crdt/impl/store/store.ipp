#pragma once

#include "../../store/store.hpp"

namespace crdt::detail {

// -- changes ------------------------------------------------------------------------------------

ROPEWALK_NEVER_INLINE ROPEWALK_INLINE void Store::open_change() noexcept {
    ++change.epoch;
    change.telling = sink.listening;
    change.recording = change.telling || keeping.any();
    change.incomplete = false;
    change.remote = false;
    change.deleted_any = false;
    change.own_was_remote = false;
    change.own_begin = own_next_clock();
    change.first_error = {};
    change.touched.clear();
    change.deletions.clear();
    open_typing(true);
    if (ROPEWALK_UNLIKELY(sink.listening) && sink.begin != nullptr) {
        sink.begin(sink.context, *this);
    }
}

ROPEWALK_NEVER_INLINE ROPEWALK_INLINE Status Store::close_change() noexcept {
    const bool kept = ROPEWALK_UNLIKELY(keeping.any());
    if (kept) {
        delete_all_dead();
        keeping.closing(*this);
    }
    if (ROPEWALK_UNLIKELY(change.remote && formats.tidying)) plan_tidying();
    if (change.first_dead != kNone) collect_dead_types();
    change.depth = 0;
    Status status = change.first_error;
    if (sink.listening || kept) close_keystrokes();
    if (change.telling) {
        const Status told = sink.finish(sink.context, *this);
        if (status.ok()) status = told;
    }
    renew_own();
    if (kept) keeping.closed(*this);
    if (ROPEWALK_UNLIKELY(!formats.untidy.empty())) {
        const Vec<UntidyGap> plan = std::move(formats.untidy);
        tidy(plan);
    }
    return status;
}

ROPEWALK_INLINE void Store::renew_own() noexcept {
    if (ROPEWALK_LIKELY(!change.own_was_remote) || sink.new_client_id == nullptr) return;
    // Somebody else writes under this id: what comes next gets another.
    own_id = sink.new_client_id();
    own = kNone;
    change.own_was_remote = false;
}

ROPEWALK_INLINE void Store::touch(std::uint32_t client) noexcept {
    ClientLog& log = clients[client];
    if (log.touched == change.epoch || client == own) return;
    log.touched = change.epoch;
    change.touched.push_back_reserved({client, log.next_clock});
}

ROPEWALK_NEVER_INLINE ROPEWALK_INLINE Status Store::unpack_source() noexcept {
    Bytes bytes;
    const bool decoded_already = source->unpack_blocks(decoded);
    if (!decoded_already) ROPEWALK_CHECK(source->unpack(bytes));
    const UpdateFormat format = source->unpack_format();
    std::unique_ptr<HistorySource> held = std::move(source);
    const bool listening = sink.listening;
    sink.listening = false;  // nothing changes for anybody
    ++change.depth;
    open_change();
    const Status status = decoded_already ? apply_decoded() : apply(bytes, format);
    change.own_was_remote = false;
    static_cast<void>(end_change());
    sink.listening = listening;
    if (!status.ok()) source = std::move(held);  // nothing was applied: it is asked again
    return status;
}

ROPEWALK_INLINE Status Store::ensure_own() noexcept {
    if (ROPEWALK_LIKELY(own != kNone)) return {};
    own = clients.number_of(own_id);
    if (own == kNone) return ErrorCode::out_of_memory;
    change.own_begin = clients[own].next_clock;
    return {};
}

// -- ids ----------------------------------------------------------------------------------------

ROPEWALK_INLINE RunPos Store::resolve(std::uint32_t client, std::uint32_t clock) const noexcept {
    const ClientLog& log = clients[client];
    const Run& newest = runs[log.newest()];
    if (newest.clock <= clock) return {log.newest(), clock - newest.clock};
    const std::uint32_t run = log.list()[search(log, clock)];
    return {run, clock - runs[run].clock};
}

ROPEWALK_INLINE RunPos Store::resolve_near(std::uint32_t client, std::uint32_t clock) noexcept {
    const ClientLog& log = clients[client];
    const std::uint32_t* list = log.list();
    const Run& newest = runs[log.newest()];
    if (newest.clock <= clock) return {log.newest(), clock - newest.clock};
    const auto starts = [&](std::uint32_t at) { return runs[list[at]].clock; };
    std::uint32_t at = found_at_;
    if (at + 1 >= log.count) {
        at = search(log, clock);
    } else if (clock < starts(at)) {
        at = at > 0 && clock >= starts(at - 1) ? at - 1 : search(log, clock);
    } else if (clock >= starts(at + 1)) {
        // There is one behind it, or the newest would have been it.
        at = clock < starts(at + 2) ? at + 1 : search(log, clock);
    }
    found_at_ = at;
    return {list[at], clock - starts(at)};
}

// Index in the log's list of the run that holds `clock`. requires: it is not the newest
//
// Each look at a run is a miss in the cache where runs are many. They are much alike then, so that
// the place follows from the clock; every other step halves what is left, in case they are not.
ROPEWALK_INLINE std::uint32_t Store::search(const ClientLog& log,
                                            std::uint32_t clock) const noexcept {
    const std::uint32_t* list = log.list();
    std::uint32_t low = 0;
    std::uint32_t high = log.count - 1;
    std::uint32_t from = 0;  // clocks at which both begin: from <= clock < to
    std::uint32_t to = runs[list[high]].clock;
    for (bool guess = true; high - low > 1; guess = !guess) {
        std::uint32_t middle = low + (high - low) / 2;
        if (guess) {
            const std::uint64_t share = std::uint64_t{clock - from} * (high - low) / (to - from);
            middle = std::max(low + static_cast<std::uint32_t>(share), low + 1);
        }
        const std::uint32_t begin = runs[list[middle]].clock;
        (begin <= clock ? low : high) = middle;
        (begin <= clock ? from : to) = begin;
    }
    return low;
}

ROPEWALK_INLINE std::uint32_t Store::root(std::string_view name) noexcept {
    const std::uint32_t known = types.find_root(name);
    if (known != kNone) return known;
    const std::uint32_t number = types.names.intern(name);
    if (number == kNone || !types.reserve(1, 0)) return kNone;
    return types.add_root(number);
}

ROPEWALK_INLINE RunPos Store::value_of(std::uint32_t key_seq) noexcept {
    const std::uint32_t node = sequences.seqs[key_seq].last;
    if (node == kNone) return {};
    const Leaf& leaf = sequences.nodes.leaf(node);
    const RunPos last = leaf.spans[leaf.count - 1].last();
    return content.deleted(runs[last.run], last.offset) ? RunPos{} : last;
}

// -- deleting -------------------------------------------------------------------------------------

ROPEWALK_INLINE void Store::break_pair(RunPos unit) noexcept {
    const Run& run = runs[unit.run];
    if (ROPEWALK_LIKELY(run.kind != RunKind::utf16)) return;
    if (unit.offset == 0 || unit.offset >= run.length) return;
    char16_t* units = content.utf16(run, unit.offset);
    if (!is_high_surrogate(units[-1]) || !is_low_surrogate(units[0])) return;
    const Place place = sequences.find(unit);
    const Span& span = sequences.span(place);
    const bool whole = !span.hidden() && place.offset > 0;  // both halves count, as a pair
    const Measure before = content.measure(run, unit.offset - 1, 2);
    units[-1] = units[0] = u'\ufffd';
    if (whole)
        sequences.remeasured(run.seq, place.leaf, before, content.measure(run, unit.offset - 1, 2));
}

ROPEWALK_INLINE void Store::break_pair_text(const Run& run, std::uint32_t offset) noexcept {
    if (run.kind != RunKind::utf16 || offset == 0 || offset >= run.length) return;
    char16_t* units = content.utf16(run, offset);
    if (is_high_surrogate(units[-1]) && is_low_surrogate(units[0])) {
        units[-1] = units[0] = u'\ufffd';
    }
}

ROPEWALK_INLINE void Store::delete_units(std::uint32_t number,
                                         std::uint32_t offset,
                                         std::uint32_t count) noexcept {
    Run& run = runs[number];
    if (run.kind <= RunKind::deleted) return;
    const std::uint32_t end = offset + count;
    while (offset < end) {
        const auto [stretch, dead] = content.stretch(run, offset, end - offset);
        if (dead) {
            offset += stretch;
            continue;
        }
        const std::uint32_t stop = offset + stretch;
        // Only an edge between what is deleted and what is not cuts a character.
        if (offset > 0 && !content.deleted(run, offset - 1)) break_pair({number, offset});
        if (stop < run.length && !content.deleted(run, stop)) break_pair({number, stop});
        content.set_deleted(run, offset, stretch);
        change.deleted(run.client, run.clock + offset, stretch);
        if (run.kind == RunKind::type) kill_type(run.data);
        if (run.kind == RunKind::format) formats.removed(*this, number);
        while (offset < stop) {
            const Place place = sequences.find({number, offset});
            const Span& span = sequences.span(place);
            std::uint32_t here = span.length() - place.offset;
            if (here > stop - offset) here = stop - offset;
            if (!span.hidden()) {
                sequences.hide(run.seq, place, here, content.measure(run, offset, here));
            }
            offset += here;
        }
    }
}

ROPEWALK_INLINE void Store::kill_type(std::uint32_t type) noexcept {
    TypeRecord& record = types.types[type];
    if (record.dead) return;
    record.dead = true;
    ++types.deaths;
    if (sequences.seqs[record.list].formats) formats.drop(record.list);
    record.next_dead = kNone;
    if (change.first_dead == kNone) {
        change.first_dead = type;
    } else {
        types.types[change.last_dead].next_dead = type;
    }
    change.last_dead = type;
    if (change.next_dead == kNone) change.next_dead = type;
}

// Deletes what deleted types hold, and what the types in those hold: the chain is the work list.
ROPEWALK_INLINE void Store::delete_all_dead() noexcept {
    for (std::uint32_t type = change.next_dead; type != kNone; type = types.types[type].next_dead) {
        std::uint32_t seq = types.types[type].list;
        std::uint32_t next = types.types[type].first_key;
        for (; seq != kNone;
             seq = next, next = seq == kNone ? kNone : sequences.seqs[seq].next_key) {
            Place place = sequences.begin(seq);
            while (place.leaf != kNone) {
                if (place.index >= sequences.nodes.leaf(place.leaf).count) {
                    place = {sequences.nodes.leaf(place.leaf).next, 0, 0};
                    continue;
                }
                const Span span = sequences.span(place);
                Run& run = runs[span.run];
                for (std::uint32_t at = span.offset; at < span.end();) {
                    const auto [same, dead] = content.stretch(run, at, span.end() - at);
                    if (!dead) {
                        content.set_deleted(run, at, same);
                        change.deleted(run.client, run.clock + at, same);
                        if (run.kind == RunKind::type) kill_type(run.data);
                    }
                    at += same;
                }
                place = span.hidden()
                            ? Place{place.leaf, place.index + 1, 0}
                            : sequences.hide(seq, place, span.length(),
                                             content.measure(run, span.offset, span.length()));
            }
        }
    }
    change.next_dead = kNone;
}

// A type goes with the one around it, also if it was kept when it was deleted.
ROPEWALK_INLINE void Store::orphan_type(std::uint32_t type) noexcept {
    TypeRecord& record = types.types[type];
    record.orphaned = true;
    if (!record.passed) return;  // it is in the chain
    record.passed = false;
    record.next_dead = kNone;
    types.types[change.last_dead].next_dead = type;
    change.last_dead = type;
}

ROPEWALK_INLINE void Store::collect_dead_types() noexcept {
    delete_all_dead();
    for (std::uint32_t type = change.first_dead; type != kNone && collect;
         type = types.types[type].next_dead) {
        TypeRecord& record = types.types[type];
        if (keeping.any() && !record.orphaned && keeping.keeps_type(*this, type)) {
            record.passed = true;
            continue;
        }
        record.collected = true;
        std::uint32_t next = record.first_key;
        for (std::uint32_t seq = record.list; seq != kNone;
             seq = next, next = seq == kNone ? kNone : sequences.seqs[seq].next_key) {
            for (std::uint32_t node = sequences.seqs[seq].first; node != kNone;
                 node = sequences.nodes.leaf(node).next) {
                const Leaf& leaf = sequences.nodes.leaf(node);
                for (std::uint32_t i = 0; i < leaf.count; ++i) {
                    Run& run = runs[leaf.spans[i].run];
                    if (run.kind == RunKind::type) orphan_type(run.data);
                    run.kind = RunKind::gc;
                    run.seq = kNone;
                }
            }
            sequences.clear(seq);
        }
    }
    change.first_dead = change.last_dead = kNone;
}

// -- positions ------------------------------------------------------------------------------------

ROPEWALK_INLINE Result<std::uint32_t> Store::to_units(std::uint32_t type,
                                                      std::uint32_t value,
                                                      bool utf8) noexcept {
    settle();
    bool inside = false;
    const std::uint32_t seq = types.types[type].list;
    const std::uint32_t units = sequences.units_at(seq, value, utf8, inside);
    if (inside) return Error{ErrorCode::inside_character, value};
    if (units == kNone) return Error{ErrorCode::index_out_of_range, value};
    return units;
}

}  // namespace crdt::detail
