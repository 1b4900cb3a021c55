// After a remote change Yjs deletes format marks that have lost their effect, in a change of its
// own that is local. It is told like any other; where replicas delete different ones, for they were
// told in different pieces, all of them go in the end.
//
// Which: where the change inserted or deleted marks of a text, those of the first gap (Yjs means to
// tidy the whole text and reaches only that); else those of the gaps around what it deleted. In a
// gap the last mark of a key stays; in the first one not even that if its value is null. Nothing is
// done unless the change touched a living text that was there before.
#pragma once

#include "store.hpp"

namespace crdt::detail {

class Tidying {
public:
    // requires: a remote change that ends now and has not collected its types yet
    explicit Tidying(Store& store) noexcept : store_(store) {}
    // Fills Formats::untidy.
    void plan() noexcept;

private:
    [[nodiscard]] bool counts(std::uint32_t type) const noexcept;
    void add_whole(std::uint32_t list) noexcept;
    [[nodiscard]] bool is_whole(std::uint32_t list) const noexcept;
    void inserted(const Touched& by) noexcept;
    [[nodiscard]] bool look_at_inserted() noexcept;
    [[nodiscard]] bool order_deletions() noexcept;
    template <class F>
    void for_each_deleted(F&& f) noexcept;

    Store& store_;
    Vec<std::uint32_t> whole_;           // lists that are tidied as a whole, in Yjs' order
    SortedChunks<std::uint32_t> known_;  // the same, ascending
    Vec<Deletion> deleted_;              // by this change, in Yjs' order
    bool due_ = false;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/tidy.ipp"
#endif
