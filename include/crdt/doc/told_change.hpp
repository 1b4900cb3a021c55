// A finished change while its observers are told of it: what it inserted and deleted, which types
// that changed, and, for those who look, how.
//
//   taken     when the change closes: clocks and deletions, nothing that grows with the document
//   found     before observers are called: the types that changed and that somebody observes
//   computed  once, when an observer looks: deltas, keys, paths. All at once before the document
//             changes again, so that an event tells of its own change alone
//
// Everything in here costs what was changed times the logarithm of the document, never its size.
#pragma once

#include <cstdint>

#include "../base/call.hpp"
#include "../base/id_set.hpp"
#include "../store/store.hpp"
#include "origin.hpp"

namespace crdt::detail {

// Clocks of one client, by its number.
struct InsertedClocks {
    std::uint32_t client;
    std::uint32_t begin;
    std::uint32_t end;
};

// Units of one run that were inserted or deleted, in a sequence of a type.
struct ChangedUnits {
    std::uint32_t type;
    std::uint32_t seq;
    std::uint32_t run;
    std::uint32_t offset;
    std::uint32_t count;
    bool inserted;
};

enum class DeltaKind : std::uint8_t { insert, retain, erase };

// Units that an operation inserts or deletes, side by side in one run.
struct InsertedUnits {
    std::uint32_t run;
    std::uint32_t offset;
    std::uint32_t count;
};

struct DeltaRecord {
    DeltaKind kind;
    bool text;             // inserts text
    std::uint32_t length;  // units
    std::uint32_t first;   // of `stretches`
    std::uint32_t count;
    std::size_t text_begin;  // in `text`
    std::size_t text_size;
    std::uint32_t formats = 0;  // the first of `formats`
    std::uint32_t format_count = 0;
};

// A format of inserted or kept text: the mark that gives the value, or kNone for null.
struct FormatRecord {
    std::uint32_t key;  // interned
    std::uint32_t run;
};

enum class KeyAction : std::uint8_t { add, update, erase };

struct KeyRecord {
    std::uint32_t name;  // interned
    KeyAction action;
    RunPos old;
    RunPos value;
};

// One step down from a type: to the value of a key, or to the unit at an index.
struct PathRecord {
    std::uint32_t from;         // the type
    std::uint32_t key = kNone;  // interned
    std::uint32_t index = 0;
};

// What was found out about one type.
struct EventDetail {
    Vec<DeltaRecord> delta;
    Vec<InsertedUnits> stretches;
    Vec<FormatRecord> formats;
    Bytes text;  // UTF-8 of what was inserted
    Vec<KeyRecord> keys;
    Vec<PathRecord> path;  // from the root
    bool has_delta = false;
    bool has_keys = false;
    bool has_path = false;
};

struct EventRecord {
    std::uint32_t type;
    std::uint32_t depth;           // types around it
    EventDetail* found = nullptr;  // once somebody has looked
    bool failed = false;           // memory was exhausted: the rest may be incomplete
};

// An event for those who observe a type around its target, or that type itself, deeply.
struct DeepTarget {
    std::uint32_t current;  // the type that is observed
    EventRecord* event;
};

class Observers;

class ToldChange {
public:
    explicit ToldChange(Store& of) noexcept : store(of) {}
    ToldChange(const ToldChange&) = delete;
    ToldChange& operator=(const ToldChange&) = delete;
    ~ToldChange() { clear_found(); }

    // Takes over what the change that has just closed recorded; its deletions are gone from there.
    void take(const Origin& made_by) noexcept {
        Change& change = store.change;
        origin = made_by;
        failed = change.incomplete;
        deleted_any = change.deleted_any;
        if (deleted_any) std::swap(deletions, change.deletions);
        const std::uint32_t own_end = store.own_next_clock();
        if (own_end > change.own_begin &&
            !inserted.push_back({store.own, change.own_begin, own_end})) {
            failed = true;
        }
        if (ROPEWALK_UNLIKELY(!change.touched.empty())) take_touched();
    }
    // Ready for the next change. A keystroke at which nobody looked leaves nearly nothing.
    void clear() noexcept {
        if (ROPEWALK_UNLIKELY(failed || frozen_ || listed_ || single.found != nullptr ||
                              !events.empty() || inserted.size() + deletions.size() > 1)) {
            clear_found();
        }
        inserted.clear();
        deletions.clear();
        deleted_any = false;
        single.type = kNone;
    }
    [[nodiscard]] bool anything() const noexcept { return !inserted.empty() || deleted_any; }

