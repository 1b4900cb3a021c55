#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/document.hpp"
#include "support/edits.hpp"
#include "unit/support/hex.hpp"

using crdt::Doc;
using support::broken;
using support::canonical;
using support::document;
using support::receive;
using support::update_of;

namespace {

// What all of these show together, in every order of arrival.
std::string merged(std::vector<std::string> updates, const std::string& base = {}) {
    std::sort(updates.begin(), updates.end());
    std::string shown;
    std::string bytes;
    do {
        Doc doc = document(0xffffff);
        if (!base.empty()) REQUIRE(receive(doc, base).ok());
        for (const std::string& update : updates) REQUIRE(receive(doc, update).ok());
        REQUIRE(broken(doc) == "");
        if (bytes.empty()) {
            shown = doc.text("t").to_string();
            bytes = canonical(doc);
        }
        REQUIRE(doc.text("t").to_string() == shown);
        REQUIRE(canonical(doc) == bytes);
    } while (std::next_permutation(updates.begin(), updates.end()));
    return shown;
}

// What `client` adds to `base` at `at`.
std::string inserts(std::uint64_t client,
                    const std::string& base,
                    std::size_t at,
                    std::string_view piece) {
    Doc doc = document(client);
    if (!base.empty()) REQUIRE(receive(doc, base).ok());
    REQUIRE(doc.text("t").insert(at, piece).ok());
    return update_of(doc);
}

std::string text(std::uint64_t client, std::string_view words) {
    return inserts(client, {}, 0, words);
}

}  // namespace

TEST_CASE("[Y6] concurrent inserts at one place: the smaller client id goes left") {
    CHECK(merged({text(1, "a"), text(2, "b"), text(3, "c")}) == "abc");
    const std::string base = text(9, "()");
    CHECK(merged({inserts(5, base, 1, "five"), inserts(2, base, 1, "two")}) == "(twofive)");
}

TEST_CASE("[Y8] what was typed behind one of them stays with it: words do not mix") {
    std::vector<std::string> all;
    for (std::uint64_t id = 1; id <= 4; ++id) {
        Doc doc = document(id);
        for (int i = 0; i < 3; ++i) {
            doc.text("t").append(std::string(1, static_cast<char>('a' + id)));
        }
        all.push_back(update_of(doc));
    }
    CHECK(merged(all) == "bbbcccdddeee");
}

TEST_CASE("[Y8] what was typed backwards stays together, too") {
    std::vector<std::string> all;
    for (std::uint64_t id = 1; id <= 3; ++id) {
        Doc doc = document(id);
        for (int i = 0; i < 3; ++i) {
            doc.text("t").insert(0, std::string(1, static_cast<char>('a' + id)));
        }
        all.push_back(update_of(doc));
    }
    CHECK(merged(all) == "bbbcccddd");
}

TEST_CASE("[Y7] an insertion between deleted neighbours finds its place") {
    const std::string base = text(9, "abcd");
    Doc erases = support::loaded(base, 1);
    erases.text("t").erase(0, 4);
    CHECK(merged({update_of(erases), inserts(2, base, 2, "X"), inserts(3, base, 3, "Y")}, base) ==
          "XY");
}

TEST_CASE("[Y7] origins of different depth: behind a sibling's child comes the next sibling") {
    const std::string base = text(9, "()");
    const std::string one = inserts(1, base, 1, "1");
    const std::string child = inserts(4, one, 2, "c");  // behind 1, in front of )
    CHECK(merged({one, child, inserts(2, base, 1, "2"), inserts(3, base, 1, "3")}, base) ==
          "(1c23)");
}

TEST_CASE("[Y6] large ids order like numbers, not like their bytes or halves") {
    CHECK(merged({text(255, "a"), text(256, "b"), text(crdt::kMaxClientId, "d"),
                  text(0xffffffffU, "c")}) == "abcd");
}

TEST_CASE("[Y7] an origin inside a run cuts it where it has to") {
    const std::string base = text(9, "abcdef");
    Doc doc = document(1);
    REQUIRE(receive(doc, base).ok());
    for (std::size_t at = 1; at < 6; ++at) {
        CHECK(merged({inserts(3, base, at, "-"), inserts(4, base, 6 - at, "+")}, base).size() == 8);
    }
}

TEST_CASE("[Y11] what is inserted into a deleted type is deleted at once") {
    Doc doc = document(1);
    doc.array("a").push(crdt::ArrayInit{1});
    Doc other = support::loaded(update_of(doc), 2);
    other.array("a").get(0)->array().push("late");
    doc.array("a").erase(0);
    REQUIRE(receive(doc, update_of(other)).ok());
    REQUIRE(receive(other, update_of(doc)).ok());
    CHECK(doc.array("a").empty());
    CHECK(canonical(doc) == canonical(other));
    CHECK(update_of(doc).find("late") == std::string::npos);
    CHECK(broken(doc) == "");
    CHECK(broken(other) == "");
}

TEST_CASE("[Y13] an item whose parent is no type becomes GC, and its clocks count") {
    // Client 5: "a" in t. Client 6: an item whose parent is that letter, and one behind it.
    const auto update = test::hex(
        "02 02 06 00  04 00 05 00 01 78  84 06 00 01 79"
        "  01 05 00  04 01 01 74 01 61  00");
    Doc doc = document(1);
    REQUIRE(doc.apply({update.data(), update.size()}).ok());
    CHECK(doc.text("t").to_string() == "a");
    CHECK(raw(doc.state_vector()->get(crdt::ClientId{6})) == 2);
    CHECK(test::hex(crdt::as_bytes(canonical(doc))) ==
          "02"
          "0106000002"
          "0105000401017401610106010002");
    CHECK(broken(doc) == "");
}

