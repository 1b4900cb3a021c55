#pragma once

#include "../../base/utf.hpp"
#include "../../codec/any.hpp"
#include "../../codec/varint.hpp"
#include "../../store/wire_cut.hpp"

namespace crdt::detail {

ROPEWALK_INLINE Utf16Cut utf8_at_utf16(ByteView text, std::uint32_t units) noexcept {
    std::size_t at = 0;
    std::uint32_t passed = 0;
    while (passed < units && at < text.size()) {
        const unsigned bytes = utf8_size(text[at]);
        at += bytes;
        passed += bytes == 4 ? 2 : 1;
    }
    return {at, passed > units};
}

ROPEWALK_INLINE std::size_t valid_var_bytes_size(const std::uint8_t* at) noexcept {
    const std::uint8_t* start = at;
    const std::uint64_t size = get_var_uint(at);
    return static_cast<std::size_t>(at - start) + static_cast<std::size_t>(size);
}

ROPEWALK_INLINE const std::uint8_t* skip_valid_any(ByteView values, std::uint32_t count) noexcept {
    const std::uint8_t* at = values.data();
    for (std::uint32_t i = 0; i < count; ++i) at = skip_any(at);
    return at;
}

}  // namespace crdt::detail
