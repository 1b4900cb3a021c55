// Compaction that forgets: a new epoch of a document, in which nothing is left of what was deleted
// and every id is new.
#pragma once

#include <span>

#include "epoch_map.hpp"

namespace crdt {

struct RenumberOptions {
    UpdateFormat format = UpdateFormat::v1;  // of the history, and of the result
    std::uint64_t from_epoch = 0;
    std::uint64_t to_epoch = 1;
    // Random bits, for new client ids are drawn from them: the engine asks the system for nothing.
    // The same bits give the same result.
    std::uint64_t seed = 0;
    // Client ids of other epochs that are still supported, besides those in the history.
    std::span<const ClientId> taken{};
    Limits limits{};
};

struct Renumbered {
    Bytes history;  // of the new epoch, all under one client, in document order
    EpochMap map;   // from the old epoch to the new one
};

// Shows what the old history shows. Whoever still has the old one must come over: what a replica
// has not sent yet goes through map.translate_update(), and the rest of its copy is thrown away;
// merged untranslated, everything would be there twice. Errors: `incomplete` for a history with
// holes; what decoding it may give; invalid_argument where to_epoch is not behind from_epoch.
[[nodiscard]] Result<Renumbered> renumber(ByteView history,
                                          const RenumberOptions& options = {}) noexcept;

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/renumber.ipp"
#endif
