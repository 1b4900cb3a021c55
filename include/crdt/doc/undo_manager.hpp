// Undo and redo of what this replica has changed, without touching what others have written.
//
//   UndoManager undo{doc, {letter}};
//   letter.insert(0, "Dear Sir");
//   undo.undo();
//
// Each transaction in scope is an item of the undo stack; those that follow one another within the
// capture timeout are one item. What an item deleted is not collected as long as it can come back.
// Undoing an item is a transaction of its own, and becomes an item of the redo stack.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "../store/redo.hpp"
#include "../types/shared_type.hpp"
#include "../types/value.hpp"
#include "doc.hpp"
#include "listeners.hpp"
#include "origin.hpp"

namespace crdt {

// The engine reads no clock: the caller passes one that counts milliseconds.
struct UndoClock {
    std::uint64_t (*now)(void* context) noexcept = nullptr;
    void* context = nullptr;
};

// A stretch that an undone change had inserted.
struct UndoneInsertion {
    Id id;
    std::uint32_t length;
    Value value;  // of its first unit; not there for text
};

struct UndoOptions {
    static constexpr std::uint64_t kForever = ~std::uint64_t{0};

    // Milliseconds. Without a clock each transaction is an item of its own.
    std::uint64_t capture_timeout = 500;
    UndoClock clock{};
    // Transactions without an origin: those made here, and updates from elsewhere (which Yjs tracks
    // unless they are given an origin).
    bool track_local = true;
    bool track_remote = false;
    // Further origins whose transactions are tracked, by name, updates from elsewhere too.
    std::span<const std::string_view> tracked_origins{};
    // A map entry comes back even if it hides what somebody else has set since.
    bool ignore_remote_map_changes = false;
    // The name of the origin of what undo() and redo() do; good as long as the manager.
    std::string_view origin = "undo";
    // Every transaction is tracked, whatever its origin: `capture` alone decides.
    bool track_all = false;
    // Whether a transaction of a tracked origin is recorded.
    bool (*capture)(void* context, const Origin& origin) noexcept = nullptr;
    // Whether an insertion may be deleted when it is undone.
    bool (*may_delete)(void* context, const UndoneInsertion& insertion) noexcept = nullptr;
    void* context = nullptr;  // of both
    // What is recorded waits for take() or drop(): the caller has stacks of its own, and decides
    // when observers have been told. requires: `track_all` and `capture`
    bool hold = false;
};

enum class UndoStack : std::uint8_t { undo, redo };

// What one undo() or redo() takes back.
class UndoItem {
public:
    UndoItem(const UndoItem&) = delete;
    UndoItem& operator=(const UndoItem&) = delete;

    [[nodiscard]] const IdSet& insertions() const noexcept { return step_.insertions; }
    [[nodiscard]] const IdSet& deletions() const noexcept { return step_.deletions; }
    // Whatever the program wants to find again when the item is undone, such as where the caret
    // was. nullptr if nothing was set under this name.
    [[nodiscard]] const Bytes* meta(std::string_view name) const noexcept;
    Status set_meta(std::string_view name, ByteView value) noexcept;

private:
    friend struct UndoCore;
    struct Meta {
        Bytes name;
        Bytes value;
        Meta* next;
    };
    UndoItem() noexcept = default;
    ~UndoItem();
    [[nodiscard]] Meta* find(std::string_view name) const noexcept;

    detail::UndoStep step_;
    Meta* meta_ = nullptr;
    std::uint32_t owners_ = 1;  // its stack, and events that tell of it
};

enum class UndoEventKind : std::uint8_t {
    added,    // a transaction became an item
    updated,  // or part of the newest one
    popped,   // an item was undone, or redone
    cleared,  // a stack was cleared
};

struct UndoEvent {
    UndoEventKind kind;
    UndoStack stack;       // where the item went, or where it was
    UndoItem* item;        // good during the call; nullptr if cleared
    const Origin& origin;  // of the transaction
};

// What undo() and redo() answer.
class Undone {
public:
    Undone(bool changed) noexcept : changed_(changed) {}
    Undone(Status status, bool changed) noexcept : status_(status), changed_(changed) {}

