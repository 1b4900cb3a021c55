#pragma once

#include "../../storage/epochs.hpp"

namespace crdt {

namespace detail {

// f(map) -> Status for each step of the way. The way is known before the first is taken.
template <class F>
[[nodiscard]] Status each_step(std::span<const EpochMap> maps, EpochStep step, F&& f) noexcept {
    const auto find = [&](std::uint64_t from) -> const EpochMap* {
        for (const EpochMap& map : maps) {
            if (map.from_epoch() == from && map.to_epoch() <= step.to) return &map;
        }
        return nullptr;
    };
    // Epochs ascend, so this ends.
    for (std::uint64_t at = step.from; at != step.to;) {
        const EpochMap* const map = find(at);
        if (map == nullptr) return ErrorCode::unknown_epoch;
        at = map->to_epoch();
    }
    for (std::uint64_t at = step.from; at != step.to;) {
        const EpochMap* const map = find(at);
        ROPEWALK_CHECK(f(*map));
        at = map->to_epoch();
    }
    return {};
}

}  // namespace detail

ROPEWALK_INLINE Result<Bytes> translate_update(std::span<const EpochMap> maps,
                                               EpochStep step,
                                               ByteView update,
                                               UpdateFormat format) noexcept {
    Bytes now;
    if (!now.append(update)) return ErrorCode::out_of_memory;
    ROPEWALK_CHECK(detail::each_step(maps, step, [&](const EpochMap& map) noexcept -> Status {
        ROPEWALK_TRY(now, map.translate_update(now, format));
        return {};
    }));
    return now;
}

ROPEWALK_INLINE Result<Bytes> translate_position(std::span<const EpochMap> maps,
                                                 EpochStep step,
                                                 ByteView position) noexcept {
    Bytes now;
    if (!now.append(position)) return ErrorCode::out_of_memory;
    ROPEWALK_CHECK(detail::each_step(maps, step, [&](const EpochMap& map) noexcept -> Status {
        ROPEWALK_TRY(now, map.translate_position(now));
        return {};
    }));
    return now;
}

ROPEWALK_INLINE Result<Bytes> translate_json(std::span<const EpochMap> maps,
                                             EpochStep step,
                                             std::string_view json) noexcept {
    Bytes now;
    if (!now.append(json)) return ErrorCode::out_of_memory;
    ROPEWALK_CHECK(detail::each_step(maps, step, [&](const EpochMap& map) noexcept -> Status {
        ROPEWALK_TRY(now, map.translate_json(as_text(now)));
        return {};
    }));
    return now;
}

ROPEWALK_INLINE Result<IdSet> translate_ids(std::span<const EpochMap> maps,
                                            EpochStep step,
                                            const IdSet& ids,
                                            std::span<const RedoneSpan> redone) noexcept {
    IdSet now;
    if (!ids.clone_into(now)) return ErrorCode::out_of_memory;
    ROPEWALK_CHECK(detail::each_step(maps, step, [&](const EpochMap& map) noexcept -> Status {
        ROPEWALK_TRY(now, map.translate_ids(now, redone));
        redone = {};  // known only to the epoch in which it happened
        return {};
    }));
    return now;
}

}  // namespace crdt
