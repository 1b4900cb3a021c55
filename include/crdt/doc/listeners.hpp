// Who wants to be told, and the subscriptions by which they stop.
#pragma once

#include <cstdint>
#include <new>
#include <utility>

#include "../base/bytes.hpp"
#include "../codec/update_v2.hpp"
#include "origin.hpp"

namespace crdt {

namespace detail {

// A list of callbacks that survives callbacks being added and removed while it is called, and
// subscriptions that outlive the document. Shared by the document and its subscriptions.
class UpdateListeners {
public:
    struct Listener {
        void (*call)(void* object, ByteView update, const Origin& origin) noexcept;
        void (*destroy)(void* object) noexcept;
        void* object;
        std::uint64_t id;  // 0: removed; it goes when nobody is being called
        UpdateFormat format;
    };

    [[nodiscard]] bool any() const noexcept { return living_v1_ + living_v2_ > 0; }
    [[nodiscard]] bool any(UpdateFormat format) const noexcept {
        return (format == UpdateFormat::v1 ? living_v1_ : living_v2_) > 0;
    }
    // 0 when memory is exhausted; `destroy` is then left to the caller.
    [[nodiscard]] std::uint64_t add(Listener listener) noexcept {
        listener.id = ++last_id_;
        if (!list_.push_back(listener)) return 0;
        ++living(listener.format);
        return listener.id;
    }
    void remove(std::uint64_t id) noexcept {
        for (Listener& listener : list_) {
            if (listener.id != id) continue;
            listener.id = 0;
            --living(listener.format);
        }
        sweep();
    }
    // The same change in each format that any() of them asks for.
    void call(ByteView v1, ByteView v2, const Origin& origin) noexcept {
        ++calling_;
        const std::size_t count = list_.size();  // those added meanwhile start with the next
        for (std::size_t i = 0; i < count; ++i) {
            const Listener listener = list_[i];
            if (listener.id == 0) continue;
            const ByteView update = listener.format == UpdateFormat::v1 ? v1 : v2;
            // Empty: nobody listened to this format when the change was encoded.
            if (!update.empty()) listener.call(listener.object, update, origin);
        }
        --calling_;
        sweep();
    }

    // One owner is the document, the others are subscriptions.
    std::uint32_t owners = 1;
    // Set to the document's switch while it lives: whether anybody listens.
    bool* listening = nullptr;

    void release_owner() noexcept {
        if (--owners > 0) return;
        for (Listener& listener : list_) listener.destroy(listener.object);
        this->~UpdateListeners();
        release(this);
    }

private:
    [[nodiscard]] std::uint32_t& living(UpdateFormat format) noexcept {
        return format == UpdateFormat::v1 ? living_v1_ : living_v2_;
    }
    void sweep() noexcept {
        if (listening != nullptr) *listening = any();
        if (calling_ > 0) return;
        // A destroyed listener may cancel others, or end the last subscription.
        ++calling_;
        ++owners;
        std::size_t kept = 0;
        for (std::size_t i = 0; i < list_.size(); ++i) {
            const Listener listener = list_[i];
            if (listener.id != 0) {
                list_[kept++] = listener;
            } else {
                listener.destroy(listener.object);
            }
        }
        list_.truncate(kept);
        --calling_;
        --owners;
    }

    Vec<Listener> list_;
    std::uint64_t last_id_ = 0;
    std::uint32_t living_v1_ = 0;
    std::uint32_t living_v2_ = 0;
    std::uint32_t calling_ = 0;
};

}  // namespace detail

// Ends a listener when it goes. May outlive the document.
class [[nodiscard]] Subscription {
public:
    Subscription() noexcept = default;
    Subscription(Subscription&& other) noexcept
        : listeners_(std::exchange(other.listeners_, nullptr)), id_(std::exchange(other.id_, 0)) {}
    Subscription& operator=(Subscription&& other) noexcept {
        if (this != &other) {
            cancel();
            listeners_ = std::exchange(other.listeners_, nullptr);
            id_ = std::exchange(other.id_, 0);
        }
        return *this;
    }
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    ~Subscription() { cancel(); }

    void cancel() noexcept {
        if (listeners_ == nullptr) return;
        listeners_->remove(id_);
        listeners_->release_owner();
        listeners_ = nullptr;
    }
    // False: memory was exhausted, or it was cancelled.
    [[nodiscard]] bool active() const noexcept { return listeners_ != nullptr; }

private:
    friend class Doc;
    Subscription(detail::UpdateListeners* listeners, std::uint64_t id) noexcept
        : listeners_(listeners), id_(id) {
        ++listeners_->owners;
    }
    detail::UpdateListeners* listeners_ = nullptr;
    std::uint64_t id_ = 0;
};

}  // namespace crdt
