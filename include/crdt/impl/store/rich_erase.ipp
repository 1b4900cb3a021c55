#pragma once

#include <algorithm>

#include "../../store/rich_edit.hpp"

namespace crdt::detail {

// -- the order of keys --------------------------------------------------------------------------

ROPEWALK_INLINE Mark RichEdit::last_mark_in_front() noexcept {
    const Place cursor = place_of_cursor();
    auto at = lists_->in_order.lower_bound([&](const Mark& mark) {
        return sequences().precedes(sequences().find(mark.unit()), cursor);
    });
    return lists_->in_order.previous(at) ? lists_->in_order.at(at) : Mark{};
}

// The rank of a key in `order_`; that of all others is the greatest.
ROPEWALK_INLINE std::size_t RichEdit::settled_rank(std::uint32_t key, Mark since) noexcept {
    if (order_.empty() || !settled_.exists() ||
        sequences().precedes(sequences().find(settled_.unit()), sequences().find(since.unit()))) {
        return order_.size();
    }
    std::size_t rank = 0;
    while (rank < order_.size() && order_[rank] != key) ++rank;
    return rank;
}

// Yjs passes the marks of the gap, which ends and begins formats, before it deletes some of them:
// then the values are as before, but a key that was ended and begun again is the last.
ROPEWALK_INLINE Status RichEdit::order_after_erase(std::span<const Mark> passed,
                                                   Vec<std::uint32_t>& order) noexcept {
    Vec<Keyed> now;
    ROPEWALK_CHECK(current_in_order(now));
    const auto find = [&now](std::uint32_t key) {
        std::size_t i = 0;
        while (i < now.size() && now[i].key != key) ++i;
        return i;
    };
    bool memory = true;
    const auto set = [&](std::uint32_t key, const FormatValue& value) {
        const std::size_t i = find(key);
        if (value.is_null()) {
            if (i < now.size()) now.erase(i, 1);
        } else if (i < now.size()) {
            now[i].value = value;
        } else {
            memory = memory && now.push_back({key, value});
        }
    };
    for (const Mark& mark : passed) set(mark.key, value_of(mark));
    std::size_t gone = 0;
    for (const Mark& mark : passed) {
        const FormatValue value = value_of(mark);
        // Both lists are in document order.
        if (gone == gone_.size() || gone_[gone].run != mark.run) {
            set(mark.key, value);
            continue;
        }
        ++gone;
        const std::size_t i = find(mark.key);
        const FormatValue before = current(mark.key);
        const bool held = identical(i < now.size() ? now[i].value : FormatValue::null(), value);
        if (held && !identical(before, value)) set(mark.key, before);
    }
    memory = memory && order.reserve(now.size());
    if (!memory) return ErrorCode::out_of_memory;
    for (const Keyed& one : now) order.push_back_reserved(one.key);
    return {};
}

// -- deleting -----------------------------------------------------------------------------------

// Is the unit the very last item?
ROPEWALK_INLINE bool RichEdit::ends_with_unit(std::uint32_t position) noexcept {
    const Place unit = place_of_unit(position);
    return unit.offset + 1 == sequences().span(unit).length() &&
           sequences().next(unit).leaf == kNone;
}

// The marks from `first` on to `end` that are needless once the units between them are deleted,
// into `gone_`; those in front of `resume`, the first that the cursor does not pass, into `passed`.
ROPEWALK_INLINE Status RichEdit::collect_needless(Mark first,
                                                  Mark& resume,
                                                  Place end,
                                                  Vec<Mark>& passed) noexcept {
    const auto in_gap = [&](Mark one) {
        return one.exists() && sequences().precedes(sequences().find(one.unit()), end);
    };
    bool passing = true;
    for (Mark mark = first; in_gap(mark);) {
        const Mark behind = Formats::next(store_, *lists_, mark, false);
        passing = passing && mark.run != resume.run;
        if (passing && !passed.push_back(mark)) return ErrorCode::out_of_memory;
        const bool needless = in_gap(Formats::next(store_, *lists_, mark, true)) ||
                              identical(current(mark.key), value_of(mark));
        if (needless) {
            if (!gone_.push_back(mark)) return ErrorCode::out_of_memory;
            if (mark.run == resume.run) resume = in_gap(behind) ? behind : Mark{};
        }
        mark = behind;
    }
    return {};
}

ROPEWALK_INLINE Status RichEdit::erase(std::uint32_t count) noexcept {
    ROPEWALK_CHECK(ready());
    const std::uint32_t rest = store_.units(type_) - position_;
    bool to_end = count > rest;
    if (to_end) count = rest;
    if (!to_end && count > 0 && count == rest) to_end = ends_with_unit(position_ + count - 1);
    // Without a step nothing is passed.
    const bool past_deleted = to_end || (count == 0 && past_deleted_);
    if (lists_ == nullptr || lists_->in_order.empty()) {
        ROPEWALK_CHECK(store_.erase(type_, position_, count));
        past_deleted_ = past_deleted;
        return {};
    }
    gone_.clear();
    const Mark first =
        next_.exists() ? next_ : Formats::first_from(store_, *lists_, kNone, place_of_cursor());
    Mark resume = count == 0 ? next_ : first_mark_behind(position_ + count);
    const Place end = place_of_unit(position_ + count);
    Vec<Mark> passed;
    ROPEWALK_CHECK(collect_needless(first, resume, end, passed));
    Vec<std::uint32_t> order;
    if (!passed.empty()) ROPEWALK_CHECK(order_after_erase({passed.data(), passed.size()}, order));
    ROPEWALK_CHECK(store_.erase(type_, position_, count));
    for (const Mark& one : gone_) delete_mark(one);
    next_ = resume;
    past_deleted_ = past_deleted;
    if (passed.empty() || !ready().ok()) return {};  // the next edit tells of failing memory
    order_ = std::move(order);
    settled_ = last_mark_in_front();
    return {};
}

// -- after remote changes -----------------------------------------------------------------------

ROPEWALK_INLINE void RichEdit::tidy(bool whole) noexcept {
    if (lists_ == nullptr) return;
    gone_.clear();
    for (Mark mark = next_; mark.exists();) {
        const Mark behind = within_gap(Formats::next(store_, *lists_, mark, false));
        const bool needless = within_gap(Formats::next(store_, *lists_, mark, true)).exists() ||
                              (whole && value_of(mark).is_null());
        if (needless && !gone_.push_back(mark)) return;
        mark = behind;
    }
    // Yjs goes through a gap backwards, through the first one forwards. What is redone of this one
    // day is redone in that order.
    if (!whole) std::reverse(gone_.begin(), gone_.end());
    for (const Mark& mark : gone_) delete_mark(mark);
}

}  // namespace crdt::detail
