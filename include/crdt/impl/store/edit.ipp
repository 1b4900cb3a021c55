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

// Inlined into both of them: plain texts do not pay for what formatted ones share with them.
ROPEWALK_ALWAYS_INLINE Status Store::put_text(std::uint32_t type,
                                              std::uint32_t position,
                                              const Gap& gap,
                                              const NewText& text) noexcept {
    const std::uint32_t count = text.count;
    ClientLog& log = clients[own];
    const std::uint32_t seq = types.types[type].list;
    Run* const left = gap.left.exists() ? &runs[gap.left.run] : nullptr;
    const bool continues = left != nullptr && gap.left.offset + 1 == left->length &&
                           left->client == own && left->end_clock() == log.next_clock &&
                           left->right == gap.right;
    // Short ASCII stays in a run of two-byte units rather than start a new one.
    const bool wide =
        !text.ascii || (continues && left->kind == RunKind::utf16 && count <= kShortAscii);
    const std::uint32_t bytes = wide ? count * 2 : count;
    if (!runs.reserve_more(1) || !log.reserve_more(1) ||
        !content.reserve_text(log, std::size_t{bytes} + (wide ? 1 : 0)) ||
        !sequences.reserve_entries(gap.place.leaf, 2) ||
        (gap.left.exists() && gap.left_place.leaf != gap.place.leaf &&
         !sequences.reserve_entries(gap.left_place.leaf, 1))) {
        return ErrorCode::out_of_memory;
    }

    const bool extends = continues && left->kind == (wide ? RunKind::utf16 : RunKind::ascii) &&
                         left->data + (wide ? left->length * 2 : left->length) == log.text_tail;
    if (!extends && wide) log.text_tail += log.text_tail & 1U;
    std::uint8_t* const at = content.text.at(log.text_tail);
    text.write(at, wide);
    std::uint32_t start = position;
    std::uint32_t number = gap.left.run;
    Place place;
    if (extends) {
        const std::uint32_t offset = left->length;
        left->length += count;
        log.next_clock += count;
        log.text_tail += bytes;
        const Span& span = sequences.span(gap.left_place);
        if (!span.hidden()) {
            place = gap.left_place;
            start = position - span.length();
            sequences.extend(seq, place, count, content.measure_appended(*left, offset, count));
        } else {
            place = sequences.insert(seq, gap.place, {number, offset, count},
                                     content.measure(*left, offset, count));
        }
    } else {
        if (gap.place.offset > 0) break_pair(gap.right);
        const Run made{.client = own,
                       .clock = log.next_clock,
                       .length = count,
                       .data = log.text_tail,
                       .origin = gap.left,
                       .right = gap.right,
                       .seq = seq,
                       .leaf = 0,
                       .kind = wide ? RunKind::utf16 : RunKind::ascii,
                       .flags = 0,
                       .reserved = 0};
        log.text_tail += bytes;
        number = add_run(made);
        place =
            sequences.insert(seq, gap.place, {number, 0, count}, content.measure(made, 0, count));
    }
    sequences.set_cursor(seq, place, start);
    if (log.text_end - log.text_tail >= (wide ? 2U : 1U)) {
        arm_typing(type, seq, place, number, position + count, wide, at + bytes);
    }
    return {};
}

ROPEWALK_NEVER_INLINE ROPEWALK_INLINE Status Store::insert_elsewhere(std::uint32_t type,
                                                                     std::uint32_t position,
                                                                     const NewText& text) noexcept {
    const std::uint32_t count = text.count;
    ROPEWALK_CHECK(ensure_own());
    const ClientLog& log = clients[own];
    if (count > kMaxClock - log.next_clock) return Error{ErrorCode::limit_exceeded, log.next_clock};
    const std::uint32_t seq = types.types[type].list;
    if (count > kMaxClock - sequences.units(seq)) return ErrorCode::limit_exceeded;
    if (ROPEWALK_UNLIKELY(sequences.seqs[seq].formats)) {
        Gap gap = gap_before(seq, position);
        ROPEWALK_CHECK(gap_with_formats(type, position, gap));
        return insert_text_at(type, position, gap, text);
    }
    return put_text(type, position, gap_before(seq, position), text);
}

