#pragma once

#include "../../codec/reader.hpp"
#include "../../codec/writer.hpp"
#include "../../sync/auth.hpp"

namespace crdt {

ROPEWALK_INLINE Status write_permission_denied(std::string_view reason, Bytes& out) noexcept {
    const detail::Utf8Scan scan = detail::scan_utf8(as_bytes(reason));
    if (!scan.valid) return Error{ErrorCode::invalid_utf8, scan.bad_offset};
    const std::size_t before = out.size();
    detail::Writer writer(out);
    writer.byte(0);
    writer.var_string(reason);
    if (writer.ok()) return {};
    out.truncate(before);
    return ErrorCode::out_of_memory;
}

ROPEWALK_INLINE Result<std::optional<std::string_view>> read_auth_message(
    ByteView message) noexcept {
    detail::Reader in(message);
    const std::uint64_t kind = in.var_uint();
    if (in.ok() && kind != 0) return std::optional<std::string_view>();
    const std::string_view reason = in.var_string();
    if (!in.ok()) return in.error();
    return std::optional<std::string_view>(reason);
}

}  // namespace crdt
