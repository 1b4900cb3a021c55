#pragma once

#include <new>

#include "../../base/hash.hpp"
#include "../../codec/reader.hpp"
#include "../../storage/epoch_map.hpp"
#include "../../storage/old_history.hpp"

namespace crdt {

namespace detail {

inline constexpr std::string_view kMapMagic = "RWEM";
inline constexpr std::uint8_t kMapVersion = 1;
inline constexpr std::size_t kMapChecksum = 16;

// Reads the bytes of a map, and then gives every living unit its new clock.
class MapReader {
public:
    explicit MapReader(EpochMap& map) noexcept : map_(map) {}

    [[nodiscard]] Status run() noexcept {
        ROPEWALK_CHECK(check_sum());
        Reader in(map_.bytes_.view().first(map_.bytes_.size() - kMapChecksum));
        ROPEWALK_CHECK(header(in));
        ROPEWALK_CHECK(clients(in));
        ROPEWALK_CHECK(ranges(in));
        map_.order_ = in.var_bytes();
        if (!in.at_end()) in.fail(ErrorCode::invalid_message);
        if (!in.ok()) return in.error();
        return number();
    }

private:
    [[nodiscard]] Status check_sum() const noexcept {
        const ByteView bytes = map_.bytes_;
        if (bytes.size() < kMapMagic.size() + 1 + kMapChecksum) return ErrorCode::unexpected_end;
        if (as_text(bytes.first(kMapMagic.size())) != kMapMagic) return ErrorCode::not_ours;
        if (bytes[kMapMagic.size()] != kMapVersion) return ErrorCode::newer_format;
        const std::size_t size = bytes.size() - kMapChecksum;
        const Hash128 sum = hash128(bytes.first(size));
        const std::uint8_t* at = bytes.data() + size;
        if (get_big_endian(at, 8) != sum.high || get_big_endian(at + 8, 8) != sum.low) {
            return Error{ErrorCode::damaged, 0};
        }
        return {};
    }
    [[nodiscard]] Status header(Reader& in) noexcept {
        in.raw(kMapMagic.size() + 1);
        map_.from_ = in.var_uint();
        map_.to_ = in.var_uint();
        map_.client_ = ClientId{in.var_uint()};
        map_.shift_ = in.var_uint();
        const ByteView key = in.raw(8);
        if (!in.ok()) return in.error();
        map_.key_ = get_big_endian(key.data(), 8);
        if (map_.shift_ == 0 || map_.shift_ > kMostShifts) return ErrorCode::invalid_message;
        return {};
    }
    [[nodiscard]] Status clients(Reader& in) noexcept {
        const std::uint64_t count = in.count(2);  // an id, and a count of ranges
        if (count > clients_of(map_.order_limits_)) return ErrorCode::limit_exceeded;
        if (!map_.clients_.reserve_exactly(count) || !map_.infos_.reserve_exactly(count + 1)) {
            return ErrorCode::out_of_memory;
        }
        std::uint64_t least = 0;
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint64_t client = least + in.var_uint();
            if (client > kMaxClientId) in.fail(ErrorCode::invalid_message);
            map_.clients_.push_back_reserved(ClientId{client});
            map_.infos_.push_back_reserved({});
            least = client + 1;
        }
        map_.infos_.push_back_reserved({});
        return in.error();
    }
    [[nodiscard]] Status ranges(Reader& in) noexcept {
        for (std::size_t i = 0; i < map_.clients_.size(); ++i) {
            map_.infos_[i].first_living = static_cast<std::uint32_t>(map_.living_.size());
            std::uint64_t clock = 0;
            for (std::uint64_t left = in.count(2); left > 0 && in.ok(); --left) {
                const std::uint64_t gap = in.var_uint();
                const std::uint64_t length = in.var_uint();
                // Ranges that touch would be one.
                const bool joined = gap == 0 && clock > 0;
                if (joined || length == 0 || gap > kMaxClock || length > kMaxClock ||
                    clock + gap + length > kMaxClock) {
                    in.fail(ErrorCode::invalid_message);
                    break;
                }
                clock += gap;
                if (!map_.living_.push_back({static_cast<std::uint32_t>(clock),
                                             static_cast<std::uint32_t>(length), kNone})) {
                    return ErrorCode::out_of_memory;
                }
                clock += length;
            }
        }
        map_.infos_[map_.clients_.size()].first_living =
            static_cast<std::uint32_t>(map_.living_.size());
        return in.error();
    }
    // Goes through what lives in the order in which the new epoch has numbered it. A stretch may
    // stand in pieces in the document: it is cut where the new clocks are.
    [[nodiscard]] Status number() noexcept {
        map_.store_.reset(new (std::nothrow) Store(kNobody));
        if (map_.store_ == nullptr) return ErrorCode::out_of_memory;
        Store& store = *map_.store_;
        ROPEWALK_CHECK(map_.open(store));
        for (std::uint32_t i = 0; i < store.clients.size(); ++i) {
            map_.infos_[i].known = store.clients[i].next_clock;
            if (store.clients[i].next_clock == 0) return ErrorCode::invalid_message;
        }
        const EpochIds ids(map_);
        Vec<Placed> placed;
        std::uint64_t clock = 0;
        const auto living = [&](std::uint32_t number, std::uint32_t offset, std::uint32_t limit,
                                bool& lives) {
            const Run& run = store.runs[number];
            const std::uint32_t from = run.clock + offset;
            const auto found = ids.living(run.client, from, from + limit);
            lives = !found.empty() && found[0].clock <= from;
            if (found.empty()) return limit;
            const std::uint32_t edge = lives ? found[0].clock + found[0].length : found[0].clock;
            return std::min(limit, edge - from);
        };
        const auto visit = [&](std::uint32_t, std::uint32_t number, std::uint32_t offset,
                               std::uint32_t count) {
            const Run& run = store.runs[number];
            const auto new_clock = static_cast<std::uint32_t>(clock);
            clock += count;
            if (clock > kMaxClock) return false;
            return placed.push_back({run.client, run.clock + offset, count, new_clock});
        };
        ROPEWALK_CHECK(walk_living(store, living, visit));
        return take(placed);
    }
    struct Placed {
        std::uint32_t client;
        std::uint32_t clock;
        std::uint32_t length;
        std::uint32_t new_clock;
    };
    // What lives must all have been met; then what was met is what lives, by client and clock.
    [[nodiscard]] Status take(Vec<Placed>& placed) noexcept {
        std::uint64_t wanted = 0;
        std::uint64_t met = 0;
        for (const EpochMap::Living& living : map_.living_) wanted += living.length;
        for (const Placed& one : placed) met += one.length;
        if (wanted != met) return ErrorCode::invalid_message;
        sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
            return a.client != b.client ? a.client < b.client : a.clock < b.clock;
        });
        map_.living_.clear();
        std::size_t next = 0;
        for (std::uint32_t i = 0; i < map_.clients_.size(); ++i) {
            map_.infos_[i].first_living = static_cast<std::uint32_t>(map_.living_.size());
            for (; next < placed.size() && placed[next].client == i; ++next) {
                const Placed& one = placed[next];
                if (map_.living_.size() > map_.infos_[i].first_living) {
                    EpochMap::Living& last = map_.living_.back();
                    if (last.clock + last.length == one.clock &&
                        last.new_clock + last.length == one.new_clock) {
                        last.length += one.length;
                        continue;
                    }
                }
                if (!map_.living_.push_back({one.clock, one.length, one.new_clock})) {
                    return ErrorCode::out_of_memory;
                }
            }
        }
        map_.infos_[map_.clients_.size()].first_living =
            static_cast<std::uint32_t>(map_.living_.size());
        return {};
    }

    EpochMap& map_;
};

