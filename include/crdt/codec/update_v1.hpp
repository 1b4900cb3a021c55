// Update format V1: structs by client, then a delete set.
//
//   varUint sections
//     each: varUint structs, varUint client, varUint clock of the first, the structs
//   varUint clients
//     each: varUint client, varUint ranges, each: varUint clock, varUint length
//
// The decoder understands all of it or refuses all of it. Bytes after the delete set are ignored,
// as Yjs does. Of two sections of one client the later one counts, as in Yjs.
#pragma once

#include <cstdint>

#include "../base/bytes.hpp"
#include "../base/id_set.hpp"
#include "../base/ids.hpp"
#include "../base/result.hpp"
#include "../base/vec.hpp"
#include "block.hpp"
#include "client_slots.hpp"
#include "limits.hpp"
#include "writer.hpp"

namespace crdt::detail {

// blocks[first .. first + count): clocks ascending without gaps (holes are blocks of kind skip).
struct ClientSection {
    std::uint32_t slot;
    std::uint32_t first;
    std::uint32_t count;  // never 0
};

// clock + length may be kEndOfClocks: "all that this client will ever insert".
struct DeleteRange {
    std::uint32_t slot;
    std::uint32_t clock;
    std::uint32_t length;
};

// A delete range as the wire has it; on success within 32 bits, see DeleteRange.
[[nodiscard]] inline ErrorCode check_delete_range(std::uint64_t clock,
                                                  std::uint64_t& length) noexcept {
    if (length == 0 || clock + length > kMaxVarUint) return ErrorCode::invalid_struct;
    if (ROPEWALK_LIKELY(clock + length <= kMaxClock)) return ErrorCode::ok;
    if (clock + length < kMaxVarUint || clock > kMaxClock) return ErrorCode::limit_exceeded;
    length = kEndOfClocks - clock;
    return ErrorCode::ok;
}

// An update as plain values. Slots number the clients in order of appearance. Blocks that belong
// to no section stem from a section that a later one replaced.
struct DecodedUpdate {
    ByteView input;  // what slices are slices of: the update, or `rebuilt`
    Vec<ClientId> clients;
    Vec<ClientSection> sections;
    Vec<BlockView> blocks;
    Vec<DeleteRange> deletes;  // in the order of the wire; may overlap
    // Of an update in V2 with contents that do not stand in one place: a copy of it, and behind it
    // those contents in one piece each.
    Vec<std::uint8_t> rebuilt;
    ClientSlots slots;                   // the decoder's
    Vec<std::uint32_t> section_of_slot;  // the decoder's

    // Keeps the storage for the next update.
    void clear() noexcept {
        input = {};
        clients.clear();
        sections.clear();
        blocks.clear();
        deletes.clear();
        rebuilt.clear();
        slots.clear();
        section_of_slot.clear();
    }
    // Gives back storage that only an unusually large update needs.
    void trim() noexcept {
        trim_one(clients);
        trim_one(sections);
        trim_one(blocks);
        trim_one(deletes);
        trim_one(rebuilt);
        trim_one(section_of_slot);
        if (slots.capacity() > kKeep) slots = {};
    }

    [[nodiscard]] ByteView bytes(Slice slice) const noexcept {
        return {input.data() + slice.offset, slice.size};
    }
    [[nodiscard]] std::string_view text(Slice slice) const noexcept {
        return as_text(bytes(slice));
    }

private:
    static constexpr std::size_t kKeep = std::size_t{1} << 16;  // bytes
    template <class T>
    static void trim_one(Vec<T>& vec) noexcept {
        if (vec.capacity() * sizeof(T) > kKeep) vec.reset();
    }
};

// Clears `out` first. On error `out` holds nothing to rely on.
[[nodiscard]] Error decode_update_v1(ByteView input,
                                     const Limits& limits,
                                     DecodedUpdate& out) noexcept;

// Content that V2 can say and V1 cannot waits for its causes in V1 with numbers of our own: an
// embed and a format whose value is an Any, and a string with lone surrogates.
inline constexpr unsigned kParkedEmbed = 11;
inline constexpr unsigned kParkedFormat = 12;
inline constexpr unsigned kParkedHalves = 13;
// False: it is none of these.
[[nodiscard]] inline bool set_parked_kind(unsigned ref, BlockView& block) noexcept {
    if (ref < kParkedEmbed || ref > kParkedHalves) return false;
    const bool halves = ref == kParkedHalves;
    const ContentKind rich = ref == kParkedEmbed ? ContentKind::embed : ContentKind::format;
    block.kind = halves ? ContentKind::string : rich;
    block.flags = halves ? BlockView::kHalves : BlockView::kAnyValue;
    return true;
}
// Reads what Pending keeps: V1 with these besides. Not for bytes from elsewhere.
[[nodiscard]] Error decode_parked(ByteView input,
                                  const Limits& limits,
                                  DecodedUpdate& out) noexcept;

// The delete set of V1 by itself. False when memory is exhausted (the writer says so, too).
[[nodiscard]] bool write_id_set_v1(const IdSet& set, Writer& out) noexcept;
// Reads from `p` on and moves it behind the set; on failure p stands at the bad byte and the
// error's offset counts from where p stood. `out` is cleared first.
[[nodiscard]] Error read_id_set_v1(const std::uint8_t*& p,
                                   const std::uint8_t* end,
                                   const Limits& limits,
                                   IdSet& out) noexcept;

}  // namespace crdt::detail

namespace crdt {

[[nodiscard]] Result<Bytes> encode_delete_set_v1(const IdSet& set) noexcept;
[[nodiscard]] Result<IdSet> decode_delete_set_v1(ByteView input,
                                                 const Limits& limits = {}) noexcept;

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/codec/decode_v1.ipp"
#include "../impl/codec/delete_set_v1.ipp"
#endif
