// Promise: any bytes, and any JSON text, are read as a relative position or refused at an offset
// within them; what was read is written in one form, and resolves in any document to a place that
// the sequence has. Positions made here resolve to where they were made.
#include "support.hpp"

namespace {

void check_place(const crdt::Doc& doc, const crdt::RelativePosition& position) {
    const std::string before = support::fingerprint(doc);
    const auto place = doc.resolve(position);
    fuzz::require(support::fingerprint(doc) == before, "resolving changes nothing");
    if (!place || !place->type.alive()) return;
    for (const auto association : {crdt::Association::before, crdt::Association::after}) {
        const crdt::RelativePosition there = place->type.position_at(place->index, association);
        fuzz::require(there.exists(), "a place has a position");
        const auto again = doc.resolve(there);
        fuzz::require(again && again->type == place->type, "a position stays in its sequence");
        // The value of a map key stands in no list, and its index is that of its key.
        if (again->index != place->index) {
            fuzz::require(place->index <= 1 && again->index == 0, "a position stays where it is");
        }
    }
}

void check(const crdt::RelativePosition& position) {
    fuzz::require(position.exists(), "what was read names something");
    const crdt::Bytes bytes = position.encode().value();
    const crdt::Bytes json = position.to_json().value();
    const auto from_bytes = crdt::RelativePosition::decode(bytes);
    const auto from_json = crdt::RelativePosition::from_json(crdt::as_text(json));
    fuzz::require(from_bytes.ok() && from_bytes->encode().value() == bytes,
                  "a position has one form as bytes");
    fuzz::require(from_json.ok() && *from_json == position, "JSON keeps all of a position");
    check_place(support::document(0xffff), position);
    check_place(fuzz::seeded(0xffff), position);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const crdt::ByteView input(data, size);
    for (const auto& read : {crdt::RelativePosition::decode(input).status(),
                             crdt::RelativePosition::from_json(crdt::as_text(input)).status()}) {
        fuzz::require(read.ok() || read.error().offset <= size, "an error lies within the input");
    }
    if (const auto read = crdt::RelativePosition::decode(input)) check(*read);
    if (const auto read = crdt::RelativePosition::from_json(crdt::as_text(input))) check(*read);
    return 0;
}
