#pragma once

#include "../../base/sort.hpp"
#include "../../doc/undo_manager.hpp"
#include "doc.ipp"

namespace crdt {

// What an undo manager owns. Its address never changes: the store and subscriptions point to it.
struct UndoCore : detail::Keeper {
    struct Name {
        Bytes text;
        Name* next;
    };
    // What listeners are still to be told.
    struct Told {
        UndoEventKind kind;
        UndoStack stack;
        UndoItem* item;
        Origin origin;
    };

    explicit UndoCore(const UndoOptions& wanted) noexcept : options(wanted) {
        closing = &on_closing;
        closed = &on_closed;
        options.tracked_origins = {};  // `names` has them
    }
    UndoCore(const UndoCore&) = delete;
    UndoCore& operator=(const UndoCore&) = delete;
    ~UndoCore();
    // Now, or when the listeners that are being called have returned.
    static void destroy(UndoCore* core) noexcept;

    [[nodiscard]] detail::Vec<UndoItem*>& stack_of(UndoStack which) noexcept {
        return stacks[static_cast<unsigned>(which)];
    }
    [[nodiscard]] bool track(std::string_view name) noexcept;
    [[nodiscard]] bool tracks(const Origin& origin) const noexcept;

    [[nodiscard]] bool captures(const Origin& origin, bool undone) const noexcept {
        if (options.capture != nullptr && !options.capture(options.context, origin)) return false;
        return undone || options.track_all || tracks(origin);
    }

    static void on_closing(Keeper& keeper, detail::Store& changed) noexcept;
    static void on_closed(Keeper& keeper, detail::Store& changed) noexcept;
    // What the change that ends has done becomes an item, if it is in scope.
    [[nodiscard]] Status record(const Origin& origin, bool undone) noexcept;
    // The same, to wait in `held`; nothing waits there for what is not in scope.
    [[nodiscard]] Status hold() noexcept;
    // The oldest of them leaves, and is not kept by that any longer.
    [[nodiscard]] UndoItem* next_held() noexcept;
    bool take(UndoStack which, bool join) noexcept;
    // f(client, begin, end) for each client for whom the change has inserted.
    template <class F>
    void for_each_inserted(F&& f) noexcept;
    [[nodiscard]] bool touches_scope() noexcept;
    // Into the item; what was deleted is kept from now on.
    [[nodiscard]] Status add_to(UndoItem& item) noexcept;
    [[nodiscard]] Status keep(const detail::Deletion& range) noexcept;
    [[nodiscard]] bool keep_units(ClientId client,
                                  std::uint32_t clock,
                                  std::uint32_t count) noexcept;
    void keep_types(std::uint32_t type) noexcept;

    [[nodiscard]] Status push(UndoStack which,
                              const IdSet& insertions,
                              const IdSet& deletions) noexcept;

    // Pops the newest item of a stack and undoes it.
    [[nodiscard]] Status undo_newest(UndoStack which, UndoItem*& undone, bool& changed) noexcept;
    // Likewise, up to one that changes something.
    [[nodiscard]] Status undo_any(UndoStack which, UndoItem*& undone) noexcept;
    void clear(UndoStack which) noexcept;
    void give_up_types(const UndoItem& item) noexcept;
    // Nothing is kept any longer if nothing can be undone. Not done for single items: Yjs keeps
    // them, too, and writes what lies side by side as one.
    void release() noexcept;
    // An item has left its stack.
    void forget(const UndoItem& item) noexcept;
    [[nodiscard]] static UndoItem* make_item() noexcept;
    static void release_item(UndoItem* item) noexcept;

    void tell_later(UndoEventKind kind,
                    UndoStack stack,
                    UndoItem* item,
                    const Origin& origin) noexcept;
    void tell() noexcept;

