#include <doctest/doctest.h>
#include <crdt/sync/auth.hpp>

#include "unit/support/hex.hpp"

using crdt::Bytes;
using crdt::Error;
using crdt::ErrorCode;

TEST_CASE("a refusal carries its reason") {
    Bytes message;
    CHECK(crdt::write_permission_denied("no", message).ok());
    CHECK(test::hex(message) == "00026e6f");
    const auto reason = crdt::read_auth_message(message);
    REQUIRE(reason.ok());
    REQUIRE(reason->has_value());
    CHECK(**reason == "no");
}

TEST_CASE("other auth messages are ignored, broken ones refused") {
    const auto read = [](std::string_view text) {
        const auto bytes = test::hex(text);
        return crdt::read_auth_message({bytes.data(), bytes.size()});
    };
    CHECK(read("00 00")->value().empty());
    CHECK(!read("01 00")->has_value());
    CHECK(!read("05")->has_value());
    CHECK(read("").error() == Error{ErrorCode::unexpected_end, 0});
    CHECK(read("00 05").error() == Error{ErrorCode::unexpected_end, 1});
    CHECK(read("00 01 ff").error().code == ErrorCode::invalid_utf8);
    Bytes none;
    CHECK(crdt::write_permission_denied("a\xff", none).error() ==
          Error{ErrorCode::invalid_utf8, 1});
    CHECK(none.empty());
}
