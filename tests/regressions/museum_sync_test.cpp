// The museum of the sync room: what peers got wrong about messages and presence, one named case
// each (docs/reliability.md).
#include <doctest/doctest.h>
#include <crdt/codec/writer.hpp>

#include <string>

#include "support/document.hpp"
#include "support/edits.hpp"

using crdt::Awareness;
using crdt::Bytes;
using crdt::ClientId;
using crdt::Doc;
using crdt::ErrorCode;
using support::document;

namespace {

constexpr Awareness::Time kNow{1'000'000};

Bytes entry(std::uint64_t client, std::uint64_t clock, std::string_view json) {
    Bytes bytes;
    crdt::detail::Writer out(bytes);
    out.var_uint(1);
    out.var_uint(client);
    out.var_uint(clock);
    out.var_string(json);
    return bytes;
}

}  // namespace

TEST_CASE("museum: text where bytes are expected (y-websocket #82 #95)") {
    const std::string_view texts[] = {
        "hello", "{\"type\":\"sync\"}", "[object Object]", "ping", "0", "AAEBAQ=="};
    for (const std::string_view text : texts) {
        INFO(text);
        Doc doc = document(1);
        doc.text("t").append("before");
        const std::string before = support::fingerprint(doc);
        Awareness awareness(ClientId{1}, kNow);
        Bytes reply;
        bool taken = false;
        for (crdt::MessageReader in(crdt::as_bytes(text)); !in.at_end();) {
            const auto message = in.next();
            if (!message) continue;
            taken = taken || message->kind <= crdt::MessageKind::query_awareness;
        }
        CHECK(!taken);  // no kind that anybody knows
        const auto received = crdt::receive_sync_message(doc, crdt::as_bytes(text), reply);
        CHECK(!(received.ok() && received->applied.ok()));
        CHECK(!awareness.apply(crdt::as_bytes(text), kNow).ok());
        CHECK(!crdt::RelativePosition::decode(crdt::as_bytes(text)).ok());
        CHECK(support::fingerprint(doc) == before);
        CHECK(reply.empty());
    }
}

TEST_CASE("museum: random bytes as messages end quickly") {
    support::Random random(95);
    for (int i = 0; i < 3000; ++i) {
        std::string frame(random(40), '\0');
        for (char& byte : frame) byte = static_cast<char>(random(random(4) == 0 ? 256 : 6));
        Doc doc = document(1);
        Bytes reply;
        Awareness awareness(ClientId{1}, kNow);
        std::size_t messages = 0;
        for (crdt::MessageReader in(crdt::as_bytes(frame)); !in.at_end(); ++messages) {
            static_cast<void>(in.next().ok());
        }
        CHECK(messages <= frame.size());
        static_cast<void>(crdt::receive_sync_message(doc, crdt::as_bytes(frame), reply).ok());
        static_cast<void>(awareness.apply(crdt::as_bytes(frame), kNow).ok());
        CHECK(support::broken(doc) == "");
    }
}

TEST_CASE("museum: an update that claims 2^53 entries is refused before anything is allocated") {
    Awareness awareness(ClientId{1}, kNow);
    const std::string claim = "\xff\xff\xff\xff\xff\xff\xff\x0f\x05\x01\x01\x31";
    CHECK(awareness.apply(crdt::as_bytes(claim), kNow).error().code == ErrorCode::unexpected_end);
}

TEST_CASE("museum: awareness ids without end (ygo #116)") {
    Awareness awareness(ClientId{1}, kNow, {.clients = 100, .departed = 50});
    std::size_t refused = 0;
    for (std::uint64_t id = 2; id < 20'000; ++id) {
        if (!awareness.apply(entry(id, 1, id % 2 == 0 ? "null" : "{}"), kNow).ok()) ++refused;
    }
    CHECK(refused > 9'000);
    std::size_t remembered = 0;
    awareness.for_each_clock([&](ClientId, std::uint64_t) { ++remembered; });
    CHECK(remembered <= 150);
    // Those who go make room again.
    CHECK(awareness.tick(kNow + Awareness::kDropAfter).ok());
    CHECK(awareness.states() == 1);
    CHECK(awareness.apply(entry(50'000, 1, "{}"), kNow).ok());
    CHECK(awareness.states() == 2);
}

TEST_CASE("museum: a remote null wipes the own presence (ygo #73)") {
    Awareness awareness(ClientId{1}, kNow);
    CHECK(awareness.set_local_state("\"me\"", kNow).ok());
    std::string told;
    const auto link =
        awareness.on_update([&](const crdt::AwarenessEvent& event, const crdt::Origin&) noexcept {
            for (const ClientId client : event.removed) {
                if (client != awareness.client()) continue;
                // Whoever passes on what is told contradicts.
                told = support::text_of(awareness.encode(event.removed).value());
            }
        });
    CHECK(awareness.apply(entry(1, 5, "null"), kNow, "wire").ok());
    CHECK(awareness.local_state() == "\"me\"");
    CHECK(awareness.clock(ClientId{1}) == 6U);
    Awareness other(ClientId{2}, kNow);
    CHECK(other.apply(entry(1, 5, "null"), kNow).ok());
    CHECK(other.apply(crdt::as_bytes(told), kNow).ok());
    CHECK(other.state(ClientId{1}) == "\"me\"");
}

TEST_CASE("museum: awareness follows a renewed id (y-protocols #19)") {
    static constexpr auto renewed = []() noexcept { return ClientId{42}; };
    Doc a(crdt::DocOptions{.client = ClientId{7}, .new_client_id = +renewed});
    Doc b = document(7);
    Awareness present(a.client(), kNow);
    Awareness other(ClientId{9}, kNow);
    CHECK(present.set_local_state("\"a\"", kNow).ok());
    CHECK(other.apply(present.encode().value(), kNow).ok());
    a.text("t").append("one");
    b.text("t").append("three");
    CHECK(support::receive(a, support::update_of(b)).ok());
    const ClientId both[] = {present.client(), a.client()};
    CHECK(present.rename(a.client(), kNow).ok());
    CHECK(other.apply(present.encode(both).value(), kNow).ok());
    CHECK(!other.state(ClientId{7}).has_value());
    CHECK(other.state(ClientId{42}) == "\"a\"");
    CHECK(present.local_state() == "\"a\"");
}

TEST_CASE("museum: names like __proto__ are data") {
    Awareness awareness(ClientId{1}, kNow);
    CHECK(awareness.set_local_field("__proto__", R"({"admin":true})", kNow).ok());
    CHECK(awareness.local_state() == R"({"__proto__":{"admin":true}})");
    CHECK(!crdt::RelativePosition::from_json(R"({"__proto__":{"tname":"t"}})").ok());
    const auto root = crdt::RelativePosition::from_json(R"({"tname":"__proto__"})");
    REQUIRE(root.ok());
    CHECK(root->root() == "__proto__");
}

TEST_CASE("museum: a message cut anywhere is refused, and the connection goes on") {
    Doc a = document(1);
    a.text("t").append("hello \xf0\x9f\x98\x80");
    a.text("t").erase(1, 2);
    Bytes whole;
    CHECK(crdt::write_sync_step2(a, {}, whole).ok());
    Doc b = document(2);
    Bytes reply;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto cut = crdt::receive_sync_message(b, whole.view().first(size), reply);
        CHECK(!cut.ok());
        CHECK(b.store()->clients.size() == 0);
    }
    CHECK(crdt::receive_sync_message(b, whole, reply)->applied.ok());
    CHECK(support::canonical(b) == support::canonical(a));
}
