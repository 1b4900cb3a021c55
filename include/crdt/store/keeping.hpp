// What undo managers ask of a store: deleted content that must not be collected while it can be
// brought back, and where it was brought back to. In memory only; without a manager all of it is
// empty and costs two tests of a pointer a change.
//
// Deleted content is never overwritten, so keeping it means two things: a deleted type keeps what
// it held (Store::collect_dead_types), and an update carries the content instead of its length
// (Encoder). The canonical form does neither.
#pragma once

#include <cstdint>

#include "../base/id_set.hpp"
#include "../base/vec.hpp"
#include "redone.hpp"

namespace crdt::detail {

struct Store;

// One undo manager, as its store sees it.
struct Keeper {
    // The outermost write ends: its change is complete, and nothing of it is collected yet.
    // The document must not be edited.
    void (*closing)(Keeper& keeper, Store& store) noexcept = nullptr;
    // It has ended, and everybody has been told.
    void (*closed)(Keeper& keeper, Store& store) noexcept = nullptr;

    Store* store = nullptr;  // nullptr: the document is gone
    IdSet deleted;           // all that was deleted by what can be undone or redone
    IdSet kept;  // deleted units whose content is kept; what can no longer be undone stays a while
    Vec<std::uint8_t> types;  // by number: 1 for those that hold something kept

    Keeper* next = nullptr;
    std::uint32_t called = 0;  // number of the call that has reached it
};

class Keeping {
public:
    Keeping() noexcept = default;
    Keeping(const Keeping&) = delete;
    Keeping& operator=(const Keeping&) = delete;
    ~Keeping() {
        for (Keeper* keeper = first_; keeper != nullptr; keeper = keeper->next) {
            keeper->store = nullptr;
        }
    }

    [[nodiscard]] bool any() const noexcept { return first_ != nullptr; }
    void add(Keeper& keeper, Store& store) noexcept;
    void remove(Keeper& keeper) noexcept;

    // Is the content of this deleted unit kept? `count` is cut to the units for which the answer is
    // the same.
    [[nodiscard]] bool keeps(const Store& store, RunPos unit, std::uint32_t& count) const noexcept;
    // Does a type keep its items when it is deleted?
    [[nodiscard]] bool keeps_type(const Store& store, std::uint32_t type) const noexcept;

    void closing(Store& store) noexcept { call(store, &Keeper::closing); }
    void closed(Store& store) noexcept { call(store, &Keeper::closed); }

    RedoneUnits redone;

private:
    using Function = void (*)(Keeper&, Store&) noexcept;
    void call(Store& store, Function Keeper::* function) noexcept;

    // How far a call has come; `remove` moves it on. Calls nest: a manager's listeners may edit.
    struct Reach {
        Keeper* next;
        Reach* outer;
    };

    Keeper* first_ = nullptr;
    Reach* reaching_ = nullptr;
    std::uint32_t calls_ = 0;
};

}  // namespace crdt::detail
