// Whether two JSON texts are one value to the programs that read them.
#pragma once

#include <string_view>

namespace crdt::detail {

// Whatever the order of members, the white space and the way of writing numbers; 0 equals -0. False
// as well where memory is exhausted. O(n log n) per level of nesting, iterative.
// requires: validate_json has accepted both
[[nodiscard]] bool json_equal(std::string_view a, std::string_view b) noexcept;

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/codec/json_equal.ipp"
#endif
