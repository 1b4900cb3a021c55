#pragma once

#include <algorithm>
#include <new>

#include "../../base/sort.hpp"
#include "../../base/utf.hpp"
#include "../../doc/told_change.hpp"

namespace crdt::detail {

// -- taking --------------------------------------------------------------------------------------

ROPEWALK_INLINE void ToldChange::take_touched() noexcept {
    for (const Touched& touched : store.change.touched) {
        const InsertedClocks clocks{touched.client, touched.begin,
                                    store.clients[touched.client].next_clock};
        if (clocks.end > clocks.begin && !inserted.push_back(clocks)) failed = true;
    }
    sort(inserted.begin(), inserted.end(),
         [](const InsertedClocks& a, const InsertedClocks& b) { return a.client < b.client; });
}

ROPEWALK_INLINE void ToldChange::drop(EventRecord& event) noexcept {
    if (event.found == nullptr) return;
    event.found->~EventDetail();
    release(event.found);
    event.found = nullptr;
}

ROPEWALK_INLINE void ToldChange::clear_found() noexcept {
    drop(single);
    single = {kNone, 0};
    for (EventRecord& event : events) drop(event);
    events.clear();
    deep.clear();
    inserted.clear();
    deletions.clear();
    units_.clear();
    pieces_.clear();
    deleted_any = failed = listed_ = frozen_ = false;
    // A large update need not be remembered by every later keystroke.
    constexpr std::size_t kKeep = 1024;
    if (inserted.capacity() > kKeep) inserted.reset();
    if (deletions.capacity() > kKeep) deletions.reset();
    if (units_.capacity() > kKeep) units_.reset();
    if (pieces_.capacity() > kKeep) pieces_.reset();
}

// -- what was changed ----------------------------------------------------------------------------

// The clock from which on units of a client are of this change.
ROPEWALK_INLINE std::uint32_t ToldChange::first_new(std::uint32_t client) const noexcept {
    const InsertedClocks* at = std::lower_bound(
        inserted.begin(), inserted.end(), client,
        [](const InsertedClocks& clocks, std::uint32_t number) { return clocks.client < number; });
    return at != inserted.end() && at->client == client ? at->begin : kNone;
}

// requires: listed, which sorts the deletions
ROPEWALK_INLINE bool ToldChange::is_deleted(std::uint32_t client,
                                            std::uint32_t clock) const noexcept {
    const Deletion* behind = std::upper_bound(
        deletions.begin(), deletions.end(), clock,
        [client](std::uint32_t at, const Deletion& range) {
            return range.client != client ? client < range.client : at < range.clock;
        });
    if (behind == deletions.begin()) return false;
    const Deletion& range = behind[-1];
    return range.client == client && clock - range.clock < range.length;
}

ROPEWALK_INLINE bool ToldChange::is_new(std::uint32_t type) const noexcept {
    const std::uint32_t holder = store.types.types[type].run;
    if (holder == kNone) return false;
    const Run& run = store.runs[holder];
    return run.clock >= first_new(run.client);
}

ROPEWALK_INLINE std::uint32_t ToldChange::parent_of(std::uint32_t type) const noexcept {
    const std::uint32_t holder = store.types.types[type].run;
    if (holder == kNone) return kNone;
    const std::uint32_t seq = store.runs[holder].seq;
    return seq == kNone ? kNone : store.sequences.seqs[seq].type;
}

ROPEWALK_INLINE Result<IdSet> ToldChange::inserted_ids() const noexcept {
    if (failed) return ErrorCode::out_of_memory;
    IdSet set;
    for (const InsertedClocks& clocks : inserted) {
        const ClientId client{store.clients[clocks.client].id};
        if (!set.insert(client, Clock{clocks.begin}, clocks.end - clocks.begin)) {
            return ErrorCode::out_of_memory;
        }
    }
    return set;
}

ROPEWALK_INLINE Result<IdSet> ToldChange::deleted_ids() const noexcept {
    if (failed) return ErrorCode::out_of_memory;
    IdSet set;
    for (const Deletion& range : deletions) {
        const ClientId client{store.clients[range.client].id};
        if (!set.insert(client, Clock{range.clock}, range.length)) {
            return ErrorCode::out_of_memory;
        }
    }
    return set;
}

template <class F>
void ToldChange::for_each_stretch(F&& f) noexcept {
    if constexpr (kCallInstead<F>) {
        for_each_stretch(Call<bool(std::uint32_t, std::uint32_t, std::uint32_t, bool)>(f));
        return;
    }
    const auto walk = [&](std::uint32_t client, std::uint32_t begin, std::uint32_t end,
                          bool are_inserted) {
        RunPos at = store.resolve(client, begin);
        const std::uint32_t* next = nullptr;
        while (begin < end) {
            const Run& run = store.runs[at.run];
            std::uint32_t count = run.length - at.offset;
            if (count > end - begin) count = end - begin;
            if (!f(at.run, at.offset, count, are_inserted)) return false;
            begin += count;
            if (begin == end) break;
            const ClientLog& log = store.clients[client];
            if (next == nullptr) {
                next = std::lower_bound(log.list(), log.list() + log.count, begin,
                                        [this](std::uint32_t number, std::uint32_t clock) {
                                            return store.runs[number].clock < clock;
                                        });
            }
            at = {*next++, 0};
        }
        return true;
    };
    store.settle();
    for (const InsertedClocks& clocks : inserted) {
        if (!walk(clocks.client, clocks.begin, clocks.end, true)) return;
    }
    for (const Deletion& range : deletions) {
        if (!walk(range.client, range.clock, range.clock + range.length, false)) return;
    }
}

template <class F>
void ToldChange::for_each_type(F&& f) noexcept {
    const std::uint32_t only = only_type();
    if (ROPEWALK_LIKELY(only != kNone)) {
        f(only);
        return;
    }
    std::uint32_t last = kNone;
    for_each_stretch([&](std::uint32_t number, std::uint32_t, std::uint32_t, bool) {
        const std::uint32_t seq = store.runs[number].seq;
        if (seq == kNone || store.sequences.seqs[seq].type == last) return true;
        last = store.sequences.seqs[seq].type;
        return f(last);
    });
}

// Everything that was changed, by type and sequence.
ROPEWALK_INLINE bool ToldChange::list_units() noexcept {
    if (listed_) return true;
    if (frozen_) return false;
    bool memory = true;
    units_.clear();
    for_each_stretch(
        [&](std::uint32_t number, std::uint32_t offset, std::uint32_t count, bool are_inserted) {
            const Run& run = store.runs[number];
            if (run.seq == kNone) return true;
            if (!are_inserted) {
                // What was inserted and deleted again stands among the insertions.
                const std::uint32_t fresh = first_new(run.client);
                if (run.clock + offset >= fresh) return true;
                if (run.clock + offset + count > fresh) count = fresh - run.clock - offset;
            }
            memory = units_.push_back(
                {store.sequences.seqs[run.seq].type, run.seq, number, offset, count, are_inserted});
            return memory;
        });
    if (!memory) return false;
    sort(units_.begin(), units_.end(), [](const ChangedUnits& a, const ChangedUnits& b) {
        if (a.type != b.type) return a.type < b.type;
        if (a.seq != b.seq) return a.seq < b.seq;
        return a.run != b.run ? a.run < b.run : a.offset < b.offset;
    });
    sort(deletions.begin(), deletions.end(), [](const Deletion& a, const Deletion& b) {
        return a.client != b.client ? a.client < b.client : a.clock < b.clock;
    });
    listed_ = true;
    return true;
}

// The first stretch of that type. requires: listed
ROPEWALK_INLINE const ChangedUnits* ToldChange::units_of(std::uint32_t type) const noexcept {
    return std::lower_bound(
        units_.begin(), units_.end(), type,
        [](const ChangedUnits& units, std::uint32_t number) { return units.type < number; });
}

ROPEWALK_INLINE bool ToldChange::changed_within(std::uint32_t type) noexcept {
    if (!list_units()) return true;  // perhaps
    for (const ChangedUnits* at = units_.begin(); at != units_.end(); ++at) {
        if (at != units_.begin() && at[-1].type == at->type) continue;
        if (is_new(at->type)) continue;
        for (std::uint32_t t = at->type; t != kNone; t = parent_of(t)) {
            if (t == type) return true;
        }
    }
    return false;
}

// -- looking -------------------------------------------------------------------------------------

ROPEWALK_INLINE EventDetail* ToldChange::look_at(EventRecord& event) const noexcept {
    if (event.found != nullptr) return event.found;
    void* block = failed || frozen_ ? nullptr : allocate(sizeof(EventDetail));
    if (block == nullptr) {
        event.failed = true;
        return nullptr;
    }
    return event.found = ::new (block) EventDetail();
}

ROPEWALK_INLINE EventDetail* ToldChange::delta_of(EventRecord& event) noexcept {
    EventDetail* found = look_at(event);
    if (found == nullptr || found->has_delta) return found;
    found->has_delta = true;
    if (find_delta(event.type, *found)) return found;
    event.failed = true;
    found->delta.clear();
    return found;
}

ROPEWALK_INLINE EventDetail* ToldChange::keys_of(EventRecord& event) noexcept {
    EventDetail* found = look_at(event);
    if (found == nullptr || found->has_keys) return found;
    found->has_keys = true;
    if (find_keys(event.type, *found)) return found;
    event.failed = true;
    found->keys.clear();
    return found;
}

ROPEWALK_INLINE EventDetail* ToldChange::path_of(EventRecord& event) noexcept {
    EventDetail* found = look_at(event);
    if (found == nullptr || found->has_path) return found;
    found->has_path = true;
    if (find_path(event.type, *found)) return found;
    event.failed = true;
    found->path.clear();
    return found;
}

ROPEWALK_INLINE void ToldChange::freeze() noexcept {
    if (frozen_) return;
    const auto find_all = [this](EventRecord& event) {
        static_cast<void>(delta_of(event));
        static_cast<void>(keys_of(event));
        static_cast<void>(path_of(event));
    };
    static_cast<void>(list_units());
    if (events.empty()) {
        if (single.type != kNone) find_all(single);
    } else {
        for (EventRecord& event : events) find_all(event);
    }
    frozen_ = true;
}

// -- deltas --------------------------------------------------------------------------------------

// The spans of a stretch: a run may lie in many places.
ROPEWALK_INLINE bool ToldChange::add_pieces(const ChangedUnits& units) noexcept {
    const Run& run = store.runs[units.run];
    if (run.kind == RunKind::format) {
        if (units.inserted && store.content.deleted(run, 0)) return true;
        const Place place = store.sequences.find({units.run, 0});
        return pieces_.push_back(
            {store.sequences.position_of(place), place, {units.run, 0, 1}, units.inserted});
    }
    if (!run.countable()) return true;
    const std::uint32_t end = units.offset + units.count;
    for (std::uint32_t at = units.offset; at < end;) {
        const Place place = store.sequences.find({units.run, at});
        const Span& span = store.sequences.span(place);
        const std::uint32_t stop = span.end() < end ? span.end() : end;
        if (span.hidden() != units.inserted) {
            const std::uint32_t position = store.sequences.position_of(place);
            if (!pieces_.push_back({position, place, {units.run, at, stop - at}, units.inserted})) {
                return false;
            }
        }
        at = stop;
    }
    return true;
}

// What of a list is to be told, in document order.
ROPEWALK_INLINE bool ToldChange::find_pieces(std::uint32_t type) noexcept {
    pieces_.clear();
    if (!list_units()) return false;
    const std::uint32_t list = store.types.types[type].list;
    for (const ChangedUnits* at = units_of(type); at != units_.end() && at->type == type; ++at) {
        if (at->seq == list && !add_pieces(*at)) return false;
    }
    if (pieces_.size() < 2) return true;
    sort(pieces_.begin(), pieces_.end(), [this](const Piece& a, const Piece& b) {
        if (a.position != b.position) return a.position < b.position;
        return store.sequences.precedes(a.place, b.place);
    });
    return true;
}

ROPEWALK_INLINE bool ToldChange::append_text(const InsertedUnits& units,
                                             Bytes& out) const noexcept {
    const Run& run = store.runs[units.run];
    if (run.kind == RunKind::ascii) {
        return out.append(ByteView{store.content.ascii(run, units.offset), units.count});
    }
    Vec<std::uint8_t>& bytes = out.storage();
    if (!bytes.reserve_more(std::size_t{units.count} * 3)) return false;
    const std::uint8_t* end = utf16_to_utf8(store.content.utf16(run, units.offset), units.count,
                                            bytes.data() + bytes.size());
    bytes.set_size(static_cast<std::size_t>(end - bytes.data()));
    return true;
}

ROPEWALK_INLINE bool ToldChange::add_insert(const InsertedUnits& units,
                                            bool text,
                                            EventDetail& detail) noexcept {
    const bool is_text = text && store.runs[units.run].is_text();
    const std::size_t size = detail.text.size();
    if (is_text && !append_text(units, detail.text)) return false;
    if (!detail.stretches.push_back(units)) return false;
    const auto first = static_cast<std::uint32_t>(detail.stretches.size() - 1);
    const std::size_t added = detail.text.size() - size;
    if (!detail.delta.empty()) {
        // Text joins text; the elements of a list join, and what is in a text but not of it never.
        DeltaRecord& last = detail.delta.back();
        if (last.kind == DeltaKind::insert && last.text == is_text && (is_text || !text)) {
            last.length += units.count;
            last.count += 1;
            last.text_size += added;
            return true;
        }
    }
    return detail.delta.push_back({DeltaKind::insert, is_text, units.count, first, 1, size, added});
}

ROPEWALK_INLINE bool ToldChange::find_delta(std::uint32_t type, EventDetail& detail) noexcept {
    if (!find_pieces(type)) return false;
    const TypeKind kind = store.types.types[type].kind;
    const bool text = kind == TypeKind::text || kind == TypeKind::xml_text;
    if (text && store.sequences.seqs[store.types.types[type].list].formats) {
        return find_formatted_delta(type, detail);
    }
    std::uint32_t told = 0;  // visible units that the delta has come to
    for (const Piece& piece : pieces_) {
        if (piece.position > told) {
            if (!detail.delta.push_back(
                    {DeltaKind::retain, false, piece.position - told, 0, 0, 0, 0})) {
                return false;
            }
            told = piece.position;
        }
        if (piece.inserted) {
            told += piece.units.count;
            if (!add_insert(piece.units, text, detail)) return false;
        } else {
            const auto first = static_cast<std::uint32_t>(detail.stretches.size());
            if (!detail.stretches.push_back(piece.units)) return false;
            if (!detail.delta.empty() && detail.delta.back().kind == DeltaKind::erase) {
                detail.delta.back().length += piece.units.count;
                detail.delta.back().count += 1;
            } else if (!detail.delta.push_back(
                           {DeltaKind::erase, false, piece.units.count, first, 1, 0, 0})) {
                return false;
            }
        }
    }
    return true;
}

// -- keys ----------------------------------------------------------------------------------------

// Of a key the last item shows. What showed before the change is the nearest older item, if this
// change deleted it.
ROPEWALK_INLINE bool ToldChange::add_key(std::uint32_t seq, EventDetail& detail) noexcept {
    const Seq& history = store.sequences.seqs[seq];
    if (history.last == kNone) return true;
    Place at{history.last, store.sequences.nodes.leaf(history.last).count - 1U, 0};
    const RunPos last = store.sequences.span(at).last();
    const bool lives = !store.content.deleted(store.runs[last.run], last.offset);
    bool last_is_new = false;
    RunPos before;
    for (; at.leaf != kNone; at = store.sequences.previous(at)) {
        const Span& span = store.sequences.span(at);
        const Run& run = store.runs[span.run];
        const std::uint32_t fresh = first_new(run.client);
        if (span.run == last.run && span.end() == last.offset + 1) {
            last_is_new = run.clock + last.offset >= fresh;
        }
        if (run.clock + span.offset >= fresh) continue;
        const std::uint32_t newest_old = fresh - run.clock - 1;
        before = {span.run, newest_old < span.end() ? newest_old : span.end() - 1};
        break;
    }
    const bool had = before.exists() && is_deleted(store.runs[before.run].client,
                                                   store.runs[before.run].clock + before.offset);
    if (!had) before = {};
    KeyAction action = KeyAction::add;
    if (last_is_new && lives) {
        action = had ? KeyAction::update : KeyAction::add;
    } else if (had) {
        action = KeyAction::erase;
    } else {
        return true;
    }
    return detail.keys.push_back(
        {history.key, action, before, action == KeyAction::erase ? RunPos{} : last});
}

ROPEWALK_INLINE bool ToldChange::find_keys(std::uint32_t type, EventDetail& detail) noexcept {
    if (!list_units()) return false;
    std::uint32_t seq = store.types.types[type].list;
    for (const ChangedUnits* at = units_of(type); at != units_.end() && at->type == type; ++at) {
        if (at->seq == seq || store.sequences.seqs[at->seq].key == kNone) continue;
        seq = at->seq;
        if (!add_key(seq, detail)) return false;
    }
    return true;
}

// -- paths ---------------------------------------------------------------------------------------

ROPEWALK_INLINE bool ToldChange::find_path(std::uint32_t type, EventDetail& detail) noexcept {
    store.settle();
    for (std::uint32_t inner = type;;) {
        const std::uint32_t outer = parent_of(inner);
        if (outer == kNone) break;
        const RunPos unit{store.types.types[inner].run, 0};
        PathRecord step{outer};
        step.key = store.sequences.seqs[store.runs[unit.run].seq].key;
        if (step.key == kNone) {
            step.index = store.sequences.position_of(store.sequences.find(unit));
        }
        if (!detail.path.push_back(step)) return false;
        inner = outer;
    }
    std::reverse(detail.path.begin(), detail.path.end());
    return true;
}

}  // namespace crdt::detail
