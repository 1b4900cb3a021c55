// One number for the state of a document: equal iff two replicas hold the same ids with the same
// content and deletions (but for chance, 1 in 2^128). Needs xxHash, so crdt.hpp leaves it out.
#pragma once

#include "../base/hash.hpp"
#include "doc.hpp"

namespace crdt {

// Of the canonical bytes: what waits for updates that have not arrived does not count. Linear.
[[nodiscard]] inline Result<Hash128> state_hash(const Doc& doc) noexcept {
    ROPEWALK_TRY(const Bytes canonical, doc.encode_canonical());
    return hash128(canonical);
}

}  // namespace crdt
