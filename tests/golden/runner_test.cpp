// The conformance runner itself: it reads what it should, and it notices what is wrong.

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "conformance/run_case.hpp"
#include "conformance/values.hpp"
#include "support/base64.hpp"
#include "support/json.hpp"
#include "support/unicode.hpp"

namespace {

using conformance::Verdict;
using support::Json;
using support::parse_json;

std::string replaced(std::string text, std::string_view old, std::string_view fresh) {
    const std::size_t at = text.find(old);
    REQUIRE(at != std::string::npos);
    return text.replace(at, old.size(), fresh);
}

Verdict verdict_of(const std::string& test) {
    return conformance::run_case(parse_json(test)).verdict;
}

TEST_CASE("JSON: values, order, escapes and lone surrogates") {
    const Json value = parse_json(R"( {"b": [1, -0.5e3, true, null], "a": "é\n\"\ud83d\ude00"} )");
    CHECK(value["b"][1].number() == -500);
    CHECK(value["b"][3].is_null());
    CHECK(value["a"].string() == "é\n\"😀");
    CHECK(to_text(value) == R"({"b":[1,-500,true,null],"a":"é\n\"😀"})");
    CHECK(to_text(value, 8) == R"({"b":[1,...)");
    // A high surrogate by itself, then a pair.
    const Json lone = parse_json(R"("\ud83d\ud83d\ude00")");
    CHECK(support::to_utf16(lone.string()) == u"\xd83d😀");
    CHECK(to_text(lone) == R"("\ud83d😀")");
    CHECK(support::to_utf8(lone.string()) == "\xef\xbf\xbd😀");
}

TEST_CASE("JSON: mistakes are errors") {
    for (const char* text : {"", "{", "[1,]", "[1 2]", "\"a", R"("\x")", R"("\ud8")", "nul", "1 2",
                             "{\"a\" 1}", "-"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(static_cast<void>(parse_json(text)), std::runtime_error);
    }
    CHECK_THROWS_AS(static_cast<void>(parse_json(std::string(5000, '['))), std::runtime_error);
    CHECK_THROWS_AS(static_cast<void>(parse_json("{}")["a"]), std::runtime_error);
    CHECK_THROWS_AS(static_cast<void>(parse_json("1").string()), std::runtime_error);
}

TEST_CASE("base64 in both directions") {
    for (const auto& [bytes, text] : {std::pair{"", ""},
                                      {"f", "Zg=="},
                                      {"fo", "Zm8="},
                                      {"foo", "Zm9v"},
                                      {"\xff\xfe\xfd\xfc", "//79/A=="}}) {
        CHECK(support::to_base64(bytes) == text);
        CHECK(support::from_base64(text) == bytes);
    }
    CHECK_THROWS_AS(static_cast<void>(support::from_base64("Zg=")), std::runtime_error);
    CHECK_THROWS_AS(static_cast<void>(support::from_base64("Z*==")), std::runtime_error);
}

TEST_CASE("comparison: the order of members is free, everything else counts") {
    const auto differs = [](const char* a, const char* b) {
        return conformance::compare(parse_json(a), parse_json(b)).has_value();
    };
    CHECK_FALSE(differs(R"({"$obj":[["a",1],["b",2]]})", R"({"$obj":[["b",2],["a",1]]})"));
    CHECK_FALSE(differs(R"({"$num":"NaN"})", R"({"$num":"NaN"})"));
    CHECK(differs(R"({"$num":"-0"})", "0"));
    CHECK(differs(R"({"$obj":[["a",1]]})", R"({"$obj":[["a",2]]})"));
    CHECK(differs(R"({"$obj":[["a",1]]})", R"({"$obj":[["a",1],["b",1]]})"));
    CHECK(differs("[1,2]", "[2,1]"));
    CHECK(differs("[1]", "[1,1]"));
    CHECK(differs("null", R"({"$undefined":true})"));
    CHECK(differs("true", "1"));
    const auto found = conformance::compare(parse_json(R"({"roots":{"t":[1,"long text"]}})"),
                                            parse_json(R"({"roots":{"t":[1,"long test"]}})"));
    REQUIRE(found);
    CHECK(found->where == ".roots.t[1]");
    CHECK(found->got == R"("long test")");
}

constexpr const char* kScript = R"({
  "name": "two", "seed": 0, "roots": {"t": "text"},
  "docs": {"A": {"client": 1, "gc": true}, "B": {"client": 2, "gc": true}}, "steps": [
  {"do": "tx", "doc": "A", "ops": [{"op": "text.insert", "path": ["t"], "index": 0, "text": "abc"}],
   "expect": {"updates": [{"v1": "AQEBAAQBAXQDYWJjAA=="}]}},
  {"do": "deliver", "to": "B", "of": 0},
  {"do": "tx", "doc": "B", "ops": [{"op": "text.delete", "path": ["t"], "index": 1, "length": 99}],
   "expect": {"updates": [{"v1": "AAEBAQEC"}]}},
  {"do": "converged", "docs": ["A", "B"], "expect": {"equal": false}},
  {"do": "sync", "from": "B", "to": "A", "format": "v1", "expect":
   {"sv": "AQED", "diff": "AAEBAQEC"}},
  {"do": "converged", "docs": ["A", "B"], "expect": {"equal": true}},
  {"do": "check", "doc": "A", "expect": {"state": {
    "roots": {"t": {"$type": "text", "delta": [{"insert": "a"}]}}, "strings": {"t": "a"},
    "sv": [[1, 3]], "v1": "AQIBAAQBAXQBYYEBAAIBAQEBAg=="}}}
]})";

