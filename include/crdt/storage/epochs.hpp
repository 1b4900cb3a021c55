// Over several epochs at once: what the maps that an application keeps can do together.
//
// `maps` in any order, one for each step. Where no chain of them leads from one epoch to the other,
// as for what is older than the maps that are kept, the error is `unknown_epoch` and nothing can be
// done for what was given. From an epoch to itself it comes back as it is.
#pragma once

#include "epoch_map.hpp"

namespace crdt {

struct EpochStep {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
};

// As the functions of EpochMap of that name.
[[nodiscard]] Result<Bytes> translate_update(std::span<const EpochMap> maps,
                                             EpochStep step,
                                             ByteView update,
                                             UpdateFormat format = UpdateFormat::v1) noexcept;
[[nodiscard]] Result<Bytes> translate_position(std::span<const EpochMap> maps,
                                               EpochStep step,
                                               ByteView position) noexcept;
[[nodiscard]] Result<Bytes> translate_json(std::span<const EpochMap> maps,
                                           EpochStep step,
                                           std::string_view json) noexcept;
[[nodiscard]] Result<IdSet> translate_ids(std::span<const EpochMap> maps,
                                          EpochStep step,
                                          const IdSet& ids,
                                          std::span<const RedoneSpan> redone = {}) noexcept;

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/epochs.ipp"
#endif
