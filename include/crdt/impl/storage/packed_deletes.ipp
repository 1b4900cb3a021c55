#pragma once

#include <algorithm>

#include "../../codec/varint.hpp"
#include "../../storage/packed_deletes.hpp"

namespace crdt::detail {

// -- room -----------------------------------------------------------------------------------------

ROPEWALK_INLINE Result<std::size_t> PackedDeletes::most() const noexcept {
    const std::uint64_t bytes = pages_.section(SectionKind::deletes).size;
    std::uint64_t size = 2 * kSpare + bytes;
    std::uint64_t ranges = 0;
    std::uint64_t clients = 0;
    for (std::uint32_t i = 0; i < tables_.client_count(); ++i) {
        const std::uint64_t own = tables_.deleted_ranges(i);
        if (own == 0) continue;
        ++clients;
        ranges += own;
        size += kSpare + own * var_uint_size(tables_.units(i));
    }
    // A length is no longer than the number that it was, or those, and in front of each of these is
    // a number of units that live. A client's end may cut one into two.
    if (ranges > bytes + clients) return broken();
    size -= std::min(ranges, bytes);
    ClientId before{~std::uint64_t{0}};
    more_.for_each([&](ClientId client, Clock start, std::uint32_t length) {
        size += var_uint_size(raw(start)) + var_uint_size(length);
        if (client != before) size += kSpare;
        before = client;
    });
    return static_cast<std::size_t>(size);
}

// -- numbers --------------------------------------------------------------------------------------

// As put_var_uint(), without a branch. requires: value < 2^28, room for four bytes
ROPEWALK_ALWAYS_INLINE std::uint8_t* put_short_number(std::uint8_t* p,
                                                      std::uint32_t value) noexcept {
    static constexpr std::uint32_t kMore[] = {0, 0x80, 0x8080, 0x808080};
    const unsigned more = (value >= 1U << 7) + (value >= 1U << 14) + (value >= 1U << 21);
    put_u32(p, (value & 0x7fU) | (value & 0x3f80U) << 1 | (value & 0x1fc000U) << 2 |
                   (value & 0xfe00000U) << 3 | kMore[more]);
    return p + more + 1;
}

ROPEWALK_ALWAYS_INLINE bool PackedDeletes::put(std::uint32_t from, std::uint32_t length) noexcept {
    if (!room()) return false;
    if (ROPEWALK_LIKELY((from | length) < 1U << 28)) {
        to_ = put_short_number(put_short_number(to_, from), length);
    } else {
        put_number(from);
        put_number(length);
    }
    return true;
}

// -- ranges ---------------------------------------------------------------------------------------

ROPEWALK_INLINE bool PackedDeletes::put_held() noexcept {
    if (held_to_ == 0) return true;
    ++written_;
    const std::uint32_t length = held_to_ - held_from_;
    held_to_ = 0;
    return put(held_from_, length);
}

// The next range of either, in the order of their beginnings.
ROPEWALK_INLINE bool PackedDeletes::unite(std::uint32_t from, std::uint32_t to) noexcept {
    if (held_to_ > 0 && from <= held_to_) {
        held_to_ = std::max(held_to_, to);
        return true;
    }
    if (!put_held()) return false;
    held_from_ = from;
    held_to_ = to;
    return true;
}

ROPEWALK_ALWAYS_INLINE bool PackedDeletes::put_range() noexcept {
    if (length_ == 0) return true;
    if (left_ == 0) return false;
    --left_;
    const std::uint32_t length = length_;
    length_ = 0;
    if (ROPEWALK_LIKELY(hole_ == nullptr)) return put(from_, length);
    for (; is_more() && raw(at_->start) <= from_; ++at_) {
        if (!unite(raw(at_->start), at_->end())) return false;
    }
    return unite(from_, from_ + length);
}

// Pairs of numbers, units that live and units that do not, four at a time: each number is one byte
// and not 0, and each range begins with a clock of so many bytes below `limit`. The clock is
// counted as it is written, with a bit of 1 between any two groups of 7 bits, which carries over.
template <unsigned kBytes>
ROPEWALK_ALWAYS_INLINE const std::uint8_t* PackedDeletes::pass_fours(const std::uint8_t* p,
                                                                     const std::uint8_t* end,
                                                                     std::uint32_t limit) noexcept {
    static_assert(kBytes >= 2 && kBytes <= 4);
    constexpr std::uint64_t kHigh = 0x8080808080808080U;
    constexpr std::uint64_t kOnes = 0x0101010101010101U;
    constexpr std::uint32_t kMore = 0x808080U >> (8 * (4 - kBytes));
    constexpr std::uint32_t kAhead = 5 * 256;
    limit = std::min(limit, 1U << (7 * kBytes));
    if (limit < kAhead || from_ >= limit - kAhead || from_ < 1U << (7 * (kBytes - 1)) ||
        length_ >= 0x80) {
        return p;
    }
    const auto spread = [](std::uint32_t value) noexcept {
        return (value & 0x7fU) | (value & 0x3f80U) << 1 | (value & 0x1fc000U) << 2 |
               (value & 0xfe00000U) << 3 | kMore;
    };
    const std::uint32_t last = spread(limit - kAhead);
    std::uint32_t clock = spread(from_);
    std::uint32_t length = length_;
    std::uint8_t* to = to_;
    const std::uint8_t* const first = p;
    // Each four of them take 20 bytes, and 3 behind them are written over.
    const auto fours =
        std::min<std::uint64_t>({static_cast<std::uint64_t>(end - p) / 8, left_ / 4,
                                 static_cast<std::uint64_t>(full_ - to) < kSpare
                                     ? 0
                                     : (static_cast<std::uint64_t>(full_ - to) - kSpare) / 20});
    for (const std::uint8_t* const stop = p + 8 * fours; p != stop && clock < last; p += 8) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, p, sizeof eight);
        // None is above 127, and none is 0.
        if ((eight & kHigh) != 0 || (((eight | kHigh) - kOnes) & kHigh) != kHigh) break;
        for (unsigned i = 0; i < 8; i += 2) {
            put_u32(to, clock);
            to[kBytes] = static_cast<std::uint8_t>(length);
            to += kBytes + 1;
            const std::uint32_t more = length + p[i];
            clock = (clock + more + (more & 0x80U)) | kMore;
            length = p[i + 1];
        }
    }
    const auto passed = static_cast<std::uint32_t>((p - first) / 2);
    left_ -= passed;
    written_ += passed;
    const std::uint32_t bits = clock & ~kMore;
    from_ = (bits & 0x7fU) | (bits & 0x7f00U) >> 1 | (bits & 0x7f0000U) >> 2 |
            (bits & 0x7f000000U) >> 3;
    length_ = length;
    clock_ = from_ + length;
    to_ = to;
    return p;
}

