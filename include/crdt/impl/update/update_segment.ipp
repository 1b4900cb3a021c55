#pragma once

#include "../../codec/varint.hpp"
#include "../../update/update_segment.hpp"

namespace crdt {

ROPEWALK_INLINE bool frame_whole(ByteView segment, std::size_t& at, ByteView& update) noexcept {
    update = segment.subspan(at);
    at = segment.size();
    return true;
}

ROPEWALK_INLINE bool frame_sized(ByteView segment, std::size_t& at, ByteView& update) noexcept {
    const std::uint8_t* p = segment.data() + at;
    const std::uint8_t* const end = segment.data() + segment.size();
    std::uint64_t size = 0;
    if (!detail::read_var_uint(p, end, size) || size > static_cast<std::uint64_t>(end - p)) {
        return false;
    }
    update = {p, static_cast<std::size_t>(size)};
    at = static_cast<std::size_t>(p - segment.data() + static_cast<std::ptrdiff_t>(size));
    return true;
}

}  // namespace crdt
