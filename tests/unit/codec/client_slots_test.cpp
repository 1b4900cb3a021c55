#include <doctest/doctest.h>

#include <crdt/codec/client_slots.hpp>
#include <vector>

#include "../support/failing_memory.hpp"

using crdt::ClientId;
using crdt::detail::ClientSlots;
using crdt::detail::Vec;

namespace {

// Ids below 2^53 whose hash (the high word of (x ^ x >> 29) * k) is the same in its low 20 bits:
// found by inverting the multiplication, which is what an attacker would do.
std::vector<std::uint64_t> colliding(std::size_t count) {
    constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15U;
    std::uint64_t inverse = 1;
    for (int i = 0; i < 6; ++i) inverse *= 2 - kFactor * inverse;
    std::vector<std::uint64_t> ids;
    for (std::uint64_t i = 1; ids.size() < count; ++i) {
        // product: bits 32..51 are zero, the others vary
        const std::uint64_t product = (i << 52) | (i * 0x9e3779b9U & 0xffffffffU);
        const std::uint64_t mixed = product * inverse;
        std::uint64_t id = mixed ^ (mixed >> 29);
        id ^= mixed >> 58;  // undo x ^ x >> 29 for 64 bits
        if (id <= crdt::kMaxClientId) ids.push_back(id);
    }
    return ids;
}

}  // namespace

TEST_CASE("slots are given in order of appearance and found again") {
    ClientSlots slots;
    for (int round = 0; round < 2; ++round) {
        Vec<ClientId> clients;
        slots.clear();
        for (std::uint64_t i = 0; i < 1000; ++i) {
            REQUIRE(slots.slot_of(i * i * 7919, clients) == i);
            REQUIRE(slots.slot_of((i / 2) * (i / 2) * 7919, clients) == i / 2);
        }
        CHECK(clients.size() == 1000);
    }
    CHECK(slots.capacity() > 0);
}

TEST_CASE("ids that were chosen to collide cost no more than a sorted list") {
    const auto ids = colliding(20000);
    ClientSlots slots;
    for (int round = 0; round < 2; ++round) {
        Vec<ClientId> clients;
        slots.clear();
        for (std::size_t i = 0; i < ids.size(); ++i) {
            REQUIRE(slots.slot_of(ids[i], clients) == i);
        }
        for (std::size_t i = 0; i < ids.size(); ++i) {
            REQUIRE(slots.slot_of(ids[i], clients) == i);
        }
    }
}

TEST_CASE("slots tell when memory is exhausted") {
    const auto ids = colliding(300);
    const std::size_t failures = test::fail_each_allocation([&] {
        ClientSlots slots;
        Vec<ClientId> clients;
        for (const std::uint64_t id : ids) {
            if (slots.slot_of(id, clients) == crdt::detail::kNoSlot) return false;
        }
        return true;
    });
    CHECK(failures >= 5);
    CHECK(failures < 200);
}
