#pragma once

#include "../../store/store.hpp"

namespace crdt::detail {

ROPEWALK_INLINE void Keeping::add(Keeper& keeper, Store& store) noexcept {
    keeper.store = &store;
    Keeper** end = &first_;
    while (*end != nullptr) end = &(*end)->next;
    keeper.next = nullptr;
    keeper.called = calls_;
    *end = &keeper;
}

ROPEWALK_INLINE void Keeping::remove(Keeper& keeper) noexcept {
    Keeper** at = &first_;
    while (*at != &keeper) at = &(*at)->next;
    *at = keeper.next;
    keeper.store = nullptr;
    for (Reach* reach = reaching_; reach != nullptr; reach = reach->outer) {
        if (reach->next == &keeper) reach->next = keeper.next;
    }
}

// Managers may come and go meanwhile. Those that a call inside this one has reached are passed.
ROPEWALK_INLINE void Keeping::call(Store& store, Function Keeper::* function) noexcept {
    const std::uint32_t number = ++calls_;
    Reach reach{first_, reaching_};
    reaching_ = &reach;
    while (reach.next != nullptr) {
        Keeper& keeper = *reach.next;
        reach.next = keeper.next;
        if (keeper.called >= number) continue;
        keeper.called = number;
        (keeper.*function)(keeper, store);
    }
    reaching_ = reach.outer;
}

ROPEWALK_INLINE bool Keeping::keeps(const Store& store,
                                    RunPos unit,
                                    std::uint32_t& count) const noexcept {
    const Run& run = store.runs[unit.run];
    const auto client = static_cast<ClientId>(store.clients[run.client].id);
    const auto clock = static_cast<Clock>(run.clock + unit.offset);
    if (run.kind <= RunKind::deleted) return false;
    bool kept = false;
    for (const Keeper* keeper = first_; keeper != nullptr; keeper = keeper->next) {
        bool inside = false;
        count = keeper->kept.same_from(client, clock, count, inside);
        kept = kept || inside;
    }
    return kept;
}

ROPEWALK_INLINE bool Keeping::keeps_type(const Store& store, std::uint32_t type) const noexcept {
    for (const Keeper* keeper = first_; keeper != nullptr; keeper = keeper->next) {
        if (type < keeper->types.size() && keeper->types[type] != 0) return true;
    }
    const std::uint32_t holder = store.types.types[type].run;
    std::uint32_t count = 1;
    return holder != kNone && keeps(store, {holder, 0}, count);
}

}  // namespace crdt::detail
