// Documents that exchange updates in format V2.
#include <doctest/doctest.h>
#include <crdt/codec/update_writer.hpp>

#include <string>

#include "../support/failing_memory.hpp"
#include "../support/hex.hpp"
#include "support/document.hpp"

using crdt::Any;
using crdt::Doc;
using crdt::detail::ContentKind;
using crdt::detail::UpdateWriterV2;
using support::broken;
using support::canonical;
using support::document;
using support::show;

namespace {

std::string v2_of(const Doc& doc) {
    return support::text_of(doc.encode_state_as_update_v2().value());
}

Doc edited() {
    Doc doc = document(1);
    CHECK(doc.text("t").insert(0, "hello \xf0\x9f\x98\x80 world").ok());
    CHECK(doc.text("t").erase(2, 3).ok());
    CHECK(doc.array("a")
              .push({Any(1), Any(-0.0), crdt::TextInit("in"), crdt::MapInit{{"k", 1}}})
              .ok());
    CHECK(doc.map("m").set("k", "v").ok());
    CHECK(doc.map("m").set("k", 2).ok());
    return doc;
}

// Structs of client 5, of which the first lacks client 9's unit 0.
crdt::Bytes waiting() {
    crdt::Bytes bytes;
    UpdateWriterV2 out(bytes);
    out.begin_section(5, 0);
    out.info(0x80 | static_cast<unsigned>(ContentKind::embed));
    out.left_id(9, 0);
    out.json_any(Any(-0.0).view().encoded());
    out.info(0x80 | static_cast<unsigned>(ContentKind::string));
    out.left_id(5, 0);
    out.strings().write(u"a\xd83d", 2);
    out.info(0x80 | static_cast<unsigned>(ContentKind::string));
    out.left_id(5, 0);
    out.strings().write(u"\xde00", 1);
    out.info(0x80 | static_cast<unsigned>(ContentKind::format));
    out.left_id(5, 2);
    out.name(crdt::as_bytes("key"));
    out.json_any(Any::undefined().view().encoded());
    REQUIRE(out.finish().ok());
    return bytes;
}

}  // namespace

TEST_CASE("a document in V2 is the same document") {
    const Doc doc = edited();
    Doc copy = document(2);
    REQUIRE(copy.apply_v2(crdt::as_bytes(v2_of(doc))).ok());
    CHECK(broken(copy) == "");
    CHECK(show(copy) == show(doc));
    CHECK(canonical(copy) == canonical(doc));
    CHECK(v2_of(copy) == v2_of(doc));
}

TEST_CASE("a state vector asks for what is lacking in V2, too") {
    Doc doc = edited();
    Doc copy = document(2);
    REQUIRE(copy.apply_v2(crdt::as_bytes(v2_of(doc))).ok());
    REQUIRE(doc.text("t").insert(0, "more").ok());
    const crdt::Bytes diff = doc.encode_state_as_update_v2(copy.state_vector().value()).value();
    CHECK(diff.size() < doc.encode_state_as_update_v2().value().size());
    REQUIRE(copy.apply_v2(diff).ok());
    CHECK(canonical(copy) == canonical(doc));
}

TEST_CASE("changes are told in V2 to those who listen to it, and in V1 to the others") {
    Doc doc = document(1);
    Doc copy = document(2);
    int v1 = 0;
    int v2 = 0;
    std::string origin;
    const auto first = doc.on_update([&](crdt::ByteView, const crdt::Origin&) noexcept { ++v1; });
    auto second = doc.on_update_v2([&](crdt::ByteView update, const crdt::Origin& from) noexcept {
        ++v2;
        origin = from.name();
        CHECK(copy.apply_v2(update).ok());
    });
    REQUIRE(doc.text("t").insert(0, "ab").ok());
    REQUIRE(doc.text("t").insert(2, "c").ok());
    REQUIRE(doc.text("t").erase(0, 1).ok());
    {
        const auto transaction = doc.transact(crdt::Origin("me"));
        REQUIRE(doc.map("m").set("k", 1).ok());
        REQUIRE(doc.map("m").set("k", 2).ok());
    }
    CHECK(origin == "me");
    CHECK(v1 == 4);
    CHECK(v2 == 4);
    CHECK(canonical(copy) == canonical(doc));
    second.cancel();
    REQUIRE(doc.text("t").insert(0, "x").ok());
    CHECK(v1 == 5);
    CHECK(v2 == 4);
}

