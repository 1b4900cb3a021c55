#include <doctest/doctest.h>

#include <cmath>
#include <crdt/codec/any.hpp>
#include <limits>
#include <string>

#include "../support/failing_memory.hpp"
#include "../support/hex.hpp"

using crdt::Any;
using crdt::AnyKind;
using crdt::AnyView;
using crdt::Error;
using crdt::ErrorCode;

namespace {

std::string bytes_of(const Any& any) { return test::hex(any.view().encoded()); }

struct Outcome {
    Error error;
    bool canonical = false;
    std::size_t used = 0;
};
Outcome validate(const std::vector<std::uint8_t>& bytes, const crdt::Limits& limits = {}) {
    Outcome outcome;
    const std::uint8_t* p = bytes.data();
    outcome.error = crdt::detail::validate_any(p, p + bytes.size(), limits, outcome.canonical);
    outcome.used = static_cast<std::size_t>(p - bytes.data());
    return outcome;
}
Error error_of(std::string_view text) { return validate(test::hex(text)).error; }

// The canonical form of `text`, checked to be canonical.
std::string canonical(std::string_view text) {
    const auto bytes = test::hex(text);
    const Outcome outcome = validate(bytes);
    REQUIRE(outcome.error == Error{});
    CHECK(outcome.used == bytes.size());
    crdt::Bytes out;
    REQUIRE(crdt::detail::canonicalise_any(bytes, out));
    const std::string result = test::hex(out.view());
    CHECK(validate(test::hex(result)).canonical);
    CHECK(outcome.canonical == (result == test::hex(bytes)));
    return result;
}

std::string nested(std::string_view open, int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += open;
    return text + "7e";
}

}  // namespace

TEST_CASE("numbers are written as JavaScript writes them") {
    CHECK(bytes_of(0) == "7d00");
    CHECK(bytes_of(-1) == "7d41");
    CHECK(bytes_of(64) == "7d8001");
    CHECK(bytes_of(2147483647) == "7dbfffffff0f");
    CHECK(bytes_of(-2147483647) == "7dffffffff0f");
    CHECK(bytes_of(2147483648.0) == "7c4f000000");
    CHECK(bytes_of(std::int64_t{-2147483648}) == "7ccf000000");
    CHECK(bytes_of(std::int64_t{-2147483649}) == "7bc1e0000000200000");
    CHECK(bytes_of(std::uint64_t{4294967296}) == "7c4f800000");
    CHECK(bytes_of(std::int64_t{9007199254740991}) == "7b433fffffffffffff");
    CHECK(bytes_of(9007199254740992.0) == "7c5a000000");
    CHECK(bytes_of(0.5) == "7c3f000000");
    CHECK(bytes_of(0.5F) == "7c3f000000");
    CHECK(bytes_of(0.1) == "7b3fb999999999999a");
    CHECK(bytes_of(1e21) == "7b444b1ae4d6e2ef50");
    CHECK(bytes_of(-1.5e300) == "7bfe41eb2d66005835");
    CHECK(bytes_of(5e-324) == "7b0000000000000001");
    CHECK(bytes_of(16777217) == "7d81808010");
    CHECK(bytes_of(16777216.5) == "7b4170000008000000");
    CHECK(bytes_of(1.1754943508222875e-38) == "7c00800000");
    CHECK(bytes_of(std::numeric_limits<double>::infinity()) == "7c7f800000");
    CHECK(bytes_of(-std::numeric_limits<double>::infinity()) == "7cff800000");
    CHECK(bytes_of(std::numeric_limits<double>::quiet_NaN()) == "7b7ff8000000000000");
    CHECK(bytes_of(-std::numeric_limits<double>::quiet_NaN()) == "7b7ff8000000000000");
    CHECK(bytes_of(-0.0) == "7d40");
    CHECK(bytes_of(1.0) == bytes_of(1));
}

TEST_CASE("numbers read back by value, whatever their tag") {
    const auto number = [](std::string_view text) {
        const auto bytes = test::hex(text);
        return AnyView({bytes.data(), bytes.size()}).as_number();
    };
    CHECK(number("7dffffffff0f") == -2147483647.0);
    CHECK(number("7dbfffffffffffff1f") == 9007199254740991.0);
    CHECK(number("7cbe800000") == -0.25);
    CHECK(number("7b3fb999999999999a") == 0.1);
    CHECK(std::signbit(number("7d40")));
    CHECK(std::signbit(number("7c80000000")));
    CHECK(std::isnan(number("7c7fc00000")));
    CHECK(number("7e") == 0.0);
}

