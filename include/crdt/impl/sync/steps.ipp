#pragma once

#include "../../codec/reader.hpp"
#include "../../codec/writer.hpp"
#include "../../sync/steps.hpp"

namespace crdt {

namespace detail {

[[nodiscard]] inline Status write_sync(SyncKind kind, ByteView content, Bytes& out) noexcept {
    const std::size_t before = out.size();
    Writer writer(out);
    writer.byte(static_cast<std::uint8_t>(kind));
    writer.var_bytes(content);
    if (writer.ok()) return {};
    out.truncate(before);
    return ErrorCode::out_of_memory;
}

}  // namespace detail

ROPEWALK_INLINE Status write_sync_step1(const Doc& doc, Bytes& out) noexcept {
    ROPEWALK_TRY(const Bytes known, doc.encode_state_vector());
    return detail::write_sync(SyncKind::step1, known, out);
}

ROPEWALK_INLINE Status write_sync_step2(const Doc& doc,
                                        const StateVector& known,
                                        Bytes& out) noexcept {
    ROPEWALK_TRY(const Bytes update, doc.encode_state_as_update(known));
    return detail::write_sync(SyncKind::step2, update, out);
}

ROPEWALK_INLINE Status write_sync_update(ByteView update, Bytes& out) noexcept {
    return detail::write_sync(SyncKind::update, update, out);
}

ROPEWALK_INLINE Result<SyncMessage> decode_sync_message(ByteView message) noexcept {
    detail::Reader in(message);
    const std::uint64_t kind = in.var_uint();
    if (in.ok() && kind > static_cast<std::uint64_t>(SyncKind::update)) {
        in.fail_at(ErrorCode::unknown_message, 0);
    }
    const ByteView content = in.var_bytes();
    if (!in.ok()) return in.error();
    return SyncMessage{static_cast<SyncKind>(kind), content};
}

ROPEWALK_INLINE Result<SyncReceived> receive_sync_message(Doc& doc,
                                                          ByteView message,
                                                          Bytes& reply,
                                                          Origin origin) noexcept {
    ROPEWALK_TRY(const SyncMessage read, decode_sync_message(message));
    if (read.kind != SyncKind::step1)
        return SyncReceived{read.kind, doc.apply(read.content, origin)};
    if (doc.store() == nullptr) return ErrorCode::out_of_memory;
    const auto known = StateVector::decode(read.content, doc.store()->limits);
    if (!known) {
        const auto start = static_cast<std::uint64_t>(read.content.data() - message.data());
        return Error{known.error().code, start + known.error().offset};
    }
    ROPEWALK_CHECK(write_sync_step2(doc, *known, reply));
    return SyncReceived{read.kind, {}};
}

}  // namespace crdt
