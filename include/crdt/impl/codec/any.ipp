#pragma once

#include <cmath>
#include <cstring>

#include "../../base/utf.hpp"
#include "../../codec/any.hpp"
#include "../../codec/reader.hpp"
#include "../../codec/writer.hpp"

namespace crdt {

namespace detail {

inline constexpr double kLargestInteger = 2147483647.0;
inline constexpr std::uint64_t kCanonicalNan = 0x7ff8000000000000U;

ROPEWALK_INLINE std::uint8_t* put_any_number(std::uint8_t* p, double value) noexcept {
    const auto put = [&](std::uint8_t tag, std::uint64_t bits, unsigned bytes) {
        *p++ = tag;
        for (unsigned i = bytes; i-- > 0;) *p++ = static_cast<std::uint8_t>(bits >> (8 * i));
        return p;
    };
    if (std::isnan(value)) return put(kTagFloat64, kCanonicalNan, 8);
    const double magnitude = std::fabs(value);
    if (magnitude <= kLargestInteger) {
        const auto integer = static_cast<std::uint32_t>(magnitude);
        if (static_cast<double>(integer) == magnitude) {
            *p++ = kTagInteger;
            return put_var_int(p, integer, std::signbit(value));
        }
    }
    const auto narrow = static_cast<float>(value);
    if (static_cast<double>(narrow) == value) {
        return put(kTagFloat32, __builtin_bit_cast(std::uint32_t, narrow), 4);
    }
    return put(kTagFloat64, __builtin_bit_cast(std::uint64_t, value), 8);
}

ROPEWALK_INLINE double get_any_number(const std::uint8_t* p) noexcept {
    const std::uint8_t tag = *p++;
    if (tag == kTagFloat32) {
        const auto bits = static_cast<std::uint32_t>(get_big_endian(p, 4));
        return static_cast<double>(__builtin_bit_cast(float, bits));
    }
    if (tag == kTagFloat64) return __builtin_bit_cast(double, get_big_endian(p, 8));
    std::uint64_t magnitude = *p & 0x3fU;
    const bool negative = (*p & 0x40U) != 0;
    if (*p++ >= 0x80) magnitude |= get_var_uint(p) << 6;
    const auto value = static_cast<double>(magnitude);
    return negative ? -value : value;
}

// Behind a validated scalar or behind the count of a container, which is returned in `count`.
inline const std::uint8_t* skip_any_head(const std::uint8_t* p, std::uint64_t& count) noexcept {
    count = 0;
    switch (*p++) {
        case kTagInteger:
            while (*p++ >= 0x80) {
            }
            return p;
        case kTagFloat32:
            return p + 4;
        case kTagFloat64:
        case kTagBigint:
            return p + 8;
        case kTagString:
        case kTagBytes: {
            const std::uint64_t size = get_var_uint(p);
            return p + size;
        }
        case kTagArray:
        case kTagObject:
            count = get_var_uint(p);
            return p;
        default:
            return p;
    }
}

ROPEWALK_INLINE const std::uint8_t* skip_any(const std::uint8_t* p) noexcept {
    std::uint64_t count = 0;
    std::uint8_t tag = *p;
    p = skip_any_head(p, count);
    if (count == 0) return p;
    // Open containers: what is to come, times two, plus one for an object.
    std::uint64_t open[kMaxNesting];
    std::uint32_t depth = 0;
    open[depth++] = count * 2 + (tag == kTagObject ? 1 : 0);
    while (depth > 0) {
        std::uint64_t& left = open[depth - 1];
        if (left < 2) {
            --depth;
            continue;
        }
        left -= 2;
        if ((left & 1U) != 0) {
            const std::uint64_t size = get_var_uint(p);
            p += size;
        }
        tag = *p;
        p = skip_any_head(p, count);
        if (count > 0) {
            ROPEWALK_ASSERT(depth < kMaxNesting, "an Any that was not validated");
            open[depth++] = count * 2 + (tag == kTagObject ? 1 : 0);
        }
    }
    return p;
}

}  // namespace detail

// -- views ----------------------------------------------------------------------------------------

ROPEWALK_INLINE AnyKind AnyView::kind() const noexcept {
    switch (encoded_[0]) {
        case detail::kTagNull:
            return AnyKind::null;
        case detail::kTagInteger:
        case detail::kTagFloat32:
        case detail::kTagFloat64:
            return AnyKind::number;
        case detail::kTagBigint:
            return AnyKind::bigint;
        case detail::kTagFalse:
        case detail::kTagTrue:
            return AnyKind::boolean;
        case detail::kTagString:
            return AnyKind::string;
        case detail::kTagObject:
            return AnyKind::object;
        case detail::kTagArray:
            return AnyKind::array;
        case detail::kTagBytes:
            return AnyKind::bytes;
        default:
            return AnyKind::undefined;
    }
}

ROPEWALK_INLINE std::int64_t AnyView::as_bigint() const noexcept {
    if (kind() != AnyKind::bigint) return 0;
    return static_cast<std::int64_t>(detail::get_big_endian(encoded_.data() + 1, 8));
}

ROPEWALK_INLINE std::size_t AnyView::size() const noexcept {
    if (kind() != AnyKind::array && kind() != AnyKind::object) return 0;
    const std::uint8_t* p = encoded_.data() + 1;
    return static_cast<std::size_t>(detail::get_var_uint(p));
}

ROPEWALK_INLINE AnyElements AnyView::elements() const noexcept {
    if (kind() != AnyKind::array) return {nullptr, 0};
    const std::uint8_t* p = encoded_.data() + 1;
    const auto count = static_cast<std::size_t>(detail::get_var_uint(p));
    return {p, count};
}

ROPEWALK_INLINE AnyMembers AnyView::members() const noexcept {
    if (kind() != AnyKind::object) return {nullptr, 0};
    const std::uint8_t* p = encoded_.data() + 1;
    const auto count = static_cast<std::size_t>(detail::get_var_uint(p));
    return {p, count};
}

ROPEWALK_INLINE std::optional<AnyView> AnyView::find(std::string_view key) const noexcept {
    for (const auto& [name, value] : members()) {
        if (name == key) return value;
    }
    return std::nullopt;
}

// -- owned values ---------------------------------------------------------------------------------

ROPEWALK_INLINE std::uint8_t* Any::make_room(std::size_t size) noexcept {
    if (size <= kInline) {
        size_ = static_cast<std::uint32_t>(size);
        return inline_;
    }
    auto* block = size < 0xffffffffU ? static_cast<std::uint8_t*>(detail::allocate(size)) : nullptr;
    if (block == nullptr) {
        set_invalid();
        return nullptr;
    }
    heap_ = block;
    size_ = static_cast<std::uint32_t>(size);
    return block;
}

ROPEWALK_INLINE void Any::set_encoded(ByteView canonical) noexcept {
    std::uint8_t* room = make_room(canonical.size());
    if (room != nullptr) std::memcpy(room, canonical.data(), canonical.size());
}

ROPEWALK_INLINE void Any::set_sized(std::uint8_t tag, ByteView payload) noexcept {
    std::uint8_t* p = make_room(1 + detail::var_uint_size(payload.size()) + payload.size());
    if (p == nullptr) return;
    *p++ = tag;
    p = detail::put_var_uint(p, payload.size());
    if (!payload.empty()) std::memcpy(p, payload.data(), payload.size());
}

ROPEWALK_INLINE Error Any::set_checked(ByteView encoded, const Limits& limits) noexcept {
    const std::uint8_t* p = encoded.data();
    const std::uint8_t* const end = p + encoded.size();
    bool canonical = false;
    Error error = detail::validate_any(p, end, limits, canonical);
    if (error.code == ErrorCode::ok && p != end) {
        error = {ErrorCode::invalid_argument, static_cast<std::uint64_t>(p - encoded.data())};
    }
    Bytes rewritten;
    if (error.code == ErrorCode::ok && !canonical) {
        if (!detail::canonicalise_any(encoded, rewritten)) error = {ErrorCode::out_of_memory, 0};
        encoded = rewritten.view();
    }
    if (error.code == ErrorCode::ok) {
        set_encoded(encoded);
        if (!valid_) error = {ErrorCode::out_of_memory, 0};
    } else {
        set_invalid();
    }
    return error;
}

ROPEWALK_INLINE void Any::take(Any& other) noexcept {
    std::memcpy(inline_, other.inline_, kInline);
    size_ = other.size_;
    valid_ = other.valid_;
    other.set_tag(detail::kTagUndefined);
    other.valid_ = true;
}

ROPEWALK_INLINE Any::Any(double value) noexcept {
    std::uint8_t bytes[detail::kMaxNumberSize];
    const std::uint8_t* const end = detail::put_any_number(bytes, value);
    set_encoded({bytes, end});
}

ROPEWALK_INLINE Any::Any(std::string_view text) noexcept {
    const ByteView bytes = crdt::as_bytes(text);
    if (!detail::is_valid_utf8(bytes)) {
        set_invalid();
    } else {
        set_sized(detail::kTagString, bytes);
    }
}

ROPEWALK_INLINE Any::Any(AnyView value) noexcept {
    static_cast<void>(set_checked(value.encoded(), Limits{}));
}

ROPEWALK_INLINE Any::Any(const Any& other) noexcept {
    set_encoded(other.view().encoded());
    valid_ = valid_ && other.valid_;
}

ROPEWALK_INLINE Any& Any::operator=(const Any& other) noexcept {
    if (this != &other) *this = Any(other);
    return *this;
}

ROPEWALK_INLINE Any& Any::operator=(Any&& other) noexcept {
    if (this != &other) {
        reset();
        take(other);
    }
    return *this;
}

ROPEWALK_INLINE Any Any::bigint(std::int64_t value) noexcept {
    Any any;
    std::uint8_t* p = any.inline_;
    *p++ = detail::kTagBigint;
    const auto bits = static_cast<std::uint64_t>(value);
    for (unsigned i = 8; i-- > 0;) *p++ = static_cast<std::uint8_t>(bits >> (8 * i));
    any.size_ = 9;
    return any;
}

ROPEWALK_INLINE Any Any::bytes(ByteView value) noexcept {
    Any any;
    any.set_sized(detail::kTagBytes, value);
    return any;
}

ROPEWALK_INLINE Any Any::array(std::span<const Any> elements) noexcept {
    Bytes encoded;
    detail::Writer out(encoded);
    bool valid = true;
    out.byte(detail::kTagArray);
    out.var_uint(elements.size());
    for (const Any& element : elements) {
        valid = valid && element.valid();
        out.raw(element.view().encoded());
    }
    Any any;
    if (valid && out.ok()) {
        static_cast<void>(any.set_checked(encoded, Limits{}));
    } else {
        any.set_invalid();
    }
    return any;
}

ROPEWALK_INLINE Any Any::object(std::span<const Member> members) noexcept {
    Bytes encoded;
    detail::Writer out(encoded);
    bool valid = true;
    out.byte(detail::kTagObject);
    out.var_uint(members.size());
    for (const auto& [key, value] : members) {
        valid = valid && value.valid();
        out.var_string(key);
        out.raw(value.view().encoded());
    }
    Any any;
    if (valid && out.ok()) {
        static_cast<void>(any.set_checked(encoded, Limits{}));
    } else {
        any.set_invalid();
    }
    return any;
}

ROPEWALK_INLINE Result<Any> Any::decode(ByteView encoded, const Limits& limits) noexcept {
    Any any;
    const Error error = any.set_checked(encoded, limits);
    if (error.code != ErrorCode::ok) return error;
    return any;
}

}  // namespace crdt
