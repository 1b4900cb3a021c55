#include <doctest/doctest.h>

#include <cstdint>
#include <map>

#include <crdt/store/id_index.hpp>

#include "support/edits.hpp"
#include "unit/support/failing_memory.hpp"

using crdt::detail::IdIndex;
using crdt::detail::LeafList;
using crdt::detail::Run;

namespace {

// offset -> leaf; the entry that covers an offset is the last one not above it.
using Model = std::map<std::uint32_t, std::uint32_t>;

std::uint32_t leaf_of(const Model& model, std::uint32_t offset) {
    return std::prev(model.upper_bound(offset))->second;
}

}  // namespace

TEST_CASE("a leaf list finds the entry that covers an offset, whatever the order of insertion") {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        LeafList list;
        Model model{{0, 1}};
        REQUIRE(list.insert({0, 1}));
        support::Random random(seed);
        for (std::uint32_t i = 2; i < 2000; ++i) {
            const std::uint32_t offset = seed == 0   ? i * 5
                                         : seed == 1 ? 20'000 - i * 5
                                                     : 1 + random(100'000);
            if (!model.emplace(offset, i).second) continue;
            REQUIRE(list.insert({offset, i}));
        }
        for (std::uint32_t offset = 0; offset < 100'000; offset += 7) {
            REQUIRE(list.find(offset) == leaf_of(model, offset));
        }
        for (int i = 0; i < 200; ++i) {
            const std::uint32_t offset = random(100'000);
            list.rename(offset, 9999);
            std::prev(model.upper_bound(offset))->second = 9999;
        }
        for (std::uint32_t offset = 0; offset < 100'000; offset += 7) {
            REQUIRE(list.find(offset) == leaf_of(model, offset));
        }
        list.free();
    }
}

TEST_CASE("the index follows runs that leaf splits spread over many leaves") {
    IdIndex index;
    index.set_built();
    Run run{};
    run.leaf = 0;
    Model model{{0, 0}};
    support::Random random(7);
    for (std::uint32_t i = 1; i < 3000; ++i) {
        const std::uint32_t offset = 1 + random(50'000);
        if (random(3) == 0) {
            index.moved(run, offset, i, false);
            std::prev(model.upper_bound(offset))->second = i;
        } else if (model.count(offset) == 0) {
            index.moved(run, offset, i, true);
            model[offset] = i;
        }
    }
    index.appended(run, 60'000, 77);
    model[60'000] = 77;
    index.appended(run, 60'001, 77);
    for (std::uint32_t offset = 0; offset < 70'000; ++offset) {
        REQUIRE(index.leaf_of(run, offset) == leaf_of(model, offset));
    }
    CHECK(index.built());
    index.drop();
    CHECK(!index.built());
}

TEST_CASE("an index without memory is dropped and takes no block with it") {
    for (std::size_t n = 0; n < 40; ++n) {
        IdIndex index;
        index.set_built();
        Run run{};
        Model model{{0, 0}};
        {
            const test::FailingMemory memory(n);
            for (std::uint32_t i = 1; i < 600 && index.built(); ++i) {
                index.moved(run, i * 3, i, true);
                model[i * 3] = i;
            }
        }
        if (!index.built()) continue;
        for (std::uint32_t offset = 0; offset < 1800; ++offset) {
            REQUIRE(index.leaf_of(run, offset) == leaf_of(model, offset));
        }
    }
}