ROPEWALK_INLINE Status Store::insert_text_at(std::uint32_t type,
                                             std::uint32_t position,
                                             const Gap& gap,
                                             const NewText& text) noexcept {
    return put_text(type, position, gap, text);
}

ROPEWALK_INLINE Status Store::insert_text(std::uint32_t type,
                                          std::uint32_t position,
                                          const NewText& text) noexcept {
    const std::uint32_t count = text.count;
    // What continues typing needs no search, no lengths and no clocks.
    if (typing.type == type && typing.end == position && count <= typing.limit - typing.end &&
        (typing.wide ? !text.ascii || count <= kShortAscii : text.ascii)) {
        text.write(typing.next, typing.wide);
        if (typing.wide) {
            const Measure added = content.measure_appended(
                runs[typing.run], runs[typing.run].length + (typing.end - typing.begin), count);
            typing.pairs += added.pairs;
            typing.extra += added.extra;
        }
        typing.next += typing.wide ? count * 2 : count;
        typing.end += count;
        return {};
    }
    disarm();
    return insert_elsewhere(type, position, text);
}

// -- deleting -----------------------------------------------------------------------------------

ROPEWALK_INLINE Status Store::erase(std::uint32_t type,
                                    std::uint32_t position,
                                    std::uint32_t count) noexcept {
    if (count == 0) return {};
    disarm();
    const std::uint32_t seq = types.types[type].list;
    const Place place = sequences.seek(seq, position);
    const Span span = sequences.span(place);
    const std::uint32_t offset = span.offset + place.offset;
    const Run& run = runs[span.run];
    Measure hidden{count, 0, 0};
    if (ROPEWALK_UNLIKELY(count > span.length() - place.offset || !run.is_text() ||
                          !content.whole_characters(run, offset, count, hidden))) {
        return erase_stretches(seq, place, position, count);
    }
    // Text of one span. Next to what was just deleted the cursor stays, and nothing can fail.
    std::uint32_t index = place.offset == 0 ? place.index - 1 : place.index + 1;
    std::uint32_t leaf = place.leaf;
    if (!sequences.hide_at_edge(seq, place, count, hidden)) {
        if (!sequences.reserve_entries(place.leaf, 2)) return ErrorCode::out_of_memory;
        const Place behind = sequences.hide_anew(seq, place, count, hidden);
        sequences.set_cursor(seq, behind, position);
        leaf = behind.leaf;
        index = behind.index - 1;
    }
    content.set_deleted_text(run, offset, count);
    change.deleted(run.client, run.clock + offset, count);
    arm_erasing(type, seq, leaf, index, position);
    return {};
}

// The same of anything.
ROPEWALK_NEVER_INLINE ROPEWALK_INLINE Status Store::erase_stretches(std::uint32_t seq,
                                                                    Place place,
                                                                    std::uint32_t position,
                                                                    std::uint32_t count) noexcept {
    const std::uint32_t here = sequences.span(place).length() - place.offset;
    if (!sequences.reserve_entries(place.leaf, 2)) return ErrorCode::out_of_memory;
    if (count > here && !sequences.reserve_changes(2)) return ErrorCode::out_of_memory;
    if (place.offset > 0) {
        const Span& span = sequences.span(place);
        break_pair({span.run, span.offset + place.offset});
    }
    const auto note = [&](const Span& span) {
        Run& run = runs[span.run];
        content.set_deleted(run, span.offset, span.length());
        change.deleted(run.client, run.clock + span.offset, span.length());
        if (ROPEWALK_UNLIKELY(run.kind == RunKind::type)) kill_type(run.data);
        return content.measure(run, span.offset, span.length());
    };
    for (std::uint32_t left = count; left > 0;) {
        const Leaf& leaf = sequences.nodes.leaf(place.leaf);
        if (place.index >= leaf.count) {
            place = {leaf.next, 0, 0};
            continue;
        }
        if (place.offset == 0) {
            place = sequences.hide_spans(seq, place, left, note);
            if (left == 0 || place.index >= leaf.count) continue;
        }
        // A span of which something stays.
        const Span& span = leaf.spans[place.index];
        const std::uint32_t rest = span.length() - place.offset;
        const Span part{span.run, span.offset + place.offset, rest < left ? rest : left};
        if (rest > left) break_pair({span.run, part.end()});
        left -= part.length();
        place = sequences.hide(seq, place, part.length(), note(part));
    }
    sequences.set_cursor(seq, place, position);
    if (ROPEWALK_UNLIKELY(change.next_dead != kNone)) delete_all_dead();
    return {};
}

