// A JSON-like value as text: what JSON.stringify gives for it.
#pragma once

#include "../base/bytes.hpp"
#include "../base/result.hpp"
#include "any.hpp"

namespace crdt::detail {

// Appends the text of a canonical Any. `exact`: JSON.parse gives the same value back. Where it
// does not, as in JavaScript: NaN, the infinities and undefined are null, -0 is 0, undefined
// members are left out, bytes become an object of numbers; a bigint, at which JavaScript fails,
// becomes a number. Iterative. False: memory is exhausted, and nothing was appended.
[[nodiscard]] bool any_to_json(AnyView value, Bytes& out, bool& exact) noexcept;

// The same for what JavaScript has to write as JSON. Errors: invalid_argument (undefined itself, or
// a bigint anywhere) and out_of_memory; nothing was appended then.
[[nodiscard]] ErrorCode any_to_strict_json(AnyView value, Bytes& out) noexcept;

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/codec/any_to_json.ipp"
#endif
