#pragma once

#include "../../base/utf.hpp"
#include "../../store/store.hpp"

namespace crdt::detail {

// -- gaps ---------------------------------------------------------------------------------------

ROPEWALK_INLINE Store::Gap Store::gap_before(std::uint32_t seq, std::uint32_t position) noexcept {
    Gap gap;
    if (sequences.seqs[seq].root == kNone) return gap;
    gap.place = sequences.seek(seq, position);
    const Leaf& leaf = sequences.nodes.leaf(gap.place.leaf);
    if (gap.place.offset > 0) {
        const Span& span = leaf.spans[gap.place.index];
        gap.left = {span.run, span.offset + gap.place.offset - 1};
        gap.right = {span.run, span.offset + gap.place.offset};
        gap.left_place = gap.place;
        return gap;
    }
    if (gap.place.index < leaf.count) gap.right = leaf.spans[gap.place.index].first();
    gap.left_place = sequences.previous(gap.place);
    if (gap.left_place.leaf != kNone) gap.left = sequences.span(gap.left_place).last();
    return gap;
}

ROPEWALK_INLINE Store::Gap Store::gap_behind(std::uint32_t seq, std::uint32_t position) noexcept {
    Gap gap;
    if (sequences.seqs[seq].root == kNone) return gap;
    if (position == 0) {
        gap.place = sequences.begin(seq);
        gap.right = sequences.span(gap.place).first();
        return gap;
    }
    if (position == kNone) {
        const std::uint32_t last = sequences.seqs[seq].last;
        gap.place = {last, sequences.nodes.leaf(last).count, 0};
        gap.left_place = sequences.previous(gap.place);
        gap.left = sequences.span(gap.left_place).last();
        return gap;
    }
    const Place unit = sequences.seek(seq, position - 1);
    const Span& span = sequences.span(unit);
    gap.left = {span.run, span.offset + unit.offset};
    gap.left_place = unit;
    if (unit.offset + 1 < span.length()) {
        gap.place = {unit.leaf, unit.index, unit.offset + 1};
        gap.right = {span.run, span.offset + unit.offset + 1};
        return gap;
    }
    gap.place = {unit.leaf, unit.index + 1, 0};
    const Place behind = sequences.next(unit);
    if (behind.leaf != kNone) gap.right = sequences.span(behind).first();
    return gap;
}

// -- text ---------------------------------------------------------------------------------------

// Puts `count` units in front of visible unit `position`. `narrow(at)` writes them one byte each, if
// they are ASCII, and `widen(at)` two.
template <class Narrow, class Wide>
Status Store::insert_units(std::uint32_t type, std::uint32_t position, std::uint32_t count,
                           bool ascii, const Narrow& narrow, const Wide& widen) noexcept {
    ROPEWALK_CHECK(ensure_own());
    ClientLog& log = clients[own];
    if (count > kMaxClock - log.next_clock) return Error{ErrorCode::limit_exceeded, log.next_clock};
    const std::uint32_t seq = types.types[type].list;
    if (count > kMaxClock - sequences.units(seq)) return ErrorCode::limit_exceeded;
    const Gap gap = gap_before(seq, position);
    Run* run = gap.left.exists() ? &runs[gap.left.run] : nullptr;
    const bool continues = run != nullptr && run->client == own &&
                           gap.left.offset + 1 == run->length &&
                           run->end_clock() == log.next_clock && run->right == gap.right;
    // Short ASCII stays in a run of two-byte units rather than start a new one.
    const bool wide =
        !ascii || (continues && run->kind == RunKind::utf16 && count <= kShortAscii);
    const std::size_t bytes = wide ? std::size_t{count} * 2 + 1 : count;
    if (!runs.reserve_more(1) || !log.reserve_more(1) || !content.reserve_text(log, bytes) ||
        !sequences.reserve_entries(gap.place.leaf, 2) ||
        (gap.left.exists() && gap.left_place.leaf != gap.place.leaf &&
         !sequences.reserve_entries(gap.left_place.leaf, 1))) {
        return ErrorCode::out_of_memory;
    }
    const auto write = [&](std::uint8_t* at) {
        if (wide) {
            widen(at);
        } else {
            narrow(at);
        }
    };

    std::uint32_t start = position;
    Place place;
    const bool extends = continues && run->kind == (wide ? RunKind::utf16 : RunKind::ascii) &&
                         run->data + (wide ? run->length * 2 : run->length) == log.text_tail;
    if (extends) {
        write(content.text.at(log.text_tail));
        const std::uint32_t offset = run->length;
        run->length += count;
        log.next_clock += count;
        log.text_tail += wide ? count * 2 : count;
        const Span& span = sequences.span(gap.left_place);
        if (!span.hidden()) {
            place = gap.left_place;
            start = position - span.length();
            sequences.extend(seq, place, count, content.measure_appended(*run, offset, count));
        } else {
            place = sequences.insert(seq, gap.place, {gap.left.run, offset, count},
                                     content.measure(*run, offset, count));
        }
    } else {
        if (gap.place.offset > 0) break_pair(gap.right);
        if (wide) log.text_tail += log.text_tail & 1U;
        Run made{};
        made.client = own;
        made.clock = log.next_clock;
        made.length = count;
        made.data = log.text_tail;
        made.origin = gap.left;
        made.right = gap.right;
        made.seq = seq;
        made.kind = wide ? RunKind::utf16 : RunKind::ascii;
        write(content.text.at(log.text_tail));
        log.text_tail += wide ? count * 2 : count;
        const std::uint32_t number = add_run(made);
        place = sequences.insert(seq, gap.place, {number, 0, count},
                                 content.measure(made, 0, count));
    }
    sequences.set_cursor(seq, place, start);
    if (log.text_end - log.text_tail >= (wide ? 2U : 1U)) arm(type, place, position + count);
    return {};
}

template <class Narrow, class Wide>
Status Store::insert_anywhere(std::uint32_t type, std::uint32_t position, std::uint32_t count,
                              bool ascii, const Narrow& narrow, const Wide& widen) noexcept {
    // What continues typing needs no search, no lengths and no clocks.
    if (typing.type == type && typing.end == position && count <= typing.limit - typing.end &&
        (typing.wide ? !ascii || count <= kShortAscii : ascii)) {
        if (typing.wide) {
            widen(typing.next);
            const Measure added = content.measure_appended(
                runs[typing.run], runs[typing.run].length + (typing.end - typing.begin), count);
            typing.pairs += added.pairs;
            typing.extra += added.extra;
        } else {
            narrow(typing.next);
        }
        typing.next += typing.wide ? count * 2 : count;
        typing.end += count;
        return {};
    }
    disarm();
    return insert_units(type, position, count, ascii, narrow, widen);
}

ROPEWALK_INLINE Status Store::insert_text(std::uint32_t type, std::uint32_t position,
                                          ByteView utf8, const Utf8Scan& scan) noexcept {
    return insert_anywhere(
        type, position, scan.utf16_length, scan.ascii,
        [&](std::uint8_t* at) {
            if (ROPEWALK_LIKELY(utf8.size() == 1)) {
                *at = utf8[0];
            } else {
                std::memcpy(at, utf8.data(), utf8.size());
            }
        },
        [&](std::uint8_t* at) { utf8_to_utf16(utf8, reinterpret_cast<char16_t*>(at)); });
}

ROPEWALK_INLINE Status Store::insert_text(std::uint32_t type, std::uint32_t position,
                                          const char16_t* units, std::size_t count) noexcept {
    if (count > kMaxClock) return ErrorCode::limit_exceeded;
    return insert_anywhere(
        type, position, static_cast<std::uint32_t>(count), is_ascii(units, count),
        [&](std::uint8_t* at) { narrow_ascii(units, count, at); },
        [&](std::uint8_t* at) { std::memcpy(at, units, count * 2); });
}

// -- deleting -----------------------------------------------------------------------------------

ROPEWALK_INLINE Status Store::erase(std::uint32_t type, std::uint32_t position,
                                    std::uint32_t count) noexcept {
    if (count == 0) return {};
    disarm();
    const std::uint32_t seq = types.types[type].list;
    const Place place = sequences.seek(seq, position);
    const Span& span = sequences.span(place);
    const std::uint32_t offset = span.offset + place.offset;
    Run& run = runs[span.run];
    // Deleting next to what was just deleted: the cursor stays, and nothing can fail.
    bool hidden = false;
    if (ROPEWALK_LIKELY(run.kind == RunKind::ascii)) {
        hidden = sequences.hide_at_edge(seq, place, count, {count, 0, 0});
    } else if (run.kind == RunKind::utf16 && count <= span.length() - place.offset) {
        const char16_t* units = content.utf16(run, offset);
        const bool cuts = is_low_surrogate(units[0]) || is_high_surrogate(units[count - 1]);
        const std::uint32_t unit = units[0];
        const std::uint32_t extra = (unit >= 0x80 ? 1U : 0U) + (unit >= 0x800 ? 1U : 0U);
        hidden = !cuts && sequences.hide_at_edge(
                              seq, place, count,
                              count == 1 ? Measure{1, 0, extra} : measure_units(units, count));
    }
    if (ROPEWALK_LIKELY(hidden)) {
        content.set_deleted_text(run, offset, count);
        change.deleted(run.client, run.clock + offset, count);
        return {};
    }
    return erase_stretch(seq, place, position, count);
}

ROPEWALK_NEVER_INLINE ROPEWALK_INLINE Status Store::erase_stretch(std::uint32_t seq, Place place, std::uint32_t position,
                                            std::uint32_t count) noexcept {
    const std::uint32_t here = sequences.span(place).length() - place.offset;
    if (!sequences.reserve_entries(place.leaf, 2)) return ErrorCode::out_of_memory;
    if (count > here && !sequences.reserve_changes(2)) return ErrorCode::out_of_memory;
    if (place.offset > 0) {
        const Span& span = sequences.span(place);
        break_pair({span.run, span.offset + place.offset});
    }
    for (std::uint32_t left = count; left > 0;) {
        const Leaf& leaf = sequences.nodes.leaf(place.leaf);
        if (place.index >= leaf.count) {
            place = {leaf.next, 0, 0};
            continue;
        }
        const Span& span = leaf.spans[place.index];
        if (span.hidden()) {
            ++place.index;
            continue;
        }
        const std::uint32_t offset = span.offset + place.offset;
        std::uint32_t stretch = span.length() - place.offset;
        Run& run = runs[span.run];
        if (stretch > left) {
            stretch = left;
            break_pair({span.run, offset + stretch});
        }
        content.set_deleted(run, offset, stretch);
        change.deleted(run.client, run.clock + offset, stretch);
        if (ROPEWALK_UNLIKELY(run.kind == RunKind::type)) kill_type(run.data);
        place = sequences.hide(seq, place, stretch, content.measure(run, offset, stretch));
        left -= stretch;
    }
    sequences.set_cursor(seq, place, position);
    if (ROPEWALK_UNLIKELY(change.next_dead != kNone)) delete_all_dead();
    return {};
}

ROPEWALK_INLINE Status Store::erase_key(std::uint32_t, std::uint32_t key_seq) noexcept {
    disarm();
    const RunPos value = value_of(key_seq);
    if (!value.exists()) return {};
    if (!sequences.reserve_changes(2)) return ErrorCode::out_of_memory;
    // Of an item that holds several values the last one shows; all of them go.
    const Span& span = sequences.span(sequences.find(value));
    delete_units(value.run, span.offset, span.length());
    if (change.next_dead != kNone) delete_all_dead();
    return {};
}

// -- other items ----------------------------------------------------------------------------------

ROPEWALK_INLINE Status Store::put_item(std::uint32_t seq, const Gap& gap, const NewItem& item,
                                       RunPos* inserted) noexcept {
    ClientLog& log = clients[own];
    if (item.count > kMaxClock - log.next_clock ||
        item.count > kMaxClock - sequences.units(seq)) {
        return Error{ErrorCode::limit_exceeded, log.next_clock};
    }
    bool memory = runs.reserve_more(1) && log.reserve_more(1) &&
                  sequences.reserve_entries(gap.place.leaf, 2);
    if (gap.left.exists() && gap.left_place.leaf != gap.place.leaf) {
        memory = memory && sequences.reserve_entries(gap.left_place.leaf, 1);
    }
    std::size_t bytes = 0;
    if (item.kind == RunKind::any) {
        for (std::uint32_t i = 0; i < item.count; ++i) {
            bytes += ContentStore::stored_size(item.elements[i].size());
        }
        memory = memory && content.cells.reserve_more(item.count);
    } else if (item.kind == RunKind::binary) {
        bytes = ContentStore::stored_size(item.value.size());
    } else {
        memory = memory && types.reserve(1, 0);
    }
    if (!memory || !content.values.reserve(bytes)) return ErrorCode::out_of_memory;

    Run made{};
    made.client = own;
    made.clock = log.next_clock;
    made.length = item.count;
    made.origin = gap.left;
    made.right = gap.right;
    made.seq = seq;
    made.kind = item.kind;
    if (item.kind == RunKind::any) {
        made.data = content.cells.size();
        for (std::uint32_t i = 0; i < item.count; ++i) {
            content.cells.push_reserved(content.store_value(item.elements[i]));
        }
        Run* run = gap.left.exists() ? &runs[gap.left.run] : nullptr;
        if (run != nullptr && run->kind == RunKind::any && run->client == own &&
            gap.left.offset + 1 == run->length && run->end_clock() == log.next_clock &&
            run->right == gap.right && run->seq == seq &&
            run->data + run->length == made.data) {
            const std::uint32_t offset = run->length;
            run->length += item.count;
            log.next_clock += item.count;
            if (!sequences.span(gap.left_place).hidden()) {
                sequences.extend(seq, gap.left_place, item.count, {item.count, 0, 0});
            } else {
                sequences.insert(seq, gap.place, {gap.left.run, offset, item.count},
                                 {item.count, 0, 0});
            }
            if (inserted != nullptr) *inserted = {gap.left.run, offset + item.count - 1};
            return {};
        }
    } else if (item.kind == RunKind::binary) {
        made.data = content.store_value(item.value);
    } else {
        made.data = types.add(item.type, runs.size(), kNone);
    }
    if (gap.place.offset > 0) break_pair(gap.right);
    const std::uint32_t number = add_run(made);
    sequences.insert(seq, gap.place, {number, 0, item.count}, {item.count, 0, 0});
    if (inserted != nullptr) *inserted = {number, item.count - 1};
    return {};
}

ROPEWALK_INLINE Status Store::insert_item(std::uint32_t type, std::uint32_t position,
                                          const NewItem& item, RunPos* inserted) noexcept {
    disarm();
    ROPEWALK_CHECK(ensure_own());
    const std::uint32_t seq = types.types[type].list;
    return put_item(seq, gap_behind(seq, position), item, inserted);
}

ROPEWALK_INLINE Status Store::insert_item_behind(std::uint32_t type, RunPos left, RunPos right,
                                                 const NewItem& item, RunPos* inserted) noexcept {
    disarm();
    Gap gap;
    gap.left = left;
    gap.left_place = sequences.find(left);
    gap.right = right;
    const Place& unit = gap.left_place;
    gap.place = unit.offset + 1 < sequences.span(unit).length()
                    ? Place{unit.leaf, unit.index, unit.offset + 1}
                    : Place{unit.leaf, unit.index + 1, 0};
    return put_item(types.types[type].list, gap, item, inserted);
}

ROPEWALK_INLINE Status Store::set_key(std::uint32_t type, std::string_view key,
                                      const NewItem& item, RunPos* inserted) noexcept {
    disarm();
    ROPEWALK_CHECK(ensure_own());
    const std::uint32_t name = types.names.intern(key);
    if (name == kNone || !types.reserve(1, 1) || !sequences.reserve_changes(2) ||
        !sequences.nodes.reserve(1, 1, 2)) {
        return ErrorCode::out_of_memory;
    }
    const std::uint32_t seq = types.add_key(type, name);
    const RunPos old = value_of(seq);
    const Gap gap = gap_behind(seq, kNone);
    const std::uint32_t old_start =
        old.exists() ? sequences.span(gap.left_place).offset : 0;
    ROPEWALK_CHECK(put_item(seq, gap, item, inserted));
    if (old.exists()) {
        delete_units(old.run, old_start, old.offset + 1 - old_start);
        if (change.next_dead != kNone) delete_all_dead();
    }
    return {};
}

}  // namespace crdt::detail
