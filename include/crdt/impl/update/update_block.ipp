#pragma once

#include "../../base/utf.hpp"
#include "../../codec/any.hpp"
#include "../../codec/json.hpp"
#include "../../update/update_block.hpp"

namespace crdt::detail {

// Texts with lone surrogates: three bytes each, as if they were characters.
[[nodiscard]] inline bool scan_wtf8(ByteView text, std::uint32_t& units) noexcept {
    std::size_t at = 0;
    units = 0;
    while (at < text.size()) {
        const std::size_t size = utf8_size(text[at]);
        if (text.size() - at < size) return false;
        units += size == 4 ? 2 : 1;
        at += size;
    }
    return true;
}

ROPEWALK_INLINE bool UpdateReader::begin_section() noexcept {
    const Cursor count_at = p_;
    if (!count(2, section_left_)) return false;  // kind, length
    if (section_left_ > structs_left_) return fail(ErrorCode::limit_exceeded, count_at);
    structs_left_ -= section_left_;
    if (!number(client_)) return false;
    const Cursor clock_at = p_;
    std::uint64_t clock = 0;
    if (!number(clock)) return false;
    if (clock > kMaxClock) return fail(ErrorCode::limit_exceeded, clock_at);
    clock_ = static_cast<std::uint32_t>(clock);
    return true;
}

ROPEWALK_INLINE bool UpdateReader::var_string(ByteView& text) noexcept {
    if (!var_bytes(text)) return false;
    const Utf8Scan scan = scan_utf8(text);
    return scan.valid || fail(ErrorCode::invalid_utf8, text.data() + scan.bad_offset);
}

ROPEWALK_INLINE bool UpdateReader::parent(UpdateBlock& block) noexcept {
    std::uint64_t is_root = 0;
    if (!number(is_root)) return false;
    if (is_root == 1) {
        block.parent = ParentRef::root;
        if (!var_string(block.root)) return false;
    } else {  // Yjs takes anything but 1 for 0
        block.parent = ParentRef::item;
        if (!id(block.parent_item)) return false;
    }
    block.has_key = (block.info & kHasKey) != 0;
    return !block.has_key || var_string(block.key);
}

ROPEWALK_INLINE bool UpdateReader::wide_string(UpdateBlock& block) noexcept {
    const ByteView text{block.payload, static_cast<std::size_t>(p_ - block.payload)};
    if (block.exact) {
        return scan_wtf8(text, block.length) || fail(ErrorCode::invalid_utf8, block.payload);
    }
    const Utf8Scan scan = scan_wide_utf8(text);
    block.length = scan.utf16_length;
    return scan.valid || fail(ErrorCode::invalid_utf8, block.payload + scan.bad_offset);
}

// A number of clocks that has no bytes behind it.
ROPEWALK_INLINE bool UpdateReader::range(UpdateBlock& block) noexcept {
    const Cursor at = p_;
    std::uint64_t value = 0;
    if (!number(value)) return false;
    if (value == 0 || value > kMaxVarUint - block.clock) {
        return fail(ErrorCode::invalid_struct, at);
    }
    if (value > kMaxClock) return fail(ErrorCode::limit_exceeded, at);
    block.length = static_cast<std::uint32_t>(value);
    block.payload = p_;
    return true;
}

ROPEWALK_INLINE bool UpdateReader::any() noexcept {
    bool canonical = true;
    Limits limits;
    limits.nesting = nesting_;
    Cursor at = p_;
    const Error error = validate_any(at, end_, limits, canonical);
    if (error.code != ErrorCode::ok) return fail(error.code, at);
    p_ = at;
    return true;
}

ROPEWALK_INLINE bool UpdateReader::json_text(bool may_be_undefined) noexcept {
    ByteView text;
    if (!var_string(text)) return false;
    constexpr std::string_view kUndefined = "undefined";
    if (may_be_undefined && as_text(text) == kUndefined) return true;
    Cursor at = text.data();
    const ErrorCode code = validate_json(at, p_, nesting_);
    return code == ErrorCode::ok || fail(code, at);
}

ROPEWALK_INLINE bool UpdateReader::values(UpdateBlock& block) noexcept {
    const Cursor at = p_;
    const bool is_json = block.kind == ContentKind::json;
    std::uint64_t values = 0;
    if (!count(is_json ? 2 : 1, values)) return false;
    if (values == 0) return fail(ErrorCode::invalid_struct, at);
    block.payload = p_;
    for (std::uint64_t i = 0; i < values; ++i) {
        if (!(is_json ? json_text(true) : any())) return false;
    }
    block.length = static_cast<std::uint32_t>(values);
    return true;
}

ROPEWALK_INLINE bool UpdateReader::content(UpdateBlock& block) noexcept {
    constexpr std::uint64_t kElement = 3;
    constexpr std::uint64_t kHook = 5;
    constexpr std::uint64_t kLast = 6;
    ByteView text;
    block.length = 1;
    block.payload = p_;
    switch (block.kind) {
        case ContentKind::deleted:
            return range(block);
        case ContentKind::json:
        case ContentKind::any:
            return values(block);
        case ContentKind::binary:
            return var_bytes(text);
        case ContentKind::embed:
            return json_value(block.exact);
        case ContentKind::format:
            return var_string(text) && json_value(block.exact);
        case ContentKind::type: {
            std::uint64_t ref = 0;
            if (!number(ref)) return false;
            if (ref > kLast) return fail(ErrorCode::unknown_content, block.payload);
            return (ref != kElement && ref != kHook) || var_string(text);
        }
        default: {
            if (!var_string(text)) return false;
            const Cursor options = p_;
            if (!any()) return false;
            return *options == kTagObject || fail(ErrorCode::invalid_struct, options);
        }
    }
}

}  // namespace crdt::detail
