// Parts of a log of updates, and how updates lie in them.
#pragma once

#include <cstddef>

#include "../base/bytes.hpp"

namespace crdt {

// Finds the update at `at` in a segment and moves `at` behind it. False: the bytes are no frame.
// Called with at < segment.size().
using UpdateFraming = bool (*)(ByteView segment, std::size_t& at, ByteView& update) noexcept;

// The whole segment is one update.
[[nodiscard]] bool frame_whole(ByteView segment, std::size_t& at, ByteView& update) noexcept;
// Updates one behind the other, each after its length as a varUint.
[[nodiscard]] bool frame_sized(ByteView segment, std::size_t& at, ByteView& update) noexcept;

// A part of a log: memory, or a file that is mapped. Other ways to frame updates are functions.
struct UpdateSegment {
    ByteView bytes;
    UpdateFraming framing = &frame_sized;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/update/update_segment.ipp"
#endif
