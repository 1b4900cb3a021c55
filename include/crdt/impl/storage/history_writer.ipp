#pragma once

#include <algorithm>

#include "../../base/utf.hpp"
#include "../../storage/history_writer.hpp"

namespace crdt::detail {

ROPEWALK_INLINE HistoryWriter::HistoryWriter(DocumentOrder& order, bool collected) noexcept
    : order_(order),
      collected_(collected),
      out_{Writer(columns_[0]), Writer(columns_[1]), Writer(columns_[2]), Writer(columns_[3]),
           Writer(columns_[4]), Writer(columns_[5]), Writer(columns_[6]), Writer(columns_[7])} {
    for (const DocumentOrder::Root& root : order.roots()) {
        // First, for it says in ok_ whether it has failed.
        const std::uint32_t number = name(as_bytes(order.root_name(root)));
        ok_ = ok_ && root_names_.push_back(number);
    }
}

ROPEWALK_INLINE std::uint32_t HistoryWriter::name(ByteView bytes) noexcept {
    const std::uint32_t number = names_.number_of(bytes);
    ok_ = ok_ && number != NameTable::kNone;
    return number;
}

// -- clients and chunks ---------------------------------------------------------------------------

ROPEWALK_INLINE bool HistoryWriter::begin_client(std::uint32_t client) noexcept {
    client_ = client;
    structs_ = 0;
    range_ = 0;
    end_ = 0;
    return order_.deletions_of(client, ranges_);
}

ROPEWALK_INLINE void HistoryWriter::end_client() noexcept {
    end_row();
    std::uint8_t record[kClientSize];
    std::uint8_t* p = put_u64(record, order_.clients()[client_].id);
    p = put_u32(p, order_.clients()[client_].units);
    p = put_u32(p, structs_);
    put_u32(p, static_cast<std::uint32_t>(ranges_.size()));
    ok_ = ok_ && clients_.append(record);
}

ROPEWALK_INLINE void HistoryWriter::begin_chunk() noexcept {
    std::uint8_t record[kChunkSize];
    std::uint8_t* p = put_u32(record, client_);
    p = put_u32(p, end_);
    p = put_u32(p, static_cast<std::uint32_t>(history_.size()));
    put_u32(p, static_cast<std::uint32_t>(deletes_.size()));
    ok_ = ok_ && chunks_.append(record) && deletes_.size() <= 0xffffffffU &&
          history_.size() <= 0xffffffffU;
    recent_ = {};
    state_ = false;
    same_ = 0;
    text_end_ = 0;
}

ROPEWALK_INLINE void HistoryWriter::end_chunk() noexcept {
    if (rows_ == 0) return;
    end_piece();
    Writer deletes(deletes_);
    deletes.var_uint(same_);
    ok_ = ok_ && deletes.ok() && heads_.finish();
    ok_ = ok_ && pack_columns();
    Writer out(history_);
    out.var_uint(std::uint64_t{heads_.bytes().size()} << 1);
    for (std::size_t i = 1; i < kColumns; ++i) {
        out.var_uint(std::uint64_t{columns_[i].size()} << 1 | (packed_[i] ? 1 : 0));
        ok_ = ok_ && out_[i].ok();
    }
    out.raw(heads_.bytes());
    for (std::size_t i = 1; i < kColumns; ++i) {
        out.raw(columns_[i]);
        columns_[i].clear();
    }
    ok_ = ok_ && out.ok();
    heads_ = {};
    rows_ = stretches_ = 0;
}

// Puts columns into bits where that is much shorter, for it is slower to read. False: memory is
// exhausted.
ROPEWALK_INLINE bool HistoryWriter::pack_columns() noexcept {
    Bytes bits;
    for (std::size_t i = 0; i < kColumns; ++i) {
        packed_[i] = false;
        const std::size_t size = columns_[i].size();
        if (!is_packable(static_cast<Column>(i)) || size < kLeastPacked) continue;
        numbers_.clear();
        const std::uint8_t* p = columns_[i].data();
        const std::uint8_t* const end = p + size;
        std::uint64_t number = 0;
        while (p != end && read_var_uint(p, end, number)) {
            if (!numbers_.push_back(number)) return false;
        }
        const std::span<const std::uint64_t> numbers(numbers_.data(), numbers_.size());
        if (!pack_numbers(numbers, size - size / 8, bits, packed_[i])) return false;
        if (!packed_[i]) continue;
        columns_[i].clear();
        if (!columns_[i].append(bits)) return false;
        bits.clear();
    }
    return true;
}

ROPEWALK_INLINE Status HistoryWriter::finish() noexcept {
    end_chunk();
    return ok_ ? Status{} : Status{ErrorCode::out_of_memory};
}

ROPEWALK_INLINE Status HistoryWriter::write_roots(Bytes& out) noexcept {
    std::uint8_t word[12];
    std::uint8_t* p = put_u32(word, names_.count());
    put_u32(p, static_cast<std::uint32_t>(order_.roots().size()));
    ok_ = ok_ && out.append({word, 8});
    for (std::size_t i = 0; ok_ && i < root_names_.size(); ++i) {
        const DocumentOrder::Root& root = order_.roots()[i];
        p = put_u32(put_u32(word, root_names_[i]), root.at);
        put_u32(p, root.bytes);
        ok_ = out.append({word, kRootSize});
    }
    for (std::uint32_t i = 0; ok_ && i < names_.count(); ++i) {
        put_u32(word, names_.end(i));
        ok_ = out.append({word, 4});
    }
    ok_ = ok_ && out.append(names_.bytes());
    return ok_ ? Status{} : Status{ErrorCode::out_of_memory};
}

// -- rows -----------------------------------------------------------------------------------------

ROPEWALK_INLINE bool HistoryWriter::is_dead(const UpdateBlock& block) noexcept {
    while (range_ < ranges_.size() &&
           ranges_[range_].clock + ranges_[range_].length <= block.clock) {
        ++range_;
    }
    return range_ < ranges_.size() && ranges_[range_].clock <= block.clock;
}

ROPEWALK_INLINE UnitRef HistoryWriter::ref_of(const UpdateId& id) const noexcept {
    if (!id.exists) return {};
    return {id.client == order_.clients()[client_].id ? client_ : order_.find(id.client), id.clock};
}

// Does the block go on where the row ends, so that one row can be both?
ROPEWALK_INLINE bool HistoryWriter::joins(const UpdateBlock& block,
                                          unsigned kind,
                                          bool dead) const noexcept {
    // Stretches of one row are told apart by what is deleted alone.
    if (!open_ || dead == dead_ || block.clock != end_ || stretches_ >= kStretchesInChunk) {
        return false;
    }
    const bool same_right = block.right_origin.exists == right_.exists &&
                            (!right_.exists || block.right_origin == right_);
    if (ref_of(block.origin) != UnitRef{client_, end_ - 1} || !same_right) return false;
    const auto joinable = [](unsigned of) { return of == 2 || of == 4 || of == 8; };
    if (kind == kind_) return joinable(kind);
    if (!collected_) return false;
    return (kind == 1 && joinable(kind_)) || (kind_ == 1 && joinable(kind));
}

ROPEWALK_INLINE void HistoryWriter::end_row() noexcept {
    if (!open_) return;
    heads_.write(static_cast<std::uint8_t>(head_ | kind_));
    if (row_has_length(kind_)) column(Column::lengths).var_uint(length_);
    open_ = false;
}

ROPEWALK_INLINE Status HistoryWriter::add(const UpdateBlock& block) noexcept {
    auto kind = static_cast<unsigned>(block.kind);
    if (block.exact) {
        exact_ = true;
        kind = block.kind == ContentKind::embed    ? kRowExactEmbed
               : block.kind == ContentKind::format ? kRowExactFormat
                                                   : kRowHalves;
    }
    const bool dead = is_dead(block);
    if (joins(block, kind, dead)) {
        if (kind_ == 1) kind_ = kind;
        length_ += block.length;
    } else {
        begin_row(block, kind);
    }
    ++structs_;
    ++stretches_;
    dead_ = dead;
    end_ = block.end();
    put_state(dead, block.length);
    if (kind == 4) return put_text(block, dead);
    if (kind > 1) put_content(block, kind);
    return ok_ ? Status{} : Status{ErrorCode::out_of_memory};
}

ROPEWALK_INLINE void HistoryWriter::begin_row(const UpdateBlock& block, unsigned kind) noexcept {
    const bool follows = open_ && kind_ != 0 && kind != 0 && block.clock == end_;
    const UpdateId right_before = right_;
    end_row();
    if (is_chunk_full()) end_chunk();
    const bool first = rows_++ == 0;
    if (first) begin_chunk();
    open_ = true;
    kind_ = kind;
    head_ = 0;
    length_ = block.length;
    right_ = block.right_origin;
    if (kind == 0) return;
    origin_ = ref_of(block.origin);
    const bool same_right =
        right_.exists == right_before.exists && (!right_.exists || right_ == right_before);
    if (follows && !first && same_right && origin_ == UnitRef{client_, block.clock - 1}) {
        head_ = kRowContinues;
        return;
    }
    const UnitRef right = ref_of(right_);
    if (origin_.exists()) {
        head_ |= kRowHasOrigin;
        put_ref(Column::origins, origin_, false);
    }
    if (right.exists()) {
        head_ |= kRowHasRight;
        put_ref(Column::rights, right, true);
    }
    if (!origin_.exists() && !right.exists()) put_parent(block);
}

ROPEWALK_INLINE void HistoryWriter::put_ref(Column to, UnitRef unit, bool is_right) noexcept {
    const std::uint32_t clock = end_;  // where the row begins
    if (unit.client == client_) {
        if (!is_right) return column(to).var_uint(std::uint64_t{clock - 1 - unit.clock} << 1);
        const std::int64_t base =
            origin_.client == client_ ? std::int64_t{origin_.clock} + 1 : std::int64_t{clock};
        return column(to).var_uint(zigzag(std::int64_t{unit.clock} - base) << 1);
    }
    std::uint32_t expected = 0;
    const std::uint32_t place = recent_.find(unit.client, expected);
    column(to).var_uint(zigzag(std::int64_t{unit.clock} - std::int64_t{expected}) << 1 | 1);
    column(Column::others).var_uint(place);
    if (place == RecentUnits::kPlaces) column(Column::others).var_uint(unit.client);
    recent_.note(place, unit);
}

ROPEWALK_INLINE void HistoryWriter::put_parent(const UpdateBlock& block) noexcept {
    if (block.parent == ParentRef::root) {
        const std::uint32_t wanted = name(block.root);
        std::uint32_t root = 0;
        while (root < root_names_.size() && root_names_[root] != wanted) ++root;
        column(Column::parents).var_uint(std::uint64_t{root} + 1);
    } else {
        column(Column::parents).var_uint(0);
        put_ref(Column::parents, ref_of(block.parent_item), false);
    }
    if (!block.has_key) return;
    head_ |= kRowHasKey;
    column(Column::parents).var_uint(name(block.key));
}

ROPEWALK_INLINE void HistoryWriter::put_content(const UpdateBlock& block, unsigned kind) noexcept {
    const bool counted = kind == 2 || kind == 8 || kind == kRowHalves;
    const ByteView content{counted ? block.payload : block.content, block.to};
    if (kind == static_cast<unsigned>(ContentKind::format) ||
        kind == static_cast<unsigned>(ContentKind::type)) {
        return column(Column::contents).var_uint(name(content));
    }
    column(Column::contents).var_bytes(content);
}

// -- what is deleted, and where text is -----------------------------------------------------------

ROPEWALK_INLINE void HistoryWriter::put_state(bool dead, std::uint32_t units) noexcept {
    if (dead != state_) {
        Writer out(deletes_);
        out.var_uint(same_);
        ok_ = ok_ && out.ok();
        state_ = dead;
        same_ = 0;
    }
    same_ += units;
}

ROPEWALK_INLINE void HistoryWriter::end_piece() noexcept {
    if (piece_units_ == 0) return;
    Writer& out = column(Column::pieces);
    const std::uint32_t extra = piece_bytes_ - piece_units_;
    out.var_uint(std::uint64_t{piece_units_} << 1 | (extra > 0 ? 1 : 0));
    if (extra > 0) out.var_uint(extra);
    out.var_uint(
        zigzag(static_cast<std::int64_t>(piece_at_) - static_cast<std::int64_t>(text_end_)));
    text_end_ = piece_at_ + piece_bytes_;
    piece_units_ = 0;
}

ROPEWALK_INLINE void HistoryWriter::put_piece(std::uint32_t units,
                                              std::uint32_t bytes,
                                              std::uint64_t at) noexcept {
    if (piece_units_ > 0 && at == piece_at_ + piece_bytes_ && units <= kMaxClock - piece_units_) {
        piece_units_ += units;
        piece_bytes_ += bytes;
        return;
    }
    end_piece();
    piece_at_ = at;
    piece_units_ = units;
    piece_bytes_ = bytes;
}

ROPEWALK_INLINE Status HistoryWriter::put_text(const UpdateBlock& block, bool dead) noexcept {
    Bytes& text = order_.text();
    if (dead) {  // kept, and not visible
        const ByteView content{block.payload, block.to};
        if (content.size() > 0xffffffffU - text.size()) return ErrorCode::limit_exceeded;
        put_piece(block.length, static_cast<std::uint32_t>(content.size()), text.size());
        ok_ = ok_ && text.append(content);
        return ok_ ? Status{} : Status{ErrorCode::out_of_memory};
    }
    const Vec<DocumentOrder::Span>& spans = order_.spans();
    std::uint32_t clock = block.clock;
    while (clock < block.end()) {
        while (span_ < spans.size() && (spans[span_].client < client_ ||
                                        (spans[span_].client == client_ &&
                                         spans[span_].clock + spans[span_].units <= clock))) {
            ++span_;
        }
        ROPEWALK_ASSERT(
            span_ < spans.size() && spans[span_].client == client_ && spans[span_].clock <= clock,
            "living text that is in no sequence");
        const DocumentOrder::Span& span = spans[span_];
        const std::uint32_t offset = clock - span.clock;
        const std::uint32_t units = std::min(block.end() - clock, span.units - offset);
        std::uint32_t from = offset;
        std::uint32_t to = offset + units;
        if (span.bytes != span.units) {
            from = bytes_of({text.data() + span.at, span.bytes}, offset);
            to = from + bytes_of({text.data() + span.at + from, span.bytes - from}, units);
        }
        put_piece(units, to - from, std::uint64_t{span.at} + from);
        clock += units;
    }
    return ok_ ? Status{} : Status{ErrorCode::out_of_memory};
}

}  // namespace crdt::detail
