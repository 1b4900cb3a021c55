#pragma once

#include <algorithm>

#include "../../codec/any.hpp"
#include "../../storage/packed_update.hpp"
#include "../../update/block_writer.hpp"

namespace crdt::detail {

// And for as many bytes behind the structs.
ROPEWALK_INLINE Status PackedUpdate::reserve(const StateVector& known,
                                             std::size_t behind) noexcept {
    // Growing step by step would hold twice what it has written.
    std::uint64_t size = 16 + std::uint64_t{behind};
    std::uint64_t structs = 0;
    for (std::uint32_t i = 0; i < tables_.client_count(); ++i) structs += tables_.structs(i);
    const std::uint64_t read =
        pages_.section(SectionKind::history).size + pages_.section(SectionKind::deletes).size;
    if (known.empty() && structs <= read * 2) {
        size += pages_.section(SectionKind::text).size + structs * 14;
    }
    return out_.reserve_exactly(out_.size() + static_cast<std::size_t>(size))
               ? Status{}
               : Status{ErrorCode::out_of_memory};
}

ROPEWALK_INLINE Status PackedUpdate::write(const StateVector& known) noexcept {
    const IdSet none;
    PackedDeletes deletes(pages_, tables_, none);
    ROPEWALK_TRY(const std::size_t most, deletes.most());
    ROPEWALK_CHECK(reserve(known, most));
    ROPEWALK_CHECK(write_structs(known));
    if (!room(most)) return ErrorCode::out_of_memory;
    ROPEWALK_TRY(const std::size_t size, deletes.write({out_.data() + out_.size(), most}));
    out_.set_size(out_.size() + size);
    return {};
}

ROPEWALK_INLINE Status PackedUpdate::write_structs(const StateVector& known) noexcept {
    ROPEWALK_CHECK(reserve(known, 0));
    std::uint64_t sections = 0;
    std::uint64_t units = 0;
    std::uint64_t all = 0;
    for (std::uint32_t i = 0; i < tables_.client_count(); ++i) {
        const std::uint32_t from = known_of(known, i);
        const std::uint32_t to = tables_.units(i);
        if (from < to) {
            ++sections;
            units += to - from;
        }
        all += to;
    }
    if (reads_all(units, all)) ROPEWALK_CHECK(reader_.open_all());
    if (!room(kMaxVarUintSize)) return ErrorCode::out_of_memory;
    put_number(sections);
    for (std::uint32_t i = 0; i < tables_.client_count(); ++i) {
        const std::uint32_t from = known_of(known, i);
        if (from < tables_.units(i)) ROPEWALK_CHECK(section(i, from));
    }
    return {};
}

ROPEWALK_INLINE Status PackedUpdate::section(std::uint32_t client, std::uint32_t from) noexcept {
    const std::uint32_t end = tables_.units(client);
    // A struct that is cut is one of them, so there are no more.
    const std::uint32_t most = std::min(tables_.structs(client), end - from);
    CountHole hole;
    if (!room(40) || !hole.open(out_, most)) return ErrorCode::out_of_memory;
    put_number(tables_.client(client));
    put_number(from);
    client_ = client;
    ROPEWALK_CHECK(reader_.seek(client, from));
    std::uint32_t structs = 0;
    for (std::uint32_t cut = from - reader_.stretch().clock;; cut = 0) {
        if (structs++ == most) return broken();
        ROPEWALK_CHECK(put(cut));
        if (reader_.stretch().end() == end) break;
        ROPEWALK_CHECK(reader_.next());
    }
    hole.close(out_, structs);
    return {};
}

ROPEWALK_INLINE Status PackedUpdate::put_head(std::uint32_t cut, unsigned kind) noexcept {
    const HistoryReader::Stretch& stretch = reader_.stretch();
    const bool has_origin = cut > 0 || stretch.origin.exists();
    const bool orphan = !has_origin && !stretch.right.exists();
    if (!room(64)) return ErrorCode::out_of_memory;
    unsigned info = kind;
    if (has_origin) info |= kHasOrigin;
    if (stretch.right.exists()) info |= kHasRight;
    if (orphan && stretch.has_key) info |= kHasKey;
    out_.push_back_reserved(static_cast<std::uint8_t>(info));
    if (has_origin) {
        put_unit(cut > 0 ? UnitRef{client_, stretch.clock + cut - 1} : stretch.origin);
    }
    if (stretch.right.exists()) put_unit(stretch.right);
    if (!orphan) return {};
    ByteView name;
    if (stretch.root != kNoSlot) {
        if (!tables_.name(tables_.root(stretch.root, 0), name)) return broken();
        if (!room(32 + name.size())) return ErrorCode::out_of_memory;
        put_number(1);
        put_number(name.size());
        put_bytes(name);
    } else {
        put_number(0);
        put_unit(stretch.parent_item);
    }
    if (!stretch.has_key) return {};
    if (!tables_.name(stretch.key, name)) return broken();
    if (!room(32 + name.size())) return ErrorCode::out_of_memory;
    put_number(name.size());
    put_bytes(name);
    return {};
}

ROPEWALK_INLINE Status PackedUpdate::put_text(std::uint32_t cut) noexcept {
    static constexpr std::uint8_t kUnknown[] = {0xef, 0xbf, 0xbd};  // U+FFFD
    std::uint32_t units = reader_.stretch().length - cut;
    bool half = false;
    if (ROPEWALK_UNLIKELY(cut > 0)) {
        ROPEWALK_CHECK(reader_.skip_text(cut, half));
        if (half) --units;
    }
    TextPart part;
    const std::uint32_t front = half ? sizeof kUnknown : 0;
    CountHole hole;
    bool held = false;  // a size was not known at once, and has a place
    std::size_t start = 0;
    if (units > 0) {
        ROPEWALK_CHECK(reader_.take_text(units, part));
    }
    if (units > 0) {
        held = true;
        if (!hole.open(out_, std::uint64_t{3} * (reader_.stretch().length))) {
            return ErrorCode::out_of_memory;
        }
    } else {
        if (!room(kMaxVarUintSize)) return ErrorCode::out_of_memory;
        put_number(front + part.bytes);
    }
    start = out_.size();
    if (!room(front + part.bytes)) return ErrorCode::out_of_memory;
    put_bytes({kUnknown, front});
    for (;;) {
        ROPEWALK_TRY(const ByteView text, reader_.text(part));
        if (!room(text.size())) return ErrorCode::out_of_memory;
        put_bytes(text);
        if (units == 0) break;
        ROPEWALK_CHECK(reader_.take_text(units, part));
    }
    if (held) hole.close(out_, out_.size() - start);
    return {};
}

// The elements from `cut` on. What is passed is looked at: nobody has, since the container was
// written.
ROPEWALK_INLINE Status PackedUpdate::put_elements(std::uint32_t cut, bool json) noexcept {
    const HistoryReader::Stretch& stretch = reader_.stretch();
    const std::uint8_t* p = stretch.content.data();
    const std::uint8_t* const end = p + stretch.content.size();
    for (; cut > 0; --cut) {
        bool canonical = true;
        std::uint64_t size = 0;
        if (!json) {
            if (validate_any(p, end, {}, canonical).code != ErrorCode::ok) return broken();
        } else if (read_var_uint(p, end, size) && size <= static_cast<std::uint64_t>(end - p)) {
            p += size;
        } else {
            return broken();
        }
    }
    put_bytes({p, end});
    return {};
}

ROPEWALK_INLINE Status PackedUpdate::put(std::uint32_t cut) noexcept {
    const HistoryReader::Stretch& stretch = reader_.stretch();
    if (stretch.kind == static_cast<unsigned>(ContentKind::gc)) {
        if (!room(16)) return ErrorCode::out_of_memory;
        out_.push_back_reserved(0);
        put_number(stretch.length - cut);
        return {};
    }
    unsigned kind = stretch.kind;
    if (kind >= kRowExactEmbed) {
        exact_ = true;
        constexpr ContentKind kKinds[] = {ContentKind::embed, ContentKind::format,
                                          ContentKind::string};
        kind = static_cast<unsigned>(kKinds[kind - kRowExactEmbed]) | kExact;
    }
    ROPEWALK_CHECK(put_head(cut, kind));
    if (!room(32 + stretch.content.size())) return ErrorCode::out_of_memory;
    switch (stretch.kind) {
        case static_cast<unsigned>(ContentKind::deleted):
            put_number(stretch.length - cut);
            return {};
        case static_cast<unsigned>(ContentKind::string):
            return put_text(cut);
        case static_cast<unsigned>(ContentKind::any):
        case static_cast<unsigned>(ContentKind::json):
            put_number(stretch.length - cut);
            return put_elements(cut, stretch.kind == static_cast<unsigned>(ContentKind::json));
        case kRowHalves:
            if (cut > 0) return put_halves(cut);
            put_number(stretch.content.size());
            break;
        default:
            break;
    }
    put_bytes(stretch.content);
    return {};
}

// Text with lone surrogates, three bytes each.
ROPEWALK_INLINE Status PackedUpdate::put_halves(std::uint32_t cut) noexcept {
    const ByteView text = reader_.stretch().content;
    std::size_t at = 0;
    while (cut > 0 && at < text.size()) {
        const unsigned size = utf8_size(text[at]);
        const std::uint32_t taken = size == 4 ? 2 : 1;
        if (taken > cut || size > text.size() - at) break;
        cut -= taken;
        at += size;
    }
    if (cut == 0) {
        put_number(text.size() - at);
        put_bytes(text.subspan(at));
        return {};
    }
    if (text.size() - at < 4) return broken();
    // The second half of the pair stands alone.
    const std::uint32_t point = (text[at] & 7U) << 18 | (text[at + 1] & 0x3fU) << 12 |
                                (text[at + 2] & 0x3fU) << 6 | (text[at + 3] & 0x3fU);
    const std::uint32_t low = 0xdc00U + (point & 0x3ffU);
    const std::uint8_t half[] = {0xed, static_cast<std::uint8_t>(0x80U | (low >> 6 & 0x3fU)),
                                 static_cast<std::uint8_t>(0x80U | (low & 0x3fU))};
    put_number(text.size() - at - 1);
    put_bytes(half);
    put_bytes(text.subspan(at + 4));
    return {};
}

}  // namespace crdt::detail