TEST_CASE("[Y2] of a block whose head is known only the tail is taken") {
    Doc doc = document(1);
    const auto head = test::hex("01 01 05 00  04 01 01 74 02 6162  00");
    const auto whole = test::hex("01 01 05 00  04 01 01 74 04 61626364  00");
    REQUIRE(doc.apply({head.data(), head.size()}).ok());
    REQUIRE(doc.apply({whole.data(), whole.size()}).ok());
    CHECK(doc.text("t").to_string() == "abcd");
    CHECK(update_of(doc) == std::string(whole.begin(), whole.end()));
    CHECK(broken(doc) == "");
}

TEST_CASE("content of an id that is known is not looked at again") {
    Doc doc = document(1);
    const auto first = test::hex("01 01 05 00  04 01 01 74 02 6162  00");
    const auto other = test::hex("01 01 05 00  04 01 01 74 02 7879  00");
    REQUIRE(doc.apply({first.data(), first.size()}).ok());
    REQUIRE(doc.apply({other.data(), other.size()}).ok());
    CHECK(doc.text("t").to_string() == "ab");
}

TEST_CASE("an item between a unit and itself stands behind it") {
    const auto base = test::hex("01 01 05 00  04 01 01 74 03 616263  00");
    const auto update = test::hex("01 01 06 00  c4 05 01 05 01 01 58  00");
    Doc doc = document(1);
    REQUIRE(doc.apply({base.data(), base.size()}).ok());
    REQUIRE(doc.apply({update.data(), update.size()}).ok());
    // "c" is inserted behind the same unit, by a client of a lower id.
    CHECK(doc.text("t").to_string() == "abcX");
    CHECK(broken(doc) == "");
    CHECK(support::loaded(update_of(doc)).text("t").to_string() == "abcX");
    Doc second = document(2);
    const auto bytes = doc.encode_state_as_update_v2();
    REQUIRE(bytes.ok());
    REQUIRE(second.apply_v2(*bytes).ok());
    CHECK(second.text("t").to_string() == "abcX");
}

TEST_CASE("items of no honest editor: neighbours that are none converge and stay sound") {
    // Origin and right origin in different types, and in reverse order.
    const std::vector<std::string> wild = {
        "01 01 06 00  c4 05 00 05 03 01 58  00",  // between t:0 and u:0
        "01 01 06 00  c4 05 02 05 00 01 58  00",  // origin behind the right origin
        "01 01 06 00  c4 05 01 05 01 01 58  00",  // one unit as both
        "01 01 06 00  44 05 03 01 58  00",        // only a right origin
    };
    const auto base = test::hex("01 02 05 00  04 01 01 74 03 616263  04 01 01 75 01 64  00");
    for (const std::string& hex : wild) {
        const auto update = test::hex(hex);
        const auto rival = test::hex("01 01 07 00  c4 05 00 05 01 01 59  00");
        std::string bytes;
        for (const bool first : {true, false}) {
            Doc doc = document(1);
            REQUIRE(doc.apply({base.data(), base.size()}).ok());
            if (!first) REQUIRE(doc.apply({rival.data(), rival.size()}).ok());
            REQUIRE(doc.apply({update.data(), update.size()}).ok());
            if (first) REQUIRE(doc.apply({rival.data(), rival.size()}).ok());
            CHECK(broken(doc) == "");
            if (first) bytes = canonical(doc);
            CHECK(canonical(doc) == bytes);
            CHECK(canonical(support::loaded(update_of(doc))) == bytes);
        }
    }
}

TEST_CASE("crowds at one place converge in any order, split leaves included") {
    // Runs of two letters of which one may be deleted stand in a leaf as two spans, which a split
    // of the leaf may part.
    constexpr std::uint32_t kClients = 120;
    support::Random random(7);
    const std::string base = text(900, "()");
    std::vector<std::string> updates;
    for (std::uint32_t client = 1; client <= kClients; ++client) {
        Doc doc = document(client);
        REQUIRE(receive(doc, base).ok());
        crdt::Text text = doc.text("t");
        text.insert(1, "ab");
        if (client % 3 == 0) text.erase(1 + client / 3 % 2, 1);
        if (client % 50 == 0) text.insert(2, "c");
        updates.push_back(update_of(doc));
    }
    std::string bytes;
    for (int order = 0; order < 24; ++order) {
        for (std::size_t i = updates.size(); i > 1; --i) {
            std::swap(updates[i - 1], updates[random(i)]);
        }
        Doc doc = document(901);
        for (const std::string& update : updates) {
            REQUIRE(receive(doc, update).ok());
            REQUIRE(broken(doc) == "");
        }
        if (bytes.empty()) bytes = canonical(doc);
        CHECK(canonical(doc) == bytes);
    }
}

TEST_CASE("an item of several values in a key, which no editor makes, may be cut by a deletion") {
    const auto update =
        test::hex("01 01 05 00  28 01 01 6d 01 6b 04 7d00 7d01 7d02 7d03  01 05 01 03 01");
    Doc doc = document(1);
    REQUIRE(doc.apply({update.data(), update.size()}).ok());
    CHECK(broken(doc) == "");
    // As in Yjs the last unit is what shows, and that one is deleted.
    CHECK(doc.map("m").size() == 0);
    REQUIRE(doc.map("m").set("k", 9).ok());
    CHECK(broken(doc) == "");
    CHECK(support::loaded(update_of(doc)).map("m").get<int>("k") == 9);
}