TEST_CASE("the other scalars") {
    CHECK(bytes_of(Any()) == "7f");
    CHECK(bytes_of(Any::undefined()) == "7f");
    CHECK(bytes_of(nullptr) == "7e");
    CHECK(bytes_of(true) == "78");
    CHECK(bytes_of(false) == "79");
    CHECK(bytes_of("") == "7700");
    CHECK(bytes_of("text\U0001f600") == "770874657874f09f9880");
    CHECK(bytes_of(std::string("a")) == "770161");
    CHECK(bytes_of(std::string_view("a\0b", 3)) == "7703610062");
    CHECK(bytes_of(Any::bigint(-7)) == "7afffffffffffffff9");
    CHECK(bytes_of(Any::bytes(test::hex("00ff"))) == "740200ff");
    CHECK(Any(true).view().as_bool());
    CHECK_FALSE(Any(1).view().as_bool());
    CHECK(Any::bigint(std::numeric_limits<std::int64_t>::min()).view().as_bigint() ==
          std::numeric_limits<std::int64_t>::min());
    CHECK(Any("rope").view().as_string() == "rope");
    CHECK(Any::bytes(test::hex("0102")).view().as_bytes().size() == 2);
    CHECK(Any(1).view().as_string().empty());
    CHECK(Any("1").view().as_bytes().empty());
    CHECK(Any("1").view().as_bigint() == 0);
    char buffer[] = "mutable";
    CHECK(Any(buffer).view().as_string() == "mutable");
}

TEST_CASE("kinds") {
    CHECK(AnyView().kind() == AnyKind::undefined);
    CHECK(AnyView().is_undefined());
    CHECK(Any(nullptr).view().is_null());
    CHECK(Any(false).view().kind() == AnyKind::boolean);
    CHECK(Any(1).view().kind() == AnyKind::number);
    CHECK(Any(0.5).view().kind() == AnyKind::number);
    CHECK(Any(0.1).view().kind() == AnyKind::number);
    CHECK(Any::bigint(1).view().kind() == AnyKind::bigint);
    CHECK(Any("").view().kind() == AnyKind::string);
    CHECK(Any::bytes({}).view().kind() == AnyKind::bytes);
    CHECK(Any::array({}).view().kind() == AnyKind::array);
    CHECK(Any::object({}).view().kind() == AnyKind::object);
}

TEST_CASE("arrays and objects") {
    CHECK(bytes_of(Any::array({Any::array({})})) == "75017500");
    const Any any = Any::object({{"b", 1}, {"a", Any::array({nullptr, "two", 2.5})}});
    CHECK(bytes_of(any) == "760201627d01016175037e770374776f7c40200000");
    CHECK(any.view().size() == 2);
    const AnyView list = any.view().find("a").value();
    CHECK(list.size() == 3);
    std::string kinds;
    for (const AnyView element : list.elements()) {
        kinds += std::to_string(static_cast<int>(element.kind()));
    }
    CHECK(kinds == "153");
    std::string keys;
    for (const auto& [key, value] : any.view().members()) keys += key;
    CHECK(keys == "ba");
    CHECK_FALSE(any.view().find("c").has_value());
    CHECK(any.view().elements().size() == 0);
    CHECK(list.members().size() == 0);
    CHECK(Any(1).view().size() == 0);
    CHECK(any.view().find("b").value() == Any(1).view());
}

TEST_CASE("keys come in JavaScript's order, each once") {
    const Any any =
        Any::object({{"x", 1}, {"10", 2}, {"y", 3}, {"9", 4}, {"x", 5}, {"__proto__", 6}});
    std::string text;
    for (const auto& [key, value] : any.view().members()) {
        text += std::string(key) + "=" + std::to_string(static_cast<int>(value.as_number())) + " ";
    }
    CHECK(text == "9=4 10=2 x=5 y=3 __proto__=6 ");
}

TEST_CASE("canonical forms") {
    CHECK(canonical("7d00") == "7d00");
    CHECK(canonical("7d40") == "7d40");
    CHECK(canonical("7d8000") == "7d00");  // over-long
    CHECK(canonical("7dbfffffffffffff1f") == "7b433fffffffffffff");
    CHECK(canonical("7dc080808010") == "7ccf000000");  // -2^31 is not an integer there
    CHECK(canonical("7c3f800000") == "7d01");
    CHECK(canonical("7b3ff0000000000000") == "7d01");
    CHECK(canonical("7b0000000000000000") == "7d00");
    CHECK(canonical("7c80000000") == "7d40");
    CHECK(canonical("7c7fc00000") == "7b7ff8000000000000");
    CHECK(canonical("7bfff8000000000001") == "7b7ff8000000000000");
    CHECK(canonical("7b7ff0000000000000") == "7c7f800000");
    CHECK(canonical("7b3fe0000000000000") == "7c3f000000");
    CHECK(canonical("7a0000000000000001") == "7a0000000000000001");
    CHECK(canonical("77810061") == "770161");
    CHECK(canonical("748000") == "7400");
    CHECK(canonical("758000") == "7500");
}

