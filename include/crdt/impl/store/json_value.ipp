#pragma once

#include "../../codec/json_to_any.hpp"
#include "../../store/json_value.hpp"

namespace crdt::detail {

ROPEWALK_INLINE JsonValue json_value_of(RunKind kind,
                                        std::uint8_t flags,
                                        ByteView stored) noexcept {
    JsonValue value{{}, stored, (flags & Run::kAnyValue) != 0};
    if (kind != RunKind::format) return value;
    const std::uint8_t* at = stored.data();
    const std::uint8_t* const end = at + stored.size();
    value.key = blocks::take_sized(at);
    value.encoded = value.is_any ? ByteView(at, end) : blocks::take_sized(at);
    return value;
}

ROPEWALK_INLINE bool json_value_to_any(const JsonValue& value, Bytes& out) noexcept {
    return value.is_any ? out.append(value.encoded) : json_to_any(as_text(value.encoded), out);
}

}  // namespace crdt::detail
