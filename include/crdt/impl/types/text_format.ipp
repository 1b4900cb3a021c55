#pragma once

#include "../../types/delta_builder.hpp"
#include "../../types/rich_content.hpp"
#include "../../types/text.hpp"

namespace crdt {

ROPEWALK_INLINE Status Text::insert(Position at,
                                    std::string_view utf8,
                                    const Attributes& attributes) const noexcept {
    return write([&]() -> Status {
        const ByteView bytes = as_bytes(utf8);
        if (bytes.size() > kMaxClock) return ErrorCode::limit_exceeded;
        const detail::Utf8Scan scan = detail::scan_utf8(bytes);
        if (!scan.valid) return Error{ErrorCode::invalid_utf8, scan.bad_offset};
        ROPEWALK_TRY(const std::uint32_t position, units_of(at));
        detail::PreparedAttributes prepared;
        ROPEWALK_CHECK(prepared.prepare(*store_, attributes));
        if (bytes.empty()) return {};
        detail::RichEdit edit(*store_, type_);
        ROPEWALK_CHECK(edit.start(position));
        return edit.insert(prepared.list(), bytes, scan);
    });
}

ROPEWALK_INLINE Status Text::insert(Position at,
                                    std::u16string_view units,
                                    const Attributes& attributes) const noexcept {
    return write([&]() -> Status {
        ROPEWALK_TRY(const std::uint32_t position, units_of(at));
        detail::PreparedAttributes prepared;
        ROPEWALK_CHECK(prepared.prepare(*store_, attributes));
        if (units.empty()) return {};
        detail::RichEdit edit(*store_, type_);
        ROPEWALK_CHECK(edit.start(position));
        return edit.insert(prepared.list(), units.data(), units.size());
    });
}

ROPEWALK_INLINE Status Text::insert_embed(Position at,
                                          const Content& content,
                                          const Attributes& attributes) const noexcept {
    return write([&]() -> Status {
        ROPEWALK_TRY(const std::uint32_t position, units_of(at));
        detail::PreparedAttributes prepared;
        ROPEWALK_CHECK(prepared.prepare(*store_, attributes));
        detail::RichEdit edit(*store_, type_);
        ROPEWALK_CHECK(edit.start(position));
        return detail::write_embed(*store_, edit, content, prepared.list());
    });
}

ROPEWALK_INLINE Status Text::format(Position at,
                                    std::size_t count,
                                    const Attributes& attributes) const noexcept {
    return write([&]() -> Status {
        ROPEWALK_TRY(const std::uint32_t from, units_of(at));
        if (count > kMaxClock) return ErrorCode::limit_exceeded;
        auto units = static_cast<std::uint32_t>(count);
        if (at.unit() != Unit::utf16) {
            // Beyond the end each unit, of whatever kind, is a newline.
            const std::size_t end = at.value() + count;
            const std::size_t whole = length(at.unit());
            const std::size_t inside = end < whole ? end : whole;
            ROPEWALK_TRY(const std::uint32_t to,
                         store_->to_units(type_, static_cast<std::uint32_t>(inside),
                                          at.unit() == Unit::utf8));
            if (to - from + (end - inside) > kMaxClock) return ErrorCode::limit_exceeded;
            units = static_cast<std::uint32_t>(to - from + (end - inside));
        }
        detail::PreparedAttributes prepared;
        ROPEWALK_CHECK(prepared.prepare(*store_, attributes));
        if (units == 0) return {};
        store_->disarm();
        const detail::Seq& seq = store_->sequences.seqs[store_->types.types[type_].list];
        if (seq.root == detail::kNone) return {};
        if (from == store_->units(type_)) {
            // Nothing behind it, tombstones included?
            const detail::Leaf& last = store_->sequences.nodes.leaf(seq.last);
            if (!last.spans[last.count - 1].hidden()) return {};
        }
        detail::RichEdit edit(*store_, type_);
        ROPEWALK_CHECK(edit.start(from));
        return edit.format(prepared.list(), units);
    });
}

ROPEWALK_INLINE Result<Value> Text::get(Position at) const noexcept {
    ROPEWALK_CHECK(check());
    ROPEWALK_CHECK(store_->open_history());
    store_->settle();
    ROPEWALK_TRY(const std::uint32_t position, units_of(at));
    if (position >= store_->units(type_)) return Error{ErrorCode::index_out_of_range, at.value()};
    const detail::Place place = store_->sequences.seek(store_->types.types[type_].list, position);
    const detail::Span& span = store_->sequences.span(place);
    if (store_->runs[span.run].is_text()) return Value();
    return Value{store_, {span.run, span.offset + place.offset}};
}

ROPEWALK_INLINE Status Text::erase_formatted(std::uint32_t from,
                                             std::uint32_t count) const noexcept {
    if (count == 0) return {};
    detail::RichEdit edit(*store_, type_);
    ROPEWALK_CHECK(edit.start(from));
    return edit.erase(count);
}

ROPEWALK_INLINE Status Text::apply_delta(const Delta& delta, bool sanitize) const noexcept {
    return write([&]() -> Status {
        detail::ContentNeeds needs;
        ROPEWALK_CHECK(detail::measure_delta(*store_, delta, 0, needs));
        return detail::write_delta(*store_, type_, delta, sanitize);
    });
}

ROPEWALK_INLINE Delta Text::to_delta() const {
    const std::uint32_t seq = readable();
    if (seq == detail::kNone) return {};
    DeltaBuilder builder(*store_);
    for (std::uint32_t node = store_->sequences.seqs[seq].first; node != detail::kNone;) {
        const detail::Leaf& leaf = store_->sequences.nodes.leaf(node);
        for (std::uint32_t i = 0; i < leaf.count; ++i) {
            const detail::Span& span = leaf.spans[i];
            const detail::Run& run = store_->runs[span.run];
            if (span.hidden()) {
                if (run.kind == detail::RunKind::format && !store_->content.deleted(run, 0)) {
                    builder.mark(run);
                }
            } else if (run.is_text()) {
                builder.text(run, span.offset, span.length());
            } else if (run.kind == detail::RunKind::embed || run.kind == detail::RunKind::type) {
                builder.unit({span.run, span.offset});
            }
        }
        node = leaf.next;
    }
    return builder.finish();
}

}  // namespace crdt
