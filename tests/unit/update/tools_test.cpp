// inspect, describe_update, convert, obfuscate.
#include <doctest/doctest.h>

#include <string>

#include "support/document.hpp"
#include "unit/support/hex.hpp"

using crdt::ByteView;
using crdt::Doc;
using crdt::ErrorCode;
using crdt::UpdateFormat;
using support::canonical;
using support::document;
using support::text_of;

namespace {

Doc sample() {
    Doc doc = document(7);
    doc.text("t").append("secret \xf0\x9f\x98\x80");
    doc.text("t").erase(0, 2);
    doc.array("a").push({1, 2.5, "confidential", crdt::MapInit{{"private", true}}});
    return doc;
}

}  // namespace

TEST_CASE("inspect: clients and counts, alike in both formats") {
    const Doc doc = sample();
    const auto v1 = crdt::inspect(doc.encode_state_as_update().value()).value();
    const auto v2 =
        crdt::inspect(doc.encode_state_as_update_v2().value(), UpdateFormat::v2).value();
    REQUIRE(v1.clients.size() == 1);
    CHECK(raw(v1.clients[0].client) == 7);
    CHECK(raw(v1.clients[0].from) == 0);
    CHECK(raw(v1.clients[0].to) == 14);
    CHECK(v1.units == 14);
    CHECK(v1.delete_ranges == 1);
    CHECK(v1.skips == 0);
    CHECK(v2.items == v1.items);
    CHECK(v2.units == v1.units);
    CHECK(v2.delete_ranges == v1.delete_ranges);
}

TEST_CASE("describe_update: a line for each struct") {
    const auto update = test::hex("010301000401017401610a0384010301650101010001");
    const std::string text = text_of(crdt::describe_update(ByteView(update)).value());
    INFO(text);
    CHECK(text.find("\"a\"") != std::string::npos);
    CHECK(text.find("1+3 skip") != std::string::npos);
    CHECK(std::count(text.begin(), text.end(), '\n') >= 4);
}

TEST_CASE("convert: there and back gives the same document") {
    const Doc doc = sample();
    const crdt::Bytes v1 = doc.encode_state_as_update().value();
    const crdt::Bytes v2 = crdt::convert(v1, UpdateFormat::v1, UpdateFormat::v2).value();
    CHECK(text_of(v2) == text_of(doc.encode_state_as_update_v2().value()));
    CHECK(text_of(crdt::convert(v2, UpdateFormat::v2, UpdateFormat::v1).value()) == text_of(v1));
}

TEST_CASE("obfuscate: the structs stay, the content does not") {
    const Doc doc = sample();
    const crdt::Bytes whole = doc.encode_state_as_update().value();
    const std::string hidden = text_of(crdt::obfuscate(whole).value());
    for (const char* word : {"ecret", "confidential", "private"}) {
        CHECK(hidden.find(word) == std::string::npos);
    }
    const Doc copy = support::loaded(hidden);
    CHECK(support::vector_of(copy) == support::vector_of(doc));
    CHECK(copy.state_vector().value() == doc.state_vector().value());
    CHECK(crdt::inspect(crdt::as_bytes(hidden))->items == crdt::inspect(whole)->items);
}

TEST_CASE("updates as values: limits hold") {
    const auto update = test::hex(
        "010101000401017403616263"
        "00");
    crdt::Limits limits;
    limits.update_bytes = 5;
    const auto refused = [](const auto& result) {
        return !result.ok() && result.error().code == ErrorCode::limit_exceeded;
    };
    const ByteView bytes(update);
    for (const UpdateFormat format : {UpdateFormat::v1, UpdateFormat::v2}) {
        CHECK(refused(crdt::inspect(bytes, format, limits)));
        CHECK(refused(crdt::diff(bytes, {}, format, limits)));
        CHECK(refused(crdt::state_vector_of(bytes, format, limits)));
        CHECK(refused(crdt::obfuscate(bytes, format, {}, limits)));
        CHECK(refused(crdt::convert(bytes, format, UpdateFormat::v1, limits)));
        CHECK(refused(crdt::merge({bytes, bytes}, {.format = format, .limits = limits})));
    }
}
