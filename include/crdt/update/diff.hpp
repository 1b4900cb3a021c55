// What an update has that somebody does not know, without a document.
#pragma once

#include "../base/bytes.hpp"
#include "../base/result.hpp"
#include "../codec/limits.hpp"
#include "../codec/state_vector.hpp"
#include "../codec/update_v2.hpp"

namespace crdt {

// The update without the clocks that `known` has, in the same format. The delete set stays whole:
// state vectors do not tell which deletions are known. A hole in front of what is left is left out,
// a later one stays a Skip.
[[nodiscard]] Result<Bytes> diff(ByteView update,
                                 const StateVector& known,
                                 UpdateFormat format = UpdateFormat::v1,
                                 const Limits& limits = {}) noexcept;

// Which clocks a document has after this update alone: per client those from 0 up to the first
// hole.
[[nodiscard]] Result<StateVector> state_vector_of(ByteView update,
                                                  UpdateFormat format = UpdateFormat::v1,
                                                  const Limits& limits = {}) noexcept;

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/update/diff.ipp"
#endif
