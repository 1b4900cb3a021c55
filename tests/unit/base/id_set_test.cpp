#include <doctest/doctest.h>

#include <crdt/base/id_set.hpp>
#include <set>
#include <string>
#include <utility>

#include "../support/failing_memory.hpp"
#include "../support/hex.hpp"

using crdt::ClientId;
using crdt::Clock;
using crdt::IdSet;

namespace {

std::string show(const IdSet& set) {
    std::string text;
    set.for_each([&](ClientId client, Clock start, std::uint32_t length) {
        text += std::to_string(crdt::raw(client)) + ":" + std::to_string(crdt::raw(start)) + "+" +
                std::to_string(length) + " ";
    });
    return text;
}

bool add(IdSet& set, std::uint64_t client, std::uint32_t start, std::uint32_t length) {
    return set.insert(ClientId{client}, Clock{start}, length);
}

// The obvious model: one entry a unit.
using Model = std::set<std::pair<std::uint64_t, std::uint32_t>>;

void check_same(const IdSet& set, const Model& model) {
    std::size_t units = 0;
    const crdt::IdRange* last = nullptr;
    for (const crdt::IdRange& range : set) {
        units += range.length;
        CHECK(range.length > 0);
        if (last != nullptr) {
            const bool in_order = last->client > range.client ||
                                  (last->client == range.client && last->end() < raw(range.start));
            CHECK(in_order);
        }
        last = &range;
        for (std::uint32_t clock = raw(range.start); clock < range.end(); ++clock) {
            if (model.count({raw(range.client), clock}) == 0) FAIL("a unit that was not added");
        }
    }
    CHECK(units == model.size());
}

}  // namespace

TEST_CASE("ranges are sorted by client descending, join where they touch, and nowhere else") {
    IdSet set;
    REQUIRE(add(set, 1, 10, 5));
    REQUIRE(add(set, 9, 0, 1));
    REQUIRE(add(set, 1, 20, 5));
    CHECK(show(set) == "9:0+1 1:10+5 1:20+5 ");
    REQUIRE(add(set, 1, 15, 4));
    CHECK(show(set) == "9:0+1 1:10+9 1:20+5 ");
    REQUIRE(add(set, 1, 19, 1));
    CHECK(show(set) == "9:0+1 1:10+15 ");
    REQUIRE(add(set, 1, 12, 1));
    REQUIRE(add(set, 1, 5, 0));
    CHECK(show(set) == "9:0+1 1:10+15 ");
    REQUIRE(add(set, 1, 0, 100));
    CHECK(show(set) == "9:0+1 1:0+100 ");
    CHECK(set.range_count() == 2);
}

TEST_CASE("contains and intersects") {
    IdSet set;
    CHECK_FALSE(set.contains({ClientId{1}, Clock{0}}));
    REQUIRE(add(set, 1, 10, 5));
    REQUIRE(add(set, 1, 20, 5));
    CHECK(set.contains({ClientId{1}, Clock{10}}));
    CHECK(set.contains({ClientId{1}, Clock{14}}));
    CHECK_FALSE(set.contains({ClientId{1}, Clock{15}}));
    CHECK_FALSE(set.contains({ClientId{1}, Clock{9}}));
    CHECK_FALSE(set.contains({ClientId{2}, Clock{12}}));
    CHECK(set.contains(ClientId{1}, Clock{20}, 5));
    CHECK_FALSE(set.contains(ClientId{1}, Clock{20}, 6));
    CHECK_FALSE(set.contains(ClientId{1}, Clock{12}, 10));
    CHECK(set.intersects(ClientId{1}, Clock{0}, 11));
    CHECK_FALSE(set.intersects(ClientId{1}, Clock{0}, 10));
    CHECK_FALSE(set.intersects(ClientId{1}, Clock{15}, 5));
    CHECK(set.intersects(ClientId{1}, Clock{15}, 6));
    CHECK_FALSE(set.intersects(ClientId{1}, Clock{12}, 0));
    CHECK_FALSE(set.intersects(ClientId{0}, Clock{12}, 1));
}

