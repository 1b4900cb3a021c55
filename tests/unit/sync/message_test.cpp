#include <doctest/doctest.h>
#include <crdt/sync/message.hpp>

#include <string>
#include <vector>

#include "unit/support/failing_memory.hpp"
#include "unit/support/hex.hpp"

using crdt::Bytes;
using crdt::Error;
using crdt::ErrorCode;
using crdt::Message;
using crdt::MessageKind;
using crdt::MessageReader;

namespace {

struct Read {
    std::uint64_t kind;
    std::string payload;
    friend bool operator==(const Read&, const Read&) = default;
};

// The messages of a frame up to the first error.
std::vector<Read> read(std::string_view frame, Error* error = nullptr) {
    const auto bytes = test::hex(frame);
    std::vector<Read> all;
    for (MessageReader in({bytes.data(), bytes.size()}); !in.at_end();) {
        const auto message = in.next();
        if (message.ok()) {
            all.push_back({static_cast<std::uint64_t>(message->kind), test::hex(message->payload)});
        } else if (error != nullptr) {
            *error = message.error();
        }
    }
    return all;
}

Error error_of(std::string_view frame) {
    Error error;
    read(frame, &error);
    return error;
}

}  // namespace

TEST_CASE("a frame is one message or several, one behind the other") {
    CHECK(read("").empty());
    CHECK(read("00 00 01 00") == std::vector<Read>{{0, "000100"}});
    CHECK(read("01 02 abcd") == std::vector<Read>{{1, "abcd"}});
    CHECK(read("02 00 01 78") == std::vector<Read>{{2, "000178"}});
    CHECK(read("03") == std::vector<Read>{{3, ""}});
    CHECK(read("00 02 02 0000  03  01 01 00  02 00 00  00 01 00") ==
          std::vector<Read>{{0, "02020000"}, {3, ""}, {1, "00"}, {2, "0000"}, {0, "0100"}});
}

TEST_CASE("of a message of another kind the end is not known") {
    CHECK(read("04 0102") == std::vector<Read>{{4, "0102"}});
    CHECK(read("e4 00 03") == std::vector<Read>{{100, "03"}});
    CHECK(read("00 05 0102") == std::vector<Read>{{0, "050102"}});  // who reads it says no
    CHECK(read("02 01 0102") == std::vector<Read>{{2, "010102"}});
}

TEST_CASE("frames that end inside a message are refused where they end") {
    CHECK(error_of("00") == Error{ErrorCode::unexpected_end, 1});
    CHECK(error_of("00 00 05 00") == Error{ErrorCode::unexpected_end, 2});
    CHECK(error_of("01 03 0000") == Error{ErrorCode::unexpected_end, 1});
    CHECK(error_of("03 80") == Error{ErrorCode::invalid_varint, 1});
    CHECK(error_of("ffffffffffffff7f").code == ErrorCode::invalid_varint);
    CHECK(read("03 01 05").size() == 1);  // what came before stands
    MessageReader empty({});
    CHECK(empty.next().error() == Error{ErrorCode::unexpected_end, 0});
}

TEST_CASE("what is written reads the same") {
    Bytes frame;
    const auto payload = test::hex("00 02 0102");
    const crdt::ByteView view(payload.data(), payload.size());
    CHECK(crdt::append_message(MessageKind::sync, view, frame).ok());
    CHECK(crdt::append_message(MessageKind::awareness, view, frame).ok());
    CHECK(crdt::append_message(MessageKind::auth, view, frame).ok());
    CHECK(crdt::append_message(MessageKind::query_awareness, {}, frame).ok());
    CHECK(crdt::append_message(MessageKind{1000}, view, frame).ok());
    CHECK(test::hex(frame) ==
          "0000020102"
          "010400020102"
          "0200020102"
          "03"
          "e80700020102");
    MessageReader in(frame);
    for (const std::uint64_t kind : {0, 1, 2, 3, 1000}) {
        const auto message = in.next();
        REQUIRE(message.ok());
        CHECK(static_cast<std::uint64_t>(message->kind) == kind);
        CHECK(test::hex(message->payload) == (kind == 3 ? "" : "00020102"));
    }
    CHECK(in.at_end());
}

TEST_CASE("without memory nothing is appended") {
    const auto payload = test::hex("0102030405");
    const auto failures = test::fail_each_allocation([&] {
        Bytes frame;
        const bool ok =
            crdt::append_message(MessageKind::awareness, {payload.data(), 5}, frame).ok();
        return ok || !frame.empty();
    });
    CHECK(failures >= 1);
    CHECK(failures < 10);
}
