#pragma once

#include "../../base/hash.hpp"
#include "../../storage/old_history.hpp"
#include "../../storage/renumber.hpp"
#include "../../storage/struct_writer.hpp"
#include "../../update/convert.hpp"

namespace crdt {

namespace detail {

// The ids of a new epoch: random, and none of them used before.
class NewIds {
public:
    explicit NewIds(const RenumberOptions& options) noexcept : state_(options.seed) {}

    // `old`: who has written so far, ascending.
    [[nodiscard]] Status draw(const Vec<ClientId>& old, std::span<const ClientId> taken) noexcept {
        Vec<ClientId> used;
        if (!used.reserve(old.size() + taken.size())) return ErrorCode::out_of_memory;
        for (const ClientId one : old) used.push_back_reserved(one);
        for (const ClientId one : taken) used.push_back_reserved(one);
        sort(used.begin(), used.end(), std::less<>());
        Vec<ClientId> made;
        if (!made.reserve(old.size())) return ErrorCode::out_of_memory;
        constexpr int kTries = 1000;  // one does, unless somebody has used up the ids
        for (int i = 0; i < kTries; ++i) {
            client = ClientId{next() >> 32};
            shift = next() % kMostShifts + 1;
            key = next();
            made.clear();
            for (const ClientId one : old) made.push_back_reserved(shifted_client(one, shift, key));
            sort(made.begin(), made.end(), std::less<>());
            const auto is_used = [&](ClientId one) {
                return std::binary_search(used.begin(), used.end(), one);
            };
            if (!is_used(client) && std::none_of(made.begin(), made.end(), is_used) &&
                std::adjacent_find(made.begin(), made.end()) == made.end()) {
                return {};
            }
        }
        return ErrorCode::invalid_argument;
    }

    ClientId client{};
    std::uint64_t shift = 0;
    std::uint64_t key = 0;

private:
    std::uint64_t next() noexcept { return mix_bits(state_ += 0x9e3779b97f4a7c15U); }
    std::uint64_t state_;
};

class Renumbering {
public:
    explicit Renumbering(const RenumberOptions& options) noexcept
        : options_(options), ids_(options), store_(kNobody) {}

    [[nodiscard]] Status open(ByteView history) noexcept {
        if (options_.to_epoch <= options_.from_epoch || options_.to_epoch > kMaxVarUint) {
            return ErrorCode::invalid_argument;
        }
        store_.limits = options_.limits;
        ROPEWALK_CHECK(add_to_history(store_, history, options_.format));
        if (!store_.pending.empty()) return ErrorCode::incomplete;
        const Vec<std::uint32_t>* descending = store_.clients.descending();
        if (descending == nullptr || !clients_.reserve(descending->size()) ||
            !order_.reserve(descending->size()) || !places_.resize(descending->size())) {
            return ErrorCode::out_of_memory;
        }
        for (std::size_t i = descending->size(); i-- > 0;) {
            const std::uint32_t number = (*descending)[i];
            if (store_.clients[number].next_clock == 0) continue;  // only named
            places_[number] = static_cast<std::uint32_t>(order_.size());
            order_.push_back_reserved(number);
            clients_.push_back_reserved(ClientId{store_.clients[number].id});
        }
        return ids_.draw(clients_, options_.taken);
    }
    // The new history, in V2.
    [[nodiscard]] Status write_history(Bytes& out) noexcept;
    // The bytes of the map.
    [[nodiscard]] Status write_map(Bytes& out) noexcept;

private:
    // How many units from `offset` on, at most `limit`, live or not.
    [[nodiscard]] std::uint32_t stretch(std::uint32_t number,
                                        std::uint32_t offset,
                                        std::uint32_t limit,
                                        bool& lives) const noexcept {
        const auto [count, deleted] = store_.content.stretch(store_.runs[number], offset, limit);
        lives = !deleted;
        return count;
    }
    void write_ranges(Writer& out, std::uint32_t number) noexcept;
    void write_order(std::uint32_t number, UpdateWriterV2& out) noexcept;
    void write_head(RunPos unit, ContentKind kind, UpdateWriterV2& out) noexcept;
    [[nodiscard]] UpdateId old_id(RunPos unit) const noexcept {
        if (!unit.exists()) return {};
        const Run& run = store_.runs[unit.run];
        return {places_[run.client], run.clock + unit.offset, true};
    }

