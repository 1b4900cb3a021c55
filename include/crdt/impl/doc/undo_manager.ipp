#pragma once

#include "undo_core.ipp"

namespace crdt {

// -- items
// ------------------------------------------------------------------------------------------

ROPEWALK_INLINE UndoItem::~UndoItem() {
    while (meta_ != nullptr) {
        Meta* meta = std::exchange(meta_, meta_->next);
        meta->~Meta();
        detail::release(meta);
    }
}

ROPEWALK_INLINE UndoItem::Meta* UndoItem::find(std::string_view name) const noexcept {
    Meta* meta = meta_;
    while (meta != nullptr && as_text(meta->name) != name) meta = meta->next;
    return meta;
}

ROPEWALK_INLINE const Bytes* UndoItem::meta(std::string_view name) const noexcept {
    const Meta* found = find(name);
    return found == nullptr ? nullptr : &found->value;
}

ROPEWALK_INLINE Status UndoItem::set_meta(std::string_view name, ByteView value) noexcept {
    Bytes copy;
    if (!copy.append(value)) return ErrorCode::out_of_memory;
    if (Meta* known = find(name)) {
        known->value = std::move(copy);
        return {};
    }
    Bytes named;
    void* block = named.append(name) ? detail::allocate(sizeof(Meta)) : nullptr;
    if (block == nullptr) return ErrorCode::out_of_memory;
    meta_ = ::new (block) Meta{std::move(named), std::move(copy), meta_};
    return {};
}

// -- the manager
// ------------------------------------------------------------------------------------

ROPEWALK_INLINE void UndoManager::start(Doc& doc, const UndoOptions& options) noexcept {
    detail::Store* store = doc.store();
    if (store == nullptr) {
        status_ = ErrorCode::no_document;
        return;
    }
    status_ = store->open_history();
    if (!status_.ok()) return;
    void* block = detail::allocate(sizeof(UndoCore));
    if (block == nullptr) {
        status_ = ErrorCode::out_of_memory;
        return;
    }
    core_ = ::new (block) UndoCore(options);
    for (const std::string_view name : options.tracked_origins) {
        if (!core_->track(name)) status_ = ErrorCode::out_of_memory;
    }
    store->keeping.add(*core_, *store);
    // Keystrokes are recorded from now on.
    if (store->change.depth == 0) store->close_keystrokes();
}

ROPEWALK_INLINE UndoManager::UndoManager(Doc& doc, const UndoOptions& options) noexcept {
    start(doc, options);
    if (core_ != nullptr) core_->scope.add_all();
}

ROPEWALK_INLINE UndoManager::UndoManager(Doc& doc,
                                         std::initializer_list<SharedType> scope,
                                         const UndoOptions& options) noexcept {
    start(doc, options);
    if (core_ == nullptr) return;
    const Status added = add_to_scope(scope);
    if (status_.ok()) status_ = added;
}

ROPEWALK_INLINE UndoManager& UndoManager::operator=(UndoManager&& other) noexcept {
    if (this != &other) {
        if (core_ != nullptr) UndoCore::destroy(core_);
        core_ = std::exchange(other.core_, nullptr);
        status_ = other.status_;
    }
    return *this;
}

ROPEWALK_INLINE UndoManager::~UndoManager() {
    if (core_ != nullptr) UndoCore::destroy(core_);
}

ROPEWALK_INLINE Status UndoManager::add_to_scope(std::initializer_list<SharedType> types) noexcept {
    if (core_ == nullptr || core_->store == nullptr) return ErrorCode::no_document;
    for (const SharedType& type : types) {
        ROPEWALK_CHECK(type.check());
        if (type.store_ != core_->store) return ErrorCode::invalid_argument;
        if (!core_->scope.add(type.type_)) return ErrorCode::out_of_memory;
    }
    return {};
}

ROPEWALK_INLINE Status UndoManager::add_tracked_origin(std::string_view name) noexcept {
    if (core_ == nullptr) return ErrorCode::no_document;
    return core_->track(name) ? Status{} : ErrorCode::out_of_memory;
}

ROPEWALK_INLINE void UndoManager::remove_tracked_origin(std::string_view name) noexcept {
    if (core_ == nullptr) return;
    for (UndoCore::Name** at = &core_->names; *at != nullptr; at = &(*at)->next) {
        if (as_text((*at)->text) != name) continue;
        UndoCore::Name* removed = std::exchange(*at, (*at)->next);
        removed->~Name();
        detail::release(removed);
        return;
    }
}

ROPEWALK_INLINE std::size_t UndoManager::undo_size() const noexcept {
    return core_ == nullptr ? 0 : core_->stack_of(UndoStack::undo).size();
}
ROPEWALK_INLINE std::size_t UndoManager::redo_size() const noexcept {
    return core_ == nullptr ? 0 : core_->stack_of(UndoStack::redo).size();
}
ROPEWALK_INLINE UndoItem* UndoManager::undo_item() const noexcept {
    return can_undo() ? core_->stack_of(UndoStack::undo).back() : nullptr;
}
ROPEWALK_INLINE UndoItem* UndoManager::redo_item() const noexcept {
    return can_redo() ? core_->stack_of(UndoStack::redo).back() : nullptr;
}

ROPEWALK_INLINE UndoItem* UndoManager::item(UndoStack stack, std::size_t index) const noexcept {
    if (core_ == nullptr) return nullptr;
    const auto& items = core_->stack_of(stack);
    return index < items.size() ? items[index] : nullptr;
}

ROPEWALK_INLINE Status UndoManager::push(UndoStack stack,
                                         const IdSet& insertions,
                                         const IdSet& deletions) noexcept {
    if (core_ == nullptr || core_->store == nullptr) return ErrorCode::no_document;
    return core_->push(stack, insertions, deletions);
}

ROPEWALK_INLINE Undone UndoManager::undo() noexcept { return pop(UndoStack::undo); }
ROPEWALK_INLINE Undone UndoManager::redo() noexcept { return pop(UndoStack::redo); }

ROPEWALK_INLINE Undone UndoManager::pop(UndoStack which) noexcept {
    if (core_ == nullptr || core_->store == nullptr) return {ErrorCode::no_document, false};
    UndoCore& core = *core_;
    if (core.popping || core.stack_of(which).empty()) return {false};
    detail::Store& store = *core.store;
    const Origin origin(core.options.origin);
    static_cast<DocCore*>(store.sink.context)->set_origin(origin, false);
    const Status opened = store.begin_change();
    if (!opened.ok()) return {opened, false};
    core.popping = true;
    core.popped_from = which;
    UndoItem* item = nullptr;
    Status status = core.undo_any(which, item);
    if (!status.ok()) store.change.note(status.error());
    core.popped = item;
    if (store.change.depth > 1) {
        // Part of an outer change, which is recorded when it ends.
        core.popping = false;
        if (item != nullptr) core.tell_later(UndoEventKind::popped, which, item, origin);
    }
    const Status ended = store.end_change();  // a listener may end the manager
    if (status.ok()) status = ended;
    UndoCore::release_item(item);
    return {status, item != nullptr};
}

// -- with stacks of the caller's
// --------------------------------------------------------------------

ROPEWALK_INLINE bool UndoManager::holds() const noexcept {
    return core_ != nullptr && !core_->held.empty() && core_->held[0] != nullptr;
}

ROPEWALK_INLINE bool UndoManager::take(UndoStack stack, bool join) noexcept {
    if (core_ == nullptr || core_->held.empty()) return false;
    return core_->take(stack, join);
}

ROPEWALK_INLINE void UndoManager::drop() noexcept {
    if (core_ == nullptr || core_->held.empty()) return;
    UndoCore::release_item(core_->next_held());
    core_->release();
}

ROPEWALK_INLINE Undone UndoManager::undo_one(UndoStack stack) noexcept {
    if (core_ == nullptr || core_->store == nullptr) return {ErrorCode::no_document, false};
    if (core_->stack_of(stack).empty()) return {false};
    const Status opened = core_->store->begin_change();
    if (!opened.ok()) return {opened, false};
    UndoItem* item = nullptr;
    bool changed = false;
    const Status status = core_->undo_newest(stack, item, changed);
    if (!status.ok()) core_->store->change.note(status.error());
    const Status ended = core_->store->end_change();
    UndoCore::release_item(item);
    return {status.ok() ? ended : status, changed};
}

ROPEWALK_INLINE void UndoManager::clear_scope() noexcept {
    if (core_ != nullptr) core_->scope.clear();
}
ROPEWALK_INLINE void UndoManager::add_document_to_scope() noexcept {
    if (core_ != nullptr) core_->scope.add_all();
}

ROPEWALK_INLINE void UndoManager::stop_capturing() noexcept {
    if (core_ != nullptr) core_->capturing = false;
}

ROPEWALK_INLINE void UndoManager::clear(UndoStack stack) noexcept {
    if (core_ == nullptr) return;
    core_->clear(stack);
    core_->release();
    if (core_->store == nullptr || core_->store->change.depth == 0) core_->tell();
}

ROPEWALK_INLINE void UndoManager::clear() noexcept {
    clear(UndoStack::undo);
    clear(UndoStack::redo);
}

ROPEWALK_INLINE Subscription
UndoManager::listen(const detail::ListenerList::Entry& entry) noexcept {
    if (core_ == nullptr) {
        if (entry.object != nullptr) entry.destroy(entry.object);
        return {};
    }
    return detail::Subscribing::add(core_->listeners, &core_->listened, entry);
}

}  // namespace crdt
