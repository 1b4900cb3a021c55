// What a server says when it refuses somebody: the auth protocol of y-protocols.
//
//   0 permission denied   varString reason
#pragma once

#include <optional>
#include <string_view>

#include "../base/bytes.hpp"
#include "../base/result.hpp"

namespace crdt {

// Appends a message, whole or not at all. Errors: invalid_utf8, out_of_memory.
Status write_permission_denied(std::string_view reason, Bytes& out) noexcept;

// The reason, borrowed from the message; nothing if the message is of another kind, which readers
// ignore.
[[nodiscard]] Result<std::optional<std::string_view>> read_auth_message(ByteView message) noexcept;

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/sync/auth.ipp"
#endif
