// Who wants to be told who is there, and the subscriptions by which they stop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "../base/ids.hpp"
#include "../base/vec.hpp"
#include "../doc/origin.hpp"

namespace crdt {

// Clients whose states came, were written again, or went. Views: good during the call.
struct AwarenessEvent {
    std::span<const ClientId> added;
    std::span<const ClientId> updated;
    std::span<const ClientId> removed;
};

namespace detail {

// A list of callbacks that survives callbacks being added and removed while it is called. Shared by
// the awareness and its subscriptions.
class AwarenessListeners {
public:
    enum class Kind : std::uint8_t { change, update, removed };
    struct Listener {
        void (*call)(void* object, const AwarenessEvent& event, const Origin& origin) noexcept;
        void (*destroy)(void* object) noexcept;
        void* object;
        std::uint64_t id;
        Kind kind;  // removed: it goes when nobody is being called
    };

    // 0 when memory is exhausted; `destroy` is then left to the caller.
    [[nodiscard]] std::uint64_t add(Listener listener) noexcept {
        listener.id = ++last_id_;
        return list_.push_back(listener) ? listener.id : 0;
    }
    void remove(std::uint64_t id) noexcept {
        for (Listener& listener : list_) {
            if (listener.id == id) listener.kind = Kind::removed;
        }
        sweep();
    }
    void call(Kind kind, const AwarenessEvent& event, const Origin& origin) noexcept {
        ++calling_;
        const std::size_t count = list_.size();  // those added meanwhile start with the next
        for (std::size_t i = 0; i < count; ++i) {
            const Listener listener = list_[i];
            if (listener.kind == kind) listener.call(listener.object, event, origin);
        }
        --calling_;
        sweep();
    }

    std::uint32_t owners = 1;  // the awareness and each subscription
    void release_owner() noexcept {
        if (--owners > 0) return;
        for (const Listener& listener : list_) listener.destroy(listener.object);
        this->~AwarenessListeners();
        release(this);
    }

private:
    void sweep() noexcept {
        if (calling_ > 0) return;
        // A destroyed listener may cancel others, or end the last subscription.
        ++calling_;
        ++owners;
        std::size_t kept = 0;
        for (std::size_t i = 0; i < list_.size(); ++i) {
            const Listener listener = list_[i];
            if (listener.kind == Kind::removed) {
                listener.destroy(listener.object);
            } else {
                list_[kept++] = listener;
            }
        }
        list_.truncate(kept);
        --calling_;
        --owners;
    }

    Vec<Listener> list_;
    std::uint64_t last_id_ = 0;
    std::uint32_t calling_ = 0;
};

}  // namespace detail

// Ends a listener when it goes. May outlive the awareness.
class [[nodiscard]] AwarenessSubscription {
public:
    AwarenessSubscription() noexcept = default;
    AwarenessSubscription(AwarenessSubscription&& other) noexcept
        : listeners_(std::exchange(other.listeners_, nullptr)), id_(other.id_) {}
    AwarenessSubscription& operator=(AwarenessSubscription&& other) noexcept {
        if (this != &other) {
            cancel();
            listeners_ = std::exchange(other.listeners_, nullptr);
            id_ = other.id_;
        }
        return *this;
    }
    AwarenessSubscription(const AwarenessSubscription&) = delete;
    AwarenessSubscription& operator=(const AwarenessSubscription&) = delete;
    ~AwarenessSubscription() { cancel(); }

    void cancel() noexcept {
        if (listeners_ == nullptr) return;
        detail::AwarenessListeners* const listeners = std::exchange(listeners_, nullptr);
        listeners->remove(id_);
        listeners->release_owner();
    }
    // False: memory was exhausted, or it was cancelled.
    [[nodiscard]] bool active() const noexcept { return listeners_ != nullptr; }

private:
    friend class Awareness;
    AwarenessSubscription(detail::AwarenessListeners* listeners, std::uint64_t id) noexcept
        : listeners_(listeners), id_(id) {
        ++listeners_->owners;
    }
    detail::AwarenessListeners* listeners_ = nullptr;
    std::uint64_t id_ = 0;
};

}  // namespace crdt
