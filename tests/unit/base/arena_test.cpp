#include <doctest/doctest.h>

#include <crdt/base/arena.hpp>

#include "../support/failing_memory.hpp"

TEST_CASE("an arena never moves what it holds") {
    crdt::detail::Arena<int, 4> arena;
    REQUIRE(arena.reserve_more(1));
    REQUIRE(arena.push_reserved(-7) == 0);
    const int* first = &arena[0];
    for (int i = 1; i < 5000; ++i) {
        REQUIRE(arena.reserve_more(1));
        REQUIRE(arena.push_reserved(i) == static_cast<std::uint32_t>(i));
    }
    CHECK(&arena[0] == first);
    CHECK(arena[0] == -7);
    for (std::uint32_t i = 1; i < 5000; ++i) REQUIRE(arena[i] == static_cast<int>(i));
    arena.truncate(10);
    CHECK(arena.size() == 10);
}

TEST_CASE("a byte arena gives contiguous stretches with one bit a byte") {
    crdt::detail::ByteArena<true> arena;
    std::uint32_t last_end = 0;
    for (std::uint32_t size : {1U, 1000U, 24U, 5000U, 3U, 100000U}) {
        REQUIRE(arena.reserve(size));
        const std::uint32_t at = arena.take(size);
        CHECK(at >= last_end);
        last_end = at + size;
        std::uint8_t* bytes = arena.at(at);
        for (std::uint32_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(size + i);
        CHECK(arena.at(at + size - 1) == bytes + size - 1);
        CHECK(arena.bit_word(at) == 0);
    }
    const std::uint32_t room = arena.room();
    arena.give_back(100);
    CHECK(arena.room() == room + 100);
}

TEST_CASE("arenas tell when memory is exhausted") {
    test::FailingMemory memory(0);
    crdt::detail::Arena<int, 4> arena;
    crdt::detail::ByteArena<false> bytes;
    CHECK_FALSE(arena.reserve_more(1));
    CHECK_FALSE(bytes.reserve(1));
    CHECK(arena.size() == 0);
}
