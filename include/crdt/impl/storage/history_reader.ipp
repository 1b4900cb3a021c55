#pragma once

#include <algorithm>
#include <utility>

#include "../../base/utf.hpp"
#include "../../storage/history_reader.hpp"

namespace crdt::detail {

// -- tables ---------------------------------------------------------------------------------------

ROPEWALK_INLINE bool HistoryTables::name(std::uint64_t i, ByteView& name) const noexcept {
    const std::uint32_t count = name_count();
    if (i >= count) return false;
    const std::uint8_t* const ends = roots.data() + 8 + std::size_t{root_count()} * kRootSize;
    const std::uint8_t* const end = ends + 4 * i;
    const std::uint32_t from = i == 0 ? 0 : get_u32(end - 4);
    const std::uint32_t to = get_u32(end);
    const std::size_t start =
        static_cast<std::size_t>(ends - roots.data()) + 4 * std::size_t{count};
    if (from > to || to > roots.size() - start) return false;
    name = roots.subspan(start + from, to - from);
    return true;
}

ROPEWALK_INLINE Status HistoryTables::check() const noexcept {
    constexpr Error kBroken{ErrorCode::damaged, 0};
    if (clients.size() % kClientSize != 0 || chunks.size() % kChunkSize != 0) return kBroken;
    if (!roots.empty()) {
        if (roots.size() < 8) return kBroken;
        const std::uint64_t records =
            std::uint64_t{root_count()} * kRootSize + std::uint64_t{name_count()} * 4;
        if (records > roots.size() - 8) return kBroken;
    }
    if ((client_count() == 0) != (chunk_count() == 0)) return kBroken;
    if (chunk_count() > 0 && (chunk(0, 0) != 0 || chunk(0, 1) != 0)) return kBroken;
    return {};
}

// -- moving ---------------------------------------------------------------------------------------

ROPEWALK_INLINE Status HistoryReader::open_all() noexcept {
    ROPEWALK_CHECK(history_.open_all());
    ROPEWALK_CHECK(deletes_.open_all());
    return text_.open_all();
}

ROPEWALK_INLINE Status HistoryReader::open_chunk(std::uint32_t chunk) noexcept {
    const bool last = chunk + 1 == tables_.chunk_count();
    const std::uint32_t from = tables_.chunk(chunk, 2);
    const std::uint32_t deletes_from = tables_.chunk(chunk, 3);
    std::uint64_t to = history_.size();
    std::uint64_t deletes_to = deletes_.size();
    end_client_ = tables_.client_count();
    end_clock_ = 0;
    if (!last) {
        end_client_ = tables_.chunk(chunk + 1, 0);
        end_clock_ = tables_.chunk(chunk + 1, 1);
        to = tables_.chunk(chunk + 1, 2);
        deletes_to = tables_.chunk(chunk + 1, 3);
    }
    client_ = tables_.chunk(chunk, 0);
    clock_ = tables_.chunk(chunk, 1);
    if (from > to || deletes_from > deletes_to || client_ >= tables_.client_count())
        return broken();
    ROPEWALK_TRY(const ByteView bytes, history_.at(from, to - from));
    ROPEWALK_TRY(const ByteView deletes, deletes_.at(deletes_from, deletes_to - deletes_from));
    const std::uint8_t* p = bytes.data();
    const std::uint8_t* const end = p + bytes.size();
    std::uint64_t sizes[kColumns] = {};
    for (std::uint64_t& size : sizes) {
        if (!read_var_uint(p, end, size)) return broken();
    }
    for (std::size_t i = 0; i < kColumns; ++i) {
        const bool packed = tables_.format > 1 && (sizes[i] & 1) != 0;
        const std::uint64_t size = tables_.format > 1 ? sizes[i] >> 1 : sizes[i];
        if (size > static_cast<std::uint64_t>(end - p)) return broken();
        columns_[i] = {.p = p, .end = p + size, .is_packed = packed};
        p += size;
        if (!packed) continue;
        const ByteView column(columns_[i].p, static_cast<std::size_t>(size));
        if (!is_packable(static_cast<Column>(i)) ||
            !columns_[i].packed.open(column, tables_of_[i])) {
            return broken();
        }
    }
    const Cursor& heads = column(Column::heads);
    heads_ = RleReader({heads.p, heads.end});
    deletions_ = {.p = deletes.data(), .end = deletes.data() + deletes.size()};
    recent_ = {};
    same_ = 0;
    dead_ = true;  // the first number counts living units
    piece_ = {};
    text_end_ = 0;
    row_left_ = text_left_ = 0;
    stretch_ = {};
    chunk_ = chunk;
    return {};
}

// -- rows -----------------------------------------------------------------------------------------

ROPEWALK_ALWAYS_INLINE bool HistoryReader::read_own(std::uint64_t number,
                                                    bool is_right,
                                                    UnitRef& ref) noexcept {
    std::int64_t at = 0;
    if (!is_right) {
        at = std::int64_t{clock_} - 1 - static_cast<std::int64_t>(number);
    } else {
        const bool own = stretch_.origin.client == client_;
        at = (own ? std::int64_t{stretch_.origin.clock} + 1 : std::int64_t{clock_}) +
             unzigzag(number);
    }
    if (at < 0 || at >= std::int64_t{clock_}) return false;
    ref = {client_, static_cast<std::uint32_t>(at)};
    return true;
}

ROPEWALK_ALWAYS_INLINE bool HistoryReader::read_ref(Column from,
                                                    bool is_right,
                                                    UnitRef& ref) noexcept {
    std::uint64_t number = 0;
    if (ROPEWALK_UNLIKELY(!column(from).number(number))) return false;
    if (ROPEWALK_LIKELY((number & 1) == 0)) return read_own(number >> 1, is_right, ref);
    return read_other(number >> 1, ref);
}

ROPEWALK_INLINE bool HistoryReader::read_other(std::uint64_t number, UnitRef& ref) noexcept {
    std::uint64_t place = 0;
    if (!column(Column::others).number(place)) return false;
    UnitRef expected;
    if (place < RecentUnits::kPlaces) {
        expected = recent_.at(static_cast<std::uint32_t>(place));
    } else {
        std::uint64_t client = 0;
        if (place != RecentUnits::kPlaces || !column(Column::others).number(client)) return false;
        expected.client =
            client < tables_.client_count() ? static_cast<std::uint32_t>(client) : kNoSlot;
    }
    if (!expected.exists() || expected.client == client_) return false;
    const std::int64_t at = std::int64_t{expected.clock} + unzigzag(number);
    if (at < 0 || at >= std::int64_t{tables_.units(expected.client)}) return false;
    ref = {expected.client, static_cast<std::uint32_t>(at)};
    recent_.note(static_cast<std::uint32_t>(place), ref);
    return true;
}

ROPEWALK_INLINE bool HistoryReader::read_parent() noexcept {
    std::uint64_t root = 0;
    if (!column(Column::parents).number(root)) return false;
    if (root == 0) {
        stretch_.root = kNoSlot;
        return read_ref(Column::parents, false, stretch_.parent_item);
    }
    if (root > tables_.root_count()) return false;
    stretch_.root = static_cast<std::uint32_t>(root - 1);
    return true;
}

ROPEWALK_ALWAYS_INLINE bool HistoryReader::read_length() noexcept {
    std::uint64_t length = 1;
    if (row_has_length(row_kind_) && !column(Column::lengths).number(length)) return false;
    if (length == 0 || length > tables_.units(client_) - clock_) return false;
    row_left_ = static_cast<std::uint32_t>(length);
    return true;
}

ROPEWALK_INLINE Status HistoryReader::read_row() noexcept {
    std::uint8_t head = 0;
    if (ROPEWALK_UNLIKELY(clock_ >= tables_.units(client_) || !heads_.read(head))) return broken();
    row_kind_ = head & kRowKind;
    if (row_kind_ == 10 || row_kind_ > kRowHalves || !read_length()) return broken();
    if (row_kind_ == 0) {
        stretch_.origin = stretch_.right = {};
        return {};
    }
    if ((head & kRowContinues) != 0) {
        // The right origin stays as it is.
        if (clock_ == 0 || stretch_.kind == 0 || stretch_.end() != clock_) return broken();
        stretch_.origin = {client_, clock_ - 1};
        return {};
    }
    stretch_.origin = stretch_.right = {};
    stretch_.has_key = false;
    if ((head & kRowHasOrigin) != 0 && !read_ref(Column::origins, false, stretch_.origin)) {
        return broken();
    }
    if ((head & kRowHasRight) != 0 && !read_ref(Column::rights, true, stretch_.right)) {
        return broken();
    }
    if ((head & (kRowHasOrigin | kRowHasRight)) != 0) return {};
    if (!read_parent()) return broken();
    stretch_.has_key = (head & kRowHasKey) != 0;
    std::uint64_t key = 0;
    if (stretch_.has_key && (!column(Column::parents).number(key) || key >= tables_.name_count())) {
        return broken();
    }
    stretch_.key = static_cast<std::uint32_t>(key);
    return {};
}

ROPEWALK_INLINE bool HistoryReader::read_content() noexcept {
    std::uint64_t number = 0;
    Cursor& from = column(Column::contents);
    if (!from.number(number)) return false;
    if (row_kind_ == static_cast<unsigned>(ContentKind::format) ||
        row_kind_ == static_cast<unsigned>(ContentKind::type)) {
        return tables_.name(number, stretch_.content);
    }
    if (number > static_cast<std::uint64_t>(from.end - from.p)) return false;
    stretch_.content = {from.p, static_cast<std::size_t>(number)};
    from.p += number;
    return true;
}

ROPEWALK_ALWAYS_INLINE Status HistoryReader::read_stretch() noexcept {
    if (row_left_ == 0) {
        if (client_ == end_client_ && clock_ == end_clock_) {
            // The chunk is over; the next one is at the same unit.
            if (chunk_ + 1 >= tables_.chunk_count()) return broken();
            ROPEWALK_CHECK(open_chunk(chunk_ + 1));
        }
        ROPEWALK_CHECK(read_row());
    } else {
        stretch_.origin = {client_, clock_ - 1};
    }
    while (same_ == 0) {
        std::uint64_t same = 0;
        if (!deletions_.number(same) || same > 0xffffffffU) return broken();
        same_ = static_cast<std::uint32_t>(same);
        dead_ = !dead_;
    }
    stretch_.clock = clock_;
    stretch_.length = std::min(row_left_, same_);
    stretch_.dead = dead_;
    stretch_.kind = row_kind_;
    constexpr auto kDeleted = static_cast<unsigned>(ContentKind::deleted);
    if (dead_ && row_kind_ != 0 && tables_.collected()) stretch_.kind = kDeleted;
    row_left_ -= stretch_.length;
    same_ -= stretch_.length;
    clock_ += stretch_.length;
    text_left_ = 0;
    if (ROPEWALK_LIKELY(stretch_.kind == static_cast<unsigned>(ContentKind::string))) {
        text_left_ = stretch_.length;
    } else if (stretch_.kind > kDeleted && !read_content()) {
        return broken();
    }
    return {};
}

// -- text -----------------------------------------------------------------------------------------

ROPEWALK_ALWAYS_INLINE Status HistoryReader::next_piece() noexcept {
    Cursor& from = column(Column::pieces);
    std::uint64_t units = 0;
    std::uint64_t extra = 0;
    std::uint64_t distance = 0;
    if (!from.number(units) || ((units & 1) != 0 && !from.number(extra)) ||
        !from.number(distance)) {
        return broken();
    }
    units >>= 1;
    const std::int64_t at = static_cast<std::int64_t>(text_end_) + unzigzag(distance);
    // Three bytes for a unit at most.
    if (at < 0 || units == 0 || units > kMaxClock || extra > 2 * units) return broken();
    piece_ = {static_cast<std::uint64_t>(at), static_cast<std::uint32_t>(units),
              static_cast<std::uint32_t>(extra), 0};
    text_end_ = piece_.at + units + extra;
    return text_end_ <= text_.size() ? Status{} : Status{broken()};
}

ROPEWALK_ALWAYS_INLINE Status HistoryReader::take_text(std::uint32_t& units,
                                                       TextPart& part) noexcept {
    if (piece_.units == 0) ROPEWALK_CHECK(next_piece());
    if (ROPEWALK_UNLIKELY(piece_.extra > 0)) return take_wide_text(units, part);
    const std::uint32_t count = std::min(units, piece_.units);
    part = {piece_.at, count, count};
    piece_.at += count;
    piece_.units -= count;
    units -= count;
    text_left_ -= count;
    return {};
}

// What is looked at to find the end of the first units of a piece that has more of them: from the
// nearer end of it.
ROPEWALK_INLINE HistoryReader::Window HistoryReader::window(std::uint32_t units) const noexcept {
    const std::uint32_t rest = piece_.units - units;
    const bool from_front = units <= rest;
    // Three bytes for a unit at most; a character may be cut in half.
    const auto size = static_cast<std::uint32_t>(std::min<std::uint64_t>(
        piece_.bytes(), std::uint64_t{3} * (from_front ? units : rest) + 4));
    return {from_front ? 0 : piece_.bytes() - size, size};
}

// The bytes of these units. `half`: they end inside a character, all of which is counted.
// requires: the piece has more units
ROPEWALK_INLINE Status HistoryReader::measure(std::uint32_t units,
                                              std::uint32_t& bytes,
                                              bool& half) noexcept {
    const Window looked_at = window(units);
    ROPEWALK_TRY(const ByteView text, text_.at(piece_.at + looked_at.from, looked_at.size));
    const std::uint32_t rest = piece_.units - units;
    std::size_t at = 0;
    std::uint32_t passed = 0;
    if (units <= rest) {
        while (passed < units && at < text.size()) {
            const unsigned size = utf8_size(text[at]);
            passed += size == 4 ? 2 : 1;
            at += size;
        }
        half = passed > units;
        if (passed < units || at > text.size()) return broken();
        bytes = static_cast<std::uint32_t>(at);
    } else {
        at = text.size();
        while (passed < rest && at > 0) {
            std::size_t before = at - 1;
            while (before > 0 && (text[before] & 0xc0U) == 0x80U) --before;
            const std::uint32_t taken = at - before == 4 ? 2 : 1;
            half = taken > rest - passed;
            if (half) break;
            passed += taken;
            at = before;
        }
        if (!half && passed < rest) return broken();
        bytes = looked_at.from + static_cast<std::uint32_t>(at);
    }
    const std::uint32_t all = half ? units + 1 : units;
    const bool fits = all <= piece_.units && bytes >= all && bytes - all <= piece_.extra;
    return fits ? Status{} : Status{broken()};
}

// Its first units are not in it any more.
ROPEWALK_ALWAYS_INLINE void HistoryReader::cut_piece(std::uint32_t units,
                                                     std::uint32_t bytes) noexcept {
    piece_.extra -= bytes - units;
    piece_.at += bytes;
    piece_.units -= units;
}

// What is left of it then begins where it says, or behind that.
ROPEWALK_INLINE void HistoryReader::cut_piece_unseen(std::uint32_t units) noexcept {
    const std::uint32_t rest = piece_.units - units;
    const auto most = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(piece_.bytes() - units, std::uint64_t{3} * rest));
    if (piece_.extra == 0) return cut_piece(units, units);
    piece_.at += piece_.bytes() - most;
    piece_.units = rest;
    piece_.extra = most - rest;
}

