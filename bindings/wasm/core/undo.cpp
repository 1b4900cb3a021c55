// Undo managers. JavaScript has the stacks, and decides what is recorded and what may be deleted;
// here are the same stacks once more, with what undoing needs.
#include "border.hpp"

namespace ropewalk {

struct Undo;

RW_IMPORT(undo_captures) std::uint32_t host_undo_captures(Undo* undo, std::uint32_t transaction);
RW_IMPORT(undo_may_delete)
std::uint32_t host_undo_may_delete(Undo* undo,
                                   double client,
                                   std::uint32_t clock,
                                   std::uint32_t length);

struct Undo {
    Undo(Document& document, const crdt::UndoOptions& options)
        : manager(document.doc, std::initializer_list<crdt::SharedType>{}, options) {}
    crdt::UndoManager manager;
    bool listening = true;
};

namespace {

crdt::UndoStack stack_of(std::uint32_t redo) noexcept {
    return redo != 0 ? crdt::UndoStack::redo : crdt::UndoStack::undo;
}

bool captures(void* context, const crdt::Origin& origin) noexcept {
    auto* const undo = static_cast<Undo*>(context);
    return undo->listening && host_undo_captures(undo, transaction_of(origin)) != 0;
}
bool may_delete(void* context, const crdt::UndoneInsertion& what) noexcept {
    return host_undo_may_delete(static_cast<Undo*>(context),
                                static_cast<double>(crdt::raw(what.id.client)),
                                crdt::raw(what.id.clock), what.length) != 0;
}

bool read_ids(In in, crdt::IdSet& out) noexcept {
    while (in.more()) {
        const auto client = static_cast<crdt::ClientId>(in.number());
        const auto start = static_cast<crdt::Clock>(in.number());
        if (!out.insert(client, start, static_cast<std::uint32_t>(in.number()))) return false;
    }
    return true;
}

}  // namespace

// `overwrite`: entries of maps come back over what others have set. nullptr when memory is
// exhausted.
RW_EXPORT(rw_undo_new) Undo* rw_undo_new(Document* document, std::uint32_t overwrite) {
    auto* const made = static_cast<Undo*>(crdt::detail::allocate(sizeof(Undo)));
    if (made == nullptr) return nullptr;
    crdt::UndoOptions options;
    options.hold = true;
    options.track_all = true;
    options.capture = &captures;
    options.may_delete = &may_delete;
    options.ignore_remote_map_changes = overwrite != 0;
    options.context = made;
    new (made) Undo(*document, options);
    if (made->manager.status().ok()) return made;
    made->~Undo();
    crdt::detail::release(made);
    return nullptr;
}
RW_EXPORT(rw_undo_free) void rw_undo_free(Undo* undo) {
    undo->~Undo();
    crdt::detail::release(undo);
}

// Whether JavaScript is asked what to record.
RW_EXPORT(rw_undo_listen) void rw_undo_listen(Undo* undo, std::uint32_t on) {
    undo->listening = on != 0;
}

RW_EXPORT(rw_undo_scope_clear) void rw_undo_scope_clear(Undo* undo) { undo->manager.clear_scope(); }
RW_EXPORT(rw_undo_scope_all) void rw_undo_scope_all(Undo* undo) {
    undo->manager.add_document_to_scope();
}
RW_EXPORT(rw_undo_scope)
std::uint32_t rw_undo_scope(Undo* undo, Document* document, std::uint32_t type) {
    return answer(undo->manager.add_to_scope({document->handle<crdt::Text>(type)}));
}

// The oldest change that JavaScript wanted to be recorded: whether it was in scope, and what
// becomes of it: a new item of a stack, or part of the newest one; or nothing.
RW_EXPORT(rw_undo_holds) std::uint32_t rw_undo_holds(const Undo* undo) {
    return undo->manager.holds() ? 1 : 0;
}
RW_EXPORT(rw_undo_take)
std::uint32_t rw_undo_take(Undo* undo, std::uint32_t redo, std::uint32_t join) {
    return undo->manager.take(stack_of(redo), join != 0) ? 1 : 0;
}
RW_EXPORT(rw_undo_drop) void rw_undo_drop(Undo* undo) { undo->manager.drop(); }

// Undoes the newest item, in a transaction that is open. report.made: whether that changed
// anything.
RW_EXPORT(rw_undo_pop) std::uint32_t rw_undo_pop(Undo* undo, std::uint32_t redo) {
    const crdt::Undone undone = undo->manager.undo_one(stack_of(redo));
    report.made = undone ? 1 : 0;
    return answer(undone.status());
}
RW_EXPORT(rw_undo_clear) void rw_undo_clear(Undo* undo, std::uint32_t redo) {
    undo->manager.clear(stack_of(redo));
}
// Of an item of a stack, the oldest being 0: clients, starts and lengths.
RW_EXPORT(rw_undo_ids)
std::uint32_t rw_undo_ids(const Undo* undo,
                          std::uint32_t redo,
                          std::uint32_t index,
                          std::uint32_t deleted) {
    const crdt::UndoItem* const item = undo->manager.item(stack_of(redo), index);
    Out out;
    if (item != nullptr) out.id_set(deleted != 0 ? item->deletions() : item->insertions());
    return out.done();
}
// `in`: insertions of `inserted` bytes, then deletions, as ids of items are told.
RW_EXPORT(rw_undo_push)
std::uint32_t rw_undo_push(Undo* undo,
                           std::uint32_t redo,
                           std::uint32_t inserted,
                           std::uint32_t size) {
    crdt::IdSet insertions;
    crdt::IdSet deletions;
    if (!read_ids({in_begin(), in_begin() + inserted}, insertions) ||
        !read_ids({in_begin() + inserted, in_begin() + size}, deletions)) {
        return answer(crdt::Status(crdt::ErrorCode::out_of_memory));
    }
    return answer(undo->manager.push(stack_of(redo), insertions, deletions));
}

}  // namespace ropewalk
