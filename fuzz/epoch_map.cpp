// Promise: any bytes are a map or are refused; whatever a map is, updates, positions and JSON go
// through it or are refused, and what comes out of an update can be applied.
#include <crdt/base/hash.hpp>
#include <crdt/storage.hpp>
#include <string>

#include "support.hpp"

namespace {

constexpr std::size_t kChecksum = 16;

// As if whoever made the bytes had meant them.
std::string with_checksum(std::string bytes) {
    if (bytes.size() < kChecksum) return bytes;
    const std::size_t size = bytes.size() - kChecksum;
    const crdt::Hash128 sum = crdt::hash128(crdt::as_bytes(bytes).first(size));
    for (unsigned i = 0; i < 8; ++i) {
        bytes[size + i] = static_cast<char>(sum.high >> (56 - 8 * i));
        bytes[size + 8 + i] = static_cast<char>(sum.low >> (56 - 8 * i));
    }
    return bytes;
}

void translate(const crdt::EpochMap& map, crdt::ByteView update) {
    const crdt::Result<crdt::Bytes> made = map.translate_update(update);
    if (made.ok()) {
        crdt::Doc doc = support::document(0xffff);
        fuzz::require(doc.apply(*made).ok(), "what comes out can be applied");
        fuzz::require_sound(doc);
    }
    static_cast<void>(map.translate_position(update));
    static_cast<void>(map.translate_json(crdt::as_text(update)));
    crdt::Result<crdt::IdSet> ids = crdt::decode_delete_set_v1(update);
    if (ids.ok()) static_cast<void>(map.translate_ids(*ids));
}

}  // namespace

// A map, or what goes through one: the first byte tells.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::string seed = support::update_of(fuzz::seeded(1));
    static const crdt::Renumbered known = crdt::renumber(crdt::as_bytes(seed)).value();
    if (size == 0) return 0;
    const crdt::ByteView rest(data + 1, size - 1);
    if (*data != 0) {
        translate(known.map, rest);
        return 0;
    }
    const std::string bytes = with_checksum(std::string(crdt::as_text(rest)));
    crdt::Limits limits;
    limits.structs = 100'000;
    const crdt::Result<crdt::EpochMap> map = crdt::EpochMap::decode(crdt::as_bytes(bytes), limits);
    if (!map.ok()) return 0;
    fuzz::require(crdt::as_text(map->encoded()) == bytes, "a map is its bytes");
    translate(*map, crdt::as_bytes(seed));
    translate(*map, {});
    return 0;
}