// Looks where those end that were passed.
ROPEWALK_INLINE Status HistoryReader::settle() noexcept {
    if (piece_.passed == 0) return {};
    std::uint32_t bytes = 0;
    bool half = false;
    ROPEWALK_CHECK(measure(piece_.passed, bytes, half));
    if (half) return broken();  // no stretch ends inside a character
    cut_piece(std::exchange(piece_.passed, 0), bytes);
    return {};
}

ROPEWALK_INLINE Status HistoryReader::take_wide_text(std::uint32_t& units,
                                                     TextPart& part) noexcept {
    ROPEWALK_CHECK(settle());
    const std::uint32_t count = std::min(units, piece_.units);
    std::uint32_t bytes = piece_.bytes();
    if (count < piece_.units) {
        bool half = false;
        ROPEWALK_CHECK(measure(count, bytes, half));
        if (half) return broken();  // as above
    }
    part = {piece_.at, count, bytes};
    cut_piece(count, bytes);
    units -= count;
    text_left_ -= count;
    return {};
}

ROPEWALK_INLINE Status HistoryReader::skip_text(std::uint32_t units, bool& half) noexcept {
    half = false;
    TextPart part;
    while (units > 0) {
        if (piece_.units == 0) ROPEWALK_CHECK(next_piece());
        ROPEWALK_CHECK(settle());
        if (piece_.extra == 0 || units >= piece_.units) {
            ROPEWALK_CHECK(take_text(units, part));
            continue;
        }
        // Is the unit that follows the second half of a character?
        std::uint32_t bytes = 0;
        ROPEWALK_CHECK(measure(units, bytes, half));
        if (half) ++units;
        if (units > text_left_) return broken();
        cut_piece(units, bytes);
        text_left_ -= units;
        units = 0;
    }
    return {};
}

