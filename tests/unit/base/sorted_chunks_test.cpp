#include <doctest/doctest.h>

#include <algorithm>
#include <crdt/base/sorted_chunks.hpp>
#include <utility>
#include <vector>

#include "../support/failing_memory.hpp"
#include "../support/hex.hpp"

using Chunks = crdt::detail::SortedChunks<int>;

namespace {

Chunks::Place place_of(const Chunks& chunks, int value) {
    return chunks.lower_bound([&](int element) { return element < value; });
}
std::vector<int> contents(const Chunks& chunks) { return {chunks.begin(), chunks.end()}; }

}  // namespace

TEST_CASE("insertions and erasures anywhere behave as in a sorted vector") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        test::Random random(seed);
        Chunks chunks;
        std::vector<int> model;
        for (int step = 0; step < 2000; ++step) {
            const int value = static_cast<int>(random(3000));
            if (random(50) != 0) {
                REQUIRE(chunks.insert(place_of(chunks, value), value));
                model.insert(std::lower_bound(model.begin(), model.end(), value), value);
            } else {
                const int end = value + static_cast<int>(random(random(3) == 0 ? 3000 : 30));
                chunks.erase(place_of(chunks, value), place_of(chunks, end));
                model.erase(std::lower_bound(model.begin(), model.end(), value),
                            std::lower_bound(model.begin(), model.end(), end));
            }
            REQUIRE(chunks.size() == model.size());
        }
        CHECK(contents(chunks) == model);
        if (!model.empty()) CHECK(chunks.back() == model.back());
    }
}

TEST_CASE("building in order, copying and moving") {
    Chunks chunks;
    CHECK(chunks.empty());
    CHECK(chunks.begin() == chunks.end());
    for (int i = 0; i < 1000; ++i) REQUIRE(chunks.push_back(i));
    Chunks copy;
    REQUIRE(chunks.clone_into(copy));
    CHECK(contents(copy) == contents(chunks));
    Chunks moved = std::move(copy);
    CHECK(copy.empty());
    CHECK(moved.size() == 1000);
    REQUIRE(copy.push_back(7));
    copy = std::move(moved);
    CHECK(copy.size() == 1000);
    CHECK(moved.empty());
    Chunks& alias = copy;
    copy = std::move(alias);
    CHECK(copy.size() == 1000);
    copy.erase(copy.begin() == copy.end() ? copy.end_place() : Chunks::Place{}, copy.end_place());
    CHECK(copy.empty());
    auto at = chunks.begin();
    CHECK(*at++ == 0);
    CHECK(*at == 1);
    CHECK(*at.operator->() == 1);
}

TEST_CASE("exhausted memory leaves the sequence as it was") {
    const std::size_t failures = test::fail_each_allocation([&] {
        Chunks chunks;
        std::vector<int> model;
        for (int i = 0; i < 600; ++i) {
            const int value = i * 37 % 600;
            if (!chunks.insert(place_of(chunks, value), value)) {
                CHECK(contents(chunks) == model);
                return false;
            }
            model.insert(std::lower_bound(model.begin(), model.end(), value), value);
        }
        return true;
    });
    CHECK(failures > 3);
    CHECK(failures < 100);
}
