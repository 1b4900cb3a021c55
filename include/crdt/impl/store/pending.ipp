#pragma once

#include <algorithm>

#include "../../base/sort.hpp"
#include "../../base/utf.hpp"
#include "../../codec/update_writer.hpp"
#include "../../store/pending.hpp"
#include "../../store/wire_cut.hpp"

namespace crdt::detail {

ROPEWALK_INLINE Pending::~Pending() {
    for (const Group& group : groups_) release(group.items);
}

// -- parking --------------------------------------------------------------------------------------

ROPEWALK_INLINE bool Pending::reserve(std::uint32_t blocks,
                                      std::size_t bytes,
                                      std::uint32_t deletions) noexcept {
    return groups_.reserve_more(blocks) && bytes_.reserve_more(bytes) &&
           deletions_.reserve_more(deletions) && bytes_.size() + bytes < 0xffffffffU;
}

ROPEWALK_INLINE bool Pending::reserve_group(ClientLog& log, std::uint32_t blocks) noexcept {
    if (log.parked == kNone) {
        if (!groups_.push_back({})) return false;
        log.parked = static_cast<std::uint32_t>(groups_.size() - 1);
    }
    Group& group = groups_[log.parked];
    // Free room on both sides: updates arrive forwards and backwards.
    if (group.begin >= blocks && group.capacity - group.begin - group.count >= blocks) return true;
    const std::uint32_t side = blocks + group.count / 2 + 1;
    const std::uint32_t capacity = group.count + 2 * side;
    auto* items = static_cast<ParkedBlock*>(allocate(std::size_t{capacity} * sizeof(ParkedBlock)));
    if (items == nullptr) return false;
    if (group.count > 0) {
        std::memcpy(items + side, group.items + group.begin, group.count * sizeof(ParkedBlock));
    }
    release(group.items);
    group.items = items;
    group.capacity = capacity;
    group.begin = side;
    return true;
}

ROPEWALK_INLINE std::size_t Pending::parked_size(const BlockView& block) noexcept {
    // Header, info, three ids of at most 20 bytes, lengths; a cut string may gain a U+FFFD.
    return 100 + std::size_t{block.root.size} + block.key.size + block.content.size;
}

ROPEWALK_INLINE void Pending::park(ClientLog& log,
                                   const BlockView& block,
                                   const DecodedUpdate& update) noexcept {
    Group& group = groups_[log.parked];
    ParkedBlock* items = group.items + group.begin;
    // Position by clock: behind every block that starts before it.
    std::uint32_t low = 0;
    std::uint32_t high = group.count;
    while (low < high) {
        const std::uint32_t middle = (low + high) / 2;
        if (items[middle].clock < block.clock) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    std::uint32_t cut = 0;
    if (low > 0 && items[low - 1].end() > block.clock) cut = items[low - 1].end() - block.clock;
    if (cut >= block.length) return;  // known
    const std::uint32_t end = block.clock + block.length;
    // What is parked there already goes where the new block covers it whole; where it reaches
    // further, the new one is not needed behind its start, but blocks are cut in front only: so
    // the longer of two with one start stays.
    std::uint32_t covered = 0;
    while (low + covered < group.count && items[low + covered].end() <= end) ++covered;
    if (low + covered < group.count && items[low + covered].clock <= block.clock + cut) return;

    const std::size_t at = bytes_.size();
    std::uint8_t* start = bytes_.data() + at;
    std::uint8_t* out = start;
    *out++ = 1;
    *out++ = 1;
    out = put_var_uint(out, log.id);
    out = put_var_uint(out, std::uint64_t{block.clock} + cut);
    out = write_block(out, block, update, cut);
    *out++ = 0;
    const auto size = static_cast<std::uint32_t>(out - start);
    bytes_.set_size(at + size);
    const ParkedBlock parked{block.clock + cut, block.length - cut, static_cast<std::uint32_t>(at),
                             size};

    for (std::uint32_t i = 0; i < covered; ++i) garbage_ += items[low + i].size;
    blocks_ = blocks_ + 1 - covered;
    if (covered > 0) {
        std::memmove(items + low + 1, items + low + covered,
                     (group.count - low - covered) * sizeof(ParkedBlock));
        group.count -= covered - 1;
    } else if (low < group.count / 2) {
        --group.begin;
        --items;
        std::memmove(items, items + 1, low * sizeof(ParkedBlock));
        ++group.count;
    } else {
        std::memmove(items + low + 1, items + low, (group.count - low) * sizeof(ParkedBlock));
        ++group.count;
    }
    items[low] = parked;
}

ROPEWALK_INLINE void Pending::drop_first(ClientLog& log) noexcept {
    Group& group = groups_[log.parked];
    garbage_ += group.items[group.begin].size;
    ++group.begin;
    --group.count;
    --blocks_;
    if (blocks_ == 0) {
        bytes_.clear();
        garbage_ = 0;
    } else if (garbage_ > 4096 && garbage_ > bytes_.size() / 2) {
        Vec<std::uint8_t> kept;
        if (!kept.reserve(bytes_.size() - garbage_)) return;  // later, then
        for (const Group& each : groups_) {
            for (std::uint32_t i = 0; i < each.count; ++i) {
                ParkedBlock& block = each.items[each.begin + i];
                std::memcpy(kept.data() + kept.size(), bytes_.data() + block.bytes, block.size);
                block.bytes = static_cast<std::uint32_t>(kept.size());
                kept.set_size(kept.size() + block.size);
            }
        }
        bytes_ = std::move(kept);
        garbage_ = 0;
    }
}

// -- waiting --------------------------------------------------------------------------------------

ROPEWALK_INLINE void Pending::wait(ClientTable& clients,
                                   std::uint32_t client,
                                   std::uint32_t missing,
                                   std::uint32_t clock) noexcept {
    Group& group = groups_[clients[client].parked];
    if (group.missing != kNone) {
        // It waits for something else: leave that list.
        std::uint32_t* link = &clients[group.missing].waiters;
        while (*link != client) link = &groups_[clients[*link].parked].next_waiter;
        *link = group.next_waiter;
    }
    group.client = client;
    group.missing = missing;
    group.missing_clock = clock;
    group.next_waiter = clients[missing].waiters;
    clients[missing].waiters = client;
}

ROPEWALK_INLINE std::uint32_t Pending::wake(ClientTable& clients, std::uint32_t arrived) noexcept {
    std::uint32_t* link = &clients[arrived].waiters;
    while (*link != kNone) {
        const std::uint32_t client = *link;
        Group& group = groups_[clients[client].parked];
        if (clients[arrived].next_clock > group.missing_clock || group.count == 0) {
            *link = group.next_waiter;
            group.missing = kNone;
            group.next_waiter = kNone;
            if (group.count > 0) return client;
            continue;
        }
        link = &group.next_waiter;
    }
    return kNone;
}

ROPEWALK_INLINE void Pending::tidy_deletions() noexcept {
    sort(deletions_.begin(), deletions_.end(), [](const Deletion& a, const Deletion& b) {
        return a.client != b.client ? a.client < b.client : a.clock < b.clock;
    });
    std::size_t kept = 0;
    for (std::size_t i = 1; i < deletions_.size(); ++i) {
        Deletion& last = deletions_[kept];
        const Deletion next = deletions_[i];
        const std::uint32_t end = last.clock + last.length;
        if (last.client == next.client && next.clock <= end) {
            const std::uint32_t next_end = next.clock + next.length;
            if (next_end > end) last.length = next_end - last.clock;
        } else {
            deletions_[++kept] = next;
        }
    }
    if (!deletions_.empty()) deletions_.truncate(kept + 1);
    tidy_ = deletions_.size();
}

// -- encoding -------------------------------------------------------------------------------------

ROPEWALK_INLINE bool Pending::write(const ClientLog& log,
                                    std::uint32_t from,
                                    bool started,
                                    Vec<std::uint8_t>& out,
                                    std::uint32_t& blocks) const noexcept {
    UpdateWriterV1 writer(out);
    const auto put = [&](const DecodedUpdate& update, const BlockView& block, std::uint32_t cut,
                         std::uint32_t clock, std::uint32_t gap) {
        if (!started) {
            writer.clock(clock);
            started = true;
        } else if (gap > 0) {
            writer.skip(gap);
            ++blocks;
        }
        put_block(writer, update, block, cut);
        ++blocks;
        return writer.ok();
    };
    return for_each_struct(log, started ? log.next_clock : from, put);
}

ROPEWALK_INLINE bool Pending::add_deletions(std::uint32_t client, Vec<Deletion>& ranges) noexcept {
    if (tidy_ != deletions_.size()) tidy_deletions();
    const Deletion* at = std::lower_bound(
        deletions_.begin(), deletions_.end(), client,
        [](const Deletion& deletion, std::uint32_t number) { return deletion.client < number; });
    // Parked deletions name units that are not here, so they lie behind all others or join them.
    for (; at != deletions_.end() && at->client == client; ++at) {
        if (!ranges.empty() && ranges.back().clock + ranges.back().length == at->clock) {
            ranges.back().length += at->length;
        } else if (!ranges.push_back(*at)) {
            return false;
        }
    }
    return true;
}

// -- one struct -----------------------------------------------------------------------------------

ROPEWALK_INLINE std::uint8_t* write_block(std::uint8_t* out,
                                          const BlockView& block,
                                          const DecodedUpdate& update,
                                          std::uint32_t cut) noexcept {
    const std::uint32_t length = block.length - cut;
    if (block.kind == ContentKind::gc || block.kind == ContentKind::skip) {
        *out++ = static_cast<std::uint8_t>(block.kind);
        return put_var_uint(out, length);
    }
    const auto put_id = [&](WireId id) {
        out = put_var_uint(out, raw(update.clients[id.slot]));
        out = put_var_uint(out, id.clock);
    };
    const auto bytes_of = [&](Slice slice) {
        return update.input.subspan(slice.offset, slice.size);
    };
    const auto put_bytes = [&](ByteView bytes) {
        if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
        out += bytes.size();
    };
    const auto put_sized = [&](ByteView bytes) {
        out = put_var_uint(out, bytes.size());
        put_bytes(bytes);
    };
    const WireId origin = cut > 0 ? WireId{block.slot, block.clock + cut - 1} : block.origin;
    const bool has_origin = origin.slot != kNoSlot;
    const bool has_right = block.right_origin.slot != kNoSlot;
    auto info = static_cast<unsigned>(block.kind);
    if (block.has_halves()) info = kParkedHalves;
    if (block.has_any_value()) {
        info = block.kind == ContentKind::embed ? kParkedEmbed : kParkedFormat;
    }
    if (has_origin) info |= 0x80U;
    if (has_right) info |= 0x40U;
    const bool parent = !has_origin && !has_right;
    if (parent && block.has_key) info |= 0x20U;
    *out++ = static_cast<std::uint8_t>(info);
    if (has_origin) put_id(origin);
    if (has_right) put_id(block.right_origin);
    if (parent) {
        if (block.parent == ParentRef::root) {
            *out++ = 1;
            put_sized(bytes_of(block.root));
        } else {
            *out++ = 0;
            put_id(block.parent_item);
        }
        if (block.has_key) put_sized(bytes_of(block.key));
    }
    const ByteView content = bytes_of(block.content);
    switch (block.kind) {
        case ContentKind::deleted:
            out = put_var_uint(out, length);
            break;
        case ContentKind::string: {
            const Utf16Cut start = utf8_at_utf16(content, cut);
            const ByteView rest = content.subspan(start.offset);
            out = put_var_uint(out, rest.size() + (start.inside ? 3 : 0));
            if (start.inside) {  // the second half of a character stands alone
                *out++ = 0xef;
                *out++ = 0xbf;
                *out++ = 0xbd;
            }
            put_bytes(rest);
            break;
        }
        case ContentKind::any: {
            const std::uint8_t* at = skip_valid_any(content, cut);
            out = put_var_uint(out, length);
            put_bytes(content.subspan(static_cast<std::size_t>(at - content.data())));
            break;
        }
        case ContentKind::json: {
            std::size_t at = 0;
            for (std::uint32_t i = 0; i < cut; ++i) at += valid_var_bytes_size(content.data() + at);
            out = put_var_uint(out, length);
            put_bytes(content.subspan(at));
            break;
        }
        case ContentKind::embed:
            if (block.has_any_value()) {
                put_bytes(content);
                break;
            }
            [[fallthrough]];
        case ContentKind::binary:
            put_sized(content);
            break;
        default:
            put_bytes(content);
    }
    return out;
}

}  // namespace crdt::detail
