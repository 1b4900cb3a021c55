// A packed history, and updates that have come since: what both together have, and what somebody
// lacks of it, without a document.
#pragma once

#include <optional>

#include "../base/bytes.hpp"
#include "../base/result.hpp"
#include "../codec/limits.hpp"
#include "../codec/state_vector.hpp"

namespace crdt {

// The state vector of a complete history when it has taken an update (V1) as well. Nothing: a part
// of the update would wait for what is in neither, or may: only a document knows then.
[[nodiscard]] Result<std::optional<StateVector>> state_behind(const StateVector& state,
                                                              ByteView update,
                                                              const Limits& limits = {}) noexcept;

// merge({answer, behind}) of two updates in V1 of which `answer` is one of Container::diff() and
// `behind` what the same replica lacks of the updates since. The deletions of the answer are not
// taken apart, which are most of it. Appends. `invalid_struct`: they are not of that kind.
Status join_behind(ByteView answer, ByteView behind, Bytes& out) noexcept;

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/behind.ipp"
#endif