TEST_CASE("canonical objects") {
    CHECK(canonical("760201617d0101617d02") == "760101617d02");
    CHECK(canonical("7603 0161 7d01 0162 7d02 0161 7d03") == "760201617d0301627d02");
    CHECK(canonical("7602 0162 7e 0131 7f") == "760201317f01627e");
    CHECK(canonical("7602 023130 7e 0139 7f") == "760201397f0231307e");
    CHECK(canonical("7602 0131 7e 0131 7f") == "760101317f");
    CHECK(canonical("7602 023031 7e 0131 7f") == "760201317f0230317e");  // "01" is a name
    CHECK(canonical("7602 0161 7e 0a34323934393637323935 7f") ==
          "760201617e0a343239343936373239357f");  // 2^32-1 is a name
    CHECK(canonical("7602 0161 7e 0a34323934393637323934 7f") ==
          "76020a343239343936373239347f01617e");
    CHECK(canonical("7601 810061 7e") == "760101617e");
    // Within other values, and values of dropped members are dropped whole.
    CHECK(canonical("7502 7602 0161 7501 7e 0161 7c3f800000 7601 0162 75027d01 7d8000") ==
          "750276010161"
          "7d01"
          "7601"
          "0162"
          "7502"
          "7d01"
          "7d00");
}

TEST_CASE("bytes that are not an Any") {
    CHECK(error_of("") == Error{ErrorCode::unexpected_end, 0});
    CHECK(error_of("73") == Error{ErrorCode::unknown_tag, 0});
    CHECK(error_of("80") == Error{ErrorCode::unknown_tag, 0});
    CHECK(error_of("00") == Error{ErrorCode::unknown_tag, 0});
    CHECK(error_of("7d") == Error{ErrorCode::unexpected_end, 1});
    CHECK(error_of("7d80") == Error{ErrorCode::invalid_varint, 1});
    CHECK(error_of("7dffffffffffffff3f") == Error{ErrorCode::invalid_varint, 1});
    CHECK(error_of("7c000000") == Error{ErrorCode::unexpected_end, 0});
    CHECK(error_of("7b00000000000000") == Error{ErrorCode::unexpected_end, 0});
    CHECK(error_of("7a00") == Error{ErrorCode::unexpected_end, 0});
    CHECK(error_of("77") == Error{ErrorCode::unexpected_end, 1});
    CHECK(error_of("770261") == Error{ErrorCode::unexpected_end, 1});
    CHECK(error_of("7705ffffffffff") == Error{ErrorCode::invalid_utf8, 2});
    CHECK(error_of("74ffffffffffffff0f") == Error{ErrorCode::unexpected_end, 1});
    CHECK(error_of("75027d01") == Error{ErrorCode::unexpected_end, 4});
    CHECK(error_of("75ffffffffffffff0f") == Error{ErrorCode::unexpected_end, 1});
    CHECK(error_of("7601") == Error{ErrorCode::unexpected_end, 1});
    CHECK(error_of("76010161") == Error{ErrorCode::unexpected_end, 4});
    CHECK(error_of("76010561 7e") == Error{ErrorCode::unexpected_end, 2});
    CHECK(error_of("760101ff7e") == Error{ErrorCode::invalid_utf8, 3});
    CHECK(error_of("76018080") == Error{ErrorCode::invalid_varint, 2});
    CHECK(error_of("75017501 73") == Error{ErrorCode::unknown_tag, 4});
}

TEST_CASE("values nest as deep as they may and no deeper") {
    CHECK(validate(test::hex(nested("7501", 128))).error == Error{});
    CHECK(validate(test::hex(nested("7501", 129))).error ==
          Error{ErrorCode::nesting_too_deep, 256});
    CHECK(validate(test::hex(nested("7601016b", 128))).error == Error{});
    CHECK(validate(test::hex(nested("7601016b", 129))).error.code == ErrorCode::nesting_too_deep);
    CHECK(validate(test::hex(nested("7501", 100000))).error.code == ErrorCode::nesting_too_deep);
    CHECK(validate(test::hex(nested("7501", 512)), {.nesting = 4096}).error == Error{});
    CHECK(validate(test::hex(nested("7501", 513)), {.nesting = 4096}).error.code ==
          ErrorCode::nesting_too_deep);
    CHECK(validate(test::hex("7500"), {.nesting = 0}).error.code == ErrorCode::nesting_too_deep);
    CHECK(canonical(nested("7501", 128)) == nested("7501", 128));
    const auto deep = test::hex(nested("7601016b", 512));
    CHECK(crdt::detail::skip_any(deep.data()) == deep.data() + deep.size());
    Any any = nullptr;
    for (int i = 0; i < 128; ++i) any = Any::array({any});
    CHECK(any.valid());
    CHECK_FALSE(Any::array({any}).valid());
}

