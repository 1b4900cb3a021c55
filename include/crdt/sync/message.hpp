// The envelope of y-websocket: what kind of message a frame holds.
//
//   varUint kind, then
//   0 sync             a sync message (steps.hpp)
//   1 awareness        varBytes: an awareness update (awareness.hpp)
//   2 auth             an auth message (auth.hpp)
//   3 query awareness  nothing; asks for an awareness message
//
// y-websocket puts one message into a frame; other peers put several, one behind the other.
#pragma once

#include <cstdint>

#include "../base/bytes.hpp"
#include "../base/result.hpp"
#include "../codec/reader.hpp"

namespace crdt {

// Kinds that are not listed are other protocols' and read as they stand.
enum class MessageKind : std::uint64_t { sync, awareness, auth, query_awareness };

struct Message {
    MessageKind kind{};
    // The sync or auth message, the awareness update; of an unknown kind all that follows. Borrowed
    // from the frame.
    ByteView payload;
};

// Appends a message. Whole, or not at all when memory is exhausted.
Status append_message(MessageKind kind, ByteView payload, Bytes& out) noexcept;

// Splits a frame into its messages; what they carry is not looked at. Where a sync message is of an
// unknown kind its end is unknown: it is the last one, and who reads it is told. The first error
// stays.
//
//   for (MessageReader in(frame); !in.at_end();) {
//       const Result<Message> message = in.next();
//       if (!message) return close(message.error());
class MessageReader {
public:
    explicit MessageReader(ByteView frame) noexcept : frame_(frame), in_(frame) {}

    // Nothing is left, or an error was met.
    [[nodiscard]] bool at_end() const noexcept { return !in_.ok() || in_.at_end(); }
    // unexpected_end at the end.
    [[nodiscard]] Result<Message> next() noexcept;

private:
    ByteView frame_;
    detail::Reader in_;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/sync/message.ipp"
#endif
