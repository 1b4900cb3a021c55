// One translation of pending changes from one epoch to the next.
//
// The changes are applied to the order of the old epoch, which places them among all that was ever
// there, as an uncompacted document would: each then lies in a slot between two units of the old
// epoch. In the new one
//
//   a slot      lies between the same two, where they lived on; for those that did not, the gap
//               between two that did gets a ghost: one deleted struct with a unit for each
//   left        is its origin, if that is pending and in the same slot, or the left end of the
//   slot;
//               one whose origin is further away stands behind a marker of the slot, since YATA has
//               it behind those whose origin is the left end
//   right       is its right origin, if that is pending and in the same slot, or the right end
//
// All of this, the ids of ghosts and markers as well, follows from the map and the change alone: a
// change becomes the same struct whatever else is translated with it, and wherever
// (docs/decisions/012). What lay in a type that is gone, and a map entry that had lost already,
// becomes GC.
#pragma once

#include "../base/sort.hpp"
#include "epoch_map.hpp"
#include "old_history.hpp"
#include "struct_writer.hpp"

namespace crdt::detail {

class Translator {
public:
    explicit Translator(const EpochMap& map) noexcept : ids_(map), map_(map), store_(kNobody) {}

    [[nodiscard]] Status open(ByteView update, UpdateFormat format, const Limits& limits) noexcept;
    // In V2.
    [[nodiscard]] Status write(Bytes& out) noexcept;

private:
    // Pending units of a run in a slot.
    struct Node {
        std::uint32_t run;
        std::uint32_t dead;  // units of the gap to the left of the slot
        RunPos left;         // the unit of the old epoch at the left end of the slot
    };
    // What lies between two units that lived on.
    struct Gap {
        UpdateId left, right;
        std::uint32_t dead = 0;  // units that did not
        RunPos first_dead;
    };
    // Where the pending units of a run go.
    struct Plan {
        UpdateId left, right;
        bool lost = false;  // a map entry that something of the old epoch had replaced
    };
    // A ghost, or a marker: deleted units under a client of their own.
    struct Ghost {
        std::uint64_t client;
        UpdateId left, right;
        std::uint32_t length;
        std::uint32_t run;  // some run of the same sequence
    };

    // First unit of a run that is pending; its length if none is.
    [[nodiscard]] std::uint32_t first_pending(const Run& run) const noexcept {
        const std::uint32_t known = ids_.known(run.client);
        if (known <= run.clock) return 0;
        return known - run.clock < run.length ? known - run.clock : run.length;
    }
    [[nodiscard]] bool is_pending(RunPos unit) const noexcept {
        return unit.exists() && unit.offset >= first_pending(store_.runs[unit.run]);
    }
    [[nodiscard]] UpdateId new_id(RunPos unit) const noexcept {
        const Run& run = store_.runs[unit.run];
        const auto client = ClientId{store_.clients[run.client].id};
        return ids_.translate(client, run.clock + unit.offset);
    }
    [[nodiscard]] bool note_runs() noexcept;
    [[nodiscard]] bool place(std::uint32_t seq) noexcept;
    [[nodiscard]] bool add_old(std::uint32_t number, std::uint32_t from, std::uint32_t to) noexcept;
    [[nodiscard]] bool close_gap(const UpdateId& right) noexcept;
    [[nodiscard]] bool plan_node(const Node& node) noexcept;
    // The ghost of the dead unit with so many to its left.
    [[nodiscard]] UpdateId end_of_slot(std::uint32_t dead) const noexcept {
        return {ghost_client_, dead, true};
    }
    [[nodiscard]] std::uint64_t ghost_client(RunPos unit, unsigned kind) const noexcept;
    [[nodiscard]] Status write_client(std::uint32_t number, StructWriter& out) noexcept;
    [[nodiscard]] NewParent parent_of(const Run& run) const noexcept;
    [[nodiscard]] Status deletions(IdSet& out) noexcept;

    EpochIds ids_;
    const EpochMap& map_;
    Store store_;
    DecodedUpdate update_;
    Vec<std::uint32_t> plan_of_run_;  // kNone for runs without pending units
    Vec<Plan> plans_;
    Vec<std::uint32_t> slot_of_run_;  // 0: none
    Vec<Ghost> ghosts_;
    // The gap at hand, the slots in it and what is pending there, in document order.
    Gap gap_;
    bool is_key_ = false;
    std::uint32_t slot_ = 0;
    RunPos left_;
    Vec<Node> nodes_;
    std::uint64_t ghost_client_ = 0;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/translate_update.ipp"
#endif
