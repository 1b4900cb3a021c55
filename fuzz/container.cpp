// Promise: any bytes are refused or read as a container within their bounds; what is unpacked as an
// update and what a document opens with are the same.
//
// With an odd first byte the checksums are repaired, or nothing behind them would be reached.
#include <vector>

#include "../tests/support/containers.hpp"
#include "support.hpp"

namespace {

void read_all(const crdt::Container& container,
              const crdt::ByteSource& source,
              const crdt::PageCompression& compression) {
    static_cast<void>(container.verify());
    static_cast<void>(container.note("n"));
    crdt::Bytes text;
    static_cast<void>(container.text_of("t", text));
    const auto vector = container.state_vector();
    crdt::StateVector some;
    if (vector.ok()) {
        for (const auto& [client, clock] : *vector) {
            if (!some.set(client, crdt::Clock{raw(clock) / 2})) return;
        }
    }
    crdt::Bytes answer;
    static_cast<void>(container.diff(some, answer));
    // With itself behind it, in the room that it asks for.
    const auto join = crdt::JoinAnswer::of(container, some, answer);
    if (join.ok()) {
        std::vector<std::uint8_t> room(join->most());
        const auto size = join->write(room);
        fuzz::require(!size.ok() || *size <= room.size(), "an answer is no longer than it says");
    }

    crdt::Bytes whole;
    if (!container.unpack(whole).ok()) {
        fuzz::require(whole.empty(), "what cannot be unpacked leaves nothing");
        return;
    }
    crdt::Doc doc = support::document(0xffff);
    const bool v1 = container.unpack_format() == crdt::UpdateFormat::v1;
    if (!(v1 ? doc.apply(whole) : doc.apply_v2(whole)).ok()) return;
    fuzz::require_sound(doc);
    auto held = crdt::ContainerSource::open(source, &compression);
    fuzz::require(held.ok(), "what was opened can be opened");
    const crdt::Doc lazy(
        crdt::DocOptions{.client = crdt::ClientId{0xffff}, .new_client_id = nullptr},
        std::move(*held));
    static_cast<void>(lazy.map("m").size());
    fuzz::require(lazy.store()->source == nullptr, "what can be applied opens");
    fuzz::require_sound(lazy);
    fuzz::require(support::canonical(lazy) == support::canonical(doc), "it opens as the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::string bytes(crdt::as_text({data + 1, size - 1}));
    if (data[0] % 2 == 1) support::reseal(bytes);
    const crdt::ViewSource near(crdt::as_bytes(bytes));
    const crdt::ZstdPages zstd;
    const auto container = crdt::Container::open(near, &zstd);
    if (container.ok()) read_all(*container, near, zstd);
    const support::FarSource far(bytes);
    const auto copied = crdt::Container::open(far, &zstd);
    fuzz::require(copied.ok() == container.ok(), "sources are alike");
    if (copied.ok()) static_cast<void>(copied->verify());
    return 0;
}
