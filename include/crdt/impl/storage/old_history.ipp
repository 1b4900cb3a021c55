#pragma once

#include "../../storage/old_history.hpp"

namespace crdt::detail {

ROPEWALK_INLINE Status add_to_history(Store& store, const DecodedUpdate& update) noexcept {
    ROPEWALK_CHECK(store.begin_change());
    store.disarm();
    const Status status = Apply(store, update, store.scratch).run();
    const Status ended = store.end_change();
    store.settle();
    return status.ok() ? ended : status;
}

ROPEWALK_INLINE Status add_to_history(Store& store, ByteView update, UpdateFormat format) noexcept {
    DecodedUpdate decoded;
    const Error error = decode_update(format, update, store.limits, decoded);
    if (error.code != ErrorCode::ok) return error;
    return add_to_history(store, decoded);
}

}  // namespace crdt::detail
