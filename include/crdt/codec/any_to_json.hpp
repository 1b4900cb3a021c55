// A JSON-like value as JSON text, as JavaScript's JSON.stringify writes it: format V1 keeps embeds
// and the values of formats so.
#pragma once

#include "../base/bytes.hpp"
#include "../base/result.hpp"

namespace crdt::detail {

// Appends the text of a canonical Any. NaN and infinities become null, -0 becomes 0, members that
// are undefined are left out, undefined elements become null, bytes become {"0":1,...}. Iterative.
// Errors: invalid_argument (undefined itself, or a bigint anywhere: they have no JSON text) and
// out_of_memory; nothing was appended then. requires: nests at most kMaxNesting
[[nodiscard]] ErrorCode any_to_json(ByteView any, Bytes& out) noexcept;

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/codec/any_to_json.ipp"
#endif
