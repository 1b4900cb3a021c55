// Promise: as that of apply_v1, for format V2. And both formats carry the same: what was accepted
// goes through V1 and through V2 into equal documents, unless V1 cannot say it.
#include <crdt/codec/update_v2.hpp>

#include "support.hpp"

namespace {

crdt::Bytes v2_of(const crdt::Doc& doc) { return doc.encode_state_as_update_v2().value(); }

// Whether V1 can say all that this update does.
bool fits_v1(crdt::ByteView update) {
    crdt::detail::DecodedUpdate decoded;
    const crdt::Error error = crdt::detail::decode_update_v2(update, {}, decoded);
    fuzz::require(error.code == crdt::ErrorCode::ok, "what we write can be read");
    for (const crdt::detail::BlockView& block : decoded.blocks) {
        if (block.has_any_value() || block.has_halves()) return false;
    }
    return true;
}

void one(crdt::Doc doc, crdt::ByteView update) {
    const std::string before = support::fingerprint(doc);
    const crdt::Status status = doc.apply_v2(update);
    fuzz::require_sound(doc);
    if (!status.ok()) {
        fuzz::require(support::fingerprint(doc) == before, "a refused update changes nothing");
        fuzz::require(status.error().offset <= update.size(), "an error lies within the input");
        return;
    }
    const std::string after = support::canonical(doc);
    const crdt::Bytes whole = v2_of(doc);
    fuzz::require(doc.apply_v2(update).ok(), "an accepted update is accepted again");
    fuzz::require_sound(doc);
    fuzz::require(support::canonical(doc) == after, "an update applied twice is applied once");
    static_cast<void>(support::show(doc));

    crdt::Doc from_v2 = support::document(0x1ffff);
    fuzz::require(from_v2.apply_v2(whole).ok(), "what we write can be read");
    fuzz::require_sound(from_v2);
    crdt::Doc from_v1 = support::document(0x1ffff);
    fuzz::require(support::receive(from_v1, support::update_of(doc)).ok(),
                  "what we write in V1 can be read");
    fuzz::require_sound(from_v1);
    if (fits_v1(whole)) {
        fuzz::require(support::canonical(from_v1) == support::canonical(from_v2),
                      "both formats carry the same");
    }

    // It still works.
    fuzz::require(doc.text("works").insert(0, "yes").ok() && doc.text("works").to_string() == "yes",
                  "a document goes on after an update");
    fuzz::require_sound(doc);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    one(support::document(0xffff), {data, size});
    one(fuzz::seeded(0xffff), {data, size});
    return 0;
}
