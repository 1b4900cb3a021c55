#include <doctest/doctest.h>

#include <crdt/codec/state_vector.hpp>

#include "../support/failing_memory.hpp"
#include "../support/hex.hpp"

using crdt::ClientId;
using crdt::Clock;
using crdt::Error;
using crdt::ErrorCode;
using crdt::StateVector;

namespace {

Error decode_error(std::string_view text, const crdt::Limits& limits = {}) {
    return StateVector::decode(test::hex(text), limits).error();
}

}  // namespace

TEST_CASE("a state vector is written by client, highest first") {
    StateVector vector;
    CHECK(test::hex(vector.encode().value().view()) == "00");
    REQUIRE(vector.set(ClientId{123456}, Clock{33}));
    REQUIRE(vector.set(ClientId{2147483648}, Clock{4}));
    CHECK(test::hex(vector.encode().value().view()) == "02808080800804c0c40721");
    REQUIRE(vector.set(ClientId{7}, Clock{0}));
    REQUIRE(vector.set(ClientId{123456}, Clock{34}));
    CHECK(vector.size() == 3);
    CHECK(vector.get(ClientId{123456}) == Clock{34});
    CHECK(vector.get(ClientId{8}) == Clock{0});
    CHECK(vector.has(ClientId{7}));
    CHECK_FALSE(vector.has(ClientId{8}));
    CHECK(vector.begin()->client == ClientId{2147483648});
}

TEST_CASE("decoding gives back what was written; the later entry of a client counts") {
    const auto bytes = test::hex("03ffffffffffffff0f21 0102 0105");
    auto vector = StateVector::decode(bytes).value();
    CHECK(vector.size() == 2);
    CHECK(vector.get(ClientId{9007199254740991}) == Clock{33});
    CHECK(vector.get(ClientId{1}) == Clock{5});
    CHECK(test::hex(vector.encode().value().view()) == "02ffffffffffffff0f210105");
    StateVector copy;
    REQUIRE(vector.clone_into(copy));
    CHECK(copy == vector);
    REQUIRE(copy.set(ClientId{1}, Clock{6}));
    CHECK_FALSE(copy == vector);
    CHECK(StateVector::decode(test::hex("00ff")).value().empty());  // trailing bytes
}

TEST_CASE("what is refused") {
    CHECK(decode_error("") == Error{ErrorCode::unexpected_end, 0});
    CHECK(decode_error("01") == Error{ErrorCode::unexpected_end, 0});
    CHECK(decode_error("0101 80") == Error{ErrorCode::invalid_varint, 2});
    CHECK(decode_error("8080808001 01") == Error{ErrorCode::unexpected_end, 0});
    CHECK(decode_error("01 8080808080808010 01") == Error{ErrorCode::invalid_varint, 1});
    CHECK(decode_error("01 01 8080808008") == Error{ErrorCode::limit_exceeded, 2});
    CHECK(decode_error("0201010201", {.clients = 1}) == Error{ErrorCode::limit_exceeded, 0});
}

TEST_CASE("many clients in any order") {
    StateVector vector;
    for (std::uint64_t i = 0; i < 3000; ++i) {
        REQUIRE(vector.set(ClientId{i * 1999 % 3000}, static_cast<Clock>(i)));
    }
    CHECK(vector.size() == 3000);
    std::uint64_t expected = 3000;
    for (const auto& entry : vector) CHECK(raw(entry.client) == --expected);
    const auto bytes = vector.encode().value();
    CHECK(StateVector::decode(bytes).value() == vector);
    const std::size_t failures =
        test::fail_each_allocation([&] { return StateVector::decode(bytes).ok(); });
    CHECK(failures < 1000);
    CHECK(test::fail_each_allocation([&] { return vector.encode().ok(); }) < 100);
}
