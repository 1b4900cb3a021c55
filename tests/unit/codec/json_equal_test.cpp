#include <doctest/doctest.h>
#include <crdt/codec/json_equal.hpp>

#include <string>

#include "unit/support/failing_memory.hpp"

using crdt::detail::json_equal;

TEST_CASE("JSON texts of one value are equal, however they are written") {
    CHECK(json_equal("{}", " { } "));
    CHECK(json_equal("1", "1.0e0"));
    CHECK(json_equal("0", "-0"));
    CHECK(json_equal("\"a\"", "\"\\u0061\""));
    CHECK(json_equal(R"({"a":1,"b":[true,null]})", R"({ "b" : [true, null], "a": 10e-1 })"));
    CHECK(json_equal(R"({"x":{"p":1,"q":2},"y":[{"r":1,"s":2}]})",
                     R"({"y":[{"s":2,"r":1}],"x":{"q":2,"p":1}})"));
    CHECK(json_equal(R"({"a":1,"a":2})", R"({"a":2})"));  // the last of a name counts
}

TEST_CASE("JSON texts of different values differ") {
    const char* const all[] = {"null",
                               "true",
                               "false",
                               "0",
                               "1",
                               "\"\"",
                               "\"0\"",
                               "[]",
                               "{}",
                               "[1]",
                               "[1,2]",
                               "[2,1]",
                               "[[1]]",
                               R"({"a":1})",
                               R"({"a":2})",
                               R"({"b":1})",
                               R"({"a":1,"b":1})",
                               R"({"a":{"a":1}})"};
    for (const char* a : all) {
        for (const char* b : all) {
            INFO(a << " and " << b);
            CHECK(json_equal(a, b) == (a == b));
        }
    }
}

TEST_CASE("deep and wide JSON texts are compared without recursion") {
    const std::string deep = std::string(500, '[') + "1 " + std::string(500, ']');
    CHECK(json_equal(deep, std::string(500, '[') + "1" + std::string(500, ']')));
    CHECK(!json_equal(deep, std::string(500, '[') + "2" + std::string(500, ']')));
    std::string forwards = "{";
    std::string backwards = "{";
    for (int i = 0; i < 2000; ++i) {
        const auto member = [](int k) {
            return "\"k" + std::to_string(k) + "\":" + std::to_string(k);
        };
        forwards += (i > 0 ? "," : "") + member(i);
        backwards += (i > 0 ? "," : "") + member(1999 - i);
    }
    CHECK(json_equal(forwards + "}", backwards + "}"));
}

TEST_CASE("without memory two JSON texts count as different") {
    const auto failures = test::fail_each_allocation(
        [] { return json_equal(R"({"a":[1,2],"b":2})", R"({"b":2,"a":[1, 2]})"); });
    CHECK(failures > 0);
    CHECK(failures < 100);
}
