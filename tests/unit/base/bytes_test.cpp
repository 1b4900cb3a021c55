#include <doctest/doctest.h>

#include <crdt/base/bytes.hpp>
#include <crdt/base/ids.hpp>

#include "../support/failing_memory.hpp"

using crdt::Bytes;
using crdt::detail::Vec;

TEST_CASE("Vec grows, inserts and erases in place") {
    Vec<int> vec;
    for (int i = 0; i < 100; ++i) REQUIRE(vec.push_back(i));
    REQUIRE(vec.insert(0, -1));
    REQUIRE(vec.insert(50, vec[0]));  // a value that lies in the Vec itself
    CHECK(vec.size() == 102);
    CHECK(vec[0] == -1);
    CHECK(vec[50] == -1);
    CHECK(vec[51] == 49);
    vec.erase(1, 100);
    CHECK(vec.size() == 2);
    CHECK(vec[1] == 99);
    REQUIRE(vec.resize(4));
    CHECK(vec[3] == 0);
    Vec<int> moved = std::move(vec);
    CHECK(vec.empty());
    CHECK(moved.back() == 0);
}

TEST_CASE("Vec tells when memory is exhausted and has changed nothing then") {
    Vec<int> vec;
    REQUIRE(vec.resize(3));
    test::FailingMemory memory(0);
    while (vec.size() < vec.capacity()) REQUIRE(vec.push_back(1));
    const std::size_t size = vec.size();
    CHECK_FALSE(vec.push_back(1));
    CHECK_FALSE(vec.insert(0, 1));
    CHECK_FALSE(vec.reserve(size + 1));
    CHECK_FALSE(vec.reserve_more(static_cast<std::size_t>(-1)));
    CHECK(vec.size() == size);
}

TEST_CASE("Bytes append, clone and compare") {
    Bytes a;
    REQUIRE(a.append("rope"));
    REQUIRE(a.push_back('s'));
    REQUIRE(a.append(crdt::ByteView{}));
    CHECK(crdt::as_text(a) == "ropes");
    Bytes b;
    REQUIRE(a.clone_into(b));
    CHECK(a == b);
    b.truncate(4);
    CHECK_FALSE(a == b);
    test::FailingMemory memory(0);
    Bytes c;
    CHECK_FALSE(c.append("text"));
    CHECK(c.empty());
}

TEST_CASE("ids order by client, then by clock") {
    using crdt::ClientId;
    using crdt::Clock;
    const crdt::Id a{ClientId{1}, Clock{9}};
    const crdt::Id b{ClientId{2}, Clock{0}};
    CHECK(a < b);
    CHECK(crdt::advance(a.clock, 3) == Clock{12});
}
