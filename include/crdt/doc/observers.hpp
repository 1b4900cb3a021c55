// Who observes which type, and who watches transactions as a whole. A document has one of these
// from the first observer on; without, nothing of this room costs anything.
#pragma once

#include <cstdint>

#include "event.hpp"
#include "listeners.hpp"
#include "told_change.hpp"

namespace crdt::detail {

using EventListeners = Listeners<const Event&>;
using DeepListeners = Listeners<const DeepEvents&>;
using BeginListeners = Listeners<const Origin&>;
using TransactionListeners = Listeners<const TransactionEvent&>;

enum class Hook : std::uint8_t { before_observers, after_transaction, after_cleanup };

class Observers {
public:
    Observers(Store& store, ListenSwitch& listened) noexcept
        : change_(store),
          listened_{&any_, &listened},
          types_listened_{&any_type_, &listened_},
          deep_listened_{&any_deep_, &types_listened_},
          begin_listened_{&any_begin_, &listened_} {}
    Observers(const Observers&) = delete;
    Observers& operator=(const Observers&) = delete;
    ~Observers();

    [[nodiscard]] bool any() const noexcept { return any_; }

    [[nodiscard]] Subscription add(std::uint32_t type,
                                   bool deep,
                                   const ListenerList::Entry& entry) noexcept;
    [[nodiscard]] Subscription add_begin(const ListenerList::Entry& entry) noexcept {
        return Subscribing::add(begin_, &begin_listened_, entry);
    }
    [[nodiscard]] Subscription add_end(Hook hook, const ListenerList::Entry& entry) noexcept {
        return Subscribing::add(ends_[static_cast<std::size_t>(hook)], &listened_, entry);
    }

    // Whether begin() is to be called.
    [[nodiscard]] bool any_begin() const noexcept { return any_begin_; }
    // A transaction begins, perhaps by an observer's edit: what is being told stays as it was.
    void begin(const Origin& origin) noexcept {
        if (telling_ != nullptr) telling_->freeze();
        if (begin_ != nullptr) begin_->call(origin);
    }

    // The change that has just closed, to be told now.
    void take(const Origin& origin) noexcept {
        change_.take(origin);
        find(change_);
    }
    // All have heard of it.
    void forget() noexcept { change_.clear(); }
    [[nodiscard]] ToldChange& taken() noexcept { return change_; }
    // The same for one to be told later; nullptr when memory is exhausted. The origin is its own.
    [[nodiscard]] static ToldChange* create(Store& store) noexcept;
    static void destroy(ToldChange* change) noexcept;
    void find(ToldChange& change) noexcept;
    // All but the clean-up, which is told when formats have been tidied up. Both, always.
    void tell(ToldChange& change) noexcept;
    void tell_cleanup(ToldChange& change) noexcept;

private:
    struct ObservedType {
        EventListeners* direct;
        DeepListeners* deep;
    };
    // What is known of a type while the events of one change are found.
    struct Mark {
        std::uint32_t seen = 0;         // of that number: it was looked at
        std::uint32_t placed = 0;       // of that number: the rest is known
        std::uint32_t depth = 0;        // types around it
        std::uint32_t nearest = kNone;  // type, itself or around it, that is observed deeply
    };

    [[nodiscard]] EventListeners* direct(std::uint32_t type) const noexcept {
        EventListeners* list = type < types_.size() ? types_[type].direct : nullptr;
        return list != nullptr && list->any() ? list : nullptr;
    }
    [[nodiscard]] DeepListeners* deep(std::uint32_t type) const noexcept {
        DeepListeners* list = type < types_.size() ? types_[type].deep : nullptr;
        return list != nullptr && list->any() ? list : nullptr;
    }
    [[nodiscard]] bool dead(std::uint32_t type) const noexcept {
        return change_.store.types.types[type].dead;
    }
    [[nodiscard]] bool find_several(ToldChange& change) noexcept;
    [[nodiscard]] bool place(const ToldChange& change, std::uint32_t type) noexcept;
    void call(Hook hook, ToldChange& change) noexcept;
    void call_single(ToldChange& change) noexcept;
    void call_several(ToldChange& change) noexcept;
    void call_all_of_failure(ToldChange& change) noexcept;

    ToldChange change_;  // reused by every change that is told at once
    ToldChange* telling_ = nullptr;
    bool any_ = false;
    bool any_type_ = false;
    bool any_deep_ = false;
    bool any_begin_ = false;
    ListenSwitch listened_;
    ListenSwitch types_listened_;
    ListenSwitch deep_listened_;
    ListenSwitch begin_listened_;
    Vec<ObservedType> types_;  // by number
    BeginListeners* begin_ = nullptr;
    TransactionListeners* ends_[3] = {};
    Vec<Mark> marks_;  // by number of the type
    std::uint32_t round_ = 0;
    Vec<std::uint32_t> chain_;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/doc/observers.ipp"
#endif