TEST_CASE("random sets behave as sets of units") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        test::Random random(seed);
        IdSet sets[2];
        Model models[2];
        const std::uint64_t clocks = 60 + 40 * random(30);
        for (int k = 0; k < 2; ++k) {
            for (int i = 0; i < 300; ++i) {
                const std::uint64_t client = 1 + random(3);
                const auto start = static_cast<std::uint32_t>(random(clocks));
                const auto length = static_cast<std::uint32_t>(random(4));
                REQUIRE(add(sets[k], client, start, length));
                for (std::uint32_t c = 0; c < length; ++c) models[k].insert({client, start + c});
            }
            check_same(sets[k], models[k]);
        }
        Model both;
        Model united = models[0];
        Model rest;
        for (const auto& unit : models[0]) (models[1].count(unit) ? both : rest).insert(unit);
        united.insert(models[1].begin(), models[1].end());
        CHECK(sets[0].intersects(sets[1]) == !both.empty());
        IdSet result;
        REQUIRE(sets[0].clone_into(result));
        CHECK(result == sets[0]);
        REQUIRE(result.unite(sets[1]));
        check_same(result, united);
        CHECK(result.contains(sets[0]));
        CHECK(result.contains(sets[1]));
        REQUIRE(sets[0].clone_into(result));
        REQUIRE(result.subtract(sets[1]));
        check_same(result, rest);
        CHECK_FALSE(result.intersects(sets[1]));
        REQUIRE(sets[0].clone_into(result));
        REQUIRE(result.intersect(sets[1]));
        check_same(result, both);
    }
}

TEST_CASE("many ranges in any order: chunks split and join again") {
    constexpr std::uint32_t kRanges = 5000;
    for (int order = 0; order < 3; ++order) {
        IdSet set;
        test::Random random(7);
        for (std::uint32_t i = 0; i < kRanges; ++i) {
            const std::uint32_t at = order == 0   ? i
                                     : order == 1 ? kRanges - 1 - i
                                                  : (i * 2003U) % kRanges;
            REQUIRE(add(set, 5, at * 3, 2));
        }
        CHECK(set.range_count() == kRanges);
        std::size_t seen = 0;
        set.for_each_of(ClientId{5}, [&](Clock start, std::uint32_t length) {
            CHECK(raw(start) == seen * 3);
            CHECK(length == 2);
            ++seen;
        });
        CHECK(seen == kRanges);
        REQUIRE(add(set, 5, 3000, 9000));
        CHECK(set.range_count() == kRanges - 3001 + 1);  // the one at 12000 touches
        REQUIRE(add(set, 5, 0, kRanges * 3));
        CHECK(show(set) == "5:0+15000 ");
    }
}

TEST_CASE("a range may reach to the end of all clocks") {
    IdSet set;
    REQUIRE(add(set, 1, 100, crdt::detail::kEndOfClocks - 100));
    REQUIRE(add(set, 1, 50, 50));
    CHECK(set.contains({ClientId{1}, Clock{crdt::kMaxClock}}));
    CHECK(set.begin()->end() == crdt::detail::kEndOfClocks);
}

TEST_CASE("exhausted memory leaves a set as it was") {
    IdSet set;
    IdSet other;
    for (std::uint32_t i = 0; i < 300; ++i) REQUIRE(add(set, 3, i * 4, 2));
    for (std::uint32_t i = 0; i < 300; ++i) REQUIRE(add(other, 3, i * 4 + 1, 2));
    const std::string before = show(set);
    for (std::size_t n = 0; n < 3; ++n) {
        test::FailingMemory memory(n);
        CHECK_FALSE(set.unite(other));
        CHECK_FALSE(set.subtract(other));
        CHECK_FALSE(set.intersect(other));
        IdSet copy;
        CHECK_FALSE(set.clone_into(copy));
        CHECK(copy.empty());
    }
    CHECK(show(set) == before);
    const std::size_t failures = test::fail_each_allocation([&] {
        IdSet fresh;
        for (std::uint32_t i = 0; i < 200; ++i) {
            if (!add(fresh, 1, (i * 37 % 200) * 2, 1)) return false;
        }
        return true;
    });
    CHECK(failures < 100);
}
