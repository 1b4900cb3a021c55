// Promise: any bytes are applied whole or refused whole, and the document is sound either way.
// Once applied they change nothing more, and what a document passes on makes another equal to it.
#include "support.hpp"

namespace {

void one(crdt::Doc doc, crdt::ByteView update) {
    const std::string before = support::fingerprint(doc);
    const crdt::Status status = doc.apply(update);
    fuzz::require_sound(doc);
    if (!status.ok()) {
        fuzz::require(support::fingerprint(doc) == before, "a refused update changes nothing");
        fuzz::require(status.error().offset <= update.size(), "an error lies within the input");
        return;
    }
    const std::string after = support::canonical(doc);
    const std::string whole = support::update_of(doc);
    fuzz::require(doc.apply(update).ok(), "an accepted update is accepted again");
    fuzz::require_sound(doc);
    fuzz::require(support::canonical(doc) == after, "an update applied twice is applied once");
    static_cast<void>(support::show(doc));

    crdt::Doc copy = support::document(0x1ffff);
    fuzz::require(support::receive(copy, whole).ok(), "what we write can be read");
    fuzz::require_sound(copy);
    fuzz::require(support::canonical(copy) == after, "what we write says all we know");
    fuzz::require(copy.has_pending() == doc.has_pending(), "what waits is passed on");

    // It still works.
    fuzz::require(doc.text("works").insert(0, "yes").ok() &&
                      doc.text("works").to_string() == "yes",
                  "a document goes on after an update");
    fuzz::require_sound(doc);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    one(support::document(0xffff), {data, size});
    one(fuzz::seeded(0xffff), {data, size});
    return 0;
}
