// The museum: what peers got wrong about updates as values, one named case each.
#include <doctest/doctest.h>

#include <string>

#include "support/document.hpp"
#include "unit/support/hex.hpp"

using crdt::Bytes;
using crdt::ByteView;
using crdt::ClientId;
using crdt::UpdateFormat;
using support::canonical;
using support::text_of;

namespace {

std::string hex(const Bytes& bytes) { return test::hex(bytes.view()); }

}  // namespace

TEST_CASE("museum: a merge keeps structs that still wait (ygo #125 #152, y-crdt #268)") {
    const auto first = test::hex("0101 0100 04 01 0174 0161 00");
    const auto third = test::hex("0101 0102 84 0101 0163 00");
    const auto second = test::hex("0101 0101 84 0100 0162 00");
    const Bytes holey = crdt::merge({ByteView(third), ByteView(first)}).value();
    CHECK(crdt::inspect(holey)->skipped_units == 1);
    const crdt::Doc doc = support::loaded(text_of(crdt::merge({holey, ByteView(second)}).value()));
    CHECK(support::show(doc) ==
          support::show(support::loaded(
              text_of(crdt::merge({ByteView(first), ByteView(second), ByteView(third)}).value()))));
    CHECK(doc.state_vector()->get(ClientId{1}) == crdt::Clock{3});
    // Alone, or merged with itself, it says that something is missing in front of it.
    CHECK(hex(crdt::merge({ByteView(third), ByteView(third)}).value()) == test::hex(third));
    CHECK(raw(crdt::state_vector_of(ByteView(third))->get(ClientId{1})) == 0);
}

TEST_CASE("museum: a diff keeps structs that still wait (ygo #125 #152, y-crdt #268)") {
    const auto holey = test::hex("0103 0100 04 01 0174 0161 0a03 84 0103 0165 00");
    crdt::StateVector known;
    REQUIRE(known.set(ClientId{1}, crdt::Clock{2}));
    const Bytes rest = crdt::diff(ByteView(holey), known).value();
    CHECK(crdt::inspect(rest)->units == 1);
    CHECK(raw(crdt::inspect(rest)->clients[0].from) == 4);
}

TEST_CASE("museum: a Skip in front (yjs #406, y-crdt #632)") {
    const auto leading = test::hex("0102 0100 0a02 84 0101 0163 00");
    CHECK(raw(crdt::state_vector_of(ByteView(leading))->get(ClientId{1})) == 0);
    CHECK(crdt::inspect(crdt::diff(ByteView(leading), {}).value())->skips == 0);
    const auto before = test::hex("0101 0100 04 01 0174 026162 00");
    for (const bool collect : {false, true}) {
        const Bytes both =
            crdt::merge({ByteView(leading), ByteView(before)}, {.collect = collect}).value();
        CHECK(crdt::inspect(both)->skips == 0);
        crdt::Doc doc = support::loaded(text_of(both));
        CHECK(!doc.has_pending());
        CHECK(doc.text("t").to_string() == "abc");
    }
    const Bytes v2 = crdt::convert(ByteView(leading), UpdateFormat::v1, UpdateFormat::v2).value();
    CHECK(raw(crdt::state_vector_of(v2, UpdateFormat::v2)->get(ClientId{1})) == 0);
}

TEST_CASE("museum: missing right origins stay missing when merged, V1 and V2 (ygo #111 #151)") {
    crdt::Doc doc = support::document(1);
    doc.text("t").append("ac");
    const std::string base = support::update_of(doc);
    crdt::Doc other = support::loaded(base, 2);
    other.text("t").insert(1, "b");
    doc.text("t").append("d");
    for (const UpdateFormat format : {UpdateFormat::v1, UpdateFormat::v2}) {
        const auto of = [&](const crdt::Doc& from) {
            return format == UpdateFormat::v1 ? from.encode_state_as_update().value()
                                              : from.encode_state_as_update_v2().value();
        };
        const Bytes both = crdt::merge({of(doc), of(other)}, {.format = format}).value();
        crdt::Doc copy = support::document(3);
        CHECK((format == UpdateFormat::v1 ? copy.apply(both) : copy.apply_v2(both)).ok());
        CHECK(copy.text("t").to_string() == "abcd");
    }
}

TEST_CASE("museum: the empty update, and none at all, are no reason to fail or to hang") {
    const auto empty = test::hex("0000");
    CHECK(hex(crdt::merge({ByteView(empty), ByteView(empty)}).value()) == "0000");
    CHECK(hex(crdt::diff(ByteView(empty), {}).value()) == "0000");
    CHECK(!crdt::merge({ByteView()}).ok());
    CHECK(!crdt::inspect({}).ok());
    CHECK(!crdt::inspect({}, UpdateFormat::v2).ok());
}

TEST_CASE("museum: a run-length bomb in V2 ends at once in every function (yjs #687)") {
    // A section that claims 2^31 structs, from columns of a few bytes.
    const auto bomb = test::hex(
        "00 00 05 41 ff ff ff 07 00 00 02 04 ff 02 00 00 02 01 ff 00 05 41 ff ff ff 07"
        " 01 ff ff ff ff 07 00");
    const ByteView bytes(bomb);
    CHECK(!crdt::inspect(bytes, UpdateFormat::v2).ok());
    CHECK(!crdt::merge({bytes, bytes}, {.format = UpdateFormat::v2}).ok());
    CHECK(!crdt::diff(bytes, {}, UpdateFormat::v2).ok());
    CHECK(!crdt::convert(bytes, UpdateFormat::v2, UpdateFormat::v1).ok());
    CHECK(!crdt::obfuscate(bytes, UpdateFormat::v2).ok());
}