ROPEWALK_INLINE bool EpochIds::translate(const IdRange& range, IdSet& out) const noexcept {
    const std::uint32_t number = find(range.client);
    const std::uint32_t begin = known(number);
    const std::uint32_t from = raw(range.start);
    for (const Living& living : living(number, from, std::min(range.end(), begin))) {
        const std::uint32_t first = std::max(from, living.clock);
        const std::uint32_t last = std::min(range.end(), living.clock + living.length);
        const Clock clock{id_in(living, first).clock};
        if (!out.insert(map_.client_, clock, last - first)) return false;
    }
    if (range.end() <= begin) return true;
    const std::uint32_t first = std::max(from, begin);
    // A range that is open at its end stays so.
    const std::uint32_t end = range.end() == kEndOfClocks ? kEndOfClocks : range.end() - begin;
    return out.insert(map_.translate_client(range.client), Clock{first - begin},
                      end - (first - begin));
}

}  // namespace detail

ROPEWALK_INLINE EpochMap::EpochMap() noexcept = default;
ROPEWALK_INLINE EpochMap::EpochMap(EpochMap&& other) noexcept = default;
ROPEWALK_INLINE EpochMap& EpochMap::operator=(EpochMap&& other) noexcept = default;
ROPEWALK_INLINE EpochMap::~EpochMap() = default;

