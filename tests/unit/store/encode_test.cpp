#include <doctest/doctest.h>

#include <string>

#include "support/document.hpp"
#include "support/edits.hpp"
#include "unit/support/hex.hpp"

using crdt::Any;
using crdt::ArrayInit;
using crdt::Doc;
using support::canonical;
using support::document;
using support::receive;
using support::update_of;

namespace {

std::string bytes(const Doc& doc) { return test::hex(crdt::as_bytes(update_of(doc))); }

Doc from_hex(std::string_view text, std::uint64_t client = 0x7fffff) {
    Doc doc = document(client);
    const auto update = test::hex(text);
    REQUIRE(doc.apply({update.data(), update.size()}).ok());
    return doc;
}

}  // namespace

TEST_CASE("what one client typed in one go is one block, whatever the transactions") {
    Doc doc = document(5);
    for (const char c : std::string("hello")) {
        doc.text("t").append(std::string_view(&c, 1));
    }
    CHECK(bytes(doc) == "01010500040101740568656c6c6f00");
}

TEST_CASE("a run that others cut is still written as one block") {
    Doc doc = document(1);
    doc.text("t").append("abcdef");
    Doc other = support::loaded(update_of(doc), 2);
    other.text("t").insert(3, "X");
    REQUIRE(receive(doc, update_of(other)).ok());
    CHECK(doc.text("t").to_string() == "abcXdef");
    const std::string written = update_of(doc);
    CHECK(written.find("abcdef") != std::string::npos);
}

TEST_CASE("blocks are written by client, highest first, and so are deletions") {
    Doc doc = document(1);
    doc.text("t").append("abc");
    Doc other = support::loaded(update_of(doc), 300);
    other.text("t").insert(1, "Z");
    other.text("t").erase(0, 2);  // one of each
    CHECK(bytes(other) ==
          "0201ac0200c10100010101"  // client 300, deleted between 1:0 and 1:1
          "0201000101017401"        // client 1: Deleted 1
          "84010002626302ac0201000101010001");
}

TEST_CASE("blocks join where clock, origins, state and kind agree, neighbours or not") {
    // "ab" and "cd" by one client; "X" of another stands between them in the list.
    Doc doc = document(1);
    doc.text("t").append("ab");
    Doc other = support::loaded(update_of(doc), 0);
    other.text("t").append("X");
    doc.text("t").append("cd");
    REQUIRE(receive(doc, update_of(other)).ok());
    CHECK(doc.text("t").to_string() == "abXcd");
    CHECK(update_of(doc).find("abcd") != std::string::npos);
}

TEST_CASE("deleted content is forgotten, and kept by a document that does not collect") {
    Doc doc = document(1);
    Doc keeps = document(1, false);
    for (Doc* each : {&doc, &keeps}) {
        each->text("t").append("secret");
        each->array("a").push(ArrayInit{"inner secret"});
        each->text("t").erase(0, 6);
        each->array("a").erase(0);
    }
    CHECK(update_of(doc).find("secret") == std::string::npos);
    CHECK(update_of(keeps).find("inner secret") != std::string::npos);
    CHECK(canonical(keeps) == canonical(doc));
    // A deleted type itself keeps its place, what it held is GC.
    CHECK(bytes(doc) ==
          "01030100"  // client 1: three blocks
          "010101740601010161010001"
          "0101010008");
}

TEST_CASE("numbers and duplicate keys come out in one form") {
    // 1.0 as float64, an object with a key twice, an over-long varUint.
    const Doc doc = from_hex(
        "01 01 05 00  08 01 01 61 02  7b 3ff0000000000000"
        "  76 02 01 6b 7d 01 01 6b 7d 02  00");
    const Doc same = from_hex("01 01 05 00  08 01 01 61 02  7d 01  76 01 01 6b 7d 02  00");
    CHECK(bytes(doc) == bytes(same));
    CHECK(bytes(from_hex("81 00 01 05 00 04 01 01 74 01 61 00")) ==
          "01010500040101740161"
          "00");
}

TEST_CASE("the bit of a key is clear where no key follows, set by whom it may") {
    // Two values of one key: the second inherits it, with the bit set (Yjs) or clear.
    const Doc set =
        from_hex("01 02 05 00  28 01 01 6d 01 6b 01 7d 01  a8 05 00 01 7d 02  01 05 01 00 01");
    const Doc clear =
        from_hex("01 02 05 00  28 01 01 6d 01 6b 01 7d 01  88 05 00 01 7d 02  01 05 01 00 01");
    CHECK(bytes(set) == bytes(clear));
}

TEST_CASE("a diff starts inside a block where the other's knowledge ends") {
    Doc doc = document(5);
    doc.text("t").append("hello");
    crdt::StateVector known;
    REQUIRE(known.set(crdt::ClientId{5}, crdt::Clock{3}));
    CHECK(test::hex(doc.encode_state_as_update(known).value()) ==
          "0101050384050202"
          "6c6f00");
    REQUIRE(known.set(crdt::ClientId{5}, crdt::Clock{99}));
    CHECK(test::hex(doc.encode_state_as_update(known).value()) == "0000");
}

TEST_CASE("a diff that starts inside a pair writes U+FFFD for the half") {
    Doc doc = document(5);
    doc.text("t").append("\xf0\x9f\x98\x80z");
    crdt::StateVector known;
    REQUIRE(known.set(crdt::ClientId{5}, crdt::Clock{1}));
    CHECK(test::hex(doc.encode_state_as_update(known).value()) ==
          "01010501840500"
          "04efbfbd7a00");
}

TEST_CASE("an update is appended to what the caller's buffer holds") {
    Doc doc = document(5);
    doc.text("t").append("x");
    crdt::Bytes out;
    REQUIRE(out.append("head"));
    REQUIRE(doc.encode_state_as_update({}, out).ok());
    CHECK(crdt::as_text(out) == "head" + update_of(doc));
}

TEST_CASE("what waits is passed on, gaps as Skips, and not part of the canonical form") {
    // Client 5: clocks 0-1 here, 4 and 7 wait; and a deletion of what nobody has sent.
    Doc doc = from_hex("01 01 05 00  04 01 01 74 02 6162  00");
    const auto later =
        test::hex("01 03 05 04  84 05 03 01 65  0a 02  84 05 06 01 68  01 05 01 09 02");
    REQUIRE(doc.apply({later.data(), later.size()}).ok());
    CHECK(doc.has_pending());
    CHECK(raw(doc.missing()->get(crdt::ClientId{5})) == 2);
    CHECK(bytes(doc) ==
          "01050500"
          "040101740261620a02"
          "8405030165"
          "0a02"
          "8405060168"
          "0105010902");
    CHECK(test::hex(crdt::as_bytes(canonical(doc))) ==
          "01010500040101740261"
          "6200");
    const Doc relayed = support::loaded(update_of(doc));
    CHECK(bytes(relayed) == bytes(doc));
    // From a state vector behind the first block that waits.
    crdt::StateVector known;
    REQUIRE(known.set(crdt::ClientId{5}, crdt::Clock{5}));
    CHECK(test::hex(doc.encode_state_as_update(known).value()) == "0101050784050601680105010902");
}

TEST_CASE("encoding again gives the same bytes, and the checker finds nothing") {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        Doc doc = document(seed);
        support::Random random(seed);
        for (int i = 0; i < 300; ++i) {
            REQUIRE(support::edit(doc, random).ok());
            if (i % 50 == 0) REQUIRE(update_of(doc) == update_of(doc));
        }
        REQUIRE(support::broken(doc) == "");
    }
}
