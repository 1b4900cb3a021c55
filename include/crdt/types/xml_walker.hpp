// Everything within a fragment or an element, in document order: the tree walker of Yjs.
//
//     for (crdt::XmlWalker walker = page.walk(); walker.next();) use(walker.value());
#pragma once

#include "value.hpp"

namespace crdt {

// Needs no memory: the way back up is in the document. The document may change between steps; a
// walk whose present value was collected ends.
class XmlWalker {
public:
    // To the next value; false: that was all.
    bool next() noexcept;
    // Not again into the children of the present value.
    void skip_children() noexcept { enter_ = false; }
    // Good until the next write. requires: the last next() was true
    [[nodiscard]] Value value() const noexcept { return detail::Access::value(store_, unit_); }

private:
    friend class XmlFragment;
    XmlWalker(detail::Store* store, std::uint32_t root) noexcept : store_(store), root_(root) {}
    [[nodiscard]] bool settle_on(detail::RunPos unit) noexcept;

    detail::Store* store_ = nullptr;
    std::uint32_t root_ = detail::kNone;  // type; kNone: nothing to walk
    detail::RunPos unit_;                 // none: the walk has not begun
    bool enter_ = true;
};

}  // namespace crdt
