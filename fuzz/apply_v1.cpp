// Promise: any bytes are applied whole or refused whole, and the document is sound either way.
// Once applied they change nothing more, and what documents pass on to one another makes them
// equal.
#include "support.hpp"

namespace {

// Whether all items stand between neighbours of one list, as every editor makes them. Others find
// their place by what arrived before them, in Yjs as here: then replicas may differ, and are sound.
bool honest(crdt::Doc& doc) {
    crdt::detail::Store& store = *doc.store();
    for (std::uint32_t i = 0; i < store.runs.size(); ++i) {
        const crdt::detail::Run& run = store.runs[i];
        if (run.kind == crdt::detail::RunKind::gc) continue;
        for (const crdt::detail::RunPos unit : {run.origin, run.right}) {
            if (unit.exists() && store.runs[unit.run].seq != run.seq) return false;
        }
        if (!run.origin.exists() || !run.right.exists()) continue;
        const crdt::detail::Place left = store.sequences.find(run.origin);
        if (!store.sequences.precedes(left, store.sequences.find(run.right))) return false;
    }
    return true;
}

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
    if (support::canonical(copy) != after && honest(doc)) {
        // As in Yjs a block waits for the origin of a head that is known already. Written without
        // that head it has another origin, so a copy may be ahead until it has answered.
        fuzz::require(doc.has_pending(), "what we write says all we know");
        fuzz::require(support::receive(doc, support::update_of(copy)).ok(), "an answer is read");
        fuzz::require_sound(doc);
        fuzz::require(support::receive(copy, support::update_of(doc)).ok(), "an answer is read");
        fuzz::require_sound(copy);
        fuzz::require(support::canonical(copy) == support::canonical(doc),
                      "two who have answered one another are equal");
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
