#pragma once

#include <algorithm>

#include "../../base/sort.hpp"
#include "../../doc/formatted_delta.hpp"

namespace crdt::detail {

// -- formats at a place ---------------------------------------------------------------------------

ROPEWALK_INLINE FormatValue FormattedDelta::value_of(std::uint32_t run) const noexcept {
    if (run == kNone) return FormatValue::null();
    return {store_.runs[run].data, store_.content.rich_value(store_.runs[run])};
}

ROPEWALK_INLINE FormatValue FormattedDelta::value_in(const Formats& list,
                                                     std::uint32_t key) const noexcept {
    for (const FormatRecord& format : list) {
        if (format.key == key) return value_of(format.run);
    }
    return FormatValue::null();
}

ROPEWALK_INLINE bool FormattedDelta::set(Formats& list,
                                         std::uint32_t key,
                                         std::uint32_t run) noexcept {
    for (FormatRecord& format : list) {
        if (format.key != key) continue;
        format.run = run;
        return true;
    }
    return list.push_back({key, run});
}

ROPEWALK_INLINE void FormattedDelta::erase(Formats& list, std::uint32_t key) noexcept {
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (list[i].key != key) continue;
        list.erase(i, 1);
        return;
    }
}

ROPEWALK_INLINE bool FormattedDelta::copy(const Formats& from, Formats& to) noexcept {
    to.clear();
    if (!to.reserve(from.size())) return false;
    for (const FormatRecord& format : from) to.push_back_reserved(format);
    return true;
}

// The formats in front of a place where they are what they were.
ROPEWALK_INLINE bool FormattedDelta::read_formats(Place place) noexcept {
    const FormatLists* lists = store_.formats.lists(store_, list_);
    if (lists == nullptr) return false;
    struct Found {
        FormatRecord format;
        Place since;
    };
    Vec<Found> found;
    bool memory = true;
    detail::Formats::for_each_current(store_, *lists, place, [&](Mark mark, Mark since) {
        memory = memory && found.push_back({{mark.key, held_behind(mark.run)},
                                            store_.sequences.find(since.unit())});
    });
    now_.clear();
    if (!memory || !now_.reserve(found.size())) return false;
    detail::sort(found.begin(), found.end(), [this](const Found& a, const Found& b) {
        return store_.sequences.precedes(a.since, b.since);
    });
    for (const Found& one : found) now_.push_back_reserved(one.format);
    return copy(now_, before_);
}

// -- operations -----------------------------------------------------------------------------------

ROPEWALK_INLINE bool FormattedDelta::open(Open kind) noexcept {
    if (open_ == kind) return true;
    if (!close()) return false;
    open_ = kind;
    first_ = static_cast<std::uint32_t>(detail_.stretches.size());
    text_begin_ = detail_.text.size();
    return true;
}

ROPEWALK_INLINE bool FormattedDelta::close() noexcept {
    const Open kind = std::exchange(open_, Open::none);
    const std::uint32_t count = std::exchange(count_, 0);
    if (kind == Open::none || count == 0) return true;
    DeltaRecord made{};
    made.kind = DeltaKind::erase;
    if (kind == Open::insert) made.kind = DeltaKind::insert;
    if (kind == Open::retain) made.kind = DeltaKind::retain;
    made.length = count;
    made.formats = static_cast<std::uint32_t>(detail_.formats.size());
    if (kind != Open::retain) {
        made.first = first_;
        made.count = static_cast<std::uint32_t>(detail_.stretches.size()) - first_;
    }
    if (kind == Open::insert) {
        made.text = store_.runs[detail_.stretches[first_].run].is_text();
        made.text_begin = text_begin_;
        made.text_size = detail_.text.size() - text_begin_;
    }
    if (kind != Open::erase) {
        for (const FormatRecord& format : kind == Open::insert ? now_ : differ_) {
            if (!detail_.formats.push_back(format)) return false;
        }
    }
    made.format_count = static_cast<std::uint32_t>(detail_.formats.size()) - made.formats;
    return detail_.delta.push_back(made);
}

ROPEWALK_INLINE bool FormattedDelta::keep_up_to(std::uint32_t position) noexcept {
    if (position == told_) return true;
    if (!open(Open::retain)) return false;
    count_ += position - told_;
    told_ = position;
    return true;
}

ROPEWALK_INLINE bool FormattedDelta::text_piece(const Piece& piece) noexcept {
    if (!piece.inserted) {
        if (!open(Open::erase) || !detail_.stretches.push_back(piece.units)) return false;
        count_ += piece.units.count;
        return true;
    }
    const bool text = store_.runs[piece.units.run].is_text();
    // An embed or a type has an operation of its own.
    if (!text && !close()) return false;
    if (!open(Open::insert)) return false;
    if (text && !change_.append_text(piece.units, detail_.text)) return false;
    if (!detail_.stretches.push_back(piece.units)) return false;
    count_ += piece.units.count;
    told_ += piece.units.count;
    return text || close();
}

// -- marks ----------------------------------------------------------------------------------------

