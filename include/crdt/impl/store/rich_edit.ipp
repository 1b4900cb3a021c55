#pragma once

#include "../../base/sort.hpp"
#include "../../store/rich_edit.hpp"

namespace crdt::detail {

// -- the cursor ---------------------------------------------------------------------------------

ROPEWALK_INLINE Status RichEdit::start(std::uint32_t position) noexcept {
    ROPEWALK_CHECK(ready());
    position_ = position;
    next_ = first_mark_behind(position);
    past_deleted_ = false;
    order_.clear();
    return {};
}

ROPEWALK_INLINE FormatValue RichEdit::value_of(Mark mark) const noexcept {
    const Run& run = store_.runs[mark.run];
    return {run.data, store_.content.rich_value(run)};
}

// Of a visible unit, or the end.
ROPEWALK_INLINE Place RichEdit::place_of_unit(std::uint32_t position) noexcept {
    return sequences().seek(seq_, position);
}

ROPEWALK_INLINE Place RichEdit::place_of_cursor() noexcept {
    return next_.exists() ? sequences().find(next_.unit()) : place_of_unit(position_);
}

ROPEWALK_INLINE FormatValue RichEdit::current(std::uint32_t key) noexcept {
    if (lists_ == nullptr || lists_->by_key.empty()) return FormatValue::null();
    const Mark mark = Formats::last_before(store_, *lists_, key, place_of_cursor());
    return mark.exists() ? value_of(mark) : FormatValue::null();
}

ROPEWALK_INLINE Mark RichEdit::within_gap(Mark mark) noexcept {
    if (!mark.exists()) return {};
    const Place place = sequences().find(mark.unit());
    return sequences().precedes(place, place_of_unit(position_)) ? mark : Mark{};
}

// The first mark of the gap between visible units position - 1 and position.
ROPEWALK_INLINE Mark RichEdit::first_mark_behind(std::uint32_t position) noexcept {
    if (lists_ == nullptr || lists_->in_order.empty()) return {};
    const std::uint32_t held = std::exchange(position_, position);
    Mark mark = *lists_->in_order.begin();
    if (position > 0) {
        const Place unit = place_of_unit(position - 1);
        mark = {};
        // Within a span there is no gap to hold one.
        if (unit.offset + 1 == sequences().span(unit).length()) {
            mark = Formats::first_from(store_, *lists_, kNone, unit);
        }
    }
    mark = within_gap(mark);
    position_ = held;
    return mark;
}

// -- what is wanted -----------------------------------------------------------------------------

// Keys that look like array indexes come first, ascending, as in a JavaScript object.
ROPEWALK_INLINE std::uint64_t rank_of_key(std::string_view key) noexcept {
    constexpr std::uint64_t kOther = ~std::uint64_t{0};
    if (key.empty() || key.size() > 10 || (key.size() > 1 && key[0] == '0')) return kOther;
    std::uint64_t index = 0;
    for (const char c : key) {
        if (c < '0' || c > '9') return kOther;
        index = index * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return index < 0xffffffffU ? index : kOther;
}

ROPEWALK_INLINE const Attribute* find_key(std::span<const Attribute> attributes,
                                          std::uint32_t key) noexcept {
    for (const Attribute& attribute : attributes) {
        if (attribute.key == key) return &attribute;
    }
    return nullptr;
}

// The keys that have a value at the cursor, as Yjs keeps them: those that have had it longest
// first.
ROPEWALK_INLINE Status RichEdit::current_in_order(Vec<Keyed>& current) noexcept {
    struct Found {
        Keyed held;
        std::size_t rank;  // of those that an erasure left in an order of their own
        Place since;
    };
    Vec<Found> found;
    bool memory = true;
    Formats::for_each_current(store_, *lists_, place_of_cursor(), [&](Mark mark, Mark since) {
        memory = memory && found.push_back({{mark.key, value_of(mark)},
                                            settled_rank(mark.key, since),
                                            sequences().find(since.unit())});
    });
    if (!memory || !current.reserve(found.size())) return ErrorCode::out_of_memory;
    if (found.size() > 1) {
        sort(found.begin(), found.end(), [this](const Found& a, const Found& b) {
            return a.rank != b.rank ? a.rank < b.rank : sequences().precedes(a.since, b.since);
        });
    }
    for (const Found& one : found) current.push_back_reserved(one.held);
    return {};
}

// `attributes`, and null for every other key that has a value at the cursor, in Yjs' order.
ROPEWALK_INLINE Status RichEdit::wanted_of(std::span<const Attribute> attributes) noexcept {
    wanted_.clear();
    if (!wanted_.reserve(attributes.size())) return ErrorCode::out_of_memory;
    for (const Attribute& attribute : attributes) wanted_.push_back_reserved(attribute);
    if (lists_ == nullptr || lists_->by_key.empty()) {
        order_wanted();
        return {};
    }
    Vec<Keyed> current;
    ROPEWALK_CHECK(current_in_order(current));
    if (!wanted_.reserve_more(current.size())) return ErrorCode::out_of_memory;
    static constexpr std::uint8_t kText[] = {'n', 'u', 'l', 'l'};
    const std::span<const Attribute> given(wanted_.data(), attributes.size());
    for (const Keyed& other : current) {
        if (find_key(given, other.key) != nullptr) continue;
        wanted_.push_back_reserved({other.key, FormatValue::null(), {kText, sizeof kText}});
    }
    order_wanted();
    return {};
}

// Stable and in place: there are few, and most often none is an index.
ROPEWALK_INLINE void RichEdit::order_wanted() noexcept {
    const auto rank = [this](const Attribute& attribute) {
        return rank_of_key(store_.types.names[attribute.key]);
    };
    for (std::size_t i = 1; i < wanted_.size(); ++i) {
        const Attribute moved = wanted_[i];
        if (rank(wanted_[i - 1]) <= rank(moved)) continue;
        std::size_t at = i;
        for (; at > 0 && rank(wanted_[at - 1]) > rank(moved); --at) wanted_[at] = wanted_[at - 1];
        wanted_[at] = moved;
    }
}

ROPEWALK_INLINE const Attribute* RichEdit::wanted(std::uint32_t key) const noexcept {
    return find_key({wanted_.data(), wanted_.size()}, key);
}

// Past marks that say what is wanted anyway.
ROPEWALK_INLINE void RichEdit::skip_wanted() noexcept {
    while (next_.exists()) {
        const Attribute* attribute = wanted(next_.key);
        const FormatValue value = attribute != nullptr ? attribute->value : FormatValue::null();
        if (!equal_formats(value, value_of(next_))) return;
        advance();
    }
}

// The marks that make the attributes at the cursor the wanted ones, and what has to end them.
ROPEWALK_INLINE Status RichEdit::plan_marks() noexcept {
    added_.clear();
    undone_.clear();
    gone_.clear();
    if (!added_.reserve(wanted_.size()) || !undone_.reserve(wanted_.size())) {
        return ErrorCode::out_of_memory;
    }
    for (const Attribute& attribute : wanted_) {
        const FormatValue now = current(attribute.key);
        if (equal_formats(now, attribute.value)) continue;
        added_.push_back_reserved(attribute);
        undone_.push_back_reserved({attribute.key, now});
    }
    return {};
}

ROPEWALK_INLINE void RichEdit::forget_undone(std::uint32_t key) noexcept {
    for (std::size_t i = 0; i < undone_.size(); ++i) {
        if (undone_[i].key != key) continue;
        undone_.erase(i, 1);
        return;
    }
}

ROPEWALK_INLINE Status RichEdit::set_undone(std::uint32_t key, const FormatValue& value) noexcept {
    for (Keyed& undone : undone_) {
        if (undone.key != key) continue;
        undone.value = value;
        return {};
    }
    return undone_.push_back({key, value}) ? Status{} : ErrorCode::out_of_memory;
}

// Past marks that end what has to be ended.
ROPEWALK_INLINE void RichEdit::skip_undone() noexcept {
    while (next_.exists()) {
        const Keyed* undone = nullptr;
        for (const Keyed& one : undone_) {
            if (one.key == next_.key) undone = &one;
        }
        if (undone == nullptr || !equal_formats(undone->value, value_of(next_))) return;
        forget_undone(next_.key);
        advance();
    }
}

// -- writing ------------------------------------------------------------------------------------

ROPEWALK_INLINE Status RichEdit::reserve(std::size_t count,
                                         std::size_t values,
                                         std::size_t text_bytes) noexcept {
    ROPEWALK_CHECK(store_.ensure_own());
    ClientLog& log = store_.clients[store_.own];
    if (count + text_bytes > kMaxClock - log.next_clock) {
        return Error{ErrorCode::limit_exceeded, log.next_clock};
    }
    const auto items = static_cast<std::uint32_t>(count);
    if (!store_.runs.reserve_more(items) || !log.reserve_more(items) ||
        !store_.content.reserve_text(log, text_bytes) || !store_.content.values.reserve(values) ||
        !sequences().nodes.reserve(1, 0, 0) || !sequences().reserve_changes(2 * items)) {
        return ErrorCode::out_of_memory;
    }
    return {};
}

// In front of the cursor's right neighbour.
ROPEWALK_INLINE Store::Gap RichEdit::gap() noexcept {
    if (!next_.exists()) return store_.gap_before(seq_, position_);
    Store::Gap gap;
    gap.place = sequences().find(next_.unit());
    gap.right = next_.unit();
    gap.left_place = sequences().previous(gap.place);
    if (gap.left_place.leaf != kNone) gap.left = sequences().span(gap.left_place).last();
    return gap;
}

ROPEWALK_INLINE void RichEdit::put_mark(Store::Gap& gap,
                                        std::uint32_t key,
                                        const FormatValue& value,
                                        ByteView json) noexcept {
    if (gap.place.offset > 0) store_.break_pair(gap.right);
    Run made{};
    made.client = store_.own;
    made.clock = store_.clients[store_.own].next_clock;
    made.length = 1;
    made.origin = gap.left;
    made.right = gap.right;
    made.seq = seq_;
    made.kind = RunKind::format;
    if (value.source != kNone) {
        made.data = value.source;
    } else {
        made.data = store_.content.store_key(key);
        store_.content.store_value(json);
        store_.content.store_value(value.any);
    }
    const std::uint32_t number = store_.add_run(made);
    const Place place = sequences().insert(seq_, gap.place, {number, 0, 1 | Span::kHidden}, {});
    store_.note_format(seq_);
    store_.formats.added(store_, number);
    gap.left = {number, 0};
    gap.left_place = place;
    gap.place = {place.leaf, place.index + 1, 0};
}

// In front of that mark, or of the unit at the cursor. Returns the gap behind them.
ROPEWALK_INLINE Store::Gap RichEdit::put_added(Mark before) noexcept {
    next_ = before;
    Store::Gap at = gap();
    for (const Attribute& attribute : added_) {
        FormatValue value = attribute.value;
        value.source = kNone;  // the caller's own
        put_mark(at, attribute.key, value, attribute.json);
    }
    return at;
}

// Each edit starts with this: the one before may have made the text one that has marks, or dropped
// the lists where memory failed.
ROPEWALK_INLINE Status RichEdit::ready() noexcept {
    store_.disarm();
    lists_ = nullptr;
    if (!sequences().seqs[seq_].formats) return {};
    lists_ = store_.formats.lists(store_, seq_);
    return lists_ == nullptr ? ErrorCode::out_of_memory : ErrorCode::ok;
}

ROPEWALK_INLINE void RichEdit::put_undone() noexcept {
    if (undone_.empty()) return;
    store_.typing.type = kNone;  // the text is not followed by what it was followed by
    static constexpr std::uint8_t kText[] = {'n', 'u', 'l', 'l'};
    Store::Gap at = gap();
    for (const Keyed& undone : undone_) {
        put_mark(at, undone.key, undone.value, {kText, sizeof kText});
    }
}

ROPEWALK_INLINE std::size_t size_of_mark(const FormatValue& value, ByteView json) noexcept {
    return ContentStore::kKeySize + ContentStore::stored_size(value.any.size()) +
           ContentStore::stored_size(json.size());
}

ROPEWALK_INLINE std::size_t RichEdit::size_of_undone() const noexcept {
    std::size_t size = undone_.size() * 8;  // "null"
    for (const Keyed& undone : undone_) size += size_of_mark(undone.value, {});
    return size;
}

// What they have written may have taken what was reserved.
ROPEWALK_INLINE Status RichEdit::go_on() noexcept {
    Status status = ready();
    if (status.ok()) status = reserve(undone_.size() + 1, size_of_undone(), 0);
    if (!status.ok()) undone_.clear();  // there is no room to end what was begun
    return status;
}

template <class Content>
Status RichEdit::insert_with(std::span<const Attribute> attributes,
                             std::uint32_t units,
                             std::size_t text_bytes,
                             Extra extra,
                             const Content& content) noexcept {
    if constexpr (kCallInstead<Content>) {
        return insert_with(attributes, units, text_bytes, extra,
                           Call<Status(const Store::Gap&)>(content));
    }
    ROPEWALK_CHECK(ready());
    if (units > kMaxClock - store_.units(type_)) return ErrorCode::limit_exceeded;
    ROPEWALK_CHECK(wanted_of(attributes));
    const Mark from = next_;
    skip_wanted();
    const Mark first = next_;
    Status status = plan_marks();
    std::size_t values = 0;
    for (const Attribute& attribute : added_) {
        values += size_of_mark(attribute.value, attribute.json);
    }
    skip_undone();
    const Mark second = next_;
    values += size_of_undone();
    if (status.ok()) {
        status = reserve(added_.size() + undone_.size() + 1 + extra.items, values + extra.values,
                         text_bytes);
    }
    if (!status.ok()) {
        next_ = from;
        return status;
    }
    status = content(put_added(first));
    position_ += status.ok() ? units : 0;
    next_ = second;
    past_deleted_ = true;
    put_undone();
    return status;
}

ROPEWALK_INLINE Status RichEdit::insert(std::span<const Attribute> attributes,
                                        ByteView utf8,
                                        const Utf8Scan& scan) noexcept {
    const std::size_t bytes =
        scan.ascii ? std::size_t{scan.utf16_length} * 3 : std::size_t{scan.utf16_length} * 2 + 2;
    return insert_with(attributes, scan.utf16_length, bytes, {}, [&](const Store::Gap& gap) {
        return store_.insert_text_at(type_, position_, gap, {utf8, scan});
    });
}

ROPEWALK_INLINE Status RichEdit::insert(std::span<const Attribute> attributes,
                                        const char16_t* units,
                                        std::size_t count) noexcept {
    if (count > kMaxClock) return ErrorCode::limit_exceeded;
    return insert_with(attributes, static_cast<std::uint32_t>(count), count * 2 + 2, {},
                       [&](const Store::Gap& gap) {
                           return store_.insert_text_at(type_, position_, gap,
                                                        {units, static_cast<std::uint32_t>(count)});
                       });
}

template <class Fill>
Status RichEdit::insert(std::span<const Attribute> attributes,
                        const Store::NewItem& item,
                        Extra extra,
                        Fill&& fill) noexcept {
    return insert_with(attributes, 1, 0, extra, [&](const Store::Gap& gap) -> Status {
        RunPos inserted;
        ROPEWALK_CHECK(store_.put_item(seq_, gap, item, &inserted));
        return fill(inserted);
    });
}

ROPEWALK_INLINE Status RichEdit::inherit(std::uint32_t position, Store::Gap& at) noexcept {
    ROPEWALK_CHECK(start(position));
    const Mark first = next_;
    while (next_.exists() && equal_formats(current(next_.key), value_of(next_))) advance();
    if (next_.exists() || first.exists()) at = gap();
    return {};
}

}  // namespace crdt::detail
