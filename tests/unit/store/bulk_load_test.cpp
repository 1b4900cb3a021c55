// A whole update into an empty document takes another way than block by block; both come to the
// same document.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/document.hpp"
#include "support/edits.hpp"
#include "support/network.hpp"
#include "unit/support/failing_memory.hpp"
#include "unit/support/hex.hpp"

using crdt::Doc;
using support::broken;
using support::canonical;
using support::document;
using support::Network;
using support::receive;
using support::show;
using support::update_of;

namespace {

// A document in which something stands already cannot be loaded at once.
Doc block_by_block(const std::string& update) {
    Doc doc = document(0x1ffffe);
    const auto first = test::hex("01 01 00 00 04 01 01 7a 01 7a 00");  // "z" in root z, client 0
    REQUIRE(doc.apply({first.data(), first.size()}).ok());
    REQUIRE(receive(doc, update).ok());
    return doc;
}

void compare(const std::string& update, const std::vector<std::string>& parts) {
    Doc at_once = support::loaded(update);
    REQUIRE(broken(at_once) == "");
    Doc one_by_one = document(0x1ffffd);
    for (const std::string& part : parts) REQUIRE(receive(one_by_one, part).ok());
    REQUIRE(broken(one_by_one) == "");
    REQUIRE(canonical(at_once) == canonical(one_by_one));
    REQUIRE(show(at_once) == show(one_by_one));
    const Doc slowly = block_by_block(update);
    REQUIRE(show(slowly) == show(at_once));

    // Both go on alike: positions, origins and the index are right as well.
    for (Doc* doc : {&at_once, &one_by_one}) {
        support::Random random(update.size());
        Doc editor = support::loaded(update_of(*doc), 77);
        for (int i = 0; i < 20; ++i) {
            REQUIRE(support::edit(*doc, random).ok());
            REQUIRE(support::edit(editor, random).ok());
        }
        REQUIRE(receive(*doc, update_of(editor)).ok());
        REQUIRE(broken(*doc) == "");
    }
}

}  // namespace

TEST_CASE("loading at once equals applying each transaction, for many histories") {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        // From a handful of edits to documents of many leaves, by two to five people.
        std::vector<std::uint64_t> ids = {9, 2, 300, 1, 0xffffffff};
        ids.resize(2 + seed % 4);
        Network net(ids);
        support::Random random(seed);
        for (std::uint64_t step = 0; step < 40 + seed * 12; ++step) net.step(random.next());
        net.settle();
        REQUIRE(net.difference() == "");
        compare(update_of(net[0]), net.updates());
    }
}

TEST_CASE("texts of random single characters load at once") {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        Doc doc = document(seed + 1);
        std::vector<std::string> parts;
        const auto heard = doc.on_update([&](crdt::ByteView update, const crdt::Origin&) noexcept {
            parts.push_back(support::text_of(update));
        });
        support::Random random(seed);
        for (int i = 0; i < 3000; ++i) {
            const crdt::Text text = doc.text("t");
            const std::size_t length = text.length();
            if (length > 10 && random(4) == 0) {
                REQUIRE(text.erase(random(length - 3), 1 + random(3)).ok());
            } else {
                REQUIRE(text.insert(random(length + 1), seed % 2 == 0 ? "x" : "\xe6\xbc\xa2").ok());
            }
        }
        compare(update_of(doc), parts);
    }
}

TEST_CASE("crowds at one place load at once or give up, and either is right") {
    for (const bool ascending : {true, false}) {
        std::vector<std::string> parts;
        Doc all = document(0xffff);
        for (std::uint64_t i = 0; i < 800; ++i) {
            Doc one = document(ascending ? 1 + i : 801 - i);
            one.text("t").append("ab");
            one.text("t").insert(1, "c");
            parts.push_back(update_of(one));
            REQUIRE(receive(all, parts.back()).ok());
        }
        compare(update_of(all), parts);
    }
}

TEST_CASE("what an update lacks waits, even where the rest could be loaded at once") {
    Doc doc = document(1);
    for (int i = 0; i < 200; ++i) doc.text("t").insert(0, "x");
    const crdt::StateVector known = doc.state_vector().value();
    doc.text("t").append("tail");
    const std::string tail = support::text_of(*doc.encode_state_as_update(known));
    Doc late = document(2);
    REQUIRE(receive(late, tail).ok());
    CHECK(late.has_pending());
    CHECK(late.text("t").empty());
    REQUIRE(receive(late, update_of(doc)).ok());
    CHECK(!late.has_pending());
    CHECK(canonical(late) == canonical(doc));
    CHECK(broken(late) == "");
}

TEST_CASE("a load without memory changes nothing, and works when there is some") {
    Doc source = document(1);
    support::Random random(3);
    for (int i = 0; i < 250; ++i) REQUIRE(support::edit(source, random).ok());
    const std::string update = update_of(source);
    for (std::size_t n = 0;; ++n) {
        Doc doc = document(9);
        bool failed = false;
        crdt::Status status;
        {
            const test::FailingMemory memory(n);
            status = receive(doc, update);
            failed = test::FailingMemory::failed();
        }
        REQUIRE(broken(doc) == "");
        if (!status.ok()) {
            REQUIRE(update_of(doc) == std::string(2, '\0'));
            REQUIRE(receive(doc, update).ok());
        }
        REQUIRE(canonical(doc) == canonical(source));
        if (!failed) break;
    }
}

TEST_CASE("two keys, a hidden parent and deletions load at once") {
    Doc doc = document(5);
    const crdt::Map map = doc.map("m");
    for (int i = 0; i < 100; ++i) {
        REQUIRE(map.set(i % 2 == 0 ? "even" : "odd", crdt::MapInit{{"i", i}}).ok());
    }
    REQUIRE(map.erase("odd").ok());
    const Doc again = support::loaded(update_of(doc));
    CHECK(again.map("m").get("even").map().get<int>("i") == 98);
    CHECK(again.map("m").size() == 1);
    CHECK(canonical(again) == canonical(doc));
    CHECK(broken(again) == "");
}
