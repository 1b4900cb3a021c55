#include <doctest/doctest.h>
#include <crdt/codec/any_to_json.hpp>
#include <crdt/codec/json_to_any.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "../support/failing_memory.hpp"

using crdt::Any;
using crdt::AnyView;

namespace {

struct Text {
    std::string json;
    bool exact = false;
    explicit Text(const Any& value) {
        crdt::Bytes out;
        REQUIRE(crdt::detail::any_to_json(value.view(), out, exact));
        json = crdt::as_text(out);
    }
};

std::string number(double value) { return Text(Any(value)).json; }

}  // namespace

TEST_CASE("values as JSON.stringify writes them") {
    CHECK(Text(Any(nullptr)).json == "null");
    CHECK(Text(Any(true)).json == "true");
    CHECK(Text(Any("x")).json == "\"x\"");
    CHECK(Text(Any::array({})).json == "[]");
    CHECK(Text(Any::object({})).json == "{}");
    const Text nested(Any::object({{"a", Any::array({1, Any(nullptr), "b"})}, {"c", false}}));
    CHECK(nested.json == R"({"a":[1,null,"b"],"c":false})");
    CHECK(nested.exact);
}

TEST_CASE("control characters, quotes and backslashes are escaped, nothing else") {
    CHECK(Text(Any("\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9")).json ==
          "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9\"");
}

TEST_CASE("numbers as JavaScript writes them") {
    CHECK(number(0) == "0");
    CHECK(number(-1.5) == "-1.5");
    CHECK(number(100) == "100");
    CHECK(number(0.1) == "0.1");
    CHECK(number(1e20) == "100000000000000000000");
    CHECK(number(1e21) == "1e+21");
    CHECK(number(1.5e300) == "1.5e+300");
    CHECK(number(0.000001) == "0.000001");
    CHECK(number(0.0000001) == "1e-7");
    CHECK(number(1.25e-9) == "1.25e-9");
    CHECK(number(5e-324) == "5e-324");
    CHECK(number(1.7976931348623157e308) == "1.7976931348623157e+308");
    CHECK(number(-123456.789) == "-123456.789");
}

TEST_CASE("what JSON cannot say is told") {
    const auto lossy = [](const Any& value) {
        const Text text(value);
        CHECK_FALSE(text.exact);
        return text.json;
    };
    CHECK(lossy(Any(std::nan(""))) == "null");
    CHECK(lossy(Any(std::numeric_limits<double>::infinity())) == "null");
    CHECK(lossy(Any(-0.0)) == "0");
    CHECK(lossy(Any::undefined()) == "null");
    CHECK(lossy(Any::array({Any::undefined(), 1})) == "[null,1]");
    CHECK(lossy(Any::object({{"a", Any::undefined()}, {"b", 1}})) == R"({"b":1})");
    const std::uint8_t bytes[] = {7, 255};
    CHECK(lossy(Any::bytes(bytes)) == R"({"0":7,"1":255})");
    CHECK(lossy(Any::bigint(-5)) == "-5");
}

TEST_CASE("numbers come back as they were") {
    std::mt19937_64 random(11);
    for (int i = 0; i < 20'000; ++i) {
        const auto value = __builtin_bit_cast(double, static_cast<std::uint64_t>(random()));
        if (!std::isfinite(value) || value == 0) continue;
        crdt::Bytes again;
        REQUIRE(crdt::detail::json_to_any(number(value), again));
        CHECK(AnyView(again).as_number() == value);
    }
}

TEST_CASE("deep values need no deep stack") {
    Any value(1);
    for (int i = 0; i < 120; ++i) value = Any::array({value});
    CHECK(Text(value).json == std::string(120, '[') + "1" + std::string(120, ']'));
}

TEST_CASE("without memory nothing is appended") {
    const Any value = Any::array({std::string(200, 'x'), 2});
    crdt::Bytes out;
    REQUIRE(out.append("kept"));
    bool exact = false;
    const test::FailingMemory memory(0);
    CHECK_FALSE(crdt::detail::any_to_json(value.view(), out, exact));
    CHECK(crdt::as_text(out) == "kept");
}
