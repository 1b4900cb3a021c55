#pragma once

#include "../../base/utf.hpp"
#include "../../types/text.hpp"

namespace crdt {

template <class F>
void Text::for_each_stretch(F&& f) const {
    const std::uint32_t seq = readable();
    if (seq == detail::kNone) return;
    for (std::uint32_t node = store_->sequences.seqs[seq].first; node != detail::kNone;) {
        const detail::Leaf& leaf = store_->sequences.nodes.leaf(node);
        for (std::uint32_t i = 0; i < leaf.count; ++i) {
            const detail::Span& span = leaf.spans[i];
            if (span.hidden()) continue;
            const detail::Run& run = store_->runs[span.run];
            if (run.is_text()) f(run, span.offset, span.length());
        }
        node = leaf.next;
    }
}

ROPEWALK_INLINE Result<std::uint32_t> Text::units_of(Position at) const noexcept {
    const std::uint32_t length = store_->units(type_);
    if (at.unit() == Unit::utf16) {
        if (at.value() > length) return Error{ErrorCode::index_out_of_range, at.value()};
        return at.value();
    }
    return store_->to_units(type_, at.value(), at.unit() == Unit::utf8);
}

namespace detail {

// One character of 1 to 4 bytes, which are all of `utf8`, as UTF-16. 0 units: it is not just that.
// Up to three bytes without branches: which length comes next cannot be guessed.
ROPEWALK_ALWAYS_INLINE std::uint32_t single_character(std::string_view utf8,
                                                      char16_t (&units)[2]) noexcept {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(utf8.data());
    const std::size_t size = utf8.size();
    const auto trail = [](std::uint32_t byte) { return (byte & 0xc0U) == 0x80U; };
    if (ROPEWALK_LIKELY(size - 1 < 3)) {
        const std::uint32_t first = bytes[0];
        const std::uint32_t middle = bytes[size / 2];
        const std::uint32_t last = bytes[size - 1];
        const std::uint32_t three = (first & 0x0fU) << 12 | (middle & 0x3fU) << 6 | (last & 0x3fU);
        const std::uint32_t codes[3] = {first, (first & 0x1fU) << 6 | (last & 0x3fU), three};
        const bool valid[3] = {
            first < 0x80, bool(int(first - 0xc2 < 0x1e) & int(trail(last))),
            bool(int((first & 0xf0U) == 0xe0U) & int(trail(middle)) & int(trail(last)) &
                 int(three >= 0x800) & int((three & 0xf800U) != 0xd800U))};
        units[0] = static_cast<char16_t>(codes[size - 1]);
        return valid[size - 1] ? 1 : 0;
    }
    if (size != 4 || (bytes[0] & 0xf8U) != 0xf0U || !trail(bytes[1]) || !trail(bytes[2]) ||
        !trail(bytes[3])) {
        return 0;
    }
    const std::uint32_t code = (bytes[0] & 0x07U) << 18 | (bytes[1] & 0x3fU) << 12 |
                               (bytes[2] & 0x3fU) << 6 | (bytes[3] & 0x3fU);
    if (code - 0x10000 > 0xfffff) return 0;
    units[0] = static_cast<char16_t>(0xd7c0U + (code >> 10));
    units[1] = static_cast<char16_t>(0xdc00U | (code & 0x3ffU));
    return 2;
}

}  // namespace detail

// One more character of two-byte units where the last one was, with nobody to tell; else the rest.
ROPEWALK_NEVER_INLINE ROPEWALK_INLINE Status
Text::insert_further(Position at, std::string_view utf8) const noexcept {
    if (ROPEWALK_LIKELY(store_ != nullptr)) {
        detail::Typing& typing = store_->typing;
        char16_t units[2] = {};
        if (ROPEWALK_LIKELY(typing.type == type_ && at.is_utf16(typing.end) &&
                            typing.end + 2 <= typing.open_wide_limit)) {
            const std::uint32_t count = detail::single_character(utf8, units);
            if (ROPEWALK_LIKELY(count != 0)) {
                // Both units are written; there is room for them.
                std::memcpy(typing.next, units, sizeof units);
                typing.next += count * 2;
                typing.end += count;
                typing.pairs += count / 2;
                typing.extra += static_cast<std::uint32_t>(utf8.size()) - count;
                return {};
            }
        }
    }
    return insert_elsewhere(at, utf8);
}

ROPEWALK_NEVER_INLINE ROPEWALK_INLINE Status Text::insert_elsewhere(Position at, std::string_view utf8) const noexcept {
    return write([&]() -> Status {
        const ByteView bytes = as_bytes(utf8);
        if (bytes.size() > kMaxClock) return ErrorCode::limit_exceeded;
        detail::Utf8Scan scan;
        if (ROPEWALK_LIKELY(bytes.size() == 1 && bytes[0] < 0x80)) {
            scan.utf16_length = scan.code_points = 1;
        } else {
            scan = detail::scan_utf8(bytes);
        }
        if (!scan.valid) return Error{ErrorCode::invalid_utf8, scan.bad_offset};
        // Typing goes on where it was: no need to look the position up.
        const bool typing = store_->typing.type == type_ && at.unit() == Unit::utf16 &&
                            at.value() == store_->typing.end;
        std::uint32_t position = at.value();
        if (!typing) {
            ROPEWALK_TRY(position, units_of(at));
        }
        if (bytes.empty()) return {};
        return store_->insert_text(type_, position, bytes, scan);
    });
}

ROPEWALK_INLINE Status Text::insert(Position at, std::u16string_view units) const noexcept {
    return write([&]() -> Status {
        ROPEWALK_TRY(const std::uint32_t position, units_of(at));
        if (units.empty()) return {};
        return store_->insert_text(type_, position, units.data(), units.size());
    });
}

ROPEWALK_INLINE Status Text::append(std::string_view utf8) const noexcept {
    if (const Status status = check(); !status.ok()) return write([&] { return status; });
    ROPEWALK_CHECK(store_->open_history());
    return insert(store_->units(type_), utf8);
}

ROPEWALK_INLINE Status Text::erase(Position at, std::size_t count) const noexcept {
    return write([&]() -> Status {
        ROPEWALK_TRY(const std::uint32_t from, units_of(at));
        std::uint32_t to = 0;
        if (at.unit() == Unit::utf16) {
            if (count > store_->units(type_) - from) {
                return Error{ErrorCode::index_out_of_range, detail::end_of(from, count)};
            }
            to = from + static_cast<std::uint32_t>(count);
        } else {
            if (count > 0xffffffffU - std::size_t{at.value()}) {
                return Error{ErrorCode::index_out_of_range, detail::end_of(at.value(), count)};
            }
            const std::uint32_t end = at.value() + static_cast<std::uint32_t>(count);
            ROPEWALK_TRY(to, store_->to_units(type_, end, at.unit() == Unit::utf8));
        }
        return store_->erase(type_, from, to - from);
    });
}

ROPEWALK_INLINE std::size_t Text::length(Unit unit) const noexcept {
    if (readable() == detail::kNone) return 0;
    const detail::Measure measure = store_->measure(type_);
    switch (unit) {
        case Unit::utf8: return std::size_t{measure.units} + measure.extra;
        case Unit::code_point: return measure.units - measure.pairs;
        case Unit::utf16: break;
    }
    return measure.units;
}

ROPEWALK_INLINE Status Text::append_to(Bytes& out) const noexcept {
    ROPEWALK_CHECK(check());
    if (store_->source != nullptr) {
        const detail::TypeRecord& record = store_->types.types[type_];
        if (record.run == detail::kNone) {
            return store_->source->text_of(store_->types.names[record.name], out);
        }
    }
    ROPEWALK_CHECK(store_->open_history());
    const detail::Measure measure = store_->measure(type_);
    detail::Vec<std::uint8_t>& bytes = out.storage();
    // A pair that is one character across two stretches takes two bytes more than it counts.
    if (!bytes.reserve_more(std::size_t{measure.units} + measure.extra + 16)) {
        return ErrorCode::out_of_memory;
    }
    bool memory = true;
    for_each_stretch([&](const detail::Run& run, std::uint32_t offset, std::uint32_t count) {
        if (ROPEWALK_LIKELY(run.kind == detail::RunKind::ascii)) {
            memory = memory && bytes.reserve_more(count);
            if (!memory) return;
            const std::uint8_t* from = store_->content.ascii(run, offset);
            std::uint8_t* to = bytes.data() + bytes.size();
            std::memcpy(to, from, count);
            bytes.set_size(bytes.size() + count);
        } else {
            memory = memory && bytes.reserve_more(std::size_t{count} * 3);
            if (!memory) return;
            const std::uint8_t* end = detail::utf16_to_utf8(
                store_->content.utf16(run, offset), count, bytes.data() + bytes.size());
            bytes.set_size(static_cast<std::size_t>(end - bytes.data()));
        }
    });
    return memory ? Status{} : Status{ErrorCode::out_of_memory};
}

ROPEWALK_INLINE std::string Text::to_string() const {
    Bytes bytes;
    if (!append_to(bytes).ok()) return {};
    return std::string(as_text(bytes));
}

ROPEWALK_INLINE std::u16string Text::to_u16string() const {
    std::u16string text;
    text.reserve(length());
    for_each_stretch([&](const detail::Run& run, std::uint32_t offset, std::uint32_t count) {
        if (run.kind == detail::RunKind::utf16) {
            text.append(store_->content.utf16(run, offset), count);
            return;
        }
        const std::uint8_t* from = store_->content.ascii(run, offset);
        for (std::uint32_t i = 0; i < count; ++i) text.push_back(from[i]);
    });
    return text;
}

}  // namespace crdt
