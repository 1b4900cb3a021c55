// Both formats of updates carry the same.
#include <crdt/codec/update_writer.hpp>

#include "property.hpp"
#include "support/network.hpp"

using support::broken;
using support::canonical;
using support::document;
using support::loaded;
using support::Network;
using support::show;
using support::update_of;

namespace {

template <class Writer>
crdt::Bytes rewritten(crdt::UpdateFormat format, crdt::ByteView update) {
    crdt::detail::DecodedUpdate decoded;
    RC_ASSERT(crdt::detail::decode_update(format, update, {}, decoded).code == crdt::ErrorCode::ok);
    crdt::Bytes bytes;
    Writer out(bytes);
    for (const auto& section : decoded.sections) {
        out.begin_section(raw(decoded.clients[section.slot]), decoded.blocks[section.first].clock);
        for (std::uint32_t i = 0; i < section.count; ++i) {
            crdt::detail::put_block(out, decoded, decoded.blocks[section.first + i]);
        }
    }
    crdt::IdSet deletes;
    for (const auto& range : decoded.deletes) {
        RC_ASSERT(
            deletes.insert(decoded.clients[range.slot], crdt::Clock{range.clock}, range.length));
    }
    out.deletes(deletes);
    RC_ASSERT(out.finish().ok());
    return bytes;
}

}  // namespace

TEST_CASE("a document goes through V2 as it goes through V1") {
    holds("documents in V2", [](const Steps& steps) {
        Network net({5, 3, 9});
        for (const std::uint32_t seed : steps) net.step(seed);
        for (std::size_t i = 0; i < net.size(); ++i) {
            const crdt::Bytes v2 = net[i].encode_state_as_update_v2().value();
            crdt::Doc again = document(77);
            RC_ASSERT(again.apply_v2(v2).ok());
            RC_ASSERT(broken(again) == "");
            const crdt::Doc other = loaded(update_of(net[i]), 77);
            RC_ASSERT(update_of(again) == update_of(other));
            RC_ASSERT(canonical(again) == canonical(other));
            RC_ASSERT(show(again) == show(other));
            RC_ASSERT(again.has_pending() == other.has_pending());
        }
    });
}

TEST_CASE("V1 to V2 and back gives the same bytes, struct by struct") {
    holds("conversion", [](const Steps& steps) {
        using crdt::UpdateFormat;
        Network net({5, 3, 9});
        for (const std::uint32_t seed : steps) net.step(seed);
        for (std::size_t i = 0; i < net.size(); ++i) {
            const crdt::Bytes v1 = net[i].encode_state_as_update().value();
            const crdt::Bytes v2 = net[i].encode_state_as_update_v2().value();
            const auto to_v2 = rewritten<crdt::detail::UpdateWriterV2>(UpdateFormat::v1, v1);
            const auto to_v1 = rewritten<crdt::detail::UpdateWriterV1>(UpdateFormat::v2, v2);
            RC_ASSERT(crdt::as_text(to_v2) == crdt::as_text(v2));
            RC_ASSERT(crdt::as_text(to_v1) == crdt::as_text(v1));
        }
    });
}