    const RenumberOptions& options_;
    NewIds ids_;
    Store store_;
    Vec<std::uint32_t> order_;   // numbers of clients that have written, by id
    Vec<std::uint32_t> places_;  // and the place of each number in it
    Vec<ClientId> clients_;      // their ids
};

ROPEWALK_INLINE Status Renumbering::write_history(Bytes& out) noexcept {
    StructWriter writer(store_, out);
    bool begun = false;
    Vec<std::uint32_t> clocks;  // of the items that hold types
    if (!clocks.resize(store_.types.types.size())) return ErrorCode::out_of_memory;
    std::uint32_t seq = kNone;
    bool fits = true;
    const auto visit = [&](std::uint32_t in, std::uint32_t number, std::uint32_t offset,
                           std::uint32_t count) {
        fits = fits && std::uint64_t{writer.clock()} + count <= kMaxClock;
        if (!fits) return false;
        if (!begun) writer.begin_section(raw(ids_.client));
        begun = true;
        const Run& run = store_.runs[number];
        UpdateId origin;
        NewParent parent;
        if (in == seq) {
            origin = writer.last();
        } else {
            const Seq& inside = store_.sequences.seqs[in];
            const TypeRecord& type = store_.types.types[inside.type];
            if (type.run == kNone) {
                parent.root = as_bytes(store_.types.names[type.name]);
            } else {
                parent.item = {raw(ids_.client), clocks[inside.type], true};
            }
            parent.has_key = inside.key != kNone;
            if (parent.has_key) parent.key = as_bytes(store_.types.names[inside.key]);
        }
        seq = in;
        if (run.kind == RunKind::type) clocks[run.data] = writer.clock();
        writer.add({number, offset}, count, false, origin, {}, parent);
        return true;
    };
    const Status walked = walk_living(
        store_,
        [this](std::uint32_t number, std::uint32_t offset, std::uint32_t limit, bool& lives) {
            return stretch(number, offset, limit, lives);
        },
        visit);
    if (!fits) return ErrorCode::limit_exceeded;
    ROPEWALK_CHECK(walked);
    return writer.finish({});
}

// -- the map --------------------------------------------------------------------------------------

ROPEWALK_INLINE Status Renumbering::write_map(Bytes& out) noexcept {
    Bytes order;
    UpdateWriterV2 structs(order);
    for (std::size_t i = order_.size(); i-- > 0;) {
        structs.begin_section(i, 0);
        write_order(order_[i], structs);
    }
    structs.deletes({});
    ROPEWALK_CHECK(structs.finish());

    Writer map(out);
    map.raw(as_bytes(kMapMagic));
    map.byte(kMapVersion);
    map.var_uint(options_.from_epoch);
    map.var_uint(options_.to_epoch);
    map.var_uint(raw(ids_.client));
    map.var_uint(ids_.shift);
    map.bigint64(static_cast<std::int64_t>(ids_.key));
    map.var_uint(clients_.size());
    std::uint64_t least = 0;
    for (const ClientId client : clients_) {
        map.var_uint(raw(client) - least);
        least = raw(client) + 1;
    }
    for (const std::uint32_t number : order_) write_ranges(map, number);
    map.var_bytes(order);
    if (!map.ok()) return ErrorCode::out_of_memory;
    const Hash128 sum = hash128(out);
    map.bigint64(static_cast<std::int64_t>(sum.high));
    map.bigint64(static_cast<std::int64_t>(sum.low));
    return map.ok() ? Status{} : ErrorCode::out_of_memory;
}

// Of one client, what lives.
ROPEWALK_INLINE void Renumbering::write_ranges(Writer& out, std::uint32_t number) noexcept {
    const ClientLog& log = store_.clients[number];
    const auto each = [&](auto&& found) {
        std::uint32_t from = 0;  // of the living units that are being counted
        std::uint32_t to = 0;
        for (std::uint32_t i = 0; i < log.count; ++i) {
            const Run& run = store_.runs[log.list()[i]];
            if (is_nowhere(store_, run)) continue;
            for (std::uint32_t offset = 0; offset < run.length;) {
                bool lives = false;
                const std::uint32_t count =
                    stretch(log.list()[i], offset, run.length - offset, lives);
                const std::uint32_t clock = run.clock + offset;
                offset += count;
                if (!lives) continue;
                if (clock != to) {
                    if (to > from) found(from, to);
                    from = clock;
                }
                to = clock + count;
            }
        }
        if (to > from) found(from, to);
    };
    std::uint64_t ranges = 0;
    each([&](std::uint32_t, std::uint32_t) { ++ranges; });
    out.var_uint(ranges);
    std::uint32_t behind = 0;
    each([&](std::uint32_t from, std::uint32_t to) {
        out.var_uint(from - behind);
        out.var_uint(to - from);
        behind = to;
    });
}

// Of one client, where everything stood: types that live, and all else without content.
ROPEWALK_INLINE void Renumbering::write_order(std::uint32_t number, UpdateWriterV2& out) noexcept {
    const ClientLog& log = store_.clients[number];
    ContentKind open = ContentKind::skip;
    std::uint32_t length = 0;
    RunPos last;
    RunPos right;
    const auto close = [&] {
        if (open == ContentKind::gc) out.gc(length);
        if (open == ContentKind::deleted) out.length(length);
        open = ContentKind::skip;
        length = 0;
    };
    for (std::uint32_t i = 0; i < log.count; ++i) {
        const std::uint32_t at = log.list()[i];
        const Run& run = store_.runs[at];
        bool lives = false;
        ContentKind kind = ContentKind::deleted;
        if (is_nowhere(store_, run)) {
            kind = ContentKind::gc;
        } else if (run.kind == RunKind::type) {
            static_cast<void>(stretch(at, 0, 1, lives));
            if (lives) kind = ContentKind::type;
        }
        const bool joins =
            kind == open && (kind == ContentKind::gc || (kind == ContentKind::deleted &&
                                                         run.origin == last && run.right == right));
        if (!joins) {
            close();
            if (kind != ContentKind::gc) write_head({at, 0}, kind, out);
            if (kind == ContentKind::type) out.type_ref(0);  // of whichever kind: it can hold
            open = kind;
        }
        length += run.length;
        last = {at, run.length - 1};
        right = run.right;
    }
    close();
}

ROPEWALK_INLINE void Renumbering::write_head(RunPos unit,
                                             ContentKind kind,
                                             UpdateWriterV2& out) noexcept {
    const Run& run = store_.runs[unit.run];
    const UpdateId origin = old_id(run.origin);
    const UpdateId right = old_id(run.right);
    const Seq& seq = store_.sequences.seqs[run.seq];
    const bool orphan = !origin.exists && !right.exists;
    auto info = static_cast<unsigned>(kind);
    if (origin.exists) info |= kHasOrigin;
    if (right.exists) info |= kHasRight;
    if (orphan && seq.key != kNone) info |= kHasKey;
    out.info(info);
    if (origin.exists) out.left_id(origin.client, origin.clock);
    if (right.exists) out.right_id(right.client, right.clock);
    if (!orphan) return;
    const TypeRecord& type = store_.types.types[seq.type];
    if (type.run == kNone) {
        out.parent_root(as_bytes(store_.types.names[type.name]));
    } else {
        const UpdateId item = old_id({type.run, 0});
        out.parent_item(item.client, item.clock);
    }
    if (seq.key != kNone) out.key(as_bytes(store_.types.names[seq.key]));
}

}  // namespace detail

ROPEWALK_INLINE Result<Renumbered> renumber(ByteView history,
                                            const RenumberOptions& options) noexcept {
    Bytes made;
    Bytes map;
    {
        detail::Renumbering renumbering(options);
        ROPEWALK_CHECK(renumbering.open(history));
        ROPEWALK_CHECK(renumbering.write_history(made));
        ROPEWALK_CHECK(renumbering.write_map(map));
    }
    // What it has written itself needs no bounds.
    Limits limits = options.limits;
    limits.structs = 0xffffffffU;
    limits.update_bytes = 0;
    if (options.format == UpdateFormat::v1) {
        ROPEWALK_TRY(made, convert(made, UpdateFormat::v2, UpdateFormat::v1, limits));
    }
    ROPEWALK_TRY(EpochMap decoded, EpochMap::read(std::move(map), limits, options.limits));
    return Renumbered{std::move(made), std::move(decoded)};
}

}  // namespace crdt
