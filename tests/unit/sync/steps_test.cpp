#include <doctest/doctest.h>
#include <crdt/sync/steps.hpp>

#include <string>

#include "support/document.hpp"
#include "unit/support/failing_memory.hpp"
#include "unit/support/hex.hpp"

using crdt::Bytes;
using crdt::Doc;
using crdt::Error;
using crdt::ErrorCode;
using crdt::SyncKind;
using support::canonical;
using support::document;

namespace {

crdt::Result<crdt::SyncReceived> receive(Doc& doc, std::string_view message, Bytes& reply) {
    const auto bytes = test::hex(message);
    return crdt::receive_sync_message(doc, {bytes.data(), bytes.size()}, reply);
}

// Refused as a message: nothing has changed and nothing is answered.
Error refused(std::string_view message) {
    Doc doc = document(1);
    doc.text("t").append("a");
    const std::string before = support::fingerprint(doc);
    Bytes reply;
    const auto received = receive(doc, message, reply);
    CHECK(!received.ok());
    CHECK(reply.empty());
    CHECK(support::fingerprint(doc) == before);
    return received.error();
}

}  // namespace

TEST_CASE("step 1 is answered with what is lacking") {
    Doc a = document(1);
    Doc b = document(2);
    b.text("t").append("hello");
    Bytes step1;
    CHECK(crdt::write_sync_step1(a, step1).ok());
    CHECK(test::hex(step1) == "000100");
    Bytes step2;
    const auto asked = crdt::receive_sync_message(b, step1, step2);
    REQUIRE(asked.ok());
    CHECK(asked->kind == SyncKind::step1);
    CHECK(asked->applied.ok());
    Bytes nothing;
    const auto answered = crdt::receive_sync_message(a, step2, nothing, "server");
    REQUIRE(answered.ok());
    CHECK(answered->kind == SyncKind::step2);
    CHECK(answered->applied.ok());
    CHECK(nothing.empty());
    CHECK(a.text("t").to_string() == "hello");
}

TEST_CASE("updates are passed on, with the origin that the caller gives") {
    Doc a = document(1);
    Doc b = document(2);
    Bytes reply;
    std::string from;
    const auto link = a.on_update([&](crdt::ByteView update, const crdt::Origin&) noexcept {
        Bytes message;
        CHECK(crdt::write_sync_update(update, message).ok());
        CHECK(crdt::receive_sync_message(b, message, reply, "wire")->kind == SyncKind::update);
    });
    const auto heard = b.on_update([&](crdt::ByteView, const crdt::Origin& origin) noexcept {
        CHECK(origin.remote());
        from = origin.name();
    });
    a.text("t").append("now");
    CHECK(b.text("t").to_string() == "now");
    CHECK(from == "wire");
    CHECK(reply.empty());
}

TEST_CASE("an answer is appended to what is there already") {
    Doc a = document(1);
    Bytes out;
    CHECK(out.append("xy"));
    CHECK(receive(a, "00 01 00", out).ok());
    CHECK(test::hex(out) ==
          "7879"
          "01020000");
}

TEST_CASE("a failing update is reported apart from a failing message") {
    for (const char* message : {"01 00", "02 01 01", "01 03 010101"}) {
        Doc doc = document(1);
        doc.text("t").append("a");
        const std::string before = support::fingerprint(doc);
        Bytes reply;
        const auto received = receive(doc, message, reply);
        REQUIRE(received.ok());
        CHECK(received->applied.error().code == ErrorCode::unexpected_end);
        CHECK(support::fingerprint(doc) == before);
    }
}

TEST_CASE("messages that are none are refused") {
    CHECK(refused("") == Error{ErrorCode::unexpected_end, 0});
    CHECK(refused("03") == Error{ErrorCode::unknown_message, 0});
    CHECK(refused("ff").code == ErrorCode::invalid_varint);
    CHECK(refused("00") == Error{ErrorCode::unexpected_end, 1});
    CHECK(refused("00 01") == Error{ErrorCode::unexpected_end, 1});
    CHECK(refused("00 02 01 01") == Error{ErrorCode::unexpected_end, 2});  // the state vector's
    CHECK(refused("00 03 02 01 00") == Error{ErrorCode::unexpected_end, 2});
    CHECK(crdt::decode_sync_message({}).error().code == ErrorCode::unexpected_end);
    const auto read = test::hex("02 01 05 ff");  // what follows is ignored
    const auto message = crdt::decode_sync_message({read.data(), read.size()});
    REQUIRE(message.ok());
    CHECK(message->kind == SyncKind::update);
    CHECK(test::hex(message->content) == "05");
}

TEST_CASE("without memory a message is not written, and nothing has changed") {
    Doc a = document(1);
    a.text("t").append("hello");
    const std::string before = canonical(a);
    const auto known = crdt::StateVector();
    for (int which = 0; which < 4; ++which) {
        const auto failures = test::fail_each_allocation([&] {
            Bytes out;
            const auto step1 = test::hex("00 01 00");
            crdt::Status status;
            if (which == 0) status = crdt::write_sync_step1(a, out);
            if (which == 1) status = crdt::write_sync_step2(a, known, out);
            if (which == 2) status = crdt::write_sync_update(crdt::as_bytes(before), out);
            if (which == 3) status = crdt::receive_sync_message(a, {step1.data(), 3}, out).status();
            CHECK((status.ok() || out.empty()));
            return status.ok();
        });
        CHECK(failures > 0);
        CHECK(failures < 100);
    }
    CHECK(canonical(a) == before);
}
