#pragma once

#include "../../codec/reader.hpp"
#include "../../codec/state_vector.hpp"

namespace crdt {

ROPEWALK_INLINE Clock StateVector::get(ClientId client) const noexcept {
    const Place place = place_of(client);
    if (place == entries_.end_place()) return Clock{};
    const Entry& entry = entries_.at(place);
    return entry.client == client ? entry.clock : Clock{};
}

ROPEWALK_INLINE bool StateVector::has(ClientId client) const noexcept {
    const Place place = place_of(client);
    return place != entries_.end_place() && entries_.at(place).client == client;
}

ROPEWALK_INLINE bool StateVector::set(ClientId client, Clock clock) noexcept {
    const Place place = place_of(client);
    if (place != entries_.end_place() && entries_.at(place).client == client) {
        entries_.at(place).clock = clock;
        return true;
    }
    return entries_.insert(place, {client, clock});
}

ROPEWALK_INLINE Result<StateVector> StateVector::decode(ByteView input,
                                                        const Limits& limits) noexcept {
    detail::Reader in(input);
    StateVector vector;
    const std::uint64_t count = in.count(2);
    if (count > detail::clients_of(limits)) return Error{ErrorCode::limit_exceeded, 0};
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t client = in.var_uint();
        const std::size_t at = in.offset();
        const std::uint64_t clock = in.var_uint();
        if (clock > kMaxClock) in.fail_at(ErrorCode::limit_exceeded, at);
        if (!in.ok()) break;
        if (!vector.set(static_cast<ClientId>(client), static_cast<Clock>(clock))) {
            return ErrorCode::out_of_memory;
        }
    }
    if (!in.ok()) return in.error();
    return vector;
}

ROPEWALK_INLINE void StateVector::write(detail::Writer& out) const noexcept {
    out.var_uint(size());
    for (const Entry& entry : *this) {
        out.var_uint(raw(entry.client));
        out.var_uint(raw(entry.clock));
    }
}

ROPEWALK_INLINE Result<Bytes> StateVector::encode() const noexcept {
    Bytes bytes;
    detail::Writer out(bytes);
    write(out);
    if (!out.ok()) return ErrorCode::out_of_memory;
    return bytes;
}

ROPEWALK_INLINE bool StateVector::equals(const StateVector& other) const noexcept {
    if (size() != other.size()) return false;
    auto b = other.begin();
    for (const Entry& entry : *this) {
        if (!(entry == *b)) return false;
        ++b;
    }
    return true;
}

}  // namespace crdt