    UndoOptions options;
    Name* names = nullptr;
    detail::UndoScope scope;
    detail::Vec<UndoItem*> stacks[2];
    detail::Vec<UndoItem*> held;  // with options.hold; nullptr: was not in scope
    IdSet released;               // was kept once, see keep_units
    bool popping = false;         // the change that is open is that of undo() or redo()
    UndoStack popped_from = UndoStack::undo;
    UndoItem* popped = nullptr;  // what it has undone; the caller of undo() owns it
    bool capturing = false;      // the next transaction may join the newest item
    std::uint64_t captured_at = 0;
    detail::Vec<Told> told;
    std::uint32_t telling = 0;  // calls of listeners, nested
    bool gone = false;
    bool heard = false;
    detail::ListenSwitch listened{&heard};
    detail::Listeners<const UndoEvent&>* listeners = nullptr;
};

// -- items
// ------------------------------------------------------------------------------------------

ROPEWALK_INLINE UndoItem* UndoCore::make_item() noexcept {
    void* block = detail::allocate(sizeof(UndoItem));
    return block == nullptr ? nullptr : ::new (block) UndoItem();
}

ROPEWALK_INLINE void UndoCore::release_item(UndoItem* item) noexcept {
    if (item == nullptr || --item->owners_ > 0) return;
    item->~UndoItem();
    detail::release(item);
}

ROPEWALK_INLINE UndoCore::~UndoCore() {
    if (store != nullptr) store->keeping.remove(*this);
    for (const Told& event : told) release_item(event.item);
    for (const auto& stack : stacks) {
        for (UndoItem* item : stack) release_item(item);
    }
    for (UndoItem* item : held) release_item(item);
    while (names != nullptr) {
        Name* name = std::exchange(names, names->next);
        name->~Name();
        detail::release(name);
    }
    if (listeners != nullptr) listeners->abandon();
}

ROPEWALK_INLINE void UndoCore::destroy(UndoCore* core) noexcept {
    if (core->telling > 0) {
        core->gone = true;
        if (core->store != nullptr) core->store->keeping.remove(*core);
        return;
    }
    core->~UndoCore();
    detail::release(core);
}

ROPEWALK_INLINE void UndoCore::forget(const UndoItem& item) noexcept {
    // Where memory for this fails, more counts as deleted by the stacks than is.
    for (const IdRange& range : item.step_.deletions) {
        static_cast<void>(deleted.remove(range.client, range.start, range.length));
    }
}

ROPEWALK_INLINE void UndoCore::clear(UndoStack which) noexcept {
    auto& stack = stack_of(which);
    if (stack.empty()) return;
    for (UndoItem* item : stack) {
        forget(*item);
        give_up_types(*item);
        release_item(item);
    }
    stack.clear();
    tell_later(UndoEventKind::cleared, which, nullptr, {});
}

// The types around what an item deleted may be collected when they are deleted: as in Yjs even if
// another item holds something in them, for then it could not come back before they do.
ROPEWALK_INLINE void UndoCore::give_up_types(const UndoItem& item) noexcept {
    if (store == nullptr) return;
    for (const IdRange& range : item.step_.deletions) {
        detail::for_each_part(
            *store, range.client, range.start, range.length, [&](const detail::RunPart& part) {
                std::uint32_t seq = store->runs[part.run].seq;
                while (seq != detail::kNone) {
                    const std::uint32_t type = store->sequences.seqs[seq].type;
                    if (type >= types.size() || types[type] == 0) break;
                    types[type] = 0;
                    const std::uint32_t holder = store->types.types[type].run;
                    seq = holder == detail::kNone ? detail::kNone : store->runs[holder].seq;
                }
                return true;
            });
    }
}

ROPEWALK_INLINE void UndoCore::release() noexcept {
    if (!stacks[0].empty() || !stacks[1].empty() || !held.empty()) return;
    static_cast<void>(released.unite(kept));  // or else a block more is written one day
    deleted.clear();
    kept.clear();
    types.clear();
}

// Keeps units. Where released ones lie beside them, Yjs has both as one item: so they are kept
// again, for one block is shorter than two.
ROPEWALK_INLINE bool UndoCore::keep_units(ClientId client,
                                          std::uint32_t clock,
                                          std::uint32_t count) noexcept {
    if (!kept.insert(client, static_cast<Clock>(clock), count)) return false;
    if (count == 0 || released.empty()) return true;
    for (const std::uint32_t beside : {clock + count, clock - 1}) {
        const IdRange* found = beside == detail::kEndOfClocks
                                   ? nullptr
                                   : released.range_of({client, static_cast<Clock>(beside)});
        if (found == nullptr) continue;
        const IdRange range = *found;
        if (!kept.insert(client, range.start, range.length)) return false;
        static_cast<void>(released.remove(client, range.start, range.length));
    }
    return true;
}

// -- recording
// --------------------------------------------------------------------------------------

ROPEWALK_INLINE bool UndoCore::track(std::string_view name) noexcept {
    for (const Name* known = names; known != nullptr; known = known->next) {
        if (as_text(known->text) == name) return true;
    }
    void* block = detail::allocate(sizeof(Name));
    if (block == nullptr) return false;
    auto* added = ::new (block) Name{{}, names};
    if (!added->text.append(name)) {
        added->~Name();
        detail::release(added);
        return false;
    }
    names = added;
    return true;
}

ROPEWALK_INLINE bool UndoCore::tracks(const Origin& origin) const noexcept {
    if (origin.name().empty()) {
        return origin.remote() ? options.track_remote : options.track_local;
    }
    for (const Name* name = names; name != nullptr; name = name->next) {
        if (as_text(name->text) == origin.name()) return true;
    }
    return false;
}

template <class F>
void UndoCore::for_each_inserted(F&& f) noexcept {
    const detail::Change& change = store->change;
    if (store->own_next_clock() > change.own_begin) {
        f(store->own, change.own_begin, store->own_next_clock());
    }
    for (const detail::Touched& touched : change.touched) {
        const std::uint32_t end = store->clients[touched.client].next_clock;
        if (end > touched.begin) f(touched.client, touched.begin, end);
    }
}

// Was a type in scope changed that lives still?
ROPEWALK_INLINE bool UndoCore::touches_scope() noexcept {
    const detail::Change& change = store->change;
    bool any = false;
    std::uint32_t last = detail::kNone;
    const auto look = [&](std::uint32_t client, std::uint32_t clock, std::uint32_t length) {
        if (any) return;
        if (scope.all()) {
            any = true;
            return;
        }
        detail::for_each_part(*store, ClientId{store->clients[client].id},
                              static_cast<Clock>(clock), length, [&](const detail::RunPart& part) {
                                  const std::uint32_t seq = store->runs[part.run].seq;
                                  if (seq == detail::kNone) return true;
                                  const std::uint32_t type = store->sequences.seqs[seq].type;
                                  if (type == last || store->types.types[type].dead) return true;
                                  last = type;
                                  any = scope.contains(*store, type);
                                  return !any;
                              });
    };
    for_each_inserted([&](std::uint32_t client, std::uint32_t begin, std::uint32_t end) {
        look(client, begin, end - begin);
    });
    for (const detail::Deletion& range : change.deletions) {
        look(range.client, range.clock, range.length);
    }
    return any;
}

// A type and those around it keep what they hold. requires: `types` is large enough
ROPEWALK_INLINE void UndoCore::keep_types(std::uint32_t type) noexcept {
    while (types[type] == 0) {
        types[type] = 1;
        const std::uint32_t holder = store->types.types[type].run;
        if (holder == detail::kNone) return;
        type = store->sequences.seqs[store->runs[holder].seq].type;
    }
}

ROPEWALK_INLINE Status UndoCore::keep(const detail::Deletion& range) noexcept {
    const auto client = ClientId{store->clients[range.client].id};
    if (!deleted.insert(client, static_cast<Clock>(range.clock), range.length)) {
        return ErrorCode::out_of_memory;
    }
    bool memory = true;
    detail::for_each_part(*store, client, static_cast<Clock>(range.clock), range.length,
                          [&](const detail::RunPart& part) {
                              const detail::Run& run = store->runs[part.run];
                              if (run.kind <= detail::RunKind::deleted) return true;
                              const std::uint32_t type = store->sequences.seqs[run.seq].type;
                              if (!scope.contains(*store, type)) return true;
                              keep_types(type);
                              memory = keep_units(client, run.clock + part.offset, part.count);
                              return memory;
                          });
    return memory ? Status{} : ErrorCode::out_of_memory;
}

ROPEWALK_INLINE Status UndoCore::add_to(UndoItem& item) noexcept {
    detail::UndoStep& step = item.step_;
    const std::size_t count = store->types.types.size();
    if (types.size() < count && !types.resize(count)) return ErrorCode::out_of_memory;
    bool memory = true;
    // In the order in which the clients' first units came.
    detail::Vec<detail::Deletion> inserted;
    for_each_inserted([&](std::uint32_t client, std::uint32_t begin, std::uint32_t end) {
        memory = memory && inserted.push_back({client, begin, end - begin});
    });
    const auto first_run = [this](const detail::Deletion& range) {
        return store->clients[range.client].list()[0];
    };
    detail::sort(inserted.begin(), inserted.end(),
                 [&](const auto& a, const auto& b) { return first_run(a) < first_run(b); });
    for (const detail::Deletion& range : inserted) {
        memory = memory && step.add_insertion(ClientId{store->clients[range.client].id},
                                              static_cast<Clock>(range.clock), range.length);
    }
    const auto& ranges = store->change.deletions;
    for (const detail::Deletion& range : ranges) {
        memory = memory && step.deletions.insert(ClientId{store->clients[range.client].id},
                                                 static_cast<Clock>(range.clock), range.length);
    }
    if (!memory || !step.meet_deleted(*store, ranges)) return ErrorCode::out_of_memory;
    for (const detail::Deletion& range : ranges) ROPEWALK_CHECK(keep(range));
    return {};
}

ROPEWALK_INLINE Status UndoCore::record(const Origin& origin, bool undone) noexcept {
    const bool undoing = undone && popped_from == UndoStack::undo;
    const UndoStack which = undoing ? UndoStack::redo : UndoStack::undo;
    auto& stack = stack_of(which);
    if (undoing) capturing = false;
    bool joins = false;
    if (!undone) {
        clear(UndoStack::redo);
        const UndoClock& clock = options.clock;
        const std::uint64_t now = clock.now == nullptr ? 0 : clock.now(clock.context);
        joins = capturing && !stack.empty() && now - captured_at < options.capture_timeout;
        capturing = clock.now != nullptr;
        captured_at = now;
    }
    if (joins) {
        tell_later(UndoEventKind::updated, which, stack.back(), origin);
        return add_to(*stack.back());
    }
    UndoItem* item = make_item();
    Status status = item != nullptr && stack.reserve_more(1) ? Status{} : ErrorCode::out_of_memory;
    if (status.ok()) status = add_to(*item);
    if (!status.ok()) {
        if (item != nullptr) forget(*item);
        release_item(item);
        return status;
    }
    stack.push_back_reserved(item);
    tell_later(UndoEventKind::added, which, item, origin);
    return {};
}

ROPEWALK_INLINE Status UndoCore::hold() noexcept {
    if (!held.reserve_more(1)) return ErrorCode::out_of_memory;
    UndoItem* item = nullptr;
    Status status;
    if (store->change.incomplete) {
        status = ErrorCode::out_of_memory;
    } else if (touches_scope()) {
        item = make_item();
        status = item == nullptr ? Status(ErrorCode::out_of_memory) : add_to(*item);
        if (!status.ok() && item != nullptr) {
            forget(*item);
            release_item(std::exchange(item, nullptr));
        }
    }
    held.push_back_reserved(item);
    return status;
}

ROPEWALK_INLINE UndoItem* UndoCore::next_held() noexcept {
    UndoItem* const item = held[0];
    held.erase(0, 1);
    if (item != nullptr) {
        forget(*item);
        give_up_types(*item);
    }
    return item;
}

ROPEWALK_INLINE bool UndoCore::take(UndoStack which, bool join) noexcept {
    auto& stack = stack_of(which);
    UndoItem* const item = held[0];
    bool taken = false;
    if (item != nullptr && join && !stack.empty()) {
        taken = stack.back()->step_.join(item->step_);
        if (taken) release_item(item);
    } else if (item != nullptr) {
        taken = stack.push_back(item);
    }
    if (taken) {
        held.erase(0, 1);
    } else {
        release_item(next_held());
    }
    return taken;
}

// Nobody knows in which order the clients of an item from elsewhere were met: as the sets have
// them.
ROPEWALK_INLINE Status UndoCore::push(UndoStack which,
                                      const IdSet& insertions,
                                      const IdSet& deletions) noexcept {
    auto& stack = stack_of(which);
    const std::size_t count = store->types.types.size();
    if (types.size() < count && !types.resize(count)) return ErrorCode::out_of_memory;
    UndoItem* item = make_item();
    if (item == nullptr) return ErrorCode::out_of_memory;
    detail::UndoStep& step = item->step_;
    bool memory = stack.reserve_more(1) && deletions.clone_into(step.deletions);
    for (const IdRange& range : insertions) {
        memory = memory && step.add_insertion(range.client, range.start, range.length);
    }
    Status status = memory ? Status{} : ErrorCode::out_of_memory;
    for (const IdRange& range : deletions) {
        if (!status.ok()) break;
        if (!detail::UndoStep::meet(step.deleted, range.client)) status = ErrorCode::out_of_memory;
        const std::uint32_t client = store->clients.find(range.client);
        const std::uint32_t known = client == detail::kNone ? 0 : store->clients[client].next_clock;
        if (!status.ok() || raw(range.start) >= known) continue;
        const std::uint32_t end = range.end() < known ? range.end() : known;
        status = keep({client, raw(range.start), end - raw(range.start)});
    }
    if (!status.ok()) {
        forget(*item);
        release_item(item);
        return status;
    }
    stack.push_back_reserved(item);
    capturing = false;
    return {};
}

ROPEWALK_INLINE void UndoCore::on_closing(Keeper& keeper, detail::Store& changed) noexcept {
    auto& core = static_cast<UndoCore&>(keeper);
    const Origin origin = static_cast<DocCore*>(changed.sink.context)->origin_of(changed.change);
    // What listeners edit from now on is not the manager's.
    const bool undone = std::exchange(core.popping, false);
    changed.settle();
    if (core.captures(origin, undone)) {
        // What could not be recorded cannot be undone; the change itself stands.
        Status status;
        if (core.options.hold) {
            status = core.hold();
        } else if (changed.change.incomplete) {
            status = ErrorCode::out_of_memory;
        } else if (core.touches_scope()) {
            status = core.record(origin, undone);
        }
        if (!status.ok()) changed.change.note(status.error());
    }
    if (undone && core.popped != nullptr) {
        core.tell_later(UndoEventKind::popped, core.popped_from, core.popped, origin);
    }
}

// -- undoing
// ----------------------------------------------------------------------------------------

// requires: the stack holds one
ROPEWALK_INLINE Status UndoCore::undo_newest(UndoStack which,
                                             UndoItem*& undone,
                                             bool& changed) noexcept {
    auto& stack = stack_of(which);
    const auto may_delete = [this](const detail::RunPart& part) {
        if (options.may_delete == nullptr) return true;
        const detail::Run& run = store->runs[part.run];
        const bool shows = run.countable() && !run.is_text();
        const UndoneInsertion insertion{
            {ClientId{store->clients[run.client].id}, static_cast<Clock>(run.clock + part.offset)},
            part.count,
            shows ? Value{store, {part.run, part.offset}} : Value{}};
        return options.may_delete(options.context, insertion);
    };
    UndoItem* const item = stack.back();
    detail::Redo redo(*store, *this, scope, item->step_, options.ignore_remote_map_changes);
    ROPEWALK_CHECK(redo.run(may_delete, changed));
    stack.pop_back();
    forget(*item);
    undone = item;
    return {};
}

ROPEWALK_INLINE Status UndoCore::undo_any(UndoStack which, UndoItem*& undone) noexcept {
    while (!stack_of(which).empty()) {
        bool changed = false;
        ROPEWALK_CHECK(undo_newest(which, undone, changed));
        if (changed) return {};
        release_item(std::exchange(undone, nullptr));
    }
    return {};
}

// -- telling
// ----------------------------------------------------------------------------------------

ROPEWALK_INLINE void UndoCore::tell_later(UndoEventKind kind,
                                          UndoStack stack,
                                          UndoItem* item,
                                          const Origin& origin) noexcept {
    if (!heard || !told.push_back({kind, stack, item, origin})) return;
    if (item != nullptr) ++item->owners_;
}

ROPEWALK_INLINE void UndoCore::on_closed(Keeper& keeper, detail::Store& /*changed*/) noexcept {
    static_cast<UndoCore&>(keeper).tell();
}

ROPEWALK_INLINE void UndoCore::tell() noexcept {
    if (told.empty()) return;
    // A listener that edits has this called again, which tells the rest: origins are borrowed only
    // until a change has ended.
    ++telling;
    while (!told.empty()) {
        const Told event = told[0];
        told.erase(0, 1);
        if (!gone) listeners->call({event.kind, event.stack, event.item, event.origin});
        release_item(event.item);
    }
    if (--telling == 0 && gone) destroy(this);
}

}  // namespace crdt