// Most numbers are one byte. Passes over pairs of them as long as nothing else is met: the end of
// the client, or of the room, or a range of the others.
ROPEWALK_INLINE const std::uint8_t* PackedDeletes::pass_pairs(const std::uint8_t* p,
                                                              const std::uint8_t* end) noexcept {
    if (length_ == 0 || from_ + length_ != clock_) return p;
    std::uint32_t limit = std::min(end_, 1U << 28);
    if (hole_ != nullptr) {
        if (held_to_ >= from_) return p;
        if (is_more()) limit = std::min(limit, raw(at_->start));
        if (from_ >= limit || !put_held()) return p;
    }
    const std::uint8_t* before = nullptr;
    while (p != before) {
        before = p;
        p = pass_fours<4>(p, end, limit);
        p = pass_fours<3>(p, end, limit);
        p = pass_fours<2>(p, end, limit);
        // One that is longer, or begins where clocks get longer.
        if (end - p >= 2 && ((p[0] | p[1]) & 0x80U) == 0 && p[0] != 0 && p[1] != 0 && left_ > 0 &&
            from_ < limit && limit - from_ > length_ + 256U && room()) {
            to_ = put_short_number(put_short_number(to_, from_), length_);
            --left_;
            ++written_;
            from_ += length_ + p[0];
            length_ = p[1];
            clock_ = from_ + length_;
            p += 2;
        }
    }
    return p;
}

// -- clients --------------------------------------------------------------------------------------

// How many have deletions.
ROPEWALK_INLINE std::uint64_t PackedDeletes::clients() const noexcept {
    std::uint64_t count = 0;
    std::uint32_t i = 0;
    for (IdSet::Iterator at = at_; at != more_.end();) {
        const ClientId client = at->client;
        for (; i < tables_.client_count() && tables_.client(i) > raw(client); ++i) {
            if (tables_.deleted_ranges(i) > 0) ++count;
        }
        if (i < tables_.client_count() && tables_.client(i) == raw(client)) ++i;
        ++count;
        while (at != more_.end() && at->client == client) ++at;
    }
    for (; i < tables_.client_count(); ++i) {
        if (tables_.deleted_ranges(i) > 0) ++count;
    }
    return count;
}

