// Update format V2: the numbers and texts of V1, sorted into columns (columns_v2.hpp).
//
//   varUint 0 (feature flag, ignored), then as varBytes each:
//     key numbers   IntDiffOptRle   client        UintOptRle     left clock    IntDiffOptRle
//     right clock   IntDiffOptRle   info          Rle            strings       String
//     parent info   Rle             type refs     UintOptRle     lengths       UintOptRle
//   and to the end: varUint sections, each: varUint structs, varUint clock of the first; lengths of
//   skips, values, binaries; the delete set.
//
// The decoder gives the same plain values as that of V1, so nothing behind it knows which format
// there was. What does not lie side by side in the columns is put together in
// DecodedUpdate::rebuilt.
#pragma once

#include "update_v1.hpp"

namespace crdt {

enum class UpdateFormat : std::uint8_t { v1, v2 };

namespace detail {

// Clears `out` first. On error `out` holds nothing to rely on.
[[nodiscard]] Error decode_update_v2(ByteView input,
                                     const Limits& limits,
                                     DecodedUpdate& out) noexcept;
[[nodiscard]] Error decode_update(UpdateFormat format,
                                  ByteView input,
                                  const Limits& limits,
                                  DecodedUpdate& out) noexcept;

// As write_id_set_v1 and read_id_set_v1. In V2 clocks count from the end of the range before, so
// ranges that are read ascend.
[[nodiscard]] bool write_id_set_v2(const IdSet& set, Writer& out) noexcept;
[[nodiscard]] Error read_id_set_v2(const std::uint8_t*& p,
                                   const std::uint8_t* end,
                                   const Limits& limits,
                                   IdSet& out) noexcept;

}  // namespace detail

[[nodiscard]] Result<Bytes> encode_delete_set_v2(const IdSet& set) noexcept;
[[nodiscard]] Result<IdSet> decode_delete_set_v2(ByteView input,
                                                 const Limits& limits = {}) noexcept;

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/codec/delete_set_v2.ipp"
#include "../impl/codec/update_v2.ipp"
#endif