TEST_CASE("scripts: what is right passes, each kind of mistake fails") {
    REQUIRE(verdict_of(kScript) == Verdict::passed);
    const std::pair<const char*, const char*> mistakes[] = {
        {"AQEBAAQBAXQDYWJjAA==", "AQEBAAQBAXQDYWJkAA=="},  // another text
        {"AQEBAAQBAXQDYWJjAA==", "AQEBAAQBAXQEYWJjZAA="},  // a longer one
        {"\"updates\": [{\"v1\": \"AAEBAQEC\"}]", "\"updates\": []"},
        {"\"updates\": [{\"v1\": \"AAEBAQEC\"}]", "\"error\": true, \"updates\": []"},
        {"\"equal\": false", "\"equal\": true"},
        {"\"equal\": true", "\"equal\": false"},
        {"\"AQED\"", "\"AQEE\""},
        {"\"diff\": \"AAEBAQEC\"", "\"diff\": \"AAEBAQEB\""},
        {"\"insert\": \"a\"", "\"insert\": \"b\""},
        {"\"strings\": {\"t\": \"a\"}", "\"strings\": {\"t\": \"b\"}"},
        {"[[1, 3]]", "[[1, 4]]"},
        {"[[1, 3]]", "[[1, 3]], \"pendingMissing\": [[3, 0]]"},
        {"[[1, 3]]", "[[1, 3]], \"pendingDeletes\": [[3, [[0, 1]]]]"},
        {"AQIBAAQBAXQBYYEBAAIBAQEBAg==", "AQEBAAQBAXQDYWJjAA=="},
        {"\"to\": \"B\"", "\"to\": \"C\""},
        {"\"do\": \"deliver\"", "\"do\": \"teleport\""},
    };
    for (const auto& mistake : mistakes) {
        CAPTURE(std::string(mistake.first));
        CAPTURE(std::string(mistake.second));
        const std::string test = replaced(kScript, mistake.first, mistake.second);
        CHECK(verdict_of(test) == Verdict::failed);
    }
}

TEST_CASE("scripts: either format is made, read and compared") {
    constexpr const char* kV1 = R"("v1", "expect":
   {"sv": "AQED", "diff": "AAEBAQEC"})";
    const std::string made =
        replaced(kScript, kV1, R"("v2", "expect": {"sv": "AQED", "diff": "AAAA"})");
    CHECK(verdict_of(made) == Verdict::failed);
    const std::string not_compared = replaced(kScript, kV1, R"("v2", "expect": {"sv": "AQED"})");
    CHECK(verdict_of(not_compared) == Verdict::passed);
    const std::string read = replaced(kScript, R"({"do": "deliver", "to": "B", "of": 0})",
                                      R"({"do": "apply", "doc": "B", "update": "AAAA",
                                             "format": "v2"})");
    CHECK(verdict_of(read) == Verdict::failed);
}

TEST_CASE("malformed input: the contract decides") {
    const auto test = [](const char* bytes, const char* contract) {
        return verdict_of(std::string(R"({"name": "m", "format": "v1", "bytes": ")") + bytes +
                          R"(", "contract": ")" + contract +
                          R"(", "expect": {"yjs": "accepts", "changed": true}})");
    };
    CHECK(test("AQEBAAQBAXQDYWJjAA==", "accept") == Verdict::passed);
    CHECK(test("AQEBAAQBAXQDYWJjAA==", "error") == Verdict::failed);
    CHECK(test("AQEBAAQBAXQDYWI=", "accept") == Verdict::failed);
    CHECK(test("AQEBAAQBAXQDYWI=", "error") == Verdict::passed);
    CHECK(test("AQEBAAQBAXQDYWI=", "match") == Verdict::passed);
}

TEST_CASE("calls: results and refusals") {
    const auto test = [](const char* fn, const char* args, const char* expect) {
        return verdict_of(std::string(R"({"name": "c", "fn": ")") + fn + R"(", "args": )" + args +
                          R"(, "expect": )" + expect + "}");
    };
    CHECK(test("writeVarUint", R"({"value": 300})", R"({"result": "rAI="})") == Verdict::passed);
    CHECK(test("writeVarUint", R"({"value": 300})", R"({"result": "rAE="})") == Verdict::failed);
    CHECK(test("readAny", R"({"bytes": "dQJ9AQ=="})", R"({"error": true})") == Verdict::passed);
    CHECK(test("readAny", R"({"bytes": "fQE="})", R"({"error": true})") == Verdict::failed);
    CHECK(test("noSuchFunction", "{}", R"({"result": 1})") == Verdict::failed);
    CHECK(test("mergeUpdatesV2", "{}", R"({"result": 1})") == Verdict::failed);
}

}  // namespace
