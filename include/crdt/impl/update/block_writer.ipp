#pragma once

#include "../../codec/any.hpp"
#include "../../codec/update_writer.hpp"
#include "../../update/block_writer.hpp"

namespace crdt::detail {

inline constexpr std::uint8_t kReplacementBytes[] = {0xef, 0xbf, 0xbd};  // U+FFFD

ROPEWALK_INLINE void CountHole::close(Vec<std::uint8_t>& out, std::uint64_t count) const noexcept {
    std::uint8_t number[kMaxVarUintSize];
    const auto size = static_cast<std::size_t>(put_var_uint(number, count) - number);
    if (size != size_) {
        std::memmove(out.data() + place_ + size, out.data() + place_ + size_,
                     out.size() - place_ - size_);
        out.set_size(out.size() - (size_ - size));
    }
    std::memcpy(out.data() + place_, number, size);
}

ROPEWALK_INLINE void BlockWriter::begin_section(std::uint64_t client,
                                                std::uint32_t clock,
                                                std::uint64_t most) noexcept {
    ok_ = ok_ && structs_hole_.open(bytes_, most);
    out_.var_uint(client);
    out_.var_uint(clock);
    client_ = client;
    structs_ = 0;
    ++sections_;
    in_section_ = true;
}

ROPEWALK_INLINE void BlockWriter::end_section() noexcept {
    if (!in_section_) return;
    flush();
    if (ok()) structs_hole_.close(bytes_, structs_);
    in_section_ = false;
}

ROPEWALK_INLINE void BlockWriter::head(const UpdateBlock& block,
                                       std::uint32_t cut,
                                       ContentKind kind,
                                       bool exact) noexcept {
    flush();
    ++structs_;
    const bool has_origin = cut > 0 || block.origin.exists;
    const bool orphan = !has_origin && !block.right_origin.exists;
    auto info = static_cast<unsigned>(kind);
    if (exact) info |= kExact;
    if (has_origin) info |= kHasOrigin;
    if (block.right_origin.exists) info |= kHasRight;
    if (orphan && block.has_key) info |= kHasKey;
    out_.byte(static_cast<std::uint8_t>(info));
    if (cut > 0) {
        id({client_, block.clock + cut - 1, true});
    } else if (has_origin) {
        id(block.origin);
    }
    if (block.right_origin.exists) id(block.right_origin);
    if (!orphan) return;
    if (block.parent == ParentRef::root) {
        out_.var_uint(1);
        out_.var_bytes(block.root);
    } else {
        out_.var_uint(0);
        id(block.parent_item);
    }
    if (block.has_key) out_.var_bytes(block.key);
}

ROPEWALK_INLINE void BlockWriter::string_part(const UpdateBlock& block,
                                              ContentPlace& place,
                                              std::uint32_t from,
                                              std::uint32_t to) noexcept {
    if (block.narrow) return out_.raw({block.payload + from, block.payload + to});
    const auto step = [&] {
        const unsigned size = utf8_size(*place.at);
        place.at += size;
        return size == 4 ? 2U : 1U;
    };
    while (place.unit < from) {
        if (place.inside_pair) {
            place.inside_pair = false;
            ++place.unit;
            continue;
        }
        const unsigned units = step();
        place.inside_pair = place.unit + units > from;
        place.unit = place.inside_pair ? from : place.unit + units;
    }
    if (place.unit < to && place.inside_pair) {
        out_.raw(kReplacementBytes);
        place.inside_pair = false;
        ++place.unit;
    }
    const std::uint8_t* const start = place.at;
    while (place.unit < to) {
        const std::uint8_t* const character = place.at;
        const unsigned units = step();
        if (place.unit + units > to) {
            out_.raw({start, character});
            out_.raw(kReplacementBytes);
            place.inside_pair = true;
            place.unit = to;
            return;
        }
        place.unit += units;
    }
    out_.raw({start, place.at});
}

ROPEWALK_INLINE void BlockWriter::part(const UpdateBlock& block,
                                       ContentPlace& place,
                                       std::uint32_t from,
                                       std::uint32_t to) noexcept {
    if (place.at == nullptr) place.at = block.payload;
    if (block.kind == ContentKind::string) return string_part(block, place, from, to);
    const auto move_to = [&](std::uint32_t unit) {
        for (; place.unit < unit; ++place.unit) {
            if (block.kind == ContentKind::any) {
                place.at = skip_any(place.at);
            } else {
                const auto size = static_cast<std::size_t>(get_var_uint(place.at));
                place.at += size;
            }
        }
    };
    move_to(from);
    const std::uint8_t* const start = place.at;
    move_to(to);
    out_.raw({start, place.at});
}

ROPEWALK_INLINE void BlockWriter::cut_block(const UpdateBlock& block, std::uint32_t cut) noexcept {
    if (block.kind == ContentKind::skip) return skip(block.length - cut);
    ContentPlace place;
    if (block.kind != ContentKind::string) {
        head(block, cut, block.kind, block.exact);
        out_.var_uint(block.length - cut);
        if (block.kind != ContentKind::deleted) part(block, place, cut, block.length);
        return;
    }
    const auto sized = static_cast<std::size_t>(block.to - block.payload);
    const blocks::TextRest rest = blocks::text_rest({block.payload, sized}, cut, block.narrow);
    // Half a character: V1 cannot say it, V2 can.
    const bool keeps_half = rest.inside && form_ == UpdateForm::exact;
    head(block, cut, block.kind, block.exact || keeps_half);
    if (!rest.inside) return out_.var_bytes(rest.text);
    out_.var_uint(sizeof rest.low + rest.text.size());
    out_.raw(keeps_half ? ByteView(rest.low) : ByteView(kReplacementBytes));
    out_.raw(rest.text);
}

}  // namespace crdt::detail
