#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/document.hpp"
#include "support/edits.hpp"
#include "unit/support/hex.hpp"

using crdt::ClientId;
using crdt::Clock;
using crdt::Doc;
using crdt::DocOptions;
using crdt::ErrorCode;
using support::broken;
using support::canonical;
using support::document;
using support::receive;
using support::update_of;

namespace {

// One update for each of `count` transactions of client 3.
std::vector<std::string> typed(int count) {
    Doc doc = document(3);
    std::vector<std::string> updates;
    const auto heard = doc.on_update([&](crdt::ByteView update, const crdt::Origin&) noexcept {
        updates.push_back(support::text_of(update));
    });
    for (int i = 0; i < count; ++i) doc.text("t").append(std::to_string(i % 10));
    return updates;
}

crdt::Status apply_hex(Doc& doc, std::string_view text) {
    const auto update = test::hex(text);
    return doc.apply({update.data(), update.size()});
}

}  // namespace

TEST_CASE("[P5] what lacks its cause waits, hidden, and says what is missing") {
    const std::vector<std::string> updates = typed(3);
    Doc doc = document(1);
    REQUIRE(receive(doc, updates[2]).ok());
    CHECK(doc.has_pending());
    CHECK(doc.text("t").empty());
    CHECK(doc.missing()->size() == 1);
    CHECK(doc.missing()->has(ClientId{3}));
    CHECK(raw(doc.missing()->get(ClientId{3})) == 0);
    CHECK(doc.state_vector()->empty());
    REQUIRE(receive(doc, updates[0]).ok());
    CHECK(doc.text("t").to_string() == "0");
    CHECK(raw(doc.missing()->get(ClientId{3})) == 1);
    REQUIRE(receive(doc, updates[1]).ok());
    CHECK(doc.text("t").to_string() == "012");
    CHECK(!doc.has_pending());
    CHECK(doc.missing()->empty());
    CHECK(broken(doc) == "");
}

TEST_CASE("updates that arrive backwards wait together and follow at once") {
    const std::vector<std::string> updates = typed(300);
    Doc doc = document(1);
    for (std::size_t i = updates.size(); i-- > 1;) REQUIRE(receive(doc, updates[i]).ok());
    CHECK(doc.text("t").empty());
    REQUIRE(receive(doc, updates[0]).ok());
    CHECK(doc.text("t").length() == 300);
    CHECK(!doc.has_pending());
}

TEST_CASE("a chain through many clients unravels from its first link") {
    // Each client writes behind what the one before wrote.
    Doc chain = document(1000);
    std::vector<std::string> links;
    for (std::uint64_t id = 1; id <= 200; ++id) {
        Doc doc = support::loaded(update_of(chain), id * 7 % 211 + 1);
        const crdt::StateVector known = doc.state_vector().value();
        doc.text("t").append("x");
        links.push_back(support::text_of(*doc.encode_state_as_update(known)));
        REQUIRE(receive(chain, links.back()).ok());
    }
    Doc doc = document(1);
    std::reverse(links.begin(), links.end());
    for (const std::string& link : links) {
        CHECK(doc.text("t").empty());
        REQUIRE(receive(doc, link).ok());
    }
    CHECK(doc.text("t").length() == 200);
    CHECK(canonical(doc) == canonical(chain));
    CHECK(broken(doc) == "");
}

TEST_CASE("the same parts sent again, longer or shorter, wait once") {
    Doc doc = document(1);
    // Client 3, clocks 2.. wait: "cd", "c", "cdef", "ef".
    for (const char* update :
         {"01 01 03 02 84 03 01 02 6364 00", "01 01 03 02 84 03 01 01 63 00",
          "01 01 03 02 84 03 01 04 63646566 00", "01 01 03 04 84 03 03 02 6566 00"}) {
        REQUIRE(apply_hex(doc, update).ok());
    }
    const std::string waiting = update_of(doc);
    CHECK(test::hex(crdt::as_bytes(waiting)) ==
          "010103028403010463646566"
          "00");
    REQUIRE(apply_hex(doc, "01 01 03 00 04 01 01 74 02 6162 00").ok());
    CHECK(doc.text("t").to_string() == "abcdef");
    CHECK(!doc.has_pending());
    CHECK(broken(doc) == "");
}

TEST_CASE("overlapping parts in any order come to the same text") {
    const std::string_view letters = "abcdefghijklmnop";
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        Doc doc = document(1);
        support::Random random(seed);
        for (int i = 0; i < 12; ++i) {
            const std::uint32_t from = 1 + random(14);
            const std::uint32_t count = 1 + random(15 - from);
            std::string update("\x01\x01\x03", 3);
            update += static_cast<char>(from);
            update += '\x84';
            update += '\x03';
            update += static_cast<char>(from - 1);
            update += static_cast<char>(count);
            update += letters.substr(from, count);
            update += '\0';
            REQUIRE(receive(doc, update).ok());
            // What waits is written so that it can be read.
            REQUIRE(update_of(support::loaded(update_of(doc))) == update_of(doc));
        }
        REQUIRE(apply_hex(doc, "01 01 03 00 04 01 01 74 01 61 00").ok());
        const std::string shown = doc.text("t").to_string();
        REQUIRE(shown == letters.substr(0, shown.size()));
        REQUIRE(broken(doc) == "");
    }
}

