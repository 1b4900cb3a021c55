#pragma once

#include "../../base/utf.hpp"
#include "../../codec/msgpack.hpp"
#include "../../codec/reader.hpp"

namespace crdt::detail {

// -- writing ------------------------------------------------------------------------------------

ROPEWALK_INLINE void MsgpackWriter::big_endian(std::uint64_t value, unsigned bytes) noexcept {
    for (unsigned i = bytes; i-- > 0;) out_.byte(static_cast<std::uint8_t>(value >> (8 * i)));
}

ROPEWALK_INLINE void MsgpackWriter::head(std::uint32_t count,
                                         std::uint8_t fixed,
                                         std::uint32_t most_fixed,
                                         std::uint8_t one,
                                         std::uint8_t two) noexcept {
    if (count <= most_fixed) return out_.byte(static_cast<std::uint8_t>(fixed | count));
    unsigned size = 4;
    if (count <= 0xffffU) size = 2;
    if (one != 0 && count <= 0xffU) size = 1;
    const unsigned tag = size == 1 ? one : two + (size == 4 ? 1U : 0U);
    out_.byte(static_cast<std::uint8_t>(tag));
    big_endian(count, size);
}

ROPEWALK_INLINE void MsgpackWriter::bytes(ByteView bytes) noexcept {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    const unsigned width = size <= 0xffU ? 1 : size <= 0xffffU ? 2 : 4;
    out_.byte(width == 1 ? 0xc4 : width == 2 ? 0xc5 : 0xc6);
    big_endian(size, width);
    out_.raw(bytes);
}

ROPEWALK_INLINE void MsgpackWriter::number(std::uint64_t value) noexcept {
    if (value < 0x80) return out_.byte(static_cast<std::uint8_t>(value));
    const unsigned power = value <= 0xffU ? 0 : value <= 0xffffU ? 1 : value <= 0xffffffffU ? 2 : 3;
    out_.byte(static_cast<std::uint8_t>(0xccU + power));
    big_endian(value, 1U << power);
}

// -- reading ------------------------------------------------------------------------------------

ROPEWALK_INLINE std::uint8_t MsgpackReader::peek() noexcept { return need(1) ? *p_ : 0xc1; }

ROPEWALK_INLINE std::uint64_t MsgpackReader::big_endian(unsigned bytes) noexcept {
    if (!need(bytes)) return 0;
    const std::uint64_t value = get_big_endian(p_, bytes);
    p_ += bytes;
    return value;
}

ROPEWALK_INLINE ByteView MsgpackReader::raw(std::uint64_t size) noexcept {
    if (size > left()) fail(ErrorCode::unexpected_end);
    if (!ok()) return {};
    const ByteView bytes{p_, static_cast<std::size_t>(size)};
    p_ += size;
    return bytes;
}

ROPEWALK_INLINE std::uint32_t MsgpackReader::container(std::uint8_t fixed,
                                                       std::uint8_t two,
                                                       std::size_t least) noexcept {
    const std::uint8_t tag = peek();
    std::uint64_t count = 0;
    if ((tag & 0xf0U) == fixed) {
        ++p_;
        count = tag & 0x0fU;
    } else if (tag == two || tag == two + 1) {
        ++p_;
        count = big_endian(tag == two ? 2 : 4);
    } else {
        fail(ErrorCode::unknown_tag);
    }
    if (count > left() / least) fail(ErrorCode::unexpected_end);
    return ok() ? static_cast<std::uint32_t>(count) : 0;
}

ROPEWALK_INLINE std::string_view MsgpackReader::text() noexcept {
    const std::uint8_t tag = peek();
    std::uint64_t size = 0;
    if ((tag & 0xe0U) == 0xa0U) {
        ++p_;
        size = tag & 0x1fU;
    } else if (tag >= 0xd9 && tag <= 0xdb) {
        ++p_;
        size = big_endian(1U << (tag - 0xd9U));
    } else {
        fail(ErrorCode::unknown_tag);
    }
    const ByteView bytes = raw(size);
    if (!is_valid_utf8(bytes)) fail(ErrorCode::invalid_utf8);
    return ok() ? as_text(bytes) : std::string_view{};
}

ROPEWALK_INLINE ByteView MsgpackReader::bytes() noexcept {
    const std::uint8_t tag = peek();
    std::uint64_t size = 0;
    if (tag >= 0xc4 && tag <= 0xc6) {
        ++p_;
        size = big_endian(1U << (tag - 0xc4U));
    } else {
        fail(ErrorCode::unknown_tag);
    }
    return raw(size);
}

ROPEWALK_INLINE std::uint64_t MsgpackReader::number() noexcept {
    const std::uint8_t tag = peek();
    if (tag < 0x80) {
        ++p_;
        return tag;
    }
    if (tag < 0xcc || tag > 0xcf) {
        fail(ErrorCode::unknown_tag);
        return 0;
    }
    ++p_;
    return big_endian(1U << (tag - 0xccU));
}

ROPEWALK_INLINE bool MsgpackReader::boolean() noexcept {
    const std::uint8_t tag = peek();
    if (tag != 0xc2 && tag != 0xc3) {
        fail(ErrorCode::unknown_tag);
        return false;
    }
    ++p_;
    return tag == 0xc3;
}

ROPEWALK_INLINE void MsgpackReader::skip_value() noexcept {
    // Each value that is still to come takes a byte at least, so the sum is bounded.
    for (std::uint64_t values = 1; values > 0 && ok(); --values) {
        const std::uint8_t tag = peek();
        if (!ok()) return;
        if ((tag & 0xf0U) == 0x80U || tag == 0xde || tag == 0xdf) {
            values += 2 * std::uint64_t{map()};
        } else if ((tag & 0xf0U) == 0x90U || tag == 0xdc || tag == 0xdd) {
            values += array();
        } else if (tag < 0x80 || tag >= 0xe0 || tag == 0xc0 || tag == 0xc2 || tag == 0xc3) {
            ++p_;
        } else if ((tag & 0xe0U) == 0xa0U) {
            ++p_;
            static_cast<void>(raw(tag & 0x1fU));
        } else if (tag == 0xc1) {
            fail(ErrorCode::unknown_tag);
        } else {
            ++p_;
            // Sizes of what follows; where there is a length, of that.
            //            c4..: bytes   extensions   floats  numbers with and without a sign
            //            c4 c5 c6      c7 c8 c9     ca cb   cc cd ce cf   d0 d1 d2 d3
            static constexpr std::uint8_t kSize[] = {0, 0, 0, 1, 1, 1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8,
                                                     // fixed extensions, and texts
                                                     2, 3, 5, 9, 17, 0, 0, 0};
            std::uint64_t size = kSize[tag - 0xc4U];
            if (tag <= 0xc9) size += big_endian(1U << ((tag - 0xc4U) % 3));
            if (tag >= 0xd9) size += big_endian(1U << (tag - 0xd9U));
            static_cast<void>(raw(size));
        }
    }
}

}  // namespace crdt::detail
