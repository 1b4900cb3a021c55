// How two documents come to hold the same: the sync protocol of y-protocols.
//
//   0 step 1   varBytes: a state vector         "this is what I know"
//   1 step 2   varBytes: a V1 update            "and this is what you lack"
//   2 update   varBytes: a V1 update            "this has just happened"
//
// Each side sends step 1 when they meet, answers the other's with step 2, and passes on its
// updates. Listen for updates before step 1 is written, or what happens in between is lost.
#pragma once

#include <cstdint>

#include "../codec/state_vector.hpp"
#include "../doc/doc.hpp"

namespace crdt {

enum class SyncKind : std::uint8_t { step1, step2, update };

struct SyncMessage {
    SyncKind kind{};
    ByteView content;  // a state vector or an update, not looked at yet; borrowed from the message
};

// These append a message, whole or not at all.
Status write_sync_step1(const Doc& doc, Bytes& out) noexcept;
Status write_sync_step2(const Doc& doc, const StateVector& known, Bytes& out) noexcept;
Status write_sync_update(ByteView update, Bytes& out) noexcept;

// unknown_message where it is none of the three. What follows the message is ignored, as in Yjs.
[[nodiscard]] Result<SyncMessage> decode_sync_message(ByteView message) noexcept;

struct SyncReceived {
    SyncKind kind{};
    // Why the update of a step 2 or an update message was refused, if it was; nothing has changed
    // then. The connection may go on: ask with a new step 1.
    Status applied;
};

// Reads one sync message: applies what it carries, and appends to `reply` the step 2 that a step 1
// asks for. An error is the message's own (or, at step 1, that of the answer): nothing has changed
// and nothing is appended.
[[nodiscard]] Result<SyncReceived> receive_sync_message(Doc& doc,
                                                        ByteView message,
                                                        Bytes& reply,
                                                        Origin origin = {}) noexcept;

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/sync/steps.ipp"
#endif
