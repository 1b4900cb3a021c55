#pragma once

#include "../../codec/writer.hpp"
#include "../../sync/message.hpp"

namespace crdt {

ROPEWALK_INLINE Status append_message(MessageKind kind, ByteView payload, Bytes& out) noexcept {
    const std::size_t before = out.size();
    detail::Writer writer(out);
    writer.var_uint(static_cast<std::uint64_t>(kind));
    if (kind == MessageKind::awareness) {
        writer.var_bytes(payload);
    } else {
        writer.raw(payload);
    }
    if (writer.ok()) return {};
    out.truncate(before);
    return ErrorCode::out_of_memory;
}

ROPEWALK_INLINE Result<Message> MessageReader::next() noexcept {
    Message message;
    message.kind = static_cast<MessageKind>(in_.var_uint());
    const std::size_t start = in_.offset();
    bool known = true;
    switch (message.kind) {
        case MessageKind::sync:
            known = in_.var_uint() <= 2;
            if (known) in_.var_bytes();
            break;
        case MessageKind::awareness:
            message.payload = in_.var_bytes();
            break;
        case MessageKind::auth:
            known = in_.var_uint() == 0;
            if (known) in_.var_bytes();
            break;
        case MessageKind::query_awareness:
            break;
        default:
            known = false;
            break;
    }
    if (!known) in_.raw(in_.remaining());
    if (!in_.ok()) return in_.error();
    if (message.kind != MessageKind::awareness) {
        message.payload = frame_.subspan(start, in_.offset() - start);
    }
    return message;
}

}  // namespace crdt
