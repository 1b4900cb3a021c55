#pragma once

#include "../../codec/reader.hpp"
#include "../../codec/update_v2.hpp"

namespace crdt {

namespace detail {

ROPEWALK_INLINE bool write_id_set_v2(const IdSet& set, Writer& out) noexcept {
    std::uint64_t clients = 0;
    ClientId last{};
    for (const IdRange& range : set) {
        if (clients == 0 || range.client != last) ++clients;
        last = range.client;
    }
    out.var_uint(clients);
    const auto end = set.end();
    for (auto at = set.begin(); at != end;) {
        const ClientId client = at->client;
        std::uint64_t ranges = 0;
        for (auto next = at; next != end && next->client == client; ++next) ++ranges;
        out.var_uint(raw(client));
        out.var_uint(ranges);
        std::uint32_t behind = 0;
        for (; at != end && at->client == client; ++at) {
            out.var_uint(raw(at->start) - behind);
            behind = at->end();
            const bool open = behind == kEndOfClocks;
            out.var_uint((open ? kMaxVarUint - raw(at->start) : at->length) - 1);
        }
    }
    return out.ok();
}

// The next range of a client whose ranges so far end at `behind`.
[[nodiscard]] inline ErrorCode delete_range_v2(std::uint64_t distance,
                                               std::uint64_t length_less_one,
                                               std::uint64_t& behind,
                                               std::uint64_t& clock,
                                               std::uint64_t& length) noexcept {
    clock = behind + distance;
    length = length_less_one + 1;
    if (clock > kMaxVarUint) return ErrorCode::invalid_struct;
    behind = clock + length;
    return check_delete_range(clock, length);
}

ROPEWALK_INLINE Error read_id_set_v2(const std::uint8_t*& p,
                                     const std::uint8_t* end,
                                     const Limits& limits,
                                     IdSet& out) noexcept {
    out.clear();
    Reader in({p, end});
    const std::uint64_t clients = in.count(2);
    if (clients > clients_of(limits)) in.fail_at(ErrorCode::limit_exceeded, 0);
    for (std::uint64_t i = 0; in.ok() && i < clients; ++i) {
        const auto client = static_cast<ClientId>(in.var_uint());
        const std::uint64_t ranges = in.count(2);
        std::uint64_t behind = 0;
        for (std::uint64_t k = 0; in.ok() && k < ranges; ++k) {
            const std::size_t at = in.offset();
            const std::uint64_t distance = in.var_uint();
            const std::uint64_t less_one = in.var_uint();
            if (!in.ok()) break;
            std::uint64_t clock = 0;
            std::uint64_t length = 0;
            const ErrorCode code = delete_range_v2(distance, less_one, behind, clock, length);
            if (code != ErrorCode::ok) {
                in.fail_at(code, at);
            } else if (!out.insert(client, static_cast<Clock>(clock),
                                   static_cast<std::uint32_t>(length))) {
                in.fail(ErrorCode::out_of_memory);
            }
        }
    }
    p += in.offset();
    if (!in.ok()) out.clear();
    return in.error();
}

}  // namespace detail

ROPEWALK_INLINE Result<Bytes> encode_delete_set_v2(const IdSet& set) noexcept {
    Bytes bytes;
    detail::Writer out(bytes);
    if (!detail::write_id_set_v2(set, out)) return ErrorCode::out_of_memory;
    return bytes;
}

ROPEWALK_INLINE Result<IdSet> decode_delete_set_v2(ByteView input, const Limits& limits) noexcept {
    IdSet set;
    const std::uint8_t* p = input.data();
    const Error error = detail::read_id_set_v2(p, p + input.size(), limits, set);
    if (error.code != ErrorCode::ok) return error;
    return set;
}

}  // namespace crdt