TEST_CASE("deletions of what nobody has sent wait, and take effect when it comes") {
    Doc doc = document(1);
    REQUIRE(apply_hex(doc, "00 01 03 01 01 02").ok());
    CHECK(doc.has_pending());
    CHECK(doc.pending_deletes()->contains(ClientId{3}, Clock{1}, 2));
    CHECK(raw(doc.missing()->get(ClientId{3})) == 0);
    REQUIRE(apply_hex(doc, "01 01 03 00 04 01 01 74 02 6162 00").ok());
    CHECK(doc.text("t").to_string() == "a");
    CHECK(doc.pending_deletes()->contains(ClientId{3}, Clock{2}, 1));
    CHECK(!doc.pending_deletes()->contains(ClientId{3}, Clock{1}, 1));
    REQUIRE(apply_hex(doc, "01 01 03 02 84 03 01 02 6364 00").ok());
    CHECK(doc.text("t").to_string() == "ad");
    CHECK(!doc.has_pending());
    CHECK(broken(doc) == "");
}

TEST_CASE("more may wait than one update may bring: each update is bounded by itself") {
    DocOptions options{.client = ClientId{1}};
    options.limits.pending_structs = 2;
    Doc doc(options);
    const std::string before = support::fingerprint(doc);
    CHECK(apply_hex(doc, "01 03 03 05  84 03 04 01 61  01 80 01  84 03 04 01 61  00").ok() ==
          false);
    const auto status =
        apply_hex(doc, "01 03 03 05  84 03 04 01 61  c4 03 05 02 00 01 62  84 03 06 01 63  00");
    CHECK(status.error().code == ErrorCode::limit_exceeded);
    CHECK(support::fingerprint(doc) == before);
    CHECK(apply_hex(doc, "01 01 03 05  84 03 04 01 61  00").ok());
    CHECK(apply_hex(doc, "01 01 04 05  84 04 04 01 61  00").ok());
    CHECK(apply_hex(doc, "01 01 06 05  84 06 04 01 61  00").ok());

    DocOptions bytes{.client = ClientId{1}};
    bytes.limits.pending_bytes = 64;
    Doc small(bytes);
    std::string update = std::string("\x01\x01\x03\x05\x84\x03\x04\x50", 8) + std::string(80, 'x');
    update += '\0';
    CHECK(receive(small, update).error().code == ErrorCode::limit_exceeded);
    CHECK(!small.has_pending());
}

TEST_CASE("bounds of an update: bytes, structs, clients, clocks") {
    DocOptions options{.client = ClientId{1}};
    options.limits.update_bytes = 8;
    Doc small(options);
    CHECK(apply_hex(small, "01 01 03 00 04 01 01 74 02 6162 00").error().code ==
          ErrorCode::limit_exceeded);
    options.limits = {};
    options.limits.structs = 1;
    Doc single(options);
    CHECK(apply_hex(single, "01 02 03 00 04 01 01 74 01 61 01 84 00 00").ok() == false);
    options.limits = {};
    options.limits.clients = 1;
    Doc one(options);
    CHECK(apply_hex(one, "02 01 03 00 00 01 01 02 00 00 01 00").error().code ==
          ErrorCode::limit_exceeded);
    CHECK(update_of(one) == std::string(2, '\0'));
}

TEST_CASE("clocks end at 2^31-1: refused beyond, for others and for oneself") {
    Doc doc = document(3);
    // GC from 0 to 2^31-3 of client 3, who is this document's own.
    REQUIRE(apply_hex(doc, "01 01 03 00  00 fdffffff07  00").ok());
    CHECK(doc.text("t").insert(0, "ab").ok());
    CHECK(raw(doc.state_vector()->get(ClientId{3})) == crdt::kMaxClock);
    CHECK(doc.text("t").insert(0, "c").error().code == ErrorCode::limit_exceeded);
    CHECK(doc.text("t").append("c").error().code == ErrorCode::limit_exceeded);
    CHECK(doc.array("a").push(1).error().code == ErrorCode::limit_exceeded);
    CHECK(doc.map("m").set("k", 1).error().code == ErrorCode::limit_exceeded);
    CHECK(doc.text("t").to_string() == "ab");
    CHECK(doc.text("t").erase(0, 1).ok());
    CHECK(broken(doc) == "");
    Doc other = support::loaded(update_of(doc), 4);
    CHECK(canonical(other) == canonical(doc));
    // One more clock of client 3.
    CHECK(apply_hex(other, "01 01 03 ffffffff07  00 01  00").error().code ==
          ErrorCode::limit_exceeded);
    CHECK(apply_hex(other, "01 01 05 00  00 8080808008  00").error().code ==
          ErrorCode::limit_exceeded);
    CHECK(canonical(other) == canonical(doc));
}
