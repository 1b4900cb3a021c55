// JSON text, which legacy content carries, as a JSON-like value.
#pragma once

#include <string_view>

#include "../base/bytes.hpp"

namespace crdt::detail {

// Appends the canonical Any of a JSON text that validate_json has accepted; `undefined` by itself
// is undefined. Escaped lone surrogates become U+FFFD. Iterative. False: memory is exhausted, and
// nothing was appended.
[[nodiscard]] bool json_to_any(std::string_view json, Bytes& out) noexcept;

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/codec/json_to_any.ipp"
#endif