    // Whether an item was undone; false if the stack held none that could change anything.
    [[nodiscard]] explicit operator bool() const noexcept { return changed_; }
    // out_of_memory, limit_exceeded: a part may be undone; ask again for the rest.
    [[nodiscard]] const Status& status() const noexcept { return status_; }

private:
    Status status_;
    bool changed_;
};

struct UndoCore;

// Moves; ends with the document. Several may look after one document.
class UndoManager {
public:
    // Looks after the whole document.
    explicit UndoManager(Doc& doc, const UndoOptions& options = {}) noexcept;
    // Looks after these types and all within them.
    UndoManager(Doc& doc,
                std::initializer_list<SharedType> scope,
                const UndoOptions& options = {}) noexcept;
    UndoManager(UndoManager&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
    UndoManager& operator=(UndoManager&& other) noexcept;
    UndoManager(const UndoManager&) = delete;
    UndoManager& operator=(const UndoManager&) = delete;
    ~UndoManager();

    // Whether it could be made. out_of_memory, no_document, wrong_type.
    [[nodiscard]] Status status() const noexcept { return status_; }

    // Undoes the newest item that changes something; older ones that change nothing are dropped on
    // the way. Joins an open transaction, which then is recorded as one of its own origin.
    Undone undo() noexcept;
    Undone redo() noexcept;
    [[nodiscard]] bool can_undo() const noexcept { return undo_size() > 0; }
    [[nodiscard]] bool can_redo() const noexcept { return redo_size() > 0; }
    [[nodiscard]] std::size_t undo_size() const noexcept;
    [[nodiscard]] std::size_t redo_size() const noexcept;
    // The newest items; nullptr if there is none. Good until the stack changes.
    [[nodiscard]] UndoItem* undo_item() const noexcept;
    [[nodiscard]] UndoItem* redo_item() const noexcept;
    // The one at this place of a stack, the oldest being 0; nullptr if there are fewer.
    [[nodiscard]] UndoItem* item(UndoStack stack, std::size_t index) const noexcept;
    // Puts an item on top of a stack, such as one that was kept with the document: what it deleted
    // is kept from now on, as far as it has not been collected.
    Status push(UndoStack stack, const IdSet& insertions, const IdSet& deletions) noexcept;

    // The next transaction starts an item of its own.
    void stop_capturing() noexcept;
    // Nothing can be undone or redone then, and what was deleted is not kept any longer.
    void clear() noexcept;
    // The same for one stack; the other one keeps what it needs.
    void clear(UndoStack stack) noexcept;

    // With UndoOptions::hold, of the oldest change that waits: whether it was in scope.
    [[nodiscard]] bool holds() const noexcept;
    // Puts it on top of a stack, or into the item there. False: there is none, or no memory.
    bool take(UndoStack stack, bool join) noexcept;
    // Forgets the oldest change that waits.
    void drop() noexcept;
    // Undoes the newest item of a stack as part of an open transaction. It is gone then, whether it
    // changed something or not.
    Undone undo_one(UndoStack stack) noexcept;

    // Looks after these, too: from the next transaction on.
    Status add_to_scope(std::initializer_list<SharedType> types) noexcept;
    Status add_tracked_origin(std::string_view name) noexcept;
    void remove_tracked_origin(std::string_view name) noexcept;
    // Looks after nothing any more; or after the whole document.
    void clear_scope() noexcept;
    void add_document_to_scope() noexcept;

    // f(const UndoEvent&) noexcept. May edit the document.
    template <class F>
    [[nodiscard]] Subscription on_event(F&& f) noexcept {
        return listen(detail::Listeners<const UndoEvent&>::make(std::forward<F>(f)));
    }

private:
    [[nodiscard]] Subscription listen(const detail::ListenerList::Entry& entry) noexcept;
    Undone pop(UndoStack which) noexcept;
    void start(Doc& doc, const UndoOptions& options) noexcept;

    UndoCore* core_ = nullptr;
    Status status_;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/doc/undo_manager.ipp"
#endif
