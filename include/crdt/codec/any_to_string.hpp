// What JavaScript makes of a value where it needs a string: String(value). XML prints attributes
// so.
#pragma once

#include "../base/bytes.hpp"

namespace crdt::detail {

// Appends it: "null", "1e+21", elements joined by commas, "[object Object]". Iterative. False when
// memory is exhausted. requires: one validated Any that nests at most kMaxNesting
[[nodiscard]] bool any_to_string(ByteView any, Bytes& out) noexcept;

// Shortest digits that read back as the same number; an exponent from 1e21 on and below 1e-6.
[[nodiscard]] bool number_to_string(double value, Bytes& out) noexcept;

// Whether one UTF-8 string comes before another as JavaScript sorts: by UTF-16 units.
[[nodiscard]] bool before_in_utf16(std::string_view a, std::string_view b) noexcept;

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/codec/any_to_string.ipp"
#endif