ROPEWALK_INLINE bool FormattedDelta::added_mark(std::uint32_t run) noexcept {
    const std::uint32_t key = store_.content.format_key(store_.runs[run]);
    const FormatValue value = value_of(run);
    if (equal_formats(value_in(now_, key), value)) {
        // Where it is null, it holds.
        return value.is_null() ? holds_from_here(run) : pass_over(run);
    }
    if (open_ == Open::retain && !close()) return false;
    if (equal_formats(value, value_in(before_, key))) {
        erase(differ_, key);
    } else if (!set(differ_, key, run)) {
        return false;
    }
    return holds_from_here(run);
}

ROPEWALK_INLINE bool FormattedDelta::deleted_mark(std::uint32_t run) noexcept {
    const std::uint32_t key = store_.content.format_key(store_.runs[run]);
    const FormatValue value = value_of(run);
    if (!set(before_, key, run)) return false;
    if (equal_formats(value_in(now_, key), value)) return true;
    if (open_ == Open::retain && !close()) return false;
    std::uint32_t held = kNone;
    for (const FormatRecord& format : now_) {
        if (format.key == key) held = format.run;
    }
    return set(differ_, key, held);
}

ROPEWALK_INLINE bool FormattedDelta::old_mark(std::uint32_t run) noexcept {
    const std::uint32_t key = store_.content.format_key(store_.runs[run]);
    const FormatValue value = value_of(run);
    if (!set(before_, key, run)) return false;
    const bool differs = std::any_of(differ_.begin(), differ_.end(),
                                     [key](const FormatRecord& one) { return one.key == key; });
    if (differs) {
        const FormatValue made = value_in(differ_, key);
        if (!equal_formats(made, value)) {
            if (open_ == Open::retain && !close()) return false;
            if (value.is_null()) {
                erase(differ_, key);
            } else if (!set(differ_, key, run)) {
                return false;
            }
        } else if (!made.is_null()) {
            return pass_over(run);
        }
    }
    return holds_from_here(run);
}

ROPEWALK_INLINE bool FormattedDelta::holds_from_here(std::uint32_t run) noexcept {
    if (open_ == Open::insert && !close()) return false;
    const std::uint32_t key = store_.content.format_key(store_.runs[run]);
    if (!value_of(run).is_null()) return set(now_, key, run);
    erase(now_, key);
    return true;
}

ROPEWALK_INLINE bool FormattedDelta::pass_over(std::uint32_t run) noexcept {
    const std::uint32_t key = store_.content.format_key(store_.runs[run]);
    for (const FormatRecord& format : now_) {
        if (format.key != key) continue;
        const auto before = [run](const PassedOver& one) { return one.run < run; };
        return passed_over_.insert(passed_over_.lower_bound(before), {run, format.run});
    }
    return true;
}

ROPEWALK_INLINE std::uint32_t FormattedDelta::held_behind(std::uint32_t run) const noexcept {
    const auto at =
        passed_over_.lower_bound([run](const PassedOver& one) { return one.run < run; });
    if (at == passed_over_.end_place() || passed_over_.at(at).run != run) return run;
    return passed_over_.at(at).held;
}

// -- the walk -------------------------------------------------------------------------------------

ROPEWALK_INLINE bool FormattedDelta::find() noexcept {
    const Vec<Piece>& pieces = change_.pieces_;
    if (pieces.empty()) return true;
    const Sequences& sequences = store_.sequences;
    const FormatLists* lists = store_.formats.lists(store_, list_);
    if (lists == nullptr || !read_formats(pieces[0].place)) return false;
    Mark mark = detail::Formats::first_from(store_, *lists, kNone, pieces[0].place);
    for (std::size_t i = 0;;) {
        const bool changed = i < pieces.size();
        const Place place = mark.exists() ? store_.sequences.find(mark.unit()) : Place{};
        if (mark.exists() && (!changed || sequences.precedes(place, pieces[i].place))) {
            if (differ_.empty()) {
                // Formats are what they were, up to the next piece.
                if (open_ == Open::insert && !close()) return false;
                if (!changed) break;
                if (!read_formats(pieces[i].place)) return false;
                mark = detail::Formats::first_from(store_, *lists, kNone, pieces[i].place);
                continue;
            }
            if (!keep_up_to(store_.sequences.position_of(place)) || !old_mark(mark.run)) {
                return false;
            }
            mark = detail::Formats::next(store_, *lists, mark, false);
            continue;
        }
        if (!changed) break;
        const Piece& piece = pieces[i++];
        if (!keep_up_to(piece.position)) return false;
        const bool is_mark = store_.runs[piece.units.run].kind == RunKind::format;
        if (is_mark && piece.inserted && mark.run == piece.units.run) {
            mark = detail::Formats::next(store_, *lists, mark, false);
        }
        if (!is_mark) {
            if (!text_piece(piece)) return false;
        } else if (!(piece.inserted ? added_mark(piece.units.run)
                                    : deleted_mark(piece.units.run))) {
            return false;
        }
    }
    if (!differ_.empty() && !keep_up_to(store_.units(type_))) return false;
    if (!close()) return false;
    while (!detail_.delta.empty() && detail_.delta.back().kind == DeltaKind::retain &&
           detail_.delta.back().format_count == 0) {
        detail_.delta.pop_back();
    }
    return true;
}

ROPEWALK_INLINE bool ToldChange::find_formatted_delta(std::uint32_t type,
                                                      EventDetail& detail) noexcept {
    return FormattedDelta(*this, type, detail).find();
}

}  // namespace crdt::detail
