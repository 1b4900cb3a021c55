// Who wants to be told, and the subscriptions by which they stop.
#pragma once

#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include "../base/bytes.hpp"
#include "origin.hpp"

namespace crdt {

namespace detail {

// Counts who listens in some way, and says whether anybody does.
struct ListenSwitch {
    bool* on = nullptr;
    ListenSwitch* outer = nullptr;  // counts these and others
    std::uint32_t count = 0;

    void add() noexcept {
        ++count;
        *on = true;
        if (outer != nullptr) outer->add();
    }
    void remove() noexcept {
        if (--count == 0) *on = false;
        if (outer != nullptr) outer->remove();
    }
};

// Callbacks of any one kind: a list that survives callbacks being added and removed while it is
// called, and subscriptions that outlive its owner. Shared by the owner, a document or an
// awareness, and the subscriptions.
class ListenerList {
public:
    struct Entry {
        void (*call)() noexcept;  // of the type that Listeners<...> knows
        void (*destroy)(void* object) noexcept;
        void* object;
        std::uint64_t id;  // 0: removed; it goes when nobody is being called
    };

    [[nodiscard]] bool any() const noexcept { return living_ > 0; }
    // 0 when memory is exhausted; `destroy` is then left to the caller.
    [[nodiscard]] std::uint64_t add(Entry entry) noexcept {
        entry.id = ++last_id_;
        if (!list_.push_back(entry)) return 0;
        ++living_;
        if (listened != nullptr) listened->add();
        return entry.id;
    }
    void remove(std::uint64_t id) noexcept {
        for (Entry& entry : list_) {
            if (entry.id != id) continue;
            entry.id = 0;
            --living_;
            if (listened != nullptr) listened->remove();
        }
        sweep();
    }

    // One is the owner, the others are subscriptions.
    std::uint32_t owners = 1;
    // The owner's, while it lives, if it has one.
    ListenSwitch* listened = nullptr;

    void release_owner() noexcept {
        if (--owners > 0) return;
        for (const Entry& entry : list_) entry.destroy(entry.object);
        this->~ListenerList();
        release(this);
    }

protected:
    // f(const Entry&) for each that was there when the call began and is there still.
    template <class F>
    void for_each(F&& f) noexcept {
        ++calling_;
        const std::size_t count = list_.size();  // those added meanwhile start with the next
        for (std::size_t i = 0; i < count; ++i) {
            const Entry entry = list_[i];
            if (entry.id != 0) f(entry);
        }
        --calling_;
        sweep();
    }

private:
    void sweep() noexcept {
        if (calling_ > 0 || living_ == list_.size()) return;
        // A destroyed listener may cancel others, or end the last subscription.
        ++calling_;
        ++owners;
        std::size_t kept = 0;
        for (std::size_t i = 0; i < list_.size(); ++i) {
            const Entry entry = list_[i];
            if (entry.id != 0) {
                list_[kept++] = entry;
            } else {
                entry.destroy(entry.object);
            }
        }
        list_.truncate(kept);
        --calling_;
        --owners;
    }

    Vec<Entry> list_;
    std::uint64_t last_id_ = 0;
    std::size_t living_ = 0;
    std::uint32_t calling_ = 0;
};

// Those that are called with Args. Adds nothing to hold: a list is released as a ListenerList.
template <class... Args>
class Listeners : public ListenerList {
public:
    // F is kept until it is removed; nothing, when memory is exhausted.
    template <class F>
    [[nodiscard]] static ListenerList::Entry make(F&& f) noexcept {
        using Callback = std::decay_t<F>;
        void* object = allocate(sizeof(Callback));
        if (object == nullptr) return {nullptr, nullptr, nullptr, 0};
        ::new (object) Callback(std::forward<F>(f));
        void (*const call)(void*, Args...) noexcept = [](void* callback, Args... args) noexcept {
            (*static_cast<Callback*>(callback))(args...);
        };
        return {reinterpret_cast<void (*)() noexcept>(call),
                [](void* callback) noexcept {
                    static_cast<Callback*>(callback)->~Callback();
                    release(callback);
                },
                object, 0};
    }
    void call(Args... args) noexcept {
        for_each([&](const Entry& entry) {
            reinterpret_cast<void (*)(void*, Args...) noexcept>(entry.call)(entry.object, args...);
        });
    }
    // A new one; nullptr when memory is exhausted.
    [[nodiscard]] static Listeners* create(ListenSwitch* listened) noexcept {
        void* block = allocate(sizeof(Listeners));
        if (block == nullptr) return nullptr;
        auto* list = ::new (block) Listeners();
        list->listened = listened;
        return list;
    }
    // The owner goes: its subscriptions may stay.
    void abandon() noexcept {
        listened = nullptr;
        release_owner();
    }
};
using UpdateListeners = Listeners<ByteView, const Origin&>;

struct Subscribing;

}  // namespace detail

// Ends a listener when it goes. May outlive what it listens to.
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
        // A listener may own its subscription, which then goes with it.
        detail::ListenerList* const listeners = std::exchange(listeners_, nullptr);
        listeners->remove(id_);
        listeners->release_owner();
    }
    // False: memory was exhausted, or it was cancelled.
    [[nodiscard]] bool active() const noexcept { return listeners_ != nullptr; }

private:
    friend struct detail::Subscribing;
    Subscription(detail::ListenerList* listeners, std::uint64_t id) noexcept
        : listeners_(listeners), id_(id) {
        ++listeners_->owners;
    }
    detail::ListenerList* listeners_ = nullptr;
    std::uint64_t id_ = 0;
};

namespace detail {

struct Subscribing {
    // Adds to a list, made if it is not there yet; `listened` may be null. Not active: memory is
    // exhausted.
    template <class List>
    [[nodiscard]] static Subscription add(List*& list,
                                          ListenSwitch* listened,
                                          const ListenerList::Entry& entry) noexcept {
        if (entry.object == nullptr) return {};
        if (list == nullptr) list = List::create(listened);
        const std::uint64_t id = list == nullptr ? 0 : list->add(entry);
        if (id == 0) {
            entry.destroy(entry.object);
            return {};
        }
        return Subscription(list, id);
    }
};

}  // namespace detail
}  // namespace crdt
