#include <doctest/doctest.h>
#include <crdt/doc/state_hash.hpp>

using crdt::ClientId;
using crdt::Doc;

TEST_CASE("state_hash is equal for replicas that hold the same, however they came to it") {
    Doc alice{ClientId{1}};
    Doc bob{ClientId{2}};
    alice.text("t").append("hello");
    REQUIRE(bob.apply(alice.encode_state_as_update().value()).ok());
    CHECK(crdt::state_hash(alice).value() == crdt::state_hash(bob).value());

    bob.text("t").append("!");
    CHECK(crdt::state_hash(alice).value() != crdt::state_hash(bob).value());
    alice.text("t").erase(0, 1);
    REQUIRE(alice.apply(bob.encode_state_as_update().value()).ok());
    REQUIRE(bob.apply(alice.encode_state_as_update().value()).ok());
    CHECK(crdt::state_hash(alice).value() == crdt::state_hash(bob).value());
}

TEST_CASE("state_hash tells a deletion from nothing") {
    Doc kept{ClientId{1}};
    kept.text("t").append("ab");
    Doc cut{ClientId{2}};
    REQUIRE(cut.apply(kept.encode_state_as_update().value()).ok());
    cut.text("t").erase(1, 1);
    CHECK(crdt::state_hash(kept).value() != crdt::state_hash(cut).value());
}
