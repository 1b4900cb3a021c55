#pragma once

#include "../../doc/observe.hpp"
#include "doc.ipp"

namespace crdt {

ROPEWALK_INLINE detail::Observers* DocCore::observing() noexcept {
    if (observers != nullptr) return observers;
    void* block = detail::allocate(sizeof(detail::Observers));
    if (block == nullptr) return nullptr;
    observers = ::new (block) detail::Observers(store, listened);
    return observers;
}

ROPEWALK_INLINE void DocCore::begin(void* context, detail::Store& store) noexcept {
    const auto& core = *static_cast<DocCore*>(context);
    core.observers->begin(core.origin_of(store.change));
}

ROPEWALK_INLINE Subscription DocCore::subscribed(Subscription made) noexcept {
    // Keystrokes are told from now on.
    if (made.active() && store.change.depth == 0) store.close_keystrokes();
    return made;
}

namespace detail {

ROPEWALK_INLINE Subscription Observing::add(Store* store,
                                            std::uint32_t type,
                                            bool deep,
                                            const ListenerList::Entry& entry) noexcept {
    if (entry.object == nullptr) return {};
    DocCore* core = type == kNone ? nullptr : static_cast<DocCore*>(store->sink.context);
    Observers* observers = core == nullptr ? nullptr : core->observing();
    if (observers == nullptr) {
        entry.destroy(entry.object);
        return {};
    }
    return core->subscribed(observers->add(type, deep, entry));
}

}  // namespace detail

ROPEWALK_INLINE Subscription Doc::listen_begin(const detail::ListenerList::Entry& entry) noexcept {
    if (entry.object == nullptr) return {};
    detail::Observers* observers = core_ == nullptr ? nullptr : core_->observing();
    if (observers == nullptr) {
        entry.destroy(entry.object);
        return {};
    }
    core_->store.sink.begin = &DocCore::begin;
    return core_->subscribed(observers->add_begin(entry));
}

ROPEWALK_INLINE Subscription Doc::listen_end(detail::Hook hook,
                                             const detail::ListenerList::Entry& entry) noexcept {
    if (entry.object == nullptr) return {};
    detail::Observers* observers = core_ == nullptr ? nullptr : core_->observing();
    if (observers == nullptr) {
        entry.destroy(entry.object);
        return {};
    }
    return core_->subscribed(observers->add_end(hook, entry));
}

}  // namespace crdt
