#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include <crdt/store/client_table.hpp>

#include "support/edits.hpp"
#include "unit/support/failing_memory.hpp"

using crdt::ClientId;
using crdt::detail::ClientLog;
using crdt::detail::ClientTable;
using crdt::detail::kNone;

TEST_CASE("clients are numbered in the order in which they are met") {
    ClientTable table;
    CHECK(table.find(ClientId{5}) == kNone);
    CHECK(table.number_of(ClientId{5}) == 0);
    CHECK(table.number_of(ClientId{1}) == 1);
    CHECK(table.number_of(ClientId{5}) == 0);
    CHECK(table.number_of(ClientId{crdt::kMaxClientId}) == 2);
    CHECK(table.find(ClientId{1}) == 1);
    CHECK(table.size() == 3);
}

TEST_CASE("ids that differ only in their upper bits are two clients") {
    // y-crdt #609 cut 53-bit ids to 32.
    ClientTable table;
    CHECK(table.number_of(ClientId{7}) == 0);
    CHECK(table.number_of(ClientId{(1ULL << 32U) + 7}) == 1);
    CHECK(table.number_of(ClientId{(1ULL << 52U) + 7}) == 2);
}

TEST_CASE("many clients are found again, and come highest first") {
    ClientTable table;
    support::Random random(1);
    std::vector<std::uint64_t> ids;
    std::set<std::uint64_t> seen;
    while (ids.size() < 5000) {
        const std::uint64_t id = random.next() >> (random(2) == 0 ? 11U : 50U);
        if (!seen.insert(id).second) continue;
        ids.push_back(id);
        REQUIRE(table.number_of(ClientId{id}) == ids.size() - 1);
    }
    for (std::size_t i = 0; i < ids.size(); ++i) REQUIRE(table.find(ClientId{ids[i]}) == i);
    const auto* order = table.descending();
    REQUIRE(order != nullptr);
    REQUIRE(order->size() == ids.size());
    for (std::size_t i = 1; i < order->size(); ++i) {
        REQUIRE(table[(*order)[i - 1]].id > table[(*order)[i]].id);
    }
}

TEST_CASE("the order is brought up to date when a client joins or is forgotten") {
    ClientTable table;
    for (const std::uint64_t id : {4U, 2U, 6U}) static_cast<void>(table.number_of(ClientId{id}));
    CHECK((*table.descending())[0] == 2);
    static_cast<void>(table.number_of(ClientId{9}));
    CHECK((*table.descending())[0] == 3);
    table.truncate(2);
    CHECK(table.size() == 2);
    CHECK(table.descending()->size() == 2);
    CHECK(table.find(ClientId{9}) == kNone);
    CHECK(table.find(ClientId{6}) == kNone);
    CHECK(table.find(ClientId{2}) == 1);
    CHECK(table.number_of(ClientId{6}) == 2);
}

TEST_CASE("a log keeps its runs when it outgrows its record") {
    ClientTable table;
    const std::uint32_t number = table.number_of(ClientId{3});
    for (std::uint32_t i = 0; i < 1000; ++i) {
        ClientLog& log = table[number];
        REQUIRE(log.reserve_more(1));
        log.push(i * 3);
        REQUIRE(log.newest() == i * 3);
    }
    for (std::uint32_t i = 0; i < 1000; ++i) REQUIRE(table[number].list()[i] == i * 3);
}

TEST_CASE("the wire form of an id is kept ready") {
    ClientTable table;
    const ClientLog& log = table[table.number_of(ClientId{300})];
    CHECK(log.id_size == 2);
    CHECK(log.id_bytes[0] == 0xac);
    CHECK(log.id_bytes[1] == 0x02);
    CHECK(table[table.number_of(ClientId{crdt::kMaxClientId})].id_size == 8);
}

TEST_CASE("without memory a client stays unknown and the others stay known") {
    for (std::size_t n = 0; n < 12; ++n) {
        ClientTable table;
        std::uint64_t known = 0;
        {
            const test::FailingMemory memory(n);
            while (known < 100 && table.number_of(ClientId{known}) != kNone) ++known;
        }
        CHECK(table.size() == known);
        for (std::uint64_t id = 0; id < known; ++id) CHECK(table.find(ClientId{id}) == id);
        CHECK(table.find(ClientId{known}) == kNone);
        CHECK(table.number_of(ClientId{known}) == known);
    }
}
