// From the ids of one epoch to those of the next: what a renumbered document leaves behind for
// those who come back with something of the old one.
//
// It knows the order of everything the old epoch ever held, though nothing of its content, and so
// finds the place of a change exactly as the old document would have (docs/formats/epochs.md has
// the bytes and the rules, docs/decisions/012 why less is not enough).
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "../base/bytes.hpp"
#include "../base/id_set.hpp"
#include "../base/ids.hpp"
#include "../base/result.hpp"
#include "../codec/limits.hpp"
#include "../codec/state_vector.hpp"
#include "../codec/update_v2.hpp"
#include "../update/update_block.hpp"

namespace crdt {

namespace detail {
struct Store;
class EpochIds;
class MapReader;
}  // namespace detail

struct Renumbered;
struct RenumberOptions;

// Units that undo has brought back as others: the unit `old` as `copy`, and so on.
struct RedoneSpan {
    Id old;
    Id copy;
    std::uint32_t length = 0;
};

// Moves. One thread at a time.
class EpochMap {
public:
    // Reads and checks all of it. O(n log n)
    [[nodiscard]] static Result<EpochMap> decode(ByteView bytes,
                                                 const Limits& limits = {}) noexcept;
    EpochMap(EpochMap&& other) noexcept;
    EpochMap& operator=(EpochMap&& other) noexcept;
    ~EpochMap();

    // The bytes to be kept.
    [[nodiscard]] ByteView encoded() const noexcept { return bytes_; }
    [[nodiscard]] std::uint64_t from_epoch() const noexcept { return from_; }
    [[nodiscard]] std::uint64_t to_epoch() const noexcept { return to_; }
    // Under which everything stands that was there when the epoch began.
    [[nodiscard]] ClientId new_client() const noexcept { return client_; }
    // Who had written in the old epoch when it ended, ascending: ids never to be used again, as
    // what translate_client() makes of them.
    [[nodiscard]] std::span<const ClientId> old_clients() const noexcept {
        return {clients_.data(), clients_.size()};
    }
    // What the old epoch had when it ended: whatever an old copy has beyond it is pending.
    [[nodiscard]] Result<StateVector> old_state_vector() const noexcept;

    // -- what translates -------------------------------------------------------------------------

    // The update of the new epoch that does what one of the old epoch has done: it may hold known
    // changes, too, which are left out. To be given at once or in order: where it builds on changes
    // of the old epoch that are neither in it nor in the map, the error is `incomplete`. The same
    // changes become the same ids, however often and by whomever they are translated.
    [[nodiscard]] Result<Bytes> translate_update(
        ByteView update, UpdateFormat format = UpdateFormat::v1) const noexcept;
    // What became of a unit: nothing, if it had been deleted when the epoch ended.
    [[nodiscard]] std::optional<Id> translate_id(Id id) const noexcept;
    // Of a set of ids, such as an item of an undo stack, what still is. `redone`: what was deleted
    // and has been brought back as something else is that.
    [[nodiscard]] Result<IdSet> translate_ids(
        const IdSet& ids, std::span<const RedoneSpan> redone = {}) const noexcept;
    // The bytes of a relative position; where its unit is gone, of the place where it was. Error
    // deleted_type: the type it lay in is gone.
    [[nodiscard]] Result<Bytes> translate_position(ByteView position) const noexcept;
    // A presence state, or other JSON: every relative position in it, at whatever depth. One whose
    // type is gone becomes null.
    [[nodiscard]] Result<Bytes> translate_json(std::string_view json) const noexcept;
    // The client of the new epoch that has the pending changes of one of the old epoch. Keeps the
    // order of ids below 2^51.
    [[nodiscard]] ClientId translate_client(ClientId client) const noexcept;

private:
    friend class detail::EpochIds;
    friend class detail::MapReader;
    friend Result<Renumbered> renumber(ByteView history, const RenumberOptions& options) noexcept;

    // Units in a row that live on.
    struct Living {
        std::uint32_t clock;
        std::uint32_t length;
        std::uint32_t new_clock;
    };
    struct Client {
        std::uint32_t known = 0;         // clocks
        std::uint32_t first_living = 0;  // its part of living_ ends where that of the next begins
    };

    EpochMap() noexcept;
    // `reading` bounds what the map may ask for, `later` what it is to translate.
    [[nodiscard]] static Result<EpochMap> read(Bytes bytes,
                                               const Limits& reading,
                                               const Limits& later) noexcept;
    // The order of the old epoch, anew.
    [[nodiscard]] Status open(detail::Store& store) const noexcept;

