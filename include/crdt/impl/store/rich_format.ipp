#pragma once

#include <cstring>

#include "../../base/sort.hpp"
#include "../../store/rich_edit.hpp"

namespace crdt::detail {

inline constexpr std::uint32_t kPiece = 64;  // newlines that are put in at once

// -- formatting ---------------------------------------------------------------------------------

// Marks of wanted keys within `inside` units behind the cursor, and what follows from them. `count`
// > inside: the text ends there.
ROPEWALK_INLINE Status RichEdit::collect_marks(std::uint32_t count, std::uint32_t inside) noexcept {
    if (lists_ == nullptr || count == 0) return {};
    const bool to_end = count > inside;
    const Place from = place_of_cursor();
    const Place limit = to_end ? Place{} : place_of_unit(position_ + inside - 1);
    Vec<Mark> met;
    for (const Attribute& attribute : wanted_) {
        for (Mark mark = Formats::first_from(store_, *lists_, attribute.key, from); mark.exists();
             mark = Formats::next(store_, *lists_, mark, true)) {
            if (!to_end && !sequences().precedes(sequences().find(mark.unit()), limit)) break;
            if (!met.push_back(mark)) return ErrorCode::out_of_memory;
        }
    }
    if (wanted_.size() > 1) {
        sort(met.begin(), met.end(), [this](const Mark& a, const Mark& b) {
            return sequences().precedes(sequences().find(a.unit()), sequences().find(b.unit()));
        });
    }
    for (const Mark& mark : met) {
        const FormatValue value = value_of(mark);
        if (equal_formats(wanted(mark.key)->value, value)) {
            forget_undone(mark.key);
        } else {
            ROPEWALK_CHECK(set_undone(mark.key, value));
        }
        if (!gone_.push_back(mark)) return ErrorCode::out_of_memory;
    }
    return {};
}

ROPEWALK_INLINE Status RichEdit::format(std::span<const Attribute> attributes,
                                        std::uint32_t count) noexcept {
    ROPEWALK_CHECK(ready());
    const std::uint32_t length = store_.units(type_);
    const std::uint32_t inside = count < length - position_ ? count : length - position_;
    const std::uint32_t newlines = count - inside;
    const std::uint32_t started = position_;
    const Mark from = next_;
    wanted_.clear();
    Status status;
    if (newlines > kMaxClock - length) status = ErrorCode::limit_exceeded;
    if (!wanted_.reserve(attributes.size())) status = ErrorCode::out_of_memory;
    if (!status.ok()) return status;
    for (const Attribute& attribute : attributes) wanted_.push_back_reserved(attribute);
    order_wanted();

    skip_wanted();
    const Mark first = next_;
    status = plan_marks();
    if (status.ok()) status = collect_marks(count, inside);
    position_ += inside;
    if (newlines > 0) {
        next_ = {};
    } else {
        if (inside > 0) next_ = first_mark_behind(position_);
        // What stands there may end what has to be ended, or need not be there.
        while (status.ok() && next_.exists() && !undone_.empty()) {
            if (const Attribute* attribute = wanted(next_.key)) {
                if (!equal_formats(attribute->value, value_of(next_))) break;
                forget_undone(next_.key);
                if (!gone_.push_back(next_)) status = ErrorCode::out_of_memory;
            }
            advance();
        }
    }
    skip_undone();
    const Mark second = next_;
    std::size_t values = undone_.size() * 8;
    for (const Attribute& attribute : added_) {
        values += size_of_mark(attribute.value, attribute.json);
    }
    for (const Keyed& undone : undone_) values += size_of_mark(undone.value, {});
    if (status.ok() && (!added_.empty() || !undone_.empty() || newlines > 0)) {
        status = reserve(added_.size() + undone_.size() + newlines / kPiece + 1, values,
                         std::size_t{newlines} * 2 + 2);
    }
    if (!status.ok()) {
        position_ = started;
        next_ = from;
        return status;
    }

    const std::uint32_t end = std::exchange(position_, started);
    put_added(first);
    for (const Mark& mark : gone_) delete_mark(mark);
    position_ = end;
    next_ = second;
    past_deleted_ = true;
    if (newlines > 0) status = put_newlines(newlines);
    put_undone();
    return status;
}

// requires: reserved
ROPEWALK_INLINE Status RichEdit::put_newlines(std::uint32_t count) noexcept {
    std::uint8_t text[kPiece];
    std::memset(text, '\n', sizeof text);
    while (count > 0) {
        Utf8Scan scan;
        scan.utf16_length = scan.code_points = count < kPiece ? count : kPiece;
        const ByteView piece{text, scan.utf16_length};
        ROPEWALK_CHECK(store_.insert_text_at(type_, position_, gap(), {piece, scan}));
        position_ += scan.utf16_length;
        count -= scan.utf16_length;
    }
    return {};
}

}  // namespace crdt::detail
