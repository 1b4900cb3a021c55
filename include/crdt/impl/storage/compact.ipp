#pragma once

#include "../../storage/compact.hpp"
#include "../../storage/old_history.hpp"
#include "../../store/encode.hpp"
#include "../../store/encode_v2.hpp"

namespace crdt {

ROPEWALK_INLINE Result<Bytes> compact(ByteView history, const CompactOptions& options) noexcept {
    detail::Store store(detail::kNobody);
    store.limits = options.limits;
    ROPEWALK_CHECK(detail::add_to_history(store, history, options.format));
    Bytes out;
    if (options.format == UpdateFormat::v1) {
        ROPEWALK_CHECK(detail::Encoder(store, out, true).all());
    } else {
        ROPEWALK_CHECK(detail::EncoderV2(store, out, true).all());
    }
    return out;
}

}  // namespace crdt
