// The clients of what a change deleted, in the order in which Yjs meets them: what a type held
// comes right after the type. Its maps keep that order, and what is tidied or redone follows it.
#pragma once

#include "../base/call.hpp"
#include "change.hpp"

namespace crdt::detail {

// met(client) -> bool for each of `ranges`, the deletions of a change that has not collected its
// types yet, and for what was in a type among them; for most clients more than once. gone(client,
// clock, length): was any of that deleted? False when `met` says so or memory is exhausted: it has
// a stack of its own, how deep types nest is anybody's choice.
template <class Gone, class Met>
[[nodiscard]] bool meet_deleted_clients(Store& store,
                                        const Vec<Deletion>& ranges,
                                        Gone&& gone,
                                        Met&& met) noexcept;

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/deletion_order.ipp"
#endif