// Those of the next client of `more_`, whom the history does not know.
ROPEWALK_INLINE bool PackedDeletes::put_others() noexcept {
    const ClientId client = at_->client;
    std::uint64_t ranges = 0;
    more_.for_each_of(client, [&](Clock, std::uint32_t) { ++ranges; });
    if (!room()) return false;
    put_number(raw(client));
    put_number(ranges);
    for (; at_ != more_.end() && at_->client == client; ++at_) {
        if (!put(raw(at_->start), at_->length)) return false;
    }
    return true;
}

ROPEWALK_INLINE bool PackedDeletes::begin_client() noexcept {
    id_ = tables_.client(client_);
    clock_ = 0;
    end_ = tables_.units(client_);
    left_ = tables_.deleted_ranges(client_);
    hole_ = nullptr;
    while (at_ != more_.end() && raw(at_->client) > id_) {
        if (!put_others()) return false;
    }
    if (!room()) return false;
    const bool both = is_more();
    if (left_ == 0 && !both) return true;
    put_number(id_);
    if (!both) {
        put_number(left_);
        return true;
    }
    std::uint64_t most = left_;
    more_.for_each_of(at_->client, [&](Clock, std::uint32_t) { ++most; });
    hole_ = to_;
    hole_size_ = var_uint_size(most);
    to_ += hole_size_;
    written_ = 0;
    return true;
}

// All that was promised for it has been written.
ROPEWALK_INLINE bool PackedDeletes::end_client() noexcept {
    if (!put_range() || left_ != 0) return false;
    if (hole_ == nullptr) return true;
    for (; is_more(); ++at_) {
        if (!unite(raw(at_->start), at_->end())) return false;
    }
    if (!put_held()) return false;
    const std::size_t size = var_uint_size(written_);
    if (size < hole_size_) {
        std::uint8_t* const from = hole_ + hole_size_;
        std::memmove(hole_ + size, from, static_cast<std::size_t>(to_ - from));
        to_ -= hole_size_ - size;
    }
    put_var_uint(hole_, written_);
    return true;
}

// -- all ------------------------------------------------------------------------------------------

// So many units that are deleted, or live, the next client's included.
ROPEWALK_ALWAYS_INLINE bool PackedDeletes::pass(std::uint64_t units, bool dead) noexcept {
    while (units > 0) {
        while (ROPEWALK_UNLIKELY(clock_ == end_)) {
            if (client_ + 1 >= tables_.client_count() || !end_client()) return false;
            ++client_;
            if (!begin_client()) return false;
        }
        const auto here = static_cast<std::uint32_t>(std::min<std::uint64_t>(units, end_ - clock_));
        if (dead) {
            if (from_ + length_ != clock_ || length_ == 0) {
                if (!put_range()) return false;
                from_ = clock_;
            }
            length_ += here;
        }
        clock_ += here;
        units -= here;
    }
    return true;
}

ROPEWALK_INLINE Result<std::size_t> PackedDeletes::write(std::span<std::uint8_t> into) noexcept {
    to_ = into.data();
    full_ = into.data() + into.size();
    if (!room()) return broken();
    put_number(clients());
    if (tables_.client_count() > 0) {
        PageWindow window(pages_, SectionKind::deletes);
        if (!begin_client()) return broken();
        for (std::uint32_t chunk = 0; chunk < tables_.chunk_count(); ++chunk) {
            const bool last = chunk + 1 == tables_.chunk_count();
            const std::uint32_t from = tables_.chunk(chunk, 3);
            const std::uint64_t to = last ? window.size() : tables_.chunk(chunk + 1, 3);
            if (from > to) return broken();
            ROPEWALK_TRY(const ByteView bytes, window.at(from, to - from));
            const std::uint8_t* p = bytes.data();
            const std::uint8_t* const end = p + bytes.size();
            for (bool dead = false; p != end; dead = !dead) {
                if (!dead && (p = pass_pairs(p, end)) == end) break;
                std::uint64_t units = 0;
                if (!read_var_uint(p, end, units) || !pass(units, dead)) return broken();
            }
        }
        const bool over = client_ + 1 == tables_.client_count() && clock_ == end_;
        if (!over || !end_client()) return broken();
    }
    while (at_ != more_.end()) {
        if (!put_others()) return broken();
    }
    return static_cast<std::size_t>(to_ - into.data());
}

}  // namespace crdt::detail
