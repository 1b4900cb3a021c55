#include <doctest/doctest.h>

#include <crdt/base/bytes.hpp>
#include <crdt/codec/json.hpp>
#include <string>
#include <string_view>

using crdt::ErrorCode;

namespace {

struct Outcome {
    ErrorCode code;
    std::ptrdiff_t offset;
};
Outcome validate(std::string_view text, std::uint32_t nesting = 128) {
    const auto bytes = crdt::as_bytes(text);
    const std::uint8_t* p = bytes.data();
    const ErrorCode code = crdt::detail::validate_json(p, p + bytes.size(), nesting);
    return {code, p - bytes.data()};
}

std::string nested(std::string_view open, std::string_view close, int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += open;
    text += "1";
    for (int i = 0; i < depth; ++i) text += close;
    return text;
}

}  // namespace

TEST_CASE("JSON that JSON.parse reads") {
    for (const char* text : {"null",        "true",
                             "false",       "0",
                             "-0",          "12",
                             "-1.5",        "1e5",
                             "1E+5",        "1.25e-7",
                             "\"\"",        "\"a\\n\\u00e9\\ud83d\\\"\\\\\\/\\b\\f\\r\\t\"",
                             "[]",          "{}",
                             " [ 1 , 2 ] ", "{\"a\":{\"b\":[]},\"a\":null}",
                             "\t\r\n 1 \n", "[[],{},[{}]]",
                             "1e999999",    "\"\x7f\xc3\xa9\""}) {
        CAPTURE(text);
        const Outcome outcome = validate(text);
        CHECK(outcome.code == ErrorCode::ok);
        CHECK(outcome.offset == static_cast<std::ptrdiff_t>(std::string_view(text).size()));
    }
}

TEST_CASE("JSON that JSON.parse refuses, with the place") {
    const struct {
        const char* text;
        std::ptrdiff_t offset;
    } cases[] = {
        {"", 0},
        {" ", 1},
        {"nope", 0},
        {"nul", 0},
        {"undefined", 0},
        {"tru", 0},
        {"01", 1},
        {"-", 1},
        {"+1", 0},
        {"1.", 2},
        {".5", 0},
        {"1e", 2},
        {"1e+", 3},
        {"NaN", 0},
        {"\"", 1},
        {"\"\\x\"", 2},
        {"\"\\u12g4\"", 5},
        {"\"a\nb\"", 2},
        {"[1", 2},
        {"[1,]", 3},
        {"[,1]", 1},
        {"[1 2]", 3},
        {"{", 1},
        {"{a:1}", 1},
        {"{\"a\"1}", 4},
        {"{\"a\":}", 5},
        {"{\"a\":1,}", 7},
        {"[1}", 2},
        {"{\"a\":1]", 6},
        {"1 2", 2},
        {"[]]", 2},
        {"'a'", 0},
        {"\xef\xbb\xbf"
         "1",
         0},
        {"{\"a\" : 1 ,, }", 10},
    };
    for (const auto& each : cases) {
        CAPTURE(each.text);
        const Outcome outcome = validate(each.text);
        CHECK(outcome.code == ErrorCode::invalid_json);
        CHECK(outcome.offset == each.offset);
    }
    CHECK(validate(std::string_view("1\0", 2)).code == ErrorCode::invalid_json);
    CHECK(validate(std::string_view("\"\0\"", 3)).code == ErrorCode::invalid_json);
    CHECK(validate(std::string_view("\0", 1)).code == ErrorCode::invalid_json);
}

TEST_CASE("JSON nests as deep as it may and no deeper") {
    CHECK(validate(nested("[", "]", 128)).code == ErrorCode::ok);
    CHECK(validate(nested("{\"k\":", "}", 128)).code == ErrorCode::ok);
    const Outcome outcome = validate(nested("[", "]", 129));
    CHECK(outcome.code == ErrorCode::nesting_too_deep);
    CHECK(outcome.offset == 128);
    CHECK(validate(nested("[", "]", 512), 512).code == ErrorCode::ok);
    CHECK(validate(nested("[", "]", 100000), 512).code == ErrorCode::nesting_too_deep);
    CHECK(validate("[]", 0).code == ErrorCode::nesting_too_deep);
    CHECK(validate("1", 0).code == ErrorCode::ok);
}
