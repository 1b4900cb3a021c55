#include <doctest/doctest.h>

#if __has_include(<xxhash.h>)
#include <crdt/base/hash.hpp>

TEST_CASE("XXH3 of the empty input and of text, by its published vectors") {
    CHECK(crdt::hash64({}) == 0x2d06800538d394c2U);
    const crdt::Hash128 empty = crdt::hash128({});
    CHECK(empty.high == 0x99aa06d3014798d8U);
    CHECK(empty.low == 0x6001c324468d497fU);
    const auto text = crdt::as_bytes("rope");
    CHECK(crdt::hash64(text) == crdt::hash64(text));
    CHECK(crdt::hash64(text) != crdt::hash64(text, 1));
    CHECK(crdt::hash128(text) != crdt::hash128(crdt::as_bytes("ropf")));
}
#else
TEST_CASE("XXH3") { MESSAGE("not tested: libxxhash-dev is not installed"); }
#endif