ROPEWALK_INLINE Result<EpochMap> EpochMap::decode(ByteView bytes, const Limits& limits) noexcept {
    Bytes own;
    if (!own.append(bytes)) return ErrorCode::out_of_memory;
    return read(std::move(own), limits, limits);
}

ROPEWALK_INLINE Result<EpochMap> EpochMap::read(Bytes bytes,
                                                const Limits& reading,
                                                const Limits& later) noexcept {
    EpochMap map;
    map.bytes_ = std::move(bytes);
    map.order_limits_ = reading;
    map.limits_ = later;
    ROPEWALK_CHECK(detail::MapReader(map).run());
    return map;
}

// Clients are numbered as in the map, whatever the order in which the update names them.
ROPEWALK_INLINE Status EpochMap::open(detail::Store& store) const noexcept {
    store.limits = order_limits_;
    for (const ClientId client : clients_) {
        if (store.clients.number_of(client) == detail::kNone) return ErrorCode::out_of_memory;
    }
    detail::DecodedUpdate order;
    if (const Error error = detail::decode_update_v2(order_, order_limits_, order);
        error.code != ErrorCode::ok) {
        return error;
    }
    for (ClientId& client : order.clients) {
        if (raw(client) >= clients_.size()) return ErrorCode::invalid_message;
        client = clients_[static_cast<std::size_t>(raw(client))];
    }
    for (const detail::BlockView& block : order.blocks) {
        const bool expected = block.kind == detail::ContentKind::gc ||
                              block.kind == detail::ContentKind::deleted ||
                              block.kind == detail::ContentKind::type;
        if (!expected) return ErrorCode::invalid_message;
    }
    if (!order.deletes.empty()) return ErrorCode::invalid_message;
    ROPEWALK_CHECK(detail::add_to_history(store, order));
    return store.pending.empty() ? Status{} : ErrorCode::invalid_message;
}

ROPEWALK_INLINE Result<StateVector> EpochMap::old_state_vector() const noexcept {
    StateVector vector;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        if (!vector.set(clients_[i], Clock{infos_[i].known})) return ErrorCode::out_of_memory;
    }
    return vector;
}

ROPEWALK_INLINE ClientId EpochMap::translate_client(ClientId client) const noexcept {
    return detail::shifted_client(client, shift_, key_);
}

ROPEWALK_INLINE std::optional<Id> EpochMap::translate_id(Id id) const noexcept {
    const detail::UpdateId found = detail::EpochIds(*this).translate(id.client, raw(id.clock));
    if (!found.exists) return std::nullopt;
    return Id{ClientId{found.client}, Clock{found.clock}};
}

// Where undo has brought units back, and those again, the last copies count.
ROPEWALK_INLINE Result<IdSet> EpochMap::translate_ids(
    const IdSet& ids, std::span<const RedoneSpan> redone) const noexcept {
    const detail::EpochIds translating(*this);
    IdSet all;
    if (!ids.clone_into(all)) return ErrorCode::out_of_memory;
    // Each round adds copies that were not there; there are no more of them than were told.
    for (std::size_t round = 0; round < redone.size(); ++round) {
        bool more = false;
        for (const RedoneSpan& span : redone) {
            for (std::uint32_t i = 0; i < span.length;) {
                bool inside = false;
                const Clock at = advance(span.old.clock, i);
                const std::uint32_t count =
                    all.same_from(span.old.client, at, span.length - i, inside);
                const Clock copy = advance(span.copy.clock, i);
                if (inside && !all.contains(span.copy.client, copy, count)) {
                    if (!all.insert(span.copy.client, copy, count)) return ErrorCode::out_of_memory;
                    more = true;
                }
                i += count;
            }
        }
        if (!more) break;
    }
    IdSet out;
    for (const IdRange& range : all) {
        if (!translating.translate(range, out)) return ErrorCode::out_of_memory;
    }
    return out;
}

}  // namespace crdt
