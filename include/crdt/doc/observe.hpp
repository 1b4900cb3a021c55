// Observing shared types.
//
//     auto heard = letter.observe([&](const crdt::TextEvent& event) noexcept {
//         for (const auto op : event.delta()) redraw(op);
//     });
//
// An observer is called once for each transaction that changed its type, after the transaction and
// before its update is told; a deep one also where types within changed. It ends with its
// Subscription. It may read and edit the document: what it edits is a transaction of its own, told
// when all that belongs to this one has been.
#pragma once

#include <type_traits>
#include <utility>

#include "event.hpp"
#include "observers.hpp"

namespace crdt {

namespace detail {

struct Observing {
    // F takes a const E&; E is made from an Event.
    template <class E, class F>
    [[nodiscard]] static Subscription direct(const SharedType& type, F&& f) noexcept {
        static_assert(std::is_invocable_v<std::decay_t<F>&, const E&>,
                      "an observer takes the event of its type, as const crdt::TextEvent&");
        return add(type.store_, type.check().ok() ? type.type_ : kNone, false,
                   EventListeners::make([f = std::forward<F>(f)](
                                            const Event& event) mutable noexcept { f(E(event)); }));
    }
    template <class F>
    [[nodiscard]] static Subscription deep(const SharedType& type, F&& f) noexcept {
        static_assert(std::is_invocable_v<std::decay_t<F>&, const DeepEvents&>,
                      "a deep observer takes (const crdt::DeepEvents& events)");
        return add(type.store_, type.check().ok() ? type.type_ : kNone, true,
                   DeepListeners::make(std::forward<F>(f)));
    }

private:
    // `type` kNone: there is nothing to observe.
    [[nodiscard]] static Subscription add(Store* store,
                                          std::uint32_t type,
                                          bool deep,
                                          const ListenerList::Entry& entry) noexcept;
};

}  // namespace detail

template <class F>
Subscription SharedType::observe_deep(F&& f) const noexcept {
    return detail::Observing::deep(*this, std::forward<F>(f));
}
template <class F>
Subscription Text::observe(F&& f) const noexcept {
    return detail::Observing::direct<TextEvent>(*this, std::forward<F>(f));
}
template <class F>
Subscription Array::observe(F&& f) const noexcept {
    return detail::Observing::direct<ArrayEvent>(*this, std::forward<F>(f));
}
template <class F>
Subscription Map::observe(F&& f) const noexcept {
    return detail::Observing::direct<MapEvent>(*this, std::forward<F>(f));
}

}  // namespace crdt