TEST_CASE("large objects: duplicates are found among many keys") {
    std::string body;
    const auto key = [](int i) {
        const std::string name = "k" + std::to_string(i * 7919 % 5000);
        return test::hex(crdt::as_bytes(std::string(1, static_cast<char>(name.size())) + name));
    };
    for (int i = 0; i < 5000; ++i) body += key(i) + "7e";
    const std::string unique = "768827" + body;
    CHECK(validate(test::hex(unique)).canonical);
    const std::string twice = "768927" + body + key(17) + "7f";
    const Outcome outcome = validate(test::hex(twice));
    CHECK(outcome.error == Error{});
    CHECK_FALSE(outcome.canonical);
    const Any any = Any::decode(test::hex(twice)).value();
    CHECK(any.view().size() == 5000);
    CHECK(any.view().find("k" + std::to_string(17 * 7919 % 5000)).value().is_undefined());
    // Keys of an inner object do not count for the outer one.
    CHECK(validate(test::hex("7602 0161 7601 0162 7e 0162 7e")).canonical);
    CHECK_FALSE(validate(test::hex("7602 0161 7602 0162 7e 0162 7e 0163 7e")).canonical);
    std::string many = "7528";  // 40 objects side by side, each with 40 keys
    for (int k = 0; k < 40; ++k) {
        many += "7628";
        for (int i = 0; i < 40; ++i) many += key(i) + "7e";
    }
    CHECK(validate(test::hex(many)).canonical);
}

TEST_CASE("values copy, move and compare") {
    const std::string long_text(1000, 'x');
    Any a = long_text;
    Any b = a;
    CHECK(a == b);
    Any c = std::move(a);
    CHECK(a.view().is_undefined());
    CHECK(c.view().as_string() == long_text);
    c = b;
    c = "short";
    b = std::move(c);
    CHECK(b.view().as_string() == "short");
    const Any& alias = b;
    b = alias;
    CHECK(b.view().as_string() == "short");
    CHECK(Any(std::numeric_limits<double>::quiet_NaN()) ==
          Any(std::numeric_limits<double>::quiet_NaN()));
    CHECK_FALSE(Any(0.0) == Any(-0.0));
    CHECK(Any(b.view()) == b);
}

TEST_CASE("bad input makes an invalid value, never an exception") {
    const Any broken = std::string_view("\xff", 1);
    CHECK_FALSE(broken.valid());
    CHECK(broken.view().is_undefined());
    CHECK_FALSE(Any(broken).valid());
    CHECK_FALSE(Any::array({1, broken}).valid());
    CHECK_FALSE(Any::object({{"k", broken}}).valid());
    CHECK_FALSE(Any::object({{std::string_view("\xc0", 1), 1}}).valid());
    CHECK_FALSE(broken == Any::undefined());
    Any again = broken;
    again = 1;
    CHECK(again.valid());
    CHECK(Any::decode(test::hex("7e00")).error() == Error{ErrorCode::invalid_argument, 1});
    CHECK(Any::decode(test::hex("75")).error() == Error{ErrorCode::unexpected_end, 1});
    CHECK(bytes_of(Any::decode(test::hex("7c3f800000")).value()) == "7d01");
}

TEST_CASE("exhausted memory makes an invalid value") {
    const std::string long_text(100, 'x');
    CHECK(test::fail_each_allocation([&] { return Any(long_text).valid(); }) == 1);
    CHECK(test::fail_each_allocation([&] {
              const Any any = long_text;
              const Any copy = any;
              return copy.valid();
          }) == 2);
    CHECK(test::fail_each_allocation([&] {
              return Any::object({{"b", long_text}, {"1", Any::array({long_text})}}).valid();
          }) < 100);
    std::string many = "763c";
    for (int i = 0; i < 60; ++i) {
        many += "02" + test::hex(crdt::as_bytes(std::to_string(10 + i) + "")) + "7e";
    }
    std::string names = "763c";
    for (int i = 0; i < 60; ++i) {
        names += "03" + test::hex(crdt::as_bytes("k" + std::to_string(10 + i))) + "7e";
    }
    const auto bytes = test::hex(names);
    CHECK(test::fail_each_allocation(
              [&] { return validate(bytes).error.code != ErrorCode::out_of_memory; }) >= 1);
    const auto reversed = test::hex("7602 0162 7c3f800000 0131 7f");
    crdt::Bytes out;
    REQUIRE(out.append("kept"));
    CHECK(test::fail_each_allocation([&] {
              if (crdt::detail::canonicalise_any(reversed, out)) return true;
              CHECK(crdt::as_text(out) == "kept");
              return false;
          }) >= 2);
}
