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

// If `utf8` is just one character: one(unit), or two(high, low), and true.
template <class One, class Two>
ROPEWALK_ALWAYS_INLINE bool single_character(std::string_view utf8,
                                             const One& one,
                                             const Two& two) noexcept {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(utf8.data());
    const auto trails = [](std::uint32_t byte) { return (byte & 0xc0U) == 0x80U; };
    // Neighbours in a text are most often of one length: these branches are guessed well.
    if (utf8.size() == 3) {
        const char16_t unit = decode_three_bytes(utf8);
        if (unit == 0) return false;
        one(unit);
        return true;
    }
    if (utf8.size() == 1) {
        if (bytes[0] >= 0x80) return false;
        one(bytes[0]);
        return true;
    }
    if (utf8.size() == 2) {
        if (bytes[0] - 0xc2U >= 0x1e || !trails(bytes[1])) return false;
        one(static_cast<char16_t>((bytes[0] & 0x1fU) << 6 | (bytes[1] & 0x3fU)));
        return true;
    }
    if (utf8.size() != 4 || (bytes[0] & 0xf8U) != 0xf0U || !trails(bytes[1]) || !trails(bytes[2]) ||
        !trails(bytes[3])) {
        return false;
    }
    const std::uint32_t code = (bytes[0] & 0x07U) << 18 | (bytes[1] & 0x3fU) << 12 |
                               (bytes[2] & 0x3fU) << 6 | (bytes[3] & 0x3fU);
    if (code - 0x10000 > 0xfffff) return false;
    two(static_cast<char16_t>(0xd7c0U + (code >> 10)),
        static_cast<char16_t>(0xdc00U | (code & 0x3ffU)));
    return true;
}

}  // namespace detail

// One more character of two-byte units where the last one was, with nobody to tell; else the rest.
ROPEWALK_NEVER_INLINE ROPEWALK_INLINE Status
Text::insert_further(Position at, std::string_view utf8) const noexcept {
    if (ROPEWALK_LIKELY(store_ != nullptr)) {
        detail::Typing& typing = store_->typing;
        if (ROPEWALK_LIKELY(typing.type == type_ && at.is_utf16(typing.end) &&
                            typing.end + 2 <= typing.open_wide_limit)) {
            const bool typed = detail::single_character(
                utf8,
                [&](char16_t unit) {
                    typing.put_wide(unit, static_cast<std::uint32_t>(utf8.size()) - 1);
                },
                [&](char16_t high, char16_t low) {
                    typing.put_wide(high, 1);
                    typing.put_wide(low, 1);
                    typing.pairs += 1;
                });
            if (ROPEWALK_LIKELY(typed)) return {};
        }
    }
    return insert_elsewhere(at, utf8);
}

ROPEWALK_NEVER_INLINE ROPEWALK_INLINE Status
Text::insert_elsewhere(Position at, std::string_view utf8) const noexcept {
    return write([&]() -> Status {
        const ByteView bytes = as_bytes(utf8);
        if (bytes.size() > kMaxClock) return ErrorCode::limit_exceeded;
        char16_t units[2] = {};
        std::uint32_t count = 0;
        detail::Utf8Scan scan;
        if (ROPEWALK_LIKELY(bytes.size() == 1 && bytes[0] < 0x80)) {
            scan.utf16_length = scan.code_points = 1;
        } else if (!detail::single_character(
                       utf8, [&](char16_t unit) { units[count++] = unit; },
                       [&](char16_t high, char16_t low) {
                           units[count++] = high;
                           units[count++] = low;
                       })) {
            scan = detail::scan_utf8(bytes);
            if (!scan.valid) return Error{ErrorCode::invalid_utf8, scan.bad_offset};
        }
        // Typing goes on where it was: no need to look the position up.
        const bool typing = store_->typing.type == type_ && at.unit() == Unit::utf16 &&
                            at.value() == store_->typing.end;
        std::uint32_t position = at.value();
        if (!typing) {
            ROPEWALK_TRY(position, units_of(at));
        }
        if (count != 0) return store_->insert_text(type_, position, {units, count});
        if (bytes.empty()) return {};
        return store_->insert_text(type_, position, {bytes, scan});
    });
}