// All of a stretch that is not needed is passed without a look at the text.
ROPEWALK_ALWAYS_INLINE Status HistoryReader::skip_stretch() noexcept {
    while (text_left_ > 0) {
        if (piece_.units == 0) ROPEWALK_CHECK(next_piece());
        const std::uint32_t units = std::min(text_left_, piece_.units - piece_.passed);
        if (ROPEWALK_LIKELY(piece_.extra == 0)) {
            cut_piece(units, units);
        } else {
            piece_.passed += units;
            if (piece_.passed == piece_.units) piece_ = {};
        }
        text_left_ -= units;
    }
    return {};
}

// -- from one to the next -------------------------------------------------------------------------

ROPEWALK_INLINE Status HistoryReader::seek(std::uint32_t client, std::uint32_t clock) noexcept {
    if (tables_.chunk_count() == 0) return broken();
    const std::uint32_t low = tables_.chunk_of(client, clock);
    // One client after the other: it is at hand, or not far.
    if (chunk_ == low && (client_ != client ? client_ < client : clock_ <= clock)) {
        ROPEWALK_CHECK(skip_stretch());
    } else {
        ROPEWALK_CHECK(open_chunk(low));
    }
    for (;;) {
        if (row_left_ == 0 && clock_ == tables_.units(client_)) {
            ++client_;
            clock_ = 0;
        }
        if (client_ > client) return broken();
        ROPEWALK_CHECK(read_stretch());
        if (client_ == client && stretch_.end() > clock) return {};
        ROPEWALK_CHECK(skip_stretch());
    }
}

ROPEWALK_ALWAYS_INLINE Status HistoryReader::next() noexcept {
    ROPEWALK_CHECK(skip_stretch());
    return read_stretch();
}

}  // namespace crdt::detail
