// Undoing a change that is over: what it inserted is deleted, what it deleted is inserted again as
// copies with new ids. What others have written stays where it is.
//
// Rules (Yjs's; docs/undo.md says them to users):
//   list   a copy stands where the deleted units stand, in the latest copy of their type
//   key    a value comes back unless somebody else's later one would be hidden by it
//   type   comes back empty; what it held comes back piece by piece. What was in a deleted type
//          comes back only if the type does, or has before
// Units that were brought back already are not brought back twice, so an undo that memory cut short
// can be asked for again.
#pragma once

#include <cstdint>

#include "../base/call.hpp"
#include "../base/id_set.hpp"
#include "integrate.hpp"
#include "store.hpp"

namespace crdt::detail {

// One change, or several that are undone as one. What comes back does so in an order that Yjs has
// from its maps: clients as they were first met.
struct UndoStep {
    IdSet insertions;
    IdSet deletions;
    Vec<ClientId> inserters;  // clients of `insertions`
    Vec<ClientId> deleted;    // clients of `deletions`

    // False when memory is exhausted.
    [[nodiscard]] static bool meet(Vec<ClientId>& clients, ClientId client) noexcept;
    [[nodiscard]] bool add_insertion(ClientId client, Clock clock, std::uint32_t length) noexcept {
        return meet(inserters, client) && insertions.insert(client, clock, length);
    }
    // Takes over a later change as well. False when memory is exhausted.
    [[nodiscard]] bool join(const UndoStep& later) noexcept;
    // Meets the clients of deleted units as Yjs deletes them: what a type held right after it.
    [[nodiscard]] bool meet_deleted(Store& store, const Vec<Deletion>& ranges) noexcept;
};

// Which types an undo manager looks after: these and all in them, or the whole document.
class UndoScope {
public:
    [[nodiscard]] bool add(std::uint32_t type) noexcept;
    void add_all() noexcept { all_ = true; }
    void clear() noexcept {
        all_ = false;
        types_.clear();
    }
    [[nodiscard]] bool all() const noexcept { return all_; }
    // Does it hold what stands in this type?
    [[nodiscard]] bool contains(const Store& store, std::uint32_t type) const noexcept;

private:
    bool all_ = false;
    Vec<std::uint32_t> types_;
};

// A stretch of one run.
struct RunPart {
    std::uint32_t run;
    std::uint32_t offset;
    std::uint32_t count;
};

// f(RunPart) for each stretch of runs in a range of ids that are known; false ends it.
template <class F>
bool for_each_part(const Store& store, ClientId client, Clock start, std::uint32_t length, F&& f);

class Redo {
public:
    // `keeper.deleted`: all that the manager's steps delete.
    Redo(Store& store,
         Keeper& keeper,
         const UndoScope& scope,
         const UndoStep& step,
         bool ignore_remote_keys) noexcept
        : store_(store),
          redone_(store.keeping.redone),
          keeper_(keeper),
          scope_(scope),
          step_(step),
          ignore_remote_keys_(ignore_remote_keys) {}

    // Undoes the step. `may_delete(RunPart)` says what of the insertions may go. Sets `changed` if
    // there was anything to undo. requires: an open change. Errors: out_of_memory, limit_exceeded;
    // then a part is undone.
    template <class MayDelete>
    Status run(MayDelete&& may_delete, bool& changed) noexcept;

private:
    // Where a copy goes: behind `left`, in front of what stands at `place`.
    struct Gap {
        std::uint32_t seq = kNone;
        RunPos left, right;
        Place place;
    };
    [[nodiscard]] Status find_insertions() noexcept;
    [[nodiscard]] Status add_living(RunPart part) noexcept;
    [[nodiscard]] Status redo_deletions(bool& changed) noexcept;
    [[nodiscard]] std::uint32_t next_piece(std::uint32_t client,
                                           std::uint32_t clock,
                                           std::uint32_t end) noexcept;
    [[nodiscard]] Status redo_piece(bool& redone) noexcept;
    [[nodiscard]] Status bring_back(std::uint32_t target) noexcept;
    [[nodiscard]] Status bring_back_type(std::uint32_t type, std::uint32_t& target) noexcept;
    void gap_in_list(Gap& gap) noexcept;
    void gap_in_copy(std::uint32_t target, Gap& gap) noexcept;
    void find_neighbours(std::uint32_t target, Gap& gap) noexcept;
    [[nodiscard]] bool gap_in_key(std::uint32_t target, Gap& gap) noexcept;
    [[nodiscard]] Status reserve_copy() noexcept;
    [[nodiscard]] Status note_copy(std::uint32_t copy) noexcept;
    void write_copy(const Gap& gap, std::uint32_t target) noexcept;
    void copy_content(Run& made) noexcept;

    [[nodiscard]] std::uint32_t type_of(std::uint32_t run) const noexcept {
        return store_.sequences.seqs[store_.runs[run].seq].type;
    }
    [[nodiscard]] bool dead(RunPos unit) const noexcept {
        return store_.content.deleted(store_.runs[unit.run], unit.offset);
    }
    [[nodiscard]] bool in(const IdSet& set, RunPos unit) const noexcept {
        const Run& run = store_.runs[unit.run];
        return set.contains(ClientId{store_.clients[run.client].id},
                            static_cast<Clock>(run.clock + unit.offset), 1);
    }
    // Is the item that holds this unit among those to bring back?
    [[nodiscard]] bool wanted(RunPos unit) const noexcept {
        return in(step_.deletions, unit) && !in(step_.insertions, unit) && held(unit) &&
               scope_.contains(store_, type_of(unit.run));
    }
    // Is the content of a deleted unit there?
    [[nodiscard]] bool held(RunPos unit) const noexcept {
        std::uint32_t count = 1;
        return store_.runs[unit.run].kind > RunKind::deleted &&
               (!store_.collect || store_.keeping.keeps(store_, unit, count));
    }
    // The copy of a unit that stands in this type, or the unit itself; none if there is none.
    [[nodiscard]] RunPos traced(RunPos unit, std::uint32_t target) const noexcept;
    // The unit behind another one in its sequence; none at the end.
    [[nodiscard]] RunPos behind(RunPos unit) noexcept;
    [[nodiscard]] RunPos first_of(std::uint32_t seq) const noexcept;
    [[nodiscard]] RunPos last_of(std::uint32_t seq) const noexcept;

    Store& store_;
    RedoneUnits& redone_;
    Keeper& keeper_;
    const UndoScope& scope_;
    const UndoStep& step_;
    bool ignore_remote_keys_;
    Vec<RunPart> doomed_;       // living insertions
    Vec<RunPart> piece_;        // what Yjs has as one item: parts that continue one another
    Vec<RunPart> waiting_;      // the piece, while the types around it are brought back
    Vec<std::uint32_t> chain_;  // these types, innermost first
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/redo.ipp"
#include "../impl/store/redo_place.ipp"
#endif
