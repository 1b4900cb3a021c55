#include <doctest/doctest.h>
#include <crdt/codec/any.hpp>
#include <crdt/codec/json_to_any.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

using crdt::Any;
using crdt::AnyKind;
using crdt::AnyView;

namespace {

struct Read {
    crdt::Bytes bytes;
    explicit Read(std::string_view json) { REQUIRE(crdt::detail::json_to_any(json, bytes)); }
    [[nodiscard]] AnyView view() const { return AnyView(bytes); }
};

}  // namespace

TEST_CASE("a JSON text becomes the value that it writes") {
    CHECK(Read("null").view() == Any(nullptr).view());
    CHECK(Read("undefined").view().is_undefined());
    CHECK(Read(" true ").view() == Any(true).view());
    CHECK(Read("-0").view() == Any(-0.0).view());
    CHECK(Read("[1, 2.5, \"x\", [], {}]").view().size() == 5);
    CHECK(Read("{\"a\":[1,null]}").view().find("a")->size() == 2);
    // The last of two equal keys counts, at the place of the first; array indexes come first.
    CHECK(Read("{\"b\":1,\"a\":2,\"b\":3,\"0\":4}").view() ==
          Any::object({{"0", 4}, {"b", 3}, {"a", 2}}).view());
}

TEST_CASE("escapes are undone, and lone halves become U+FFFD") {
    CHECK(Read(R"("\"\\\/\b\f\n\r\t")").view().as_string() == "\"\\/\b\f\n\r\t");
    CHECK(Read(R"("\u00e9\uD83D\uDE00")").view().as_string() == "\xc3\xa9\xf0\x9f\x98\x80");
    CHECK(Read(R"("\ud83dx")").view().as_string() == "\xef\xbf\xbdx");
    CHECK(Read(R"("\ud83d\u0041")").view().as_string() ==
          "\xef\xbf\xbd"
          "A");
}

TEST_CASE("numbers are read as JavaScript reads them") {
    CHECK(Read("1e400").view().as_number() == HUGE_VAL);
    CHECK(Read("5e-324").view().as_number() == 5e-324);
    CHECK(Read("0.1").view().as_number() == 0.1);
    CHECK(Read("9007199254740993").view().as_number() == 9007199254740992.0);
    std::mt19937_64 random(7);
    for (int i = 0; i < 20'000; ++i) {
        char text[64];
        std::snprintf(text, sizeof text, "%.17ge%d", static_cast<double>(random()) / 1e3,
                      static_cast<int>(random() % 600) - 300);
        std::string json(text);  // "1.5e+10e5" is no number: keep the first exponent only
        const std::size_t second = json.find('e', json.find('e') + 1);
        if (second != std::string::npos) json.resize(second);
        CHECK(Read(json).view().as_number() == std::strtod(json.c_str(), nullptr));
    }
}

TEST_CASE("the deepest nesting that is accepted is read") {
    const std::string deep = std::string(512, '[') + std::string(512, ']');
    CHECK(Read(deep).view().kind() == AnyKind::array);
}
