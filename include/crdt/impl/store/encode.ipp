#pragma once

#include <algorithm>

#include "../../base/utf.hpp"
#include "../../store/encode.hpp"

namespace crdt::detail {

// The place of a number that is known only later, as wide as `guess` would be.
ROPEWALK_INLINE Encoder::Hole Encoder::open_hole(std::uint64_t guess) noexcept {
    const Hole hole{out_.size(), var_uint_size(guess)};
    out_.set_size(hole.at + hole.size);
    return hole;
}

// Where the guess was wrong the rest moves.
ROPEWALK_INLINE bool Encoder::close_hole(Hole hole, std::uint64_t count) noexcept {
    const unsigned size = var_uint_size(count);
    if (size != hole.size) {
        if (!room(size)) return false;
        const std::size_t behind = hole.at + hole.size;
        std::memmove(out_.data() + hole.at + size, out_.data() + behind, out_.size() - behind);
        out_.set_size(out_.size() - hole.size + size);
    }
    put_var_uint(out_.data() + hole.at, count);
    return true;
}

ROPEWALK_INLINE void Encoder::put_id(RunPos unit) noexcept {
    const Run& run = store_.runs[unit.run];
    const ClientLog& log = store_.clients[run.client];
    std::memcpy(out_.data() + out_.size(), log.id_bytes, sizeof log.id_bytes);
    out_.set_size(out_.size() + log.id_size);
    put(std::uint64_t{run.clock} + unit.offset);
}

ROPEWALK_INLINE bool Encoder::put_string(std::string_view text) noexcept {
    if (!room(text.size() + 10)) return false;
    put(text.size());
    put_bytes(as_bytes(text));
    return true;
}

// -- one client -----------------------------------------------------------------------------------

ROPEWALK_INLINE bool Encoder::structs(std::uint32_t client,
                                      std::uint32_t from,
                                      bool with_pending,
                                      bool note) noexcept {
    const ClientLog& log = store_.clients[client];
    const bool parked = with_pending && store_.pending.has_blocks(log);
    if (!room(5 + 8 + 10)) return false;
    const Hole hole = open_hole(log.count);
    put_bytes({log.id_bytes, log.id_size});
    blocks_ = 0;
    bool first_is_written = false;
    if (from < log.next_clock) {
        put(from);
        first_is_written = true;
        const auto write = [this](const Block& block) { return flush(block); };
        if (!walk_.blocks(client, from, note, write)) return false;
    }
    if (parked && !store_.pending.write(log, from, first_is_written, out_, blocks_)) {
        return false;
    }
    return close_hole(hole, blocks_);
}

ROPEWALK_INLINE bool Encoder::flush(const Block& block) noexcept {
    ++blocks_;
    if (!room(64)) return false;
    const Run& run = store_.runs[block.run];
    if (block.kind == ContentKind::gc) {
        put_byte(0);
        put(block.length);
        return true;
    }
    if (!head(block)) return false;
    if (!room(64)) return false;
    switch (block.kind) {
        case ContentKind::deleted:
            put(block.length);
            return true;
        case ContentKind::string:
            return string_content();
        case ContentKind::any:
        case ContentKind::json:
            return element_content(block);
        default:
            return single_content(run);
    }
}

ROPEWALK_INLINE bool Encoder::head(const Block& block) noexcept {
    const Run& run = store_.runs[block.run];
    const RunPos origin = walk_.origin_of(block);
    auto info = static_cast<unsigned>(block.kind);
    if (origin.exists()) info |= 0x80U;
    if (run.right.exists()) info |= 0x40U;
    if ((info & 0xc0U) != 0) {
        put_byte(info);
        if (origin.exists()) put_id(origin);
        if (run.right.exists()) put_id(run.right);
        return true;
    }
    const Seq& seq = store_.sequences.seqs[run.seq];
    if (seq.key != kNone) info |= 0x20U;
    put_byte(info);
    const TypeRecord& type = store_.types.types[seq.type];
    if (type.run == kNone) {
        put(1);
        if (!put_string(store_.types.names[type.name])) return false;
    } else {
        put(0);
        put_id({type.run, 0});
    }
    return seq.key == kNone || put_string(store_.types.names[seq.key]);
}

ROPEWALK_INLINE bool Encoder::string_content() noexcept {
    std::size_t size = 0;
    for (const BlockWalk::Part& part : walk_.parts()) {
        const Run& run = store_.runs[part.run];
        size += run.kind == RunKind::ascii
                    ? part.count
                    : utf8_length(store_.content.utf16(run, part.offset), part.count);
    }
    if (!room(size + 32)) return false;
    put(size);
    std::uint8_t* at = out_.data() + out_.size();
    for (const BlockWalk::Part& part : walk_.parts()) {
        const Run& run = store_.runs[part.run];
        if (run.kind == RunKind::ascii) {
            const std::uint8_t* text = store_.content.ascii(run, part.offset);
            std::memcpy(at, text, part.count);
            at += part.count;
        } else {
            at = utf16_to_utf8(store_.content.utf16(run, part.offset), part.count, at);
        }
    }
    out_.set_size(static_cast<std::size_t>(at - out_.data()));
    return true;
}

ROPEWALK_INLINE bool Encoder::element_content(const Block& block) noexcept {
    put(block.length);
    for (const BlockWalk::Part& part : walk_.parts()) {
        const Run& run = store_.runs[part.run];
        for (std::uint32_t i = 0; i < part.count; ++i) {
            const ByteView element = store_.content.element(run, part.offset + i);
            if (!room(element.size() + 10)) return false;
            if (block.kind == ContentKind::json) put(element.size());
            put_bytes(element);
        }
    }
    return true;
}

ROPEWALK_INLINE bool Encoder::single_content(const Run& run) noexcept {
    if (run.kind == RunKind::type) {
        const TypeRecord& type = store_.types.types[run.data];
        put(static_cast<unsigned>(type.kind));
        const bool named = type.kind == TypeKind::xml_element || type.kind == TypeKind::xml_hook;
        return !named || put_string(store_.types.names[type.name]);
    }
    if (run.kind == RunKind::format &&
        !put_string(store_.types.names[store_.content.format_key(run)])) {
        return false;
    }
    const bool rich = run.kind == RunKind::format || run.kind == RunKind::embed;
    const ByteView value = rich ? store_.content.rich_json(run) : store_.content.value(run.data);
    if (!room(value.size() + 10)) return false;
    // A document is kept as the wire has it; the others lack their length.
    if (rich || run.kind == RunKind::binary) put(value.size());
    put_bytes(value);
    return true;
}

// -- deletions ------------------------------------------------------------------------------------

// One client's ranges.
ROPEWALK_INLINE bool Encoder::put_ranges(const Deletion* ranges, std::size_t count) noexcept {
    if (!room(32 + count * 16)) return false;
    const ClientLog& log = store_.clients[ranges[0].client];
    put_bytes({log.id_bytes, log.id_size});
    put(count);
    for (std::size_t i = 0; i < count; ++i) {
        put(ranges[i].clock);
        // An open end is written as the last clock that the wire has.
        const bool open = ranges[i].clock + ranges[i].length == kEndOfClocks;
        put(open ? kMaxVarUint - ranges[i].clock : ranges[i].length);
    }
    return true;
}

ROPEWALK_INLINE Status Encoder::delete_set(bool with_pending) noexcept {
    const Vec<std::uint32_t>* order = store_.clients.descending();
    if (order == nullptr || !room(5)) return ErrorCode::out_of_memory;
    const Hole hole = open_hole(order->size());
    std::uint32_t clients = 0;
    Vec<Deletion> ranges;
    for (const std::uint32_t client : *order) {
        if (!walk_.deletions_of(client, ranges) ||
            (with_pending && !store_.pending.add_deletions(client, ranges))) {
            return ErrorCode::out_of_memory;
        }
        if (ranges.empty()) continue;
        ++clients;
        if (!put_ranges(ranges.data(), ranges.size())) return ErrorCode::out_of_memory;
    }
    return close_hole(hole, clients) ? Status{} : ErrorCode::out_of_memory;
}

// -- keystrokes -----------------------------------------------------------------------------------

ROPEWALK_INLINE bool Encoder::keystroke(Store& store,
                                        std::uint32_t client,
                                        std::uint32_t from,
                                        Bytes& out) noexcept {
    const ClientLog& log = store.clients[client];
    const Run& run = store.runs[log.newest()];
    const std::uint32_t offset = from - run.clock;
    const std::uint32_t count = log.next_clock - from;
    constexpr std::uint32_t kMost = 4096;
    if (from < run.clock || run.kind != RunKind::ascii || count > kMost ||
        (offset == 0 && !run.origin.exists() && !run.right.exists()) ||
        store.content.stretch(run, offset, count) != ContentStore::Stretch{count, false}) {
        return false;
    }
    Vec<std::uint8_t>& bytes = out.storage();
    if (!bytes.reserve(64 + count)) return false;
    std::uint8_t* at = bytes.data();
    const auto put_unit = [&](const ClientLog& owner, std::uint32_t clock) {
        std::memcpy(at, owner.id_bytes, sizeof owner.id_bytes);
        at = put_var_uint(at + owner.id_size, clock);
    };
    *at++ = 1;
    *at++ = 1;
    put_unit(log, from);
    std::uint8_t* info = at++;
    *info = static_cast<std::uint8_t>(ContentKind::string);
    if (offset > 0) {
        *info |= 0x80U;
        put_unit(log, from - 1);
    } else if (run.origin.exists()) {
        *info |= 0x80U;
        const Run& origin = store.runs[run.origin.run];
        put_unit(store.clients[origin.client], origin.clock + run.origin.offset);
    }
    if (run.right.exists()) {
        *info |= 0x40U;
        const Run& right = store.runs[run.right.run];
        put_unit(store.clients[right.client], right.clock + run.right.offset);
    }
    at = put_var_uint(at, count);
    std::memcpy(at, store.content.ascii(run, offset), count);
    at += count;
    *at++ = 0;
    bytes.set_size(static_cast<std::size_t>(at - bytes.data()));
    return true;
}

// -- whole updates --------------------------------------------------------------------------------

template <class Known>
Status Encoder::state(Known&& known, bool with_pending) noexcept {
    store_.settle();
    const Vec<std::uint32_t>* order = store_.clients.descending();
    // Most of a document is text: growing step by step would copy a large one several times.
    const std::size_t likely =
        64 + std::size_t{store_.content.text.tail()} + std::size_t{store_.runs.size()} * 16;
    if (order == nullptr || !room(likely < kLikely ? likely : kLikely)) {
        return ErrorCode::out_of_memory;
    }
    const Hole hole = open_hole(order->size());
    std::uint32_t sections = 0;
    for (const std::uint32_t client : *order) {
        const ClientLog& log = store_.clients[client];
        const std::uint32_t from = known(ClientId{log.id});
        const bool parked = with_pending && store_.pending.reaches(log, from);
        if (from >= log.next_clock && !parked) continue;
        ++sections;
        if (!structs(client, from, with_pending, true)) return ErrorCode::out_of_memory;
    }
    if (!close_hole(hole, sections)) return ErrorCode::out_of_memory;
    return delete_set(with_pending);
}

ROPEWALK_INLINE Status Encoder::all() noexcept {
    return state([](ClientId) { return std::uint32_t{0}; }, true);
}

ROPEWALK_INLINE Status Encoder::prefix(const StateVector& until, const IdSet& deletions) noexcept {
    store_.settle();
    if (!room(5)) return ErrorCode::out_of_memory;
    const Hole hole = open_hole(store_.clients.size());
    std::uint32_t sections = 0;
    for (const StateVector::Entry& entry : until) {
        if (raw(entry.clock) == 0) continue;
        ++sections;
        walk_.stop_at(raw(entry.clock));
        if (!structs(store_.clients.find(entry.client), 0, false, false)) {
            return ErrorCode::out_of_memory;
        }
    }
    if (!close_hole(hole, sections)) return ErrorCode::out_of_memory;
    Writer out(out_);
    return write_id_set_v1(deletions, out) ? Status{} : ErrorCode::out_of_memory;
}

ROPEWALK_INLINE Status Encoder::change_structs(Vec<WriteFrom>& from) noexcept {
    walk_.sort(from);
    if (!room(16)) return ErrorCode::out_of_memory;
    put(from.size());
    for (const WriteFrom& section : from) {
        if (!structs(section.client, section.clock, false, false)) return ErrorCode::out_of_memory;
    }
    return {};
}

ROPEWALK_INLINE Status Encoder::change_with_all_deletions(Vec<WriteFrom>& from) noexcept {
    ROPEWALK_CHECK(change_structs(from));
    return delete_set(false);
}

ROPEWALK_INLINE Status Encoder::change(Vec<WriteFrom>& from, Vec<Deletion>& deletions) noexcept {
    ROPEWALK_CHECK(change_structs(from));
    walk_.sort(deletions);
    std::uint32_t clients = 0;
    for (std::size_t i = 0; i < deletions.size(); ++i) {
        clients += i == 0 || deletions[i].client != deletions[i - 1].client ? 1 : 0;
    }
    if (!room(16)) return ErrorCode::out_of_memory;
    put(clients);
    for (std::size_t i = 0; i < deletions.size();) {
        std::size_t end = i + 1;
        while (end < deletions.size() && deletions[end].client == deletions[i].client) ++end;
        if (!put_ranges(deletions.data() + i, end - i)) return ErrorCode::out_of_memory;
        i = end;
    }
    return {};
}

}  // namespace crdt::detail
