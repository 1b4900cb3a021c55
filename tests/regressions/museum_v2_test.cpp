// The museum, format V2: see museum_test.cpp. Its columns say in a few bytes what would be millions
// of structs, so what an update costs is bounded before it is unpacked.
#include <doctest/doctest.h>

#include <string>

#include "support/document.hpp"
#include "unit/support/hex.hpp"

using crdt::Doc;
using crdt::ErrorCode;
using support::broken;
using support::document;

namespace {

std::string v2_of(const Doc& doc) {
    return support::text_of(doc.encode_state_as_update_v2().value());
}

// Refused with this code, and the document is as it was.
void refused(std::string_view text, ErrorCode code) {
    Doc doc = document(1);
    doc.text("t").append("before");
    const std::string before = support::fingerprint(doc);
    const auto update = test::hex(text);
    INFO(text);
    CHECK(doc.apply_v2({update.data(), update.size()}).error().code == code);
    CHECK(support::fingerprint(doc) == before);
    CHECK(broken(doc) == "");
}

}  // namespace

// The columns in the order of the bytes: feature flag, key clocks, clients, left clocks, right
// clocks, infos, texts, parents, type refs, lengths; then counts, clocks and values, then deletes.

TEST_CASE("museum: a V2 run-length bomb of 27 bytes is refused at once (yjs #687 hangs)") {
    // As many structs as a varUint can say: one info without an end, and one length so many times.
    refused("00 00 0101 00 00 0100 020000 00 00 0841ffffffffffff0f 01 ffffffff0f 00 00",
            ErrorCode::limit_exceeded);
    refused("00 00 0101 00 00 0100 020000 00 00 0841ffffffffffff0f 01 ffffffffffffff0f 00 00",
            ErrorCode::limit_exceeded);
    // The same in a client's number of sections and in the deletes.
    refused("00 00 0841ffffffffffff0f 00 00 00 020000 00 00 00 ffffffff0f 00",
            ErrorCode::unexpected_end);
    refused("00 00 00 00 00 00 020000 00 00 00 00 01 05 ffffffff0f 00 00",
            ErrorCode::unexpected_end);
}

TEST_CASE("museum: a negative key clock in V2 is refused") {
    // A format mark in root "m" whose key "k" has the number -1, and -2^30: a column that holds no
    // number that may stand there ends early.
    refused("00 0142 0105 00 00 0106 05026d6b4100 0101 00 00 01 01 00 78 00",
            ErrorCode::unexpected_end);
    refused("00 05c2ffffff0f 0105 00 00 0106 05026d6b4100 0101 00 00 01 01 00 78 00",
            ErrorCode::unexpected_end);
}

TEST_CASE("museum: in V2, too, the right origin alone tells the parent (ygo #111 #151)") {
    Doc doc = document(1);
    doc.text("t").append("b");
    doc.text("t").insert(0, "a");
    Doc copy = document(2);
    CHECK(copy.apply_v2(crdt::as_bytes(v2_of(doc))).ok());
    CHECK(copy.text("t").to_string() == "ab");
    CHECK(support::canonical(copy) == support::canonical(doc));
}

TEST_CASE("museum: in V2, too, client ids of 53 bits are not cut to 32 (y-crdt #609)") {
    Doc doc = document(0x1fffffffffffff);
    doc.text("t").append("x");
    Doc copy = document(2);
    CHECK(copy.apply_v2(crdt::as_bytes(v2_of(doc))).ok());
    CHECK(copy.state_vector().value() == doc.state_vector().value());
}

TEST_CASE("museum: in V2, too, what waits is passed on (ygo #125 #152, y-crdt #268)") {
    Doc one = document(1);
    one.text("t").append("a");
    const crdt::StateVector known = one.state_vector().value();
    one.text("t").append("b");
    Doc relay = document(2);
    CHECK(relay.apply_v2(one.encode_state_as_update_v2(known).value()).ok());
    CHECK(relay.has_pending());
    Doc last = document(3);
    CHECK(last.apply_v2(crdt::as_bytes(v2_of(relay))).ok());
    CHECK(last.has_pending());
    CHECK(last.apply_v2(crdt::as_bytes(v2_of(one))).ok());
    CHECK(last.text("t").to_string() == "ab");
    CHECK(!last.has_pending());
}
