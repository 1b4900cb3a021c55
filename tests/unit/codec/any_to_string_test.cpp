#include <doctest/doctest.h>

#include <cmath>
#include <crdt/codec/any_to_string.hpp>
#include <crdt/crdt.hpp>
#include <limits>
#include <string>

using crdt::Any;

namespace {

std::string text_of(const Any& value) {
    crdt::Bytes out;
    REQUIRE(crdt::detail::any_to_string(value.view().encoded(), out));
    return std::string(crdt::as_text(out));
}

}  // namespace

TEST_CASE("numbers as JavaScript writes them") {
    CHECK(text_of(0) == "0");
    CHECK(text_of(-0.0) == "0");
    CHECK(text_of(-12) == "-12");
    CHECK(text_of(1.0 / 3) == "0.3333333333333333");
    CHECK(text_of(123456789012345680000.0) == "123456789012345680000");
    CHECK(text_of(1e20) == "100000000000000000000");
    CHECK(text_of(1e21) == "1e+21");
    CHECK(text_of(-1.25e300) == "-1.25e+300");
    CHECK(text_of(0.000001) == "0.000001");
    CHECK(text_of(0.00000123) == "0.00000123");
    CHECK(text_of(1e-7) == "1e-7");
    CHECK(text_of(5e-324) == "5e-324");
    CHECK(text_of(std::numeric_limits<double>::quiet_NaN()) == "NaN");
    CHECK(text_of(std::numeric_limits<double>::infinity()) == "Infinity");
    CHECK(text_of(-std::numeric_limits<double>::infinity()) == "-Infinity");
    CHECK(text_of(Any::bigint(-5)) == "-5");
}

TEST_CASE("other values as JavaScript makes strings of them") {
    static constexpr std::uint8_t kBytes[] = {1, 0, 255};
    CHECK(text_of(nullptr) == "null");
    CHECK(text_of(Any::undefined()) == "undefined");
    CHECK(text_of(true) == "true");
    CHECK(text_of("\xc3\xa9") == "\xc3\xa9");
    CHECK(text_of(Any::bytes({kBytes, 3})) == "1,0,255");
    CHECK(text_of(Any::object({{"k", 1}})) == "[object Object]");
    CHECK(text_of(Any::array({})) == "");
    CHECK(text_of(Any::array({Any::array({}), nullptr, Any::array({1, Any::array({2})}),
                              Any::undefined(), "x"})) == ",,1,2,,x");
}

TEST_CASE("arrays as deep as values may nest") {
    Any deep = 1;
    for (int i = 1; i < 120; ++i) deep = Any::array({deep, 2});
    const std::string text = text_of(deep);
    CHECK(text.size() == 1 + 119 * 2);
    CHECK(text.substr(0, 5) == "1,2,2");
}

TEST_CASE("names are sorted by UTF-16 units") {
    using crdt::detail::before_in_utf16;
    CHECK(before_in_utf16("a", "b"));
    CHECK(before_in_utf16("a", "ab"));
    CHECK_FALSE(before_in_utf16("a", "a"));
    CHECK(before_in_utf16("\xf0\x9f\x98\x80", "\xef\xbf\xbf"));  // D83D DE00, FFFF
    CHECK_FALSE(before_in_utf16("\xef\xbf\xbf", "\xf0\x9f\x98\x80"));
    CHECK(before_in_utf16("\xed\x9f\xbf", "\xf0\x9f\x98\x80"));  // D7FF
}
