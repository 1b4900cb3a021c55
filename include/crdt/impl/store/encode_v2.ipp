#pragma once

#include "../../store/encode_v2.hpp"

namespace crdt::detail {

// -- structs --------------------------------------------------------------------------------------

ROPEWALK_INLINE bool EncoderV2::structs(std::uint32_t client,
                                        std::uint32_t from,
                                        bool with_pending,
                                        bool note) noexcept {
    const ClientLog& log = store_.clients[client];
    std::uint32_t next = from;
    bool started = from < log.next_clock;
    if (started) {
        out_.begin_section(log.id, from);
        const auto write = [this](const Block& block) {
            flush(block);
            return true;  // out_ remembers what failed
        };
        if (!walk_.blocks(client, from, note, write)) return false;
        next = log.next_clock;
    }
    if (!with_pending || !store_.pending.has_blocks(log)) return true;
    const auto write = [&](const DecodedUpdate& update, const BlockView& block, std::uint32_t cut,
                           std::uint32_t clock, std::uint32_t gap) {
        if (!started) {
            out_.begin_section(log.id, clock);
            started = true;
        } else if (gap > 0) {
            out_.skip(gap);
        }
        put_block(out_, update, block, cut);
        return true;
    };
    return store_.pending.for_each_struct(log, next, write);
}

ROPEWALK_INLINE void EncoderV2::flush(const Block& block) noexcept {
    if (block.kind == ContentKind::gc) return out_.gc(block.length);
    head(block);
    switch (block.kind) {
        case ContentKind::deleted:
            out_.length(block.length);
            break;
        case ContentKind::string: {
            StringColumnWriter& strings = out_.strings();
            for (const BlockWalk::Part& part : walk_.parts()) {
                const Run& run = store_.runs[part.run];
                if (run.kind == RunKind::ascii) {
                    strings.append({store_.content.ascii(run, part.offset), part.count});
                } else {
                    strings.append(store_.content.utf16(run, part.offset), part.count);
                }
            }
            strings.end_text(block.length);
            break;
        }
        case ContentKind::any:
        case ContentKind::json:
            elements(block);
            break;
        default:
            single_content(store_.runs[block.run]);
    }
}

ROPEWALK_INLINE void EncoderV2::head(const Block& block) noexcept {
    const Run& run = store_.runs[block.run];
    const RunPos origin = walk_.origin_of(block);
    const bool orphan = !origin.exists() && !run.right.exists();
    auto info = static_cast<unsigned>(block.kind);
    if (origin.exists()) info |= 0x80U;
    if (run.right.exists()) info |= 0x40U;
    const Seq* seq = orphan ? &store_.sequences.seqs[run.seq] : nullptr;
    if (orphan && seq->key != kNone) info |= 0x20U;
    out_.info(info);
    if (origin.exists()) {
        const UnitId id = id_of(origin);
        out_.left_id(id.client, id.clock);
    }
    if (run.right.exists()) {
        const UnitId id = id_of(run.right);
        out_.right_id(id.client, id.clock);
    }
    if (!orphan) return;
    const TypeRecord& type = store_.types.types[seq->type];
    if (type.run == kNone) {
        out_.parent_root(as_bytes(store_.types.names[type.name]));
    } else {
        const UnitId id = id_of({type.run, 0});
        out_.parent_item(id.client, id.clock);
    }
    if (seq->key != kNone) out_.key(as_bytes(store_.types.names[seq->key]));
}

ROPEWALK_INLINE void EncoderV2::elements(const Block& block) noexcept {
    out_.length(block.length);
    for (const BlockWalk::Part& part : walk_.parts()) {
        const Run& run = store_.runs[part.run];
        for (std::uint32_t i = 0; i < part.count; ++i) {
            const ByteView element = store_.content.element(run, part.offset + i);
            if (block.kind == ContentKind::json) {
                out_.text(element);
            } else {
                out_.any(element);
            }
        }
    }
}

ROPEWALK_INLINE void EncoderV2::single_content(const Run& run) noexcept {
    if (run.kind == RunKind::type) {
        const TypeRecord& type = store_.types.types[run.data];
        out_.type_ref(static_cast<unsigned>(type.kind));
        const bool named = type.kind == TypeKind::xml_element || type.kind == TypeKind::xml_hook;
        if (named) out_.name(as_bytes(store_.types.names[type.name]));
        return;
    }
    if (run.kind == RunKind::format) {
        out_.name(as_bytes(store_.types.names[store_.content.format_key(run)]));
    }
    if (run.kind == RunKind::format || run.kind == RunKind::embed) {
        out_.json_any(store_.content.rich_value(run));
        return;
    }
    const ByteView value = store_.content.value(run.data);
    if (run.kind == RunKind::binary) {
        out_.binary(value);
        return;
    }
    // A document: its guid, and its options.
    const std::uint8_t* at = value.data();
    const std::uint8_t* const end = at + value.size();
    out_.text(blocks::take_sized(at));
    out_.any({at, end});
}

// -- deletions ------------------------------------------------------------------------------------

// One client's ranges.
ROPEWALK_INLINE void EncoderV2::put_ranges(const Deletion* ranges, std::size_t count) noexcept {
    out_.delete_client(store_.clients[ranges[0].client].id, count);
    for (std::size_t i = 0; i < count; ++i) out_.delete_range(ranges[i].clock, ranges[i].length);
}

ROPEWALK_INLINE Status EncoderV2::all() noexcept {
    return state([](ClientId) { return std::uint32_t{0}; }, true);
}

ROPEWALK_INLINE Status EncoderV2::all_deletions(bool with_pending) noexcept {
    const Vec<std::uint32_t>* order = store_.clients.descending();
    if (order == nullptr) return ErrorCode::out_of_memory;
    out_.begin_deletes();
    Vec<Deletion> ranges;
    for (const std::uint32_t client : *order) {
        if (!walk_.deletions_of(client, ranges) ||
            (with_pending && !store_.pending.add_deletions(client, ranges))) {
            return ErrorCode::out_of_memory;
        }
        if (!ranges.empty()) put_ranges(ranges.data(), ranges.size());
    }
    return out_.finish();
}

// -- changes --------------------------------------------------------------------------------------

ROPEWALK_INLINE Status EncoderV2::change_structs(Vec<WriteFrom>& from) noexcept {
    walk_.sort(from);
    for (const WriteFrom& section : from) {
        if (!structs(section.client, section.clock, false, false)) return ErrorCode::out_of_memory;
    }
    return {};
}

ROPEWALK_INLINE Status EncoderV2::change_with_all_deletions(Vec<WriteFrom>& from) noexcept {
    ROPEWALK_CHECK(change_structs(from));
    return all_deletions(false);
}

ROPEWALK_INLINE Status EncoderV2::change(Vec<WriteFrom>& from, Vec<Deletion>& deletions) noexcept {
    ROPEWALK_CHECK(change_structs(from));
    walk_.sort(deletions);
    out_.begin_deletes();
    for (std::size_t i = 0; i < deletions.size();) {
        std::size_t end = i + 1;
        while (end < deletions.size() && deletions[end].client == deletions[i].client) ++end;
        put_ranges(deletions.data() + i, end - i);
        i = end;
    }
    return out_.finish();
}

}  // namespace crdt::detail
