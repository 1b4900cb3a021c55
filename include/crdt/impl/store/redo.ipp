#pragma once

#include <algorithm>

#include "../../store/deletion_order.hpp"
#include "../../store/redo.hpp"

namespace crdt::detail {

ROPEWALK_INLINE bool UndoStep::meet(Vec<ClientId>& clients, ClientId client) noexcept {
    // Few clients, mostly one.
    if (std::find(clients.begin(), clients.end(), client) != clients.end()) return true;
    return clients.push_back(client);
}

ROPEWALK_INLINE bool UndoStep::join(const UndoStep& later) noexcept {
    for (const ClientId client : later.inserters) {
        if (!meet(inserters, client)) return false;
    }
    for (const ClientId client : later.deleted) {
        if (!meet(deleted, client)) return false;
    }
    return insertions.unite(later.insertions) && deletions.unite(later.deletions);
}

ROPEWALK_INLINE bool UndoScope::add(std::uint32_t type) noexcept {
    if (std::find(types_.begin(), types_.end(), type) != types_.end()) return true;
    return types_.push_back(type);
}

ROPEWALK_INLINE bool UndoScope::contains(const Store& store, std::uint32_t type) const noexcept {
    if (all_) return true;
    for (;;) {
        if (std::find(types_.begin(), types_.end(), type) != types_.end()) return true;
        const std::uint32_t holder = store.types.types[type].run;
        if (holder == kNone || store.runs[holder].seq == kNone) return false;
        type = store.sequences.seqs[store.runs[holder].seq].type;
    }
}

template <class F>
bool for_each_part(const Store& store, ClientId client, Clock start, std::uint32_t length, F&& f) {
    if constexpr (kCallInstead<F>) {
        return for_each_part(store, client, start, length, Call<bool(RunPart)>(f));
    }
    const std::uint32_t number = store.clients.find(client);
    if (number == kNone) return true;
    const ClientLog& log = store.clients[number];
    std::uint32_t clock = raw(start);
    const std::uint32_t end = std::min(clock + length, log.next_clock);
    if (clock >= end) return true;
    RunPos at = store.resolve(number, clock);
    const std::uint32_t* next = nullptr;
    for (;;) {
        const std::uint32_t count = std::min(store.runs[at.run].length - at.offset, end - clock);
        if (!f(RunPart{at.run, at.offset, count})) return false;
        clock += count;
        if (clock == end) return true;
        if (next == nullptr) {
            next = std::lower_bound(log.list(), log.list() + log.count, clock,
                                    [&](std::uint32_t run, std::uint32_t value) {
                                        return store.runs[run].clock < value;
                                    });
        }
        at = {*next++, 0};
    }
}

ROPEWALK_INLINE bool UndoStep::meet_deleted(Store& store, const Vec<Deletion>& ranges) noexcept {
    const auto id_of = [&store](std::uint32_t client) {
        return static_cast<ClientId>(store.clients[client].id);
    };
    return meet_deleted_clients(
        store, ranges,
        [&](std::uint32_t client, std::uint32_t clock, std::uint32_t length) {
            return deletions.intersects(id_of(client), static_cast<Clock>(clock), length);
        },
        [&](std::uint32_t client) { return meet(deleted, id_of(client)); });
}

// -- what goes ------------------------------------------------------------------------------------

// What of a stretch lives, or lives on in copies.
ROPEWALK_INLINE Status Redo::add_living(RunPart part) noexcept {
    while (part.count > 0) {
        RunPos unit{part.run, part.offset};
        std::uint32_t count = part.count;
        for (;;) {
            const RunPos copy = redone_.stretch(unit, count);
            if (!copy.exists()) break;
            unit = copy;
        }
        part.offset += count;
        part.count -= count;
        const Run& run = store_.runs[unit.run];
        if (run.kind <= RunKind::deleted || !scope_.contains(store_, type_of(unit.run))) continue;
        while (count > 0) {
            const std::uint32_t same = store_.content.same_state(run, unit.offset, count);
            if (!dead(unit) && !doomed_.push_back({unit.run, unit.offset, same})) {
                return ErrorCode::out_of_memory;
            }
            unit.offset += same;
            count -= same;
        }
    }
    return {};
}

ROPEWALK_INLINE Status Redo::find_insertions() noexcept {
    Status status;
    for (const ClientId client : step_.inserters) {
        step_.insertions.for_each_of(client, [&](Clock start, std::uint32_t length) {
            for_each_part(store_, client, start, length, [&](RunPart part) {
                if (status.ok()) status = add_living(part);
                return status.ok();
            });
        });
    }
    return status;
}

// -- what comes back ------------------------------------------------------------------------------

// Puts into `piece_` what Yjs has as one item from this clock on, at most up to `end`: the unit of
// undoing, and of the right origins of copies. Returns where it ends.
ROPEWALK_INLINE std::uint32_t Redo::next_piece(std::uint32_t client,
                                               std::uint32_t clock,
                                               std::uint32_t end) noexcept {
    piece_.clear();
    RunPos unit = store_.resolve(client, clock);
    for (;;) {
        const Run& run = store_.runs[unit.run];
        std::uint32_t count = std::min(run.length - unit.offset, end - clock);
        if (run.kind <= RunKind::deleted) return clock + count;
        const bool has_copy = redone_.stretch(unit, count).exists();
        Place place = store_.sequences.find(unit);
        std::uint32_t here = 0;
        for (;;) {
            here += store_.sequences.span(place).length() - place.offset;
            if (here >= count) break;
            // The rest of the run may stand elsewhere.
            const Place next = store_.sequences.next(place);
            if (next.leaf == kNone ||
                store_.sequences.span(next).first() != RunPos{unit.run, unit.offset + here}) {
                break;
            }
            place = next;
        }
        count = std::min(count, here);
        if (!piece_.push_back({unit.run, unit.offset, count})) return clock;
        clock += count;
        const bool joins = run.is_text() || run.has_cells();
        if (!joins || has_copy || clock >= end || unit.offset + count < run.length) return clock;
        const RunPos next = store_.resolve(client, clock);
        const Run& other = store_.runs[next.run];
        std::uint32_t one = 1;
        if (other.origin != RunPos{unit.run, run.length - 1} || other.right != run.right ||
            other.is_text() != run.is_text() || (!run.is_text() && other.kind != run.kind) ||
            redone_.stretch(next, one).exists() || behind({unit.run, run.length - 1}) != next) {
            return clock;
        }
        unit = next;
    }
}

ROPEWALK_INLINE Status Redo::redo_deletions(bool& changed) noexcept {
    for (const ClientId client : step_.deleted) {
        const std::uint32_t number = store_.clients.find(client);
        if (number == kNone) continue;
        Status status;
        step_.deletions.for_each_of(client, [&](Clock start, std::uint32_t length) {
            std::uint32_t clock = raw(start);
            const std::uint32_t end = std::min(clock + length, store_.clients[number].next_clock);
            while (status.ok() && clock < end) {
                // Items end where insertions do: those do not come back.
                bool inserted = false;
                const std::uint32_t same = step_.insertions.same_from(
                    client, static_cast<Clock>(clock), end - clock, inserted);
                if (inserted) {
                    clock += same;
                    continue;
                }
                const std::uint32_t next = next_piece(number, clock, clock + same);
                if (next == clock) status = ErrorCode::out_of_memory;
                clock = next;
                if (piece_.empty() || !status.ok()) continue;
                bool redone = false;
                if (wanted({piece_[0].run, piece_[0].offset})) status = redo_piece(redone);
                changed = changed || redone;
            }
        });
        ROPEWALK_CHECK(status);
    }
    return {};
}

// Brings back what is in `piece_`. `redone`: it is there.
ROPEWALK_INLINE Status Redo::redo_piece(bool& redone) noexcept {
    const RunPos first{piece_[0].run, piece_[0].offset};
    redone = redone_.copy_of(first).exists();
    if (redone) return {};
    std::uint32_t target = kNone;
    std::swap(piece_, waiting_);
    ROPEWALK_CHECK(bring_back_type(type_of(first.run), target));
    std::swap(piece_, waiting_);
    if (target == kNone) return {};
    ROPEWALK_CHECK(bring_back(target));
    redone = redone_.copy_of(first).exists();
    return {};
}

// Where what a type held goes: the type itself, or its latest copy, made now if it is to come back
// with the rest; kNone if there is none. From the outermost type inwards, as deep as they nest.
ROPEWALK_INLINE Status Redo::bring_back_type(std::uint32_t type, std::uint32_t& target) noexcept {
    chain_.clear();
    for (std::uint32_t inner = type;;) {
        const std::uint32_t holder = store_.types.types[inner].run;
        if (holder == kNone || !dead({holder, 0}) || redone_.copy_of({holder, 0}).exists()) break;
        if (store_.runs[holder].kind == RunKind::gc || !wanted({holder, 0})) return {};
        if (!chain_.push_back(inner)) return ErrorCode::out_of_memory;
        inner = type_of(holder);
    }
    const auto latest = [this](std::uint32_t old) {
        const std::uint32_t holder = store_.types.types[old].run;
        if (holder == kNone || !dead({holder, 0})) return old;
        const RunPos copy = redone_.follow({holder, 0});
        const Run& run = store_.runs[copy.run];
        if (copy.run == holder || run.kind != RunKind::type ||
            store_.types.types[run.data].collected) {
            return kNone;
        }
        return run.data;
    };
    while (!chain_.empty()) {
        const std::uint32_t holder = store_.types.types[chain_.back()].run;
        chain_.pop_back();
        const std::uint32_t outer = latest(type_of(holder));
        if (outer == kNone) return {};
        piece_.clear();
        if (!piece_.push_back({holder, 0, 1})) return ErrorCode::out_of_memory;
        ROPEWALK_CHECK(bring_back(outer));
        if (!redone_.copy_of({holder, 0}).exists()) return {};
    }
    target = latest(type);
    return {};
}

// Copies `piece_` into a type, unless it would hide somebody's later value.
ROPEWALK_INLINE Status Redo::bring_back(std::uint32_t target) noexcept {
    const std::uint32_t seq = store_.runs[piece_[0].run].seq;
    ROPEWALK_CHECK(reserve_copy());
    Gap gap;
    if (store_.sequences.seqs[seq].key != kNone) {
        if (!gap_in_key(target, gap)) return {};
    } else if (store_.types.types[target].list == seq) {
        gap_in_list(gap);
        store_.types.types[target].recopied = true;
    } else {
        gap_in_copy(target, gap);
    }
    ROPEWALK_CHECK(note_copy(store_.runs.size()));
    write_copy(gap, target);
    return {};
}

ROPEWALK_INLINE Status Redo::reserve_copy() noexcept {
    ROPEWALK_CHECK(store_.ensure_own());
    ClientLog& log = store_.clients[store_.own];
    std::size_t units = 0;
    for (const RunPart& part : piece_) units += part.count;
    if (units > kMaxClock - log.next_clock) {
        return Error{ErrorCode::limit_exceeded, log.next_clock};
    }
    const Run& run = store_.runs[piece_[0].run];
    const std::size_t text = run.is_text() ? units * 2 + 1 : 0;
    const std::size_t cells = run.has_cells() ? units : 0;
    // A copy may split a span, delete the value before it, and go itself if its type is deleted.
    constexpr std::uint32_t kChanges = 8;
    if (!store_.runs.reserve_more(1) || !log.reserve_more(1) ||
        !store_.content.reserve_text(log, text) || !store_.content.cells.reserve_more(cells) ||
        !store_.types.reserve(1, 1) || !store_.sequences.nodes.reserve(1, 0, 0) ||
        !store_.sequences.reserve_changes(kChanges)) {
        return ErrorCode::out_of_memory;
    }
    // A type that came back, and those around it, are not collected.
    const std::size_t types = store_.types.types.size() + std::size_t{1};
    if (run.kind == RunKind::type && keeper_.types.size() < types && !keeper_.types.resize(types)) {
        return ErrorCode::out_of_memory;
    }
    return {};
}

// From now on whoever looks for the units of `piece_` is led to the run `copy`, which is made next.
ROPEWALK_INLINE Status Redo::note_copy(std::uint32_t copy) noexcept {
    std::uint32_t offset = 0;
    for (std::size_t i = 0; i < piece_.size(); ++i) {
        const RunPart& part = piece_[i];
        if (!redone_.add({part.run, part.offset, part.count, {copy, offset}})) {
            while (i-- > 0) redone_.remove({piece_[i].run, piece_[i].offset, 0, {}});
            return ErrorCode::out_of_memory;
        }
        offset += part.count;
    }
    return {};
}

// -- the whole ------------------------------------------------------------------------------------

template <class MayDelete>
Status Redo::run(MayDelete&& may_delete, bool& changed) noexcept {
    store_.disarm();
    ROPEWALK_CHECK(find_insertions());
    ROPEWALK_CHECK(redo_deletions(changed));
    // Backwards: what is in a type goes before it.
    for (std::size_t i = doomed_.size(); i-- > 0;) {
        const RunPart& part = doomed_[i];
        if (!may_delete(part)) continue;
        if (!store_.sequences.reserve_changes(2)) return ErrorCode::out_of_memory;
        store_.delete_units(part.run, part.offset, part.count);
        changed = true;
    }
    if (store_.change.next_dead != kNone) store_.delete_all_dead();
    return {};
}

}  // namespace crdt::detail