    Bytes bytes_;
    Limits limits_;  // of what is translated
    Limits order_limits_;
    ByteView order_;  // in bytes_: an update in V2 without content
    std::uint64_t from_ = 0;
    std::uint64_t to_ = 0;
    ClientId client_{};
    std::uint64_t shift_ = 0;
    std::uint64_t key_ = 0;
    detail::Vec<ClientId> clients_;
    detail::Vec<Client> infos_;  // and one more
    detail::Vec<Living> living_;
    std::unique_ptr<detail::Store> store_;
};

}  // namespace crdt

namespace crdt::detail {

// -- for those who translate ---------------------------------------------------------------------

// Client ids up to here are shifted, all others are scattered over the upper half.
inline constexpr std::uint64_t kNarrowClients = std::uint64_t{1} << 51;
inline constexpr std::uint64_t kWideClients = std::uint64_t{1} << 52;
inline constexpr std::uint64_t kMostShifts = std::uint64_t{1} << 15;
inline constexpr unsigned kShiftBits = 32;

[[nodiscard]] constexpr std::uint64_t mix_bits(std::uint64_t value) noexcept {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}
// The rule of EpochMap::translate_client().
[[nodiscard]] constexpr ClientId shifted_client(ClientId client,
                                                std::uint64_t shift,
                                                std::uint64_t key) noexcept {
    if (raw(client) < kNarrowClients) return ClientId{raw(client) + (shift << kShiftBits)};
    return ClientId{kWideClients | (mix_bits(raw(client) ^ key) & (kWideClients - 1))};
}

class EpochIds {
public:
    using Living = EpochMap::Living;

    explicit EpochIds(const EpochMap& map) noexcept : map_(map) {}

    // Number of a client of the old epoch; kNoSlot for one that it does not know. Stores opened
    // from the map number them alike.
    [[nodiscard]] std::uint32_t find(ClientId client) const noexcept {
        const auto at = std::lower_bound(map_.clients_.begin(), map_.clients_.end(), client);
        if (at == map_.clients_.end() || *at != client) return kNoSlot;
        return static_cast<std::uint32_t>(at - map_.clients_.begin());
    }
    // Clocks that were known when the epoch ended.
    [[nodiscard]] std::uint32_t known(std::uint32_t number) const noexcept {
        return number < map_.clients_.size() ? map_.infos_[number].known : 0;
    }
    [[nodiscard]] std::uint32_t known(ClientId client) const noexcept {
        return known(find(client));
    }
    // What lives of [from, to), as stretches of which the first and the last may reach beyond.
    [[nodiscard]] std::span<const Living> living(std::uint32_t number,
                                                 std::uint32_t from,
                                                 std::uint32_t to) const noexcept {
        if (number >= map_.clients_.size() || from >= to) return {};
        const Living* const end = map_.living_.data() + map_.infos_[number + 1].first_living;
        const Living* first =
            std::lower_bound(map_.living_.data() + map_.infos_[number].first_living, end, from,
                             [](const Living& living, std::uint32_t clock) {
                                 return living.clock + living.length <= clock;
                             });
        const Living* last = std::lower_bound(
            first, end, to,
            [](const Living& living, std::uint32_t clock) { return living.clock < clock; });
        return {first, last};
    }
    // The new id of a unit of a stretch.
    [[nodiscard]] UpdateId id_in(const Living& living, std::uint32_t clock) const noexcept {
        return {raw(map_.client_), living.new_clock + (clock - living.clock), true};
    }
    // The new id of a unit; exists: it lived, or is pending.
    [[nodiscard]] UpdateId translate(ClientId client, std::uint32_t clock) const noexcept {
        const std::uint32_t number = find(client);
        const std::uint32_t begin = known(number);
        if (clock >= begin) return {raw(map_.translate_client(client)), clock - begin, true};
        const std::span<const Living> at = living(number, clock, clock + 1);
        return at.empty() ? UpdateId{} : id_in(at[0], clock);
    }
    // Who has what stands for units that are gone: all of a gap whose first one this is, or the
    // marker of the slot behind this one.
    static constexpr unsigned kGhost = 0;
    static constexpr unsigned kMarker = 1;
    [[nodiscard]] std::uint64_t ghost_client(ClientId client,
                                             std::uint32_t clock,
                                             unsigned kind) const noexcept {
        const std::uint64_t unit = std::uint64_t{clock} * 2 + kind;
        return kWideClients |
               (mix_bits(mix_bits(map_.key_ ^ raw(client)) + unit) & (kWideClients - 1));
    }
    // What of a range still is, and what of it is pending.
    [[nodiscard]] bool translate(const IdRange& range, IdSet& out) const noexcept;
    // The order of the old epoch: for looking, and for adding to it.
    [[nodiscard]] Store& order() const noexcept { return *map_.store_; }
    [[nodiscard]] Status open(Store& store) const noexcept { return map_.open(store); }

private:
    const EpochMap& map_;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/epoch_map.ipp"
// Whichever of these is read first, the bodies come last.
#include "old_position.hpp"
#include "translator.hpp"
#endif