    // The type that was changed, where one stretch of text was inserted or one unit deleted and
    // this can be told without looking for it; else kNone.
    [[nodiscard]] std::uint32_t only_type() const noexcept {
        const Typing& typing = store.typing;
        if (deletions.empty()) {
            const bool typed = inserted.size() == 1 && typing.type != kNone &&
                               inserted[0].client == store.own &&
                               store.runs[typing.run].clock <= inserted[0].begin;
            return typed ? typing.type : kNone;
        }
        if (!inserted.empty() || deletions.size() > 1 || deletions[0].length > 1) return kNone;
        const std::uint32_t seq = store.sequences.changed_last();
        return seq == kNone ? kNone : store.sequences.seqs[seq].type;
    }
    // f(run number, offset, count, inserted) for each stretch of a run. False: stop.
    template <class F>
    void for_each_stretch(F&& f) noexcept;
    // f(type): for each stretch of it that was changed, one after another. False: stop.
    template <class F>
    void for_each_type(F&& f) noexcept;
    // Did the change make this type?
    [[nodiscard]] bool is_new(std::uint32_t type) const noexcept;
    // The type around a type; kNone for a root.
    [[nodiscard]] std::uint32_t parent_of(std::uint32_t type) const noexcept;
    // Was this type, or one in it, changed? Not true where only new types were.
    [[nodiscard]] bool changed_within(std::uint32_t type) noexcept;

    // The event of a type that somebody observes; nullptr if it has none.
    [[nodiscard]] EventRecord* event_of(std::uint32_t type) noexcept {
        if (single.type == type) return &single;
        for (EventRecord& event : events) {
            if (event.type == type) return &event;
        }
        return nullptr;
    }
    // Errors: out_of_memory.
    [[nodiscard]] Result<IdSet> inserted_ids() const noexcept;
    [[nodiscard]] Result<IdSet> deleted_ids() const noexcept;

    // Forgets what was found out about it.
    static void drop(EventRecord& event) noexcept;
    [[nodiscard]] EventDetail* delta_of(EventRecord& event) noexcept;
    [[nodiscard]] EventDetail* keys_of(EventRecord& event) noexcept;
    [[nodiscard]] EventDetail* path_of(EventRecord& event) noexcept;
    // Finds out all that can be asked. The document is about to change.
    void freeze() noexcept;

    Store& store;
    Origin origin;
    Vec<InsertedClocks> inserted;  // by client
    Vec<Deletion> deletions;
    bool deleted_any = false;
    bool failed = false;           // memory was exhausted while this was recorded
    EventRecord single{kNone, 0};  // in place of the others where one type changed
    Vec<EventRecord> events;
    Vec<DeepTarget> deep;  // by observed type, the nearest target first

private:
    friend class FormattedDelta;

    // A piece of a delta: where it stands in the document.
    struct Piece {
        std::uint32_t position;  // visible units in front of it
        Place place;
        InsertedUnits units;
        bool inserted;
    };

    [[nodiscard]] std::uint32_t first_new(std::uint32_t client) const noexcept;
    [[nodiscard]] bool is_deleted(std::uint32_t client, std::uint32_t clock) const noexcept;
    [[nodiscard]] bool list_units() noexcept;
    [[nodiscard]] const ChangedUnits* units_of(std::uint32_t type) const noexcept;
    [[nodiscard]] EventDetail* look_at(EventRecord& event) const noexcept;
    [[nodiscard]] bool find_pieces(std::uint32_t type) noexcept;
    [[nodiscard]] bool add_pieces(const ChangedUnits& units) noexcept;
    [[nodiscard]] bool find_delta(std::uint32_t type, EventDetail& detail) noexcept;
    // Of a text with formats; in formatted_delta.ipp.
    [[nodiscard]] bool find_formatted_delta(std::uint32_t type, EventDetail& detail) noexcept;
    [[nodiscard]] bool add_insert(const InsertedUnits& units,
                                  bool text,
                                  EventDetail& detail) noexcept;
    [[nodiscard]] bool append_text(const InsertedUnits& units, Bytes& out) const noexcept;
    [[nodiscard]] bool find_keys(std::uint32_t type, EventDetail& detail) noexcept;
    [[nodiscard]] bool add_key(std::uint32_t seq, EventDetail& detail) noexcept;
    [[nodiscard]] bool find_path(std::uint32_t type, EventDetail& detail) noexcept;
    void take_touched() noexcept;
    void clear_found() noexcept;

    Vec<ChangedUnits> units_;  // by type and sequence, once listed
    bool listed_ = false;
    bool frozen_ = false;
    Vec<Piece> pieces_;  // of the delta that is being found
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/doc/told_change.ipp"
#include "formatted_delta.hpp"
#endif