ROPEWALK_INLINE Status Text::insert(Position at, std::u16string_view units) const noexcept {
    return write([&]() -> Status {
        ROPEWALK_TRY(const std::uint32_t position, units_of(at));
        if (units.empty()) return {};
        if (units.size() > kMaxClock) return ErrorCode::limit_exceeded;
        return store_->insert_text(type_, position,
                                   {units.data(), static_cast<std::uint32_t>(units.size())});
    });
}

ROPEWALK_INLINE Status Text::append(std::string_view utf8) const noexcept {
    if (const Status status = check(); !status.ok()) return write([&] { return status; });
    ROPEWALK_CHECK(store_->open_history());
    return insert(store_->units(type_), utf8);
}

ROPEWALK_NEVER_INLINE ROPEWALK_INLINE Status Text::erase_further(Position at,
                                                                 std::size_t count) const noexcept {
    if (count == 2 && store_ != nullptr && store_->erasing.type == type_ &&
        at.unit() == Unit::utf16 && store_->erasing.take_pair(at.value())) {
        return {};
    }
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
        if (ROPEWALK_UNLIKELY(store_->sequences.seqs[store_->types.types[type_].list].formats)) {
            return erase_formatted(from, to - from);
        }
        return store_->erase(type_, from, to - from);
    });
}

ROPEWALK_INLINE bool Text::counts_like_utf16(Unit unit) const noexcept {
    if (unit == Unit::utf16) return true;
    if (!check().ok()) return false;
    detail::Measure sum = store_->sequences.measure(store_->types.types[type_].list);
    if (store_->typing.type == type_) {
        sum.pairs += store_->typing.pairs;
        sum.extra += store_->typing.extra;
    }
    return (unit == Unit::code_point ? sum.pairs : sum.extra) == 0;
}

ROPEWALK_INLINE std::size_t Text::length(Unit unit) const noexcept {
    if (readable() == detail::kNone) return 0;
    const detail::Measure measure = store_->measure(type_);
    switch (unit) {
        case Unit::utf8:
            return std::size_t{measure.units} + measure.extra;
        case Unit::code_point:
            return measure.units - measure.pairs;
        case Unit::utf16:
            break;
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
            const std::uint8_t* end = detail::utf16_to_utf8(store_->content.utf16(run, offset),
                                                            count, bytes.data() + bytes.size());
            bytes.set_size(static_cast<std::size_t>(end - bytes.data()));
        }
    });
    return memory ? Status{} : Status{ErrorCode::out_of_memory};
}

ROPEWALK_INLINE std::string Text::to_string() const {
    if (store_ != nullptr && store_->source != nullptr) {
        Bytes bytes;
        return append_to(bytes).ok() ? std::string(as_text(bytes)) : std::string();
    }
    // Written in place: a string that grows stretch by stretch takes half as long again.
    std::string text(length(Unit::utf8), '\0');
    std::size_t used = 0;
    const auto room = [&](std::size_t more) {
        if (more > text.size() - used) text.resize(used + more);
        return reinterpret_cast<std::uint8_t*>(text.data()) + used;
    };
    for_each_stretch([&](const detail::Run& run, std::uint32_t offset, std::uint32_t count) {
        if (ROPEWALK_LIKELY(run.kind == detail::RunKind::ascii)) {
            std::memcpy(room(count), store_->content.ascii(run, offset), count);
            used += count;
            return;
        }
        std::uint8_t* const to = room(std::size_t{count} * 3);
        used += static_cast<std::size_t>(
            detail::utf16_to_utf8(store_->content.utf16(run, offset), count, to) - to);
    });
    text.resize(used);
    return text;
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
