// Undo managers. Which transactions are recorded, and what may be deleted, JavaScript decides.
#include "border.hpp"

namespace ropewalk {

struct Undo;

RW_IMPORT(undo_captures) std::uint32_t host_undo_captures(Undo* undo, std::uint32_t transaction);
RW_IMPORT(undo_may_delete)
std::uint32_t host_undo_may_delete(Undo* undo, double client, std::uint32_t clock, std::uint32_t length);
RW_IMPORT(undo_event)
void host_undo_event(Undo* undo,
                     std::uint32_t kind,
                     std::uint32_t stack,
                     const crdt::UndoItem* item,
                     std::uint32_t transaction);
RW_IMPORT(now) double host_now();

struct Undo {
    explicit Undo(Document& document, const crdt::UndoOptions& options)
        : manager(document.doc, std::initializer_list<crdt::SharedType>{}, options) {}
    crdt::UndoManager manager;
    crdt::Subscription heard;
};

namespace {

crdt::UndoStack stack_of(std::uint32_t redo) noexcept {
    return redo != 0 ? crdt::UndoStack::redo : crdt::UndoStack::undo;
}

}  // namespace

// `flags`: 1 entries of maps come back over what others have set, 2 asks before it deletes, 4 looks
// after the whole document.
RW_EXPORT(rw_undo_new)
Undo* rw_undo_new(Document* document, double timeout, std::uint32_t flags) {
    auto* const made = static_cast<Undo*>(crdt::detail::allocate(sizeof(Undo)));
    if (made == nullptr) return nullptr;
    crdt::UndoOptions options;
    options.capture_timeout = static_cast<std::uint64_t>(timeout);
    options.clock = {
        .now = [](void*) noexcept { return static_cast<std::uint64_t>(host_now()); }};
    options.track_all = true;
    options.capture = [](void* context, const crdt::Origin& origin) noexcept {
        return host_undo_captures(static_cast<Undo*>(context), transaction_of(origin)) != 0;
    };
    options.ignore_remote_map_changes = (flags & 1U) != 0;
    if ((flags & 2U) != 0) {
        options.may_delete = [](void* context, const crdt::UndoneInsertion& what) noexcept {
            return host_undo_may_delete(static_cast<Undo*>(context),
                                        static_cast<double>(crdt::raw(what.id.client)),
                                        crdt::raw(what.id.clock), what.length) != 0;
        };
    }
    options.context = made;
    new (made) Undo(*document, options);
    made->heard = made->manager.on_event([made](const crdt::UndoEvent& event) noexcept {
        host_undo_event(made, static_cast<std::uint32_t>(event.kind),
                        static_cast<std::uint32_t>(event.stack), event.item,
                        transaction_of(event.origin));
    });
    return made;
}
RW_EXPORT(rw_undo_free) void rw_undo_free(Undo* undo) {
    undo->~Undo();
    crdt::detail::release(undo);
}

RW_EXPORT(rw_undo_scope)
std::uint32_t rw_undo_scope(Undo* undo, Document* document, std::uint32_t type) {
    return answer(undo->manager.add_to_scope({document->handle<crdt::Text>(type)}));
}

// 1 where something was undone. report.offset: an error, else 0.
RW_EXPORT(rw_undo_pop) std::uint32_t rw_undo_pop(Undo* undo, std::uint32_t redo) {
    const crdt::Undone undone = redo != 0 ? undo->manager.redo() : undo->manager.undo();
    report.offset = static_cast<double>(undone.status().error().code);
    return undone ? 1 : 0;
}
RW_EXPORT(rw_undo_size) std::uint32_t rw_undo_size(const Undo* undo, std::uint32_t redo) {
    return static_cast<std::uint32_t>(redo != 0 ? undo->manager.redo_size()
                                                : undo->manager.undo_size());
}
RW_EXPORT(rw_undo_clear) void rw_undo_clear(Undo* undo, std::uint32_t redo) {
    undo->manager.clear(stack_of(redo));
}
RW_EXPORT(rw_undo_stop_capturing) void rw_undo_stop_capturing(Undo* undo) {
    undo->manager.stop_capturing();
}
// Of an item of a stack, the oldest being 0: clients, starts and lengths.
RW_EXPORT(rw_undo_ids)
std::uint32_t rw_undo_ids(const Undo* undo, std::uint32_t redo, std::uint32_t index, std::uint32_t deleted) {
    const crdt::UndoItem* const item = undo->manager.item(stack_of(redo), index);
    Out out;
    if (item != nullptr) out.id_set(deleted != 0 ? item->deletions() : item->insertions());
    return out.done();
}
// `in`: insertions of `inserted` bytes, then deletions, as ids of items are told.
RW_EXPORT(rw_undo_push)
std::uint32_t rw_undo_push(Undo* undo, std::uint32_t redo, std::uint32_t inserted, std::uint32_t size) {
    const auto read = [](In in, crdt::IdSet& out) {
        while (in.more()) {
            const auto client = static_cast<crdt::ClientId>(in.number());
            const auto start = static_cast<crdt::Clock>(in.number());
            if (!out.insert(client, start, static_cast<std::uint32_t>(in.number()))) return false;
        }
        return true;
    };
    crdt::IdSet insertions;
    crdt::IdSet deletions;
    if (!read({in_begin(), in_begin() + inserted}, insertions) ||
        !read({in_begin() + inserted, in_begin() + size}, deletions)) {
        return answer(crdt::Status(crdt::ErrorCode::out_of_memory));
    }
    return answer(undo->manager.push(stack_of(redo), insertions, deletions));
}

}  // namespace ropewalk
