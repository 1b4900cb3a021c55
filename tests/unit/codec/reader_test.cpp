#include <doctest/doctest.h>

#include <cmath>
#include <crdt/codec/reader.hpp>
#include <crdt/codec/writer.hpp>

#include "../support/failing_memory.hpp"
#include "../support/hex.hpp"

using crdt::Error;
using crdt::ErrorCode;
using crdt::detail::Reader;
using crdt::detail::Writer;

TEST_CASE("what a Writer wrote a Reader reads") {
    crdt::Bytes bytes;
    Writer out(bytes);
    out.byte(0xab);
    out.var_uint(300);
    out.var_int(-300);
    out.var_string("h\u00e9mp");
    out.var_bytes({});
    out.float32(0.5F);
    out.float64(0.1);
    out.bigint64(-7);
    out.raw(crdt::as_bytes("end"));
    REQUIRE(out.ok());
    CHECK(test::hex(bytes.view()) ==
          "abac02ec040568c3a96d70003f0000003fb999999999999afffffffffffffff9656e64");

    Reader in(bytes);
    CHECK(in.byte() == 0xab);
    CHECK(in.var_uint() == 300);
    CHECK(in.var_int() == -300);
    CHECK(in.var_string() == "h\u00e9mp");
    CHECK(in.var_bytes().empty());
    CHECK(in.float32() == 0.5F);
    CHECK(in.float64() == 0.1);
    CHECK(in.bigint64() == -7);
    CHECK(crdt::as_text(in.raw(3)) == "end");
    CHECK(in.ok());
    CHECK(in.at_end());
    CHECK(in.error() == Error{});
}

TEST_CASE("floating point is big-endian") {
    crdt::Bytes bytes;
    Writer out(bytes);
    out.float32(-INFINITY);
    out.float64(5e-324);
    CHECK(test::hex(bytes.view()) == "ff8000000000000000000001");
}

TEST_CASE("the first failure sticks and names its byte") {
    const auto fails = [](std::string_view text, auto&& read) {
        const auto bytes = test::hex(text);
        Reader in({bytes.data(), bytes.size()});
        read(in);
        const Error first = in.error();
        CHECK(in.remaining() == 0);
        static_cast<void>(in.byte());
        static_cast<void>(in.var_uint());
        static_cast<void>(in.var_string());
        static_cast<void>(in.float64());
        in.fail(ErrorCode::invalid_message);
        in.fail_at(ErrorCode::invalid_message, 0);
        CHECK(in.error() == first);
        return first;
    };
    CHECK(fails("", [](Reader& in) { in.byte(); }) == Error{ErrorCode::unexpected_end, 0});
    CHECK(fails("", [](Reader& in) { in.var_uint(); }) == Error{ErrorCode::unexpected_end, 0});
    CHECK(fails("0180", [](Reader& in) {
              in.byte();
              in.var_uint();
          }) == Error{ErrorCode::invalid_varint, 1});
    CHECK(fails("80", [](Reader& in) { in.var_int(); }) == Error{ErrorCode::invalid_varint, 0});
    CHECK(fails("0361", [](Reader& in) { in.var_string(); }) ==
          Error{ErrorCode::unexpected_end, 0});
    CHECK(fails("ffffffffffffff0f61", [](Reader& in) { in.var_bytes(); }) ==
          Error{ErrorCode::unexpected_end, 0});
    CHECK(fails("0361c328", [](Reader& in) { in.var_string(); }) ==
          Error{ErrorCode::invalid_utf8, 2});
    CHECK(fails("000000", [](Reader& in) { in.float32(); }) == Error{ErrorCode::unexpected_end, 0});
    CHECK(fails("030102", [](Reader& in) { in.count(1); }) == Error{ErrorCode::unexpected_end, 0});
    CHECK(fails("0101", [](Reader& in) {
              in.byte();
              in.fail_at(ErrorCode::limit_exceeded, 0);
          }) == Error{ErrorCode::limit_exceeded, 0});
}

TEST_CASE("a byte order mark stays") {
    const auto bytes = test::hex("04 efbbbf 78");
    CHECK(Reader({bytes.data(), bytes.size()}).var_string() == "\xef\xbb\xbfx");
}

TEST_CASE("a Writer without memory says so at the end") {
    test::FailingMemory memory(0);
    crdt::Bytes bytes;
    Writer out(bytes);
    out.var_uint(1);
    CHECK_FALSE(out.ok());
    out.var_string("text");
    out.float64(1);
    CHECK(bytes.empty());
}
