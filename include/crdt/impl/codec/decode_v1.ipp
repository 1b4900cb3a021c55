#pragma once

#include "../../codec/update_v1.hpp"
#include "update_v1.ipp"

namespace crdt::detail {

inline Error decode_v1(ByteView input,
                       const Limits& limits,
                       DecodedUpdate& out,
                       bool parked) noexcept {
    out.clear();
    if (input.size() > update_bytes_of(limits)) {
        return {ErrorCode::limit_exceeded, update_bytes_of(limits)};
    }
    out.input = input;
    return UpdateDecoder(input, limits, out, parked).run();
}

ROPEWALK_INLINE Error decode_update_v1(ByteView input,
                                       const Limits& limits,
                                       DecodedUpdate& out) noexcept {
    return decode_v1(input, limits, out, false);
}

ROPEWALK_INLINE Error decode_parked(ByteView input,
                                    const Limits& limits,
                                    DecodedUpdate& out) noexcept {
    return decode_v1(input, limits, out, true);
}

}  // namespace crdt::detail
