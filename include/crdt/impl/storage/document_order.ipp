#pragma once

#include "../../base/sort.hpp"
#include "../../storage/document_order.hpp"
#include "../../store/encode.hpp"
#include "../../store/encode_v2.hpp"
#include "../../update/exact_form.hpp"

namespace crdt::detail {

ROPEWALK_INLINE Status DocumentOrder::open(ByteView update,
                                           UpdateFormat format,
                                           bool collect,
                                           const Limits& limits) noexcept {
    store_.collect = collect;
    store_.limits = limits;
    ROPEWALK_CHECK(store_.begin_change());
    const Status applied = store_.apply(update, format);
    const Status ended = store_.end_change();
    ROPEWALK_CHECK(applied);
    ROPEWALK_CHECK(ended);
    store_.settle();
    ROPEWALK_CHECK(take_clients());
    // The lists of roots first, each in one piece, then whatever else holds text.
    Vec<bool> taken;
    if (!taken.resize(store_.sequences.seqs.size())) return ErrorCode::out_of_memory;
    for (const std::uint32_t type : store_.types.roots()) {
        const std::uint32_t list = store_.types.types[type].list;
        const auto at = static_cast<std::uint32_t>(text_.size());
        taken[list] = true;
        ROPEWALK_CHECK(take_text(list));
        const auto bytes = static_cast<std::uint32_t>(text_.size() - at);
        if (!roots_.push_back({type, at, bytes})) return ErrorCode::out_of_memory;
    }
    for (std::uint32_t seq = 0; seq < store_.sequences.seqs.size(); ++seq) {
        if (!taken[seq]) ROPEWALK_CHECK(take_text(seq));
    }
    sort(spans_.begin(), spans_.end(), [](const Span& a, const Span& b) {
        return a.client != b.client ? a.client < b.client : a.clock < b.clock;
    });
    return {};
}

ROPEWALK_INLINE Status DocumentOrder::take_clients() noexcept {
    const Vec<std::uint32_t>* const order = store_.clients.descending();
    if (order == nullptr || !place_of_.resize(store_.clients.size())) {
        return ErrorCode::out_of_memory;
    }
    for (const std::uint32_t number : *order) {
        const ClientLog& log = store_.clients[number];
        if (log.next_clock == 0) continue;
        place_of_[number] = static_cast<std::uint32_t>(clients_.size());
        if (!clients_.push_back({log.id, number, log.next_clock})) return ErrorCode::out_of_memory;
    }
    return {};
}

ROPEWALK_INLINE Status DocumentOrder::take_text(std::uint32_t seq) noexcept {
    const Sequences& sequences = store_.sequences;
    for (Place place = sequences.begin(seq); place.leaf != kNone; place = sequences.next(place)) {
        const detail::Span& span = sequences.span(place);
        const Run& run = store_.runs[span.run];
        if (span.hidden() || !run.is_text()) continue;
        const std::uint32_t units = span.length();
        const bool narrow = run.kind == RunKind::ascii;
        const std::size_t bytes =
            narrow ? units : utf8_length(store_.content.utf16(run, span.offset), units);
        const std::size_t at = text_.size();
        if (bytes > 0xffffffffU - at) return ErrorCode::limit_exceeded;
        Vec<std::uint8_t>& text = text_.storage();
        if (!text.reserve_more(bytes) ||
            !spans_.push_back({place_of_[run.client], run.clock + span.offset, units,
                               static_cast<std::uint32_t>(bytes),
                               static_cast<std::uint32_t>(at)})) {
            return ErrorCode::out_of_memory;
        }
        if (narrow) {
            std::memcpy(text.data() + at, store_.content.ascii(run, span.offset), units);
        } else {
            utf16_to_utf8(store_.content.utf16(run, span.offset), units, text.data() + at);
        }
        text.set_size(at + bytes);
    }
    return {};
}

ROPEWALK_INLINE Status DocumentOrder::encode(Bytes& v1, Bytes& exact) noexcept {
    ROPEWALK_CHECK(Encoder(store_, v1, store_.collect).all());
    Bytes v2;
    ROPEWALK_CHECK(EncoderV2(store_, v2, store_.collect).all());
    const Error error = exact_of_v2(v2, {.structs = 0xffffffffU}, exact);
    return error.code == ErrorCode::ok ? Status{} : Status{error};
}

ROPEWALK_INLINE std::uint32_t DocumentOrder::find(std::uint64_t id) const noexcept {
    std::size_t low = 0;
    std::size_t high = clients_.size();
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (clients_[middle].id > id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const bool found = low < clients_.size() && clients_[low].id == id;
    return found ? static_cast<std::uint32_t>(low) : kNoSlot;
}

}  // namespace crdt::detail
