// Places that stay where they are, and documents as they were.
#include "border.hpp"

namespace ropewalk {

// The unit that a place in front of visible unit `index` names, or behind it with `before`; nothing
// where it names the start or end of the type.
RW_EXPORT(rw_position)
std::uint32_t rw_position(Document* document,
                          std::uint32_t type,
                          std::uint32_t index,
                          std::uint32_t before) {
    const auto position = document->handle<crdt::Text>(type).position_at(
        index, before != 0 ? crdt::Association::before : crdt::Association::after);
    Out out;
    if (const auto unit = position.item()) {
        out.number(crdt::raw(unit->client));
        out.number(crdt::raw(unit->clock));
    }
    return out.done();
}

// Where the relative position in `in` is now: a type and an index; nothing where it is nowhere.
RW_EXPORT(rw_place)
std::uint32_t rw_place(Document* document, std::uint32_t size, std::uint32_t follow_undone) {
    const auto position = crdt::RelativePosition::decode(in(size));
    if (!position.ok()) return answer(position.error());
    const auto place = document->doc.resolve(*position, follow_undone != 0);
    Out out;
    if (place) {
        out.type(document->store(), crdt::detail::Access::type(place->type));
        out.number(place->index);
    }
    return out.done();
}

// The update of a document as it was at the snapshot in `in`.
RW_EXPORT(rw_encode_past) std::uint32_t rw_encode_past(Document* document, std::uint32_t size) {
    const auto past = crdt::Snapshot::decode(in(size));
    if (!past.ok()) return answer(past.error());
    crdt::detail::Store& store = document->store();
    if (const auto opened = store.open_history(); !opened.ok()) return answer(opened);
    store.settle();
    for (const auto& [client, clock] : past->state_vector()) {
        const std::uint32_t known = store.clients.find(client);
        if (known == crdt::detail::kNone || store.clients[known].next_clock < crdt::raw(clock)) {
            return answer(crdt::Status(crdt::ErrorCode::invalid_argument));
        }
    }
    crdt::Bytes& out = out_bytes();
    const crdt::Status encoded =
        crdt::detail::Encoder(store, out, false).prefix(past->state_vector(), past->deletions());
    return encoded.ok() ? out_done() : answer(encoded);
}

}  // namespace ropewalk
