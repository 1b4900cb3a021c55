#pragma once

#include <new>

#include "../../base/sort.hpp"
#include "../../doc/observers.hpp"

namespace crdt::detail {

ROPEWALK_INLINE Observers::~Observers() {
    for (const ObservedType& type : types_) {
        if (type.direct != nullptr) type.direct->abandon();
        if (type.deep != nullptr) type.deep->abandon();
    }
    if (begin_ != nullptr) begin_->abandon();
    for (TransactionListeners* list : ends_) {
        if (list != nullptr) list->abandon();
    }
}

ROPEWALK_INLINE Subscription Observers::add(std::uint32_t type,
                                            bool deep,
                                            const ListenerList::Entry& entry) noexcept {
    if (entry.object == nullptr) return {};
    if (types_.size() <= type && !types_.resize(std::size_t{type} + 1)) {
        entry.destroy(entry.object);
        return {};
    }
    return deep ? Subscribing::add(types_[type].deep, &deep_listened_, entry)
                : Subscribing::add(types_[type].direct, &types_listened_, entry);
}

ROPEWALK_INLINE ToldChange* Observers::create(Store& store) noexcept {
    void* block = allocate(sizeof(ToldChange));
    return block == nullptr ? nullptr : ::new (block) ToldChange(store);
}

ROPEWALK_INLINE void Observers::destroy(ToldChange* change) noexcept {
    if (change == nullptr) return;
    change->~ToldChange();
    release(change);
}

// -- finding -------------------------------------------------------------------------------------

ROPEWALK_INLINE void Observers::find(ToldChange& change) noexcept {
    if (!any_type_ || change.failed) return;
    std::uint32_t found = kNone;
    bool several = false;
    change.for_each_type([&](std::uint32_t type) {
        if (type == found || dead(type)) return true;
        if (!any_deep_ && direct(type) == nullptr) return true;
        if (change.is_new(type)) return true;
        several = found != kNone;
        found = type;
        return !several;
    });
    if (ROPEWALK_LIKELY(!several)) {
        change.single.type = found;
    } else if (!find_several(change)) {
        change.events.clear();
        change.deep.clear();
        change.failed = true;
    }
}

// Where a type stands below those that are observed deeply. False: memory is exhausted.
ROPEWALK_INLINE bool Observers::place(const ToldChange& change, std::uint32_t type) noexcept {
    chain_.clear();
    std::uint32_t outer = type;
    while (outer != kNone && marks_[outer].placed != round_) {
        if (!chain_.push_back(outer)) return false;
        outer = change.parent_of(outer);
    }
    while (!chain_.empty()) {
        Mark& mark = marks_[chain_.back()];
        mark.placed = round_;
        mark.depth = outer == kNone ? 0 : marks_[outer].depth + 1;
        const std::uint32_t around = outer == kNone ? kNone : marks_[outer].nearest;
        mark.nearest = deep(chain_.back()) != nullptr ? chain_.back() : around;
        outer = chain_.back();
        chain_.pop_back();
    }
    return true;
}

ROPEWALK_INLINE bool Observers::find_several(ToldChange& change) noexcept {
    if (++round_ == 0) {
        marks_.clear();
        round_ = 1;
    }
    const std::size_t count = change.store.types.types.size();
    if (marks_.size() < count && !marks_.resize(count)) return false;
    bool memory = true;
    change.for_each_type([&](std::uint32_t type) {
        if (marks_[type].seen == round_) return true;
        marks_[type].seen = round_;
        if (dead(type) || change.is_new(type)) return true;
        if (any_deep_) memory = place(change, type);
        if (!memory) return false;
        const bool within = any_deep_ && marks_[type].nearest != kNone;
        if (!within && direct(type) == nullptr) return true;
        memory = change.events.push_back({type, any_deep_ ? marks_[type].depth : 0});
        return memory;
    });
    if (!memory || !any_deep_) return memory;
    for (EventRecord& event : change.events) {
        std::uint32_t at = marks_[event.type].nearest;
        while (at != kNone) {
            if (!change.deep.push_back({at, &event})) return false;
            const std::uint32_t outer = change.parent_of(at);
            at = outer == kNone ? kNone : marks_[outer].nearest;
        }
    }
    sort(change.deep.begin(), change.deep.end(), [](const DeepTarget& a, const DeepTarget& b) {
        if (a.current != b.current) return a.current < b.current;
        if (a.event->depth != b.event->depth) return a.event->depth < b.event->depth;
        return a.event < b.event;
    });
    return true;
}

// -- telling -------------------------------------------------------------------------------------

ROPEWALK_INLINE void Observers::call(Hook hook, ToldChange& change) noexcept {
    TransactionListeners* list = ends_[static_cast<std::size_t>(hook)];
    if (list != nullptr) list->call(TransactionEvent(&change));
}

ROPEWALK_INLINE void Observers::tell(ToldChange& change) noexcept {
    telling_ = &change;
    call(Hook::before_observers, change);
    if (change.failed) {
        call_all_of_failure(change);
    } else if (ROPEWALK_UNLIKELY(!change.events.empty())) {
        call_several(change);
    } else if (change.single.type != kNone) {
        call_single(change);
    }
    call(Hook::after_transaction, change);
}

ROPEWALK_INLINE void Observers::tell_cleanup(ToldChange& change) noexcept {
    call(Hook::after_cleanup, change);
    telling_ = nullptr;
}

// Observers may delete what comes next: a deleted type is told of nothing, nor others of it.
ROPEWALK_INLINE void Observers::call_single(ToldChange& change) noexcept {
    const std::uint32_t type = change.single.type;
    EventListeners* list = direct(type);
    if (list != nullptr && !dead(type)) list->call(Event(&change, &change.single, type));
    if (!any_deep_) return;
    for (std::uint32_t at = type; at != kNone && !dead(type); at = change.parent_of(at)) {
        DeepListeners* around = deep(at);
        const DeepTarget target{at, &change.single};
        if (around != nullptr) around->call(DeepEvents(&change, &target, 1, at));
    }
}

ROPEWALK_INLINE void Observers::call_several(ToldChange& change) noexcept {
    for (EventRecord& event : change.events) {
        EventListeners* list = direct(event.type);
        if (list != nullptr && !dead(event.type)) list->call(Event(&change, &event, event.type));
    }
    for (std::size_t i = 0; i < change.deep.size();) {
        const std::uint32_t at = change.deep[i].current;
        DeepTarget* first = &change.deep[i];
        std::size_t living = 0;
        for (; i < change.deep.size() && change.deep[i].current == at; ++i) {
            if (!dead(change.deep[i].event->type)) first[living++] = change.deep[i];
        }
        DeepListeners* list = deep(at);
        if (living > 0 && list != nullptr && !dead(at)) {
            list->call(DeepEvents(&change, first, living, at));
        }
    }
}

// Memory failed, so that nobody knows what was changed: everybody is told that something may be.
ROPEWALK_INLINE void Observers::call_all_of_failure(ToldChange& change) noexcept {
    const std::size_t count = types_.size();
    for (std::uint32_t type = 0; type < count; ++type) {
        change.single = {type, 0};
        EventListeners* list = direct(type);
        if (list != nullptr && !dead(type)) list->call(Event(&change, &change.single, type));
    }
    for (std::uint32_t type = 0; type < count; ++type) {
        change.single = {type, 0};
        DeepListeners* list = deep(type);
        const DeepTarget target{type, &change.single};
        if (list != nullptr && !dead(type)) list->call(DeepEvents(&change, &target, 1, type));
    }
}

}  // namespace crdt::detail
