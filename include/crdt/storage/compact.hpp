// Compaction that keeps every id, which is always allowed: who has the document before it and who
// has it after it go on as if nothing had happened.
#pragma once

#include "../base/bytes.hpp"
#include "../base/result.hpp"
#include "../codec/limits.hpp"
#include "../codec/update_v2.hpp"

namespace crdt {

struct CompactOptions {
    UpdateFormat format = UpdateFormat::v1;  // of the history, and of the result
    Limits limits{};
};

// The same history without what nobody can see or bring back: the content of what is deleted, of
// superseded map entries and of format marks that are gone. What deleted types held becomes GC,
// the rest of the deleted stays in its place without content, since somebody far away may name it
// (docs/decisions/011). Records are joined into as few structs as the format can say. Every clock
// and every deletion stays, and so does what waits for changes that are not here.
//
// As merge({history}, {.collect = true}), but it knows the document, so that it finds all that
// deleted types held. Twice is the same as once.
[[nodiscard]] Result<Bytes> compact(ByteView history, const CompactOptions& options = {}) noexcept;

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/compact.ipp"
#endif
