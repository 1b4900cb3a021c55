// Whether text is JSON, by RFC 8259 as JSON.parse has it. No value is built.
#pragma once

#include <cstdint>

#include "../base/result.hpp"

namespace crdt::detail {

// Reads one value and the white space around it; it must fill [p, end). Iterative: `nesting` bounds
// containers inside containers. On failure p stands at the bad byte.
// requires: valid UTF-8, nesting <= kMaxNesting
[[nodiscard]] ErrorCode validate_json(const std::uint8_t*& p,
                                      const std::uint8_t* end,
                                      std::uint32_t nesting) noexcept;

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/codec/json.ipp"
#endif
