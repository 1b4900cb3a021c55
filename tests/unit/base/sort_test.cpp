#include <doctest/doctest.h>

#include <algorithm>
#include <crdt/base/sort.hpp>
#include <cstdint>
#include <random>
#include <tuple>
#include <vector>

using crdt::detail::sort_small;

namespace {

struct Entry {
    std::uint32_t key;
    std::uint32_t other;
    std::uint32_t number;
    friend bool operator==(const Entry&, const Entry&) = default;
};

// A total order, so that there is one right answer.
const auto by_key = [](const Entry& a, const Entry& b) {
    return std::tie(a.key, a.number) < std::tie(b.key, b.number);
};

}  // namespace

TEST_CASE("the small sort does what std::sort does") {
    std::mt19937 random(7);
    for (std::uint32_t size = 0; size < 200; ++size) {
        for (const std::uint32_t keys : {1U, 3U, 1000U}) {
            std::vector<Entry> given;
            for (std::uint32_t i = 0; i < size; ++i) {
                given.push_back({static_cast<std::uint32_t>(random() % keys), ~i, i});
            }
            std::shuffle(given.begin(), given.end(), random);
            std::vector<Entry> expected = given;
            std::sort(expected.begin(), expected.end(), by_key);
            sort_small(given.data(), given.data() + size, by_key);
            REQUIRE(given == expected);
        }
    }
}

TEST_CASE("the small sort looks at sorted input once, and never at all pairs") {
    constexpr std::uint32_t kSize = 1U << 14;
    std::uint64_t compared = 0;
    const auto counted = [&compared](std::uint32_t a, std::uint32_t b) {
        ++compared;
        return a < b;
    };
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t i = 0; i < kSize; ++i) numbers.push_back(i);
    sort_small(numbers.data(), numbers.data() + kSize, counted);
    CHECK(compared == kSize - 1);

    std::reverse(numbers.begin(), numbers.end());
    compared = 0;
    sort_small(numbers.data(), numbers.data() + kSize, counted);
    CHECK(std::is_sorted(numbers.begin(), numbers.end()));
    CHECK(compared < std::uint64_t{3} * 14 * kSize);
}
