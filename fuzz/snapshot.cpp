// Promise: any bytes are read as a snapshot of either format or refused at an offset within them;
// what was read is written in one form; a document shows and restores it, or says that it cannot.
#include <crdt/doc/snapshot.hpp>

#include "support.hpp"

namespace {

using Read = crdt::Result<crdt::Snapshot> (*)(crdt::ByteView, const crdt::Limits&) noexcept;
using Write = crdt::Result<crdt::Bytes> (crdt::Snapshot::*)() const noexcept;

void check(crdt::ByteView input, Read read, Write write) {
    const crdt::Result<crdt::Snapshot> snapshot = read(input, {});
    if (!snapshot) {
        fuzz::require(snapshot.error().offset <= input.size(), "an error lies within the input");
        return;
    }
    const crdt::Bytes written = ((*snapshot).*write)().value();
    const crdt::Result<crdt::Snapshot> again = read(written, {});
    fuzz::require(again.ok() && *again == *snapshot, "a snapshot reads as it was written");
    fuzz::require(((*again).*write)().value() == written, "a snapshot has one form");

    crdt::Doc doc = support::document(1, false);
    fuzz::require(doc.text("t").append("hello").ok(), "text is typed");
    fuzz::require(doc.text("t").erase(1, 2).ok(), "text is deleted");
    fuzz::require(doc.map("m").set("k", 1).ok(), "keys are set");
    crdt::Bytes shown;
    fuzz::require(snapshot->append_to(doc.text("t"), shown).ok(), "a snapshot shows a text");
    static_cast<void>(snapshot->get(doc.map("m"), "k"));
    const crdt::Result<crdt::Doc> restored = snapshot->restore(doc, {});
    if (!restored) return;
    fuzz::require_sound(*restored);
    fuzz::require(restored->text("t").to_string() == crdt::as_text(shown),
                  "what is restored is what is shown");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check({data, size}, &crdt::Snapshot::decode, &crdt::Snapshot::encode);
    check({data, size}, &crdt::Snapshot::decode_v2, &crdt::Snapshot::encode_v2);
    return 0;
}
