#include <doctest/doctest.h>

#include <string>

#include <crdt/store/store.hpp>

#include "unit/support/failing_memory.hpp"

using crdt::detail::kNone;
using crdt::detail::Store;
using crdt::detail::TypeKind;

TEST_CASE("names are interned once and read back") {
    Store store{crdt::ClientId{1}};
    auto& names = store.types.names;
    CHECK(names.find("x") == kNone);
    const std::uint32_t x = names.intern("x");
    const std::uint32_t empty = names.intern("");
    CHECK(names.intern("x") == x);
    CHECK(empty != x);
    CHECK(names[x] == "x");
    CHECK(names[empty].empty());
    const std::string nul("a\0b", 3);
    CHECK(names[names.intern(nul)] == nul);
    for (int i = 0; i < 3000; ++i) {
        const std::string name = "name " + std::to_string(i);
        REQUIRE(names[names.intern(name)] == name);
    }
    CHECK(names.size() == 3003);
    CHECK(names.find("x") == x);
    CHECK(names.find("name 2999") != kNone);
}

TEST_CASE("roots are made once, in the order in which they are met") {
    Store store{crdt::ClientId{1}};
    const std::uint32_t a = store.root("a");
    const std::uint32_t empty = store.root("");
    CHECK(store.root("a") == a);
    CHECK(a != empty);
    CHECK(store.types.types[a].kind == TypeKind::undefined);
    REQUIRE(store.types.roots().size() == 2);
    CHECK(store.types.roots()[0] == a);
    CHECK(store.types.find_root("b") == kNone);
    // A key's name is no root.
    static_cast<void>(store.types.names.intern("key"));
    CHECK(store.types.find_root("key") == kNone);
}

TEST_CASE("each key of a type has a sequence of its own") {
    Store store{crdt::ClientId{1}};
    const std::uint32_t one = store.root("one");
    const std::uint32_t two = store.root("two");
    for (int i = 0; i < 500; ++i) {
        const std::uint32_t key = store.types.names.intern("k" + std::to_string(i));
        CHECK(store.types.find_key(one, key) == kNone);
        REQUIRE(store.types.reserve(0, 2));
        const std::uint32_t seq = store.types.add_key(one, key);
        REQUIRE(store.types.add_key(one, key) == seq);
        REQUIRE(store.types.add_key(two, key) != seq);
        REQUIRE(store.types.find_key(one, key) == seq);
    }
    // In the order in which they were made.
    int met = 0;
    for (std::uint32_t seq = store.types.types[one].first_key; seq != kNone;
         seq = store.sequences.seqs[seq].next_key) {
        REQUIRE(store.types.names[store.sequences.seqs[seq].key] == "k" + std::to_string(met++));
    }
    CHECK(met == 500);
}

TEST_CASE("types that were made last can be forgotten") {
    Store store{crdt::ClientId{1}};
    static_cast<void>(store.root("stays"));
    const std::uint32_t types = store.types.types.size();
    const std::uint32_t seqs = store.sequences.seqs.size();
    static_cast<void>(store.root("goes"));
    store.types.truncate(types, seqs);
    CHECK(store.types.find_root("goes") == kNone);
    CHECK(store.types.find_root("stays") != kNone);
    CHECK(store.types.types[store.root("goes")].name == store.types.names.find("goes"));
}

TEST_CASE("without memory a root is not made, and those that are stay") {
    const std::size_t failed = test::fail_each_allocation([] {
        Store store{crdt::ClientId{1}};
        for (const char* name : {"a", "b", "c"}) {
            if (store.root(name) == kNone) return false;
        }
        return store.types.find_root("c") != kNone;
    });
    CHECK(failed > 3);
    CHECK(failed < 100);
}