TEST_CASE("what a listener of V2 changes is told afterwards") {
    Doc doc = document(1);
    Doc copy = document(2);
    int left = 2;
    const auto listening =
        doc.on_update_v2([&](crdt::ByteView update, const crdt::Origin&) noexcept {
            CHECK(copy.apply_v2(update).ok());
            if (left-- > 0) CHECK(doc.text("t").insert(0, "again ").ok());
        });
    REQUIRE(doc.text("t").insert(0, "once").ok());
    CHECK(doc.text("t").to_string() == "again again once");
    CHECK(canonical(copy) == canonical(doc));
}

TEST_CASE("what waits can be left out of what is given away") {
    Doc source = document(9);
    REQUIRE(source.text("t").insert(0, "ab").ok());
    const crdt::StateVector known = source.state_vector().value();
    REQUIRE(source.text("t").append("c").ok());
    REQUIRE(source.text("t").erase(0, 1).ok());
    const std::string tail = support::text_of(*source.encode_state_as_update(known));

    Doc doc = document(1);
    REQUIRE(doc.text("t").insert(0, "mine").ok());
    const std::string mine = support::update_of(doc);
    const std::string mine_v2 = v2_of(doc);
    REQUIRE(support::receive(doc, tail).ok());
    REQUIRE(doc.has_pending());
    const auto left_out = crdt::WhatWaits::left_out;
    CHECK(support::text_of(*doc.encode_state_as_update({}, left_out)) == mine);
    CHECK(support::text_of(*doc.encode_state_as_update_v2({}, left_out)) == mine_v2);
    CHECK(support::update_of(doc) != mine);
    CHECK(v2_of(doc) != mine_v2);

    REQUIRE(support::receive(doc, support::update_of(source)).ok());
    REQUIRE_FALSE(doc.has_pending());
    CHECK(support::text_of(*doc.encode_state_as_update({}, left_out)) == support::update_of(doc));
    CHECK(support::text_of(*doc.encode_state_as_update_v2({}, left_out)) == v2_of(doc));
}

TEST_CASE("what V1 cannot say survives V2, also while it waits") {
    Doc doc = document(1);
    REQUIRE(doc.apply_v2(waiting()).ok());
    CHECK(doc.has_pending());
    Doc relay = document(2);
    REQUIRE(relay.apply_v2(crdt::as_bytes(v2_of(doc))).ok());
    CHECK(relay.has_pending());
    CHECK(v2_of(relay) == v2_of(doc));
    Doc other = document(3);
    CHECK(support::receive(other, support::update_of(doc)).ok());  // V1 can be written and read

    Doc cause = document(9);
    REQUIRE(cause.text("t").insert(0, "x").ok());
    for (Doc* const one : {&doc, &relay}) {
        REQUIRE(one->apply_v2(crdt::as_bytes(v2_of(cause))).ok());
        CHECK_FALSE(one->has_pending());
        CHECK(broken(*one) == "");
    }
    CHECK(v2_of(relay) == v2_of(doc));
    crdt::detail::DecodedUpdate update;
    const std::string bytes = v2_of(doc);
    REQUIRE(crdt::detail::decode_update_v2(crdt::as_bytes(bytes), {}, update).code ==
            crdt::ErrorCode::ok);
    REQUIRE(update.blocks.size() == 5);
    CHECK(test::hex(update.bytes(update.blocks[1].content)) == "7d40");
    CHECK(test::hex(update.bytes(update.blocks[2].content)) == "61eda0bd");
    CHECK(test::hex(update.bytes(update.blocks[3].content)) == "edb880");
    CHECK(test::hex(update.bytes(update.blocks[4].content)) == "036b65797f");
}

TEST_CASE("a refused update in V2 changes nothing") {
    Doc doc = edited();
    const std::string before = support::fingerprint(doc);
    const std::string update = v2_of(document(3));
    CHECK_FALSE(doc.apply_v2(crdt::as_bytes(update.substr(0, 5))).ok());
    CHECK_FALSE(doc.apply(crdt::as_bytes("\x01")).ok());
    CHECK(support::fingerprint(doc) == before);
}

TEST_CASE("without memory an update in V2 is applied or told whole, or not at all") {
    const std::string update = v2_of(edited());
    CHECK(test::fail_each_allocation([&] {
              Doc doc = document(2);
              return doc.apply_v2(crdt::as_bytes(update)).ok();
          }) > 3);
    const Doc doc = edited();
    CHECK(test::fail_each_allocation([&] { return doc.encode_state_as_update_v2().ok(); }) > 3);
}
