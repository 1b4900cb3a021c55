// Updates as values: many made into one, without a document.
#pragma once

#include <initializer_list>
#include <span>

#include "../base/bytes.hpp"
#include "../base/result.hpp"
#include "../codec/limits.hpp"
#include "../codec/update_v2.hpp"
#include "update_segment.hpp"

namespace crdt {

struct MergeOptions {
    // Also forgets the content of what is deleted, makes GC of what lay in deleted types (where the
    // updates tell the type; readers do it otherwise), and joins what was typed in one go. A
    // snapshot and a log of keystrokes become as small as the document encoded anew.
    bool collect = false;
    UpdateFormat format = UpdateFormat::v1;  // of all updates, and of the result
    Limits limits = {};                      // for each update
};

// One update that does what all of them do, in whatever order they are. Clocks that none of them
// has become Skips, so nobody takes what builds on them for complete. What several of them have is
// taken from the one that Yjs takes it from. A single update comes back as it is, unless it is to
// be collected.
//
// Two passes over the bytes. Memory besides the inputs and the result: the united delete set, the
// clients, and an entry for each stretch in which a segment has one client's clocks in a row. (In
// V2 the inputs once more, as V1.) An error tells its offset within the update that is broken.
[[nodiscard]] Result<Bytes> merge(std::span<const ByteView> updates,
                                  const MergeOptions& options = {}) noexcept;
[[nodiscard]] inline Result<Bytes> merge(std::initializer_list<ByteView> updates,
                                         const MergeOptions& options = {}) noexcept {
    return merge(std::span(updates.begin(), updates.size()), options);
}
[[nodiscard]] Result<Bytes> merge_segments(std::span<const UpdateSegment> segments,
                                           const MergeOptions& options = {}) noexcept;

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/update/merge.ipp"
#endif
