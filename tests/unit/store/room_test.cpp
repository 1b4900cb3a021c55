// Nodes are reserved before anything is written: however an update spreads over sequences, leaves
// and gaps, there are enough. Too few is an assertion.
#include <doctest/doctest.h>

#include <string>

#include "support/document.hpp"

namespace {

using support::document;

// Two hands that take turns: every unit is an entry of its own.
void take_turns(crdt::Doc& left, crdt::Doc& right, std::string_view root, std::size_t units) {
    for (std::size_t i = 0; i < units; ++i) {
        crdt::Doc& here = i % 2 == 0 ? left : right;
        crdt::Doc& there = i % 2 == 0 ? right : left;
        REQUIRE(here.text(root).insert(i, i % 2 == 0 ? "a" : "b").ok());
        REQUIRE(support::receive(there, support::diff_for(here, there)).ok());
    }
}

// `lists` arrays in an array, of `entries` entries each.
std::string nested(std::size_t lists, std::size_t entries) {
    crdt::Doc left = document(1);
    crdt::Doc right = document(2);
    const crdt::Array all = left.array("lists");
    for (std::size_t i = 0; i < lists; ++i) REQUIRE(all.insert(i, {crdt::ArrayInit{}}).ok());
    REQUIRE(support::receive(right, support::update_of(left)).ok());
    for (std::size_t n = 0; n < entries; ++n) {
        crdt::Doc& here = n % 2 == 0 ? left : right;
        crdt::Doc& there = n % 2 == 0 ? right : left;
        for (std::size_t i = 0; i < lists; ++i) {
            REQUIRE(here.array("lists").get(i).value().array().push({static_cast<double>(n)}).ok());
        }
        REQUIRE(support::receive(there, support::diff_for(here, there)).ok());
    }
    return support::update_of(left);
}

}  // namespace

TEST_CASE("many short lists load") {
    for (const std::size_t entries : {4U, 5U, 6U, 24U, 25U, 33U, 49U}) {
        CAPTURE(entries);
        const std::string update = nested(200, entries);
        crdt::Doc copy = document(3);
        REQUIRE(support::receive(copy, update).ok());
        CHECK(support::broken(copy).empty());
        CHECK(support::canonical(copy) == support::canonical(support::loaded(update)));
        // And where there is something already.
        crdt::Doc used = document(4);
        REQUIRE(used.map("m").set("k", 1).ok());
        REQUIRE(support::receive(used, update).ok());
        CHECK(support::broken(used).empty());
    }
}

TEST_CASE("one update fills the middle of every leaf and the gaps between them") {
    constexpr std::size_t kUnits = 32 * 40;
    for (const std::size_t step : {1U, 2U, 8U, 16U, 31U, 32U}) {
        CAPTURE(step);
        crdt::Doc left = document(1);
        crdt::Doc right = document(2);
        take_turns(left, right, "t", kUnits);
        crdt::Doc other = support::loaded(support::update_of(left), 3);
        for (std::size_t round = 0; round < 3; ++round) {
            for (std::size_t at = 0; at < other.text("t").length(); at += step + 1) {
                REQUIRE(other.text("t").insert(at, "x").ok());
            }
        }
        REQUIRE(support::receive(left, support::diff_for(other, left)).ok());
        CHECK(support::broken(left).empty());
        CHECK(support::canonical(left) == support::canonical(other));
    }
}

TEST_CASE("one update enlarges many small lists") {
    crdt::Doc left = document(1);
    crdt::Doc right = document(2);
    constexpr std::size_t kKeys = 300;
    const auto write_all = [&](crdt::Doc& doc, double value) {
        for (std::size_t i = 0; i < kKeys; ++i) {
            REQUIRE(doc.map("m").set("k" + std::to_string(i), value).ok());
        }
    };
    // Four entries a key: their leaves are full.
    for (std::size_t n = 0; n < 4; ++n) {
        crdt::Doc& here = n % 2 == 0 ? left : right;
        crdt::Doc& there = n % 2 == 0 ? right : left;
        write_all(here, static_cast<double>(n));
        REQUIRE(support::receive(there, support::diff_for(here, there)).ok());
    }
    write_all(right, 4);
    REQUIRE(support::receive(left, support::diff_for(right, left)).ok());
    CHECK(support::broken(left).empty());
    CHECK(support::canonical(left) == support::canonical(right));
}
