#include <doctest/doctest.h>
#include <crdt/codec/any.hpp>
#include <crdt/codec/any_to_json.hpp>

#include <limits>
#include <string>

using crdt::Any;
using crdt::Bytes;
using crdt::ErrorCode;

namespace {

std::string json(const Any& value) {
    Bytes out;
    CHECK(crdt::detail::any_to_json(value.view().encoded(), out) == ErrorCode::ok);
    return std::string(crdt::as_text(out));
}

}  // namespace

TEST_CASE("[1.2] numbers are written as JavaScript writes them") {
    CHECK(json(0) == "0");
    CHECK(json(-0.0) == "0");
    CHECK(json(-17) == "-17");
    CHECK(json(0.5) == "0.5");
    CHECK(json(123.456) == "123.456");
    CHECK(json(100) == "100");
    CHECK(json(1e20) == "100000000000000000000");
    CHECK(json(1e21) == "1e+21");
    CHECK(json(1.5e300) == "1.5e+300");
    CHECK(json(0.000001) == "0.000001");
    CHECK(json(1e-7) == "1e-7");
    CHECK(json(-1.25e-9) == "-1.25e-9");
    CHECK(json(9007199254740993.0) == "9007199254740992");
    CHECK(json(std::numeric_limits<double>::quiet_NaN()) == "null");
    CHECK(json(std::numeric_limits<double>::infinity()) == "null");
}

TEST_CASE("[1.2] strings escape what JSON has to") {
    CHECK(json("a\"b\\c/\b\t\n\f\r\x01") == "\"a\\\"b\\\\c/\\b\\t\\n\\f\\r\\u0001\"");
    CHECK(json("é😀") == "\"é😀\"");
    CHECK(json("") == "\"\"");
}

TEST_CASE("[1.2] containers drop what has no text") {
    CHECK(json(Any::array({1, Any::undefined(), nullptr})) == "[1,null,null]");
    CHECK(json(Any::object({{"a", Any::undefined()}, {"b", true}})) == R"({"b":true})");
    CHECK(json(Any::object({})) == "{}");
    CHECK(json(Any::array({Any::array({}), Any::object({{"k", Any::array({"x"})}})})) ==
          R"([[],{"k":["x"]}])");
    const std::uint8_t bytes[] = {1, 255};
    CHECK(json(Any::bytes({bytes, 2})) == R"({"0":1,"1":255})");
}

TEST_CASE("[1.2] undefined and bigints have no text, and nothing is appended") {
    for (const Any& value : {Any::undefined(), Any::bigint(1), Any::array({1, Any::bigint(2)})}) {
        Bytes out;
        REQUIRE(out.append("kept"));
        CHECK(crdt::detail::any_to_json(value.view().encoded(), out) ==
              ErrorCode::invalid_argument);
        CHECK(crdt::as_text(out) == "kept");
    }
}