ROPEWALK_INLINE Status Store::erase_key(std::uint32_t key_seq) noexcept {
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

ROPEWALK_INLINE Status Store::put_item(std::uint32_t seq,
                                       const Gap& gap,
                                       const NewItem& item,
                                       RunPos* inserted) noexcept {
    ClientLog& log = clients[own];
    if (item.count > kMaxClock - log.next_clock || item.count > kMaxClock - sequences.units(seq)) {
        return Error{ErrorCode::limit_exceeded, log.next_clock};
    }
    bool memory =
        runs.reserve_more(1) && log.reserve_more(1) && sequences.reserve_entries(gap.place.leaf, 2);
    if (gap.left.exists() && gap.left_place.leaf != gap.place.leaf) {
        memory = memory && sequences.reserve_entries(gap.left_place.leaf, 1);
    }
    std::size_t bytes = 0;
    if (item.kind == RunKind::any) {
        for (std::uint32_t i = 0; i < item.count; ++i) {
            bytes += ContentStore::stored_size(item.elements[i].size());
        }
        memory = memory && content.cells.reserve_more(item.count);
    } else if (item.kind == RunKind::document) {
        bytes = ContentStore::document_size(item.document_id, item.value);
    } else if (item.kind == RunKind::binary) {
        bytes = ContentStore::stored_size(item.value.size());
    } else if (item.kind == RunKind::embed) {
        bytes = ContentStore::stored_size(item.value.size()) +
                ContentStore::stored_size(item.elements->size());
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
            run->right == gap.right && run->seq == seq && run->data + run->length == made.data) {
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
    } else if (item.kind == RunKind::type) {
        made.data = types.add(item.type, runs.size(), item.name);
    } else if (item.kind == RunKind::document) {
        made.data = content.store_document(item.document_id, item.value);
        made.flags = item.flags;
    } else if (item.kind == RunKind::embed) {
        made.data = content.store_value(item.value);
        content.store_value(*item.elements);
    } else {
        made.data = content.store_value(item.value);
    }
    if (gap.place.offset > 0) break_pair(gap.right);
    const std::uint32_t number = add_run(made);
    sequences.insert(seq, gap.place, {number, 0, item.count}, {item.count, 0, 0});
    if (inserted != nullptr) *inserted = {number, item.count - 1};
    return {};
}

ROPEWALK_INLINE Status Store::insert_item(std::uint32_t type,
                                          std::uint32_t position,
                                          const NewItem& item,
                                          RunPos* inserted) noexcept {
    disarm();
    ROPEWALK_CHECK(ensure_own());
    const std::uint32_t seq = types.types[type].list;
    return put_item(seq, gap_behind(seq, position), item, inserted);
}

ROPEWALK_INLINE Status Store::insert_item_behind(
    std::uint32_t type, RunPos left, RunPos right, const NewItem& item, RunPos* inserted) noexcept {
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

ROPEWALK_INLINE Status Store::set_key(std::uint32_t type,
                                      std::string_view key,
                                      const NewItem& item,
                                      RunPos* inserted) noexcept {
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
    const std::uint32_t old_start = old.exists() ? sequences.span(gap.left_place).offset : 0;
    ROPEWALK_CHECK(put_item(seq, gap, item, inserted));
    if (old.exists()) {
        delete_units(old.run, old_start, old.offset + 1 - old_start);
        if (change.next_dead != kNone) delete_all_dead();
    }
    return {};
}

}  // namespace crdt::detail
