#include <doctest/doctest.h>
#include <crdt/store/redone.hpp>

#include <map>
#include <utility>

#include "support/edits.hpp"

using crdt::detail::RedoneUnits;
using crdt::detail::RunPos;

TEST_CASE("units lead to their copies, and copies to theirs") {
    RedoneUnits redone;
    CHECK(redone.empty());
    CHECK(!redone.copy_of({1, 0}).exists());
    CHECK(redone.add({1, 2, 3, {5, 0}}));
    CHECK(redone.add({5, 1, 1, {6, 7}}));
    CHECK(!redone.empty());
    CHECK(!redone.copy_of({1, 1}).exists());
    CHECK(redone.copy_of({1, 2}) == RunPos{5, 0});
    CHECK(redone.copy_of({1, 4}) == RunPos{5, 2});
    CHECK(!redone.copy_of({1, 5}).exists());
    CHECK(redone.follow({1, 3}) == RunPos{6, 7});
    CHECK(redone.follow({1, 4}) == RunPos{5, 2});
    CHECK(redone.follow({2, 0}) == RunPos{2, 0});
    redone.remove({1, 2, 3, {5, 0}});
    CHECK(!redone.copy_of({1, 3}).exists());
}

TEST_CASE("stretches end where the answer changes") {
    RedoneUnits redone;
    CHECK(redone.add({1, 2, 3, {5, 0}}));
    CHECK(redone.add({1, 5, 2, {9, 0}}));
    const auto stretch = [&](std::uint32_t offset) {
        std::uint32_t count = 100;
        const RunPos copy = redone.stretch({1, offset}, count);
        return std::pair{copy, count};
    };
    CHECK(stretch(0) == std::pair{RunPos{}, std::uint32_t{2}});
    CHECK(stretch(3) == std::pair{RunPos{5, 1}, std::uint32_t{2}});
    CHECK(stretch(5) == std::pair{RunPos{9, 0}, std::uint32_t{2}});
    CHECK(stretch(7) == std::pair{RunPos{}, std::uint32_t{100}});
    CHECK(redone.last_in(1, 0, 100)->offset == 5);
    CHECK(redone.last_in(1, 0, 5)->offset == 2);
    CHECK(redone.last_in(1, 0, 2) == nullptr);
    CHECK(redone.last_in(1, 3, 3) == nullptr);
    CHECK(redone.first_in(1, 0, 100)->offset == 2);
    CHECK(redone.first_in(1, 5, 100)->offset == 5);
    CHECK(redone.first_in(1, 7, 100) == nullptr);
    CHECK(redone.first_in(2, 0, 100) == nullptr);
}

TEST_CASE("many copies are found like in a map") {
    RedoneUnits redone;
    std::map<std::pair<std::uint32_t, std::uint32_t>, RunPos> model;
    support::Random random(1);
    for (std::uint32_t i = 0; i < 3000; ++i) {
        const std::uint32_t run = random(50);
        const std::uint32_t offset = random(1000);
        const std::uint32_t length = 1 + random(5);
        bool is_free = true;
        for (std::uint32_t k = 0; k < length; ++k) {
            is_free = is_free && !model.contains({run, offset + k});
        }
        if (!is_free) continue;
        REQUIRE(redone.add({run, offset, length, {1000 + i, 0}}));
        for (std::uint32_t k = 0; k < length; ++k) model[{run, offset + k}] = {1000 + i, k};
    }
    for (std::uint32_t run = 0; run < 50; ++run) {
        for (std::uint32_t offset = 0; offset < 1010; ++offset) {
            const auto found = model.find({run, offset});
            REQUIRE(redone.copy_of({run, offset}) ==
                    (found == model.end() ? RunPos{} : found->second));
        }
    }
}
