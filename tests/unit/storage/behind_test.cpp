// What comes behind a packed history, and containers of which parts are fetched.
#include <doctest/doctest.h>

#include <crdt/crdt.hpp>
#include <crdt/storage.hpp>
#include <string>
#include <vector>

#include "support/containers.hpp"

using crdt::BytePart;
using crdt::Bytes;
using crdt::ByteView;
using crdt::ClientId;
using crdt::Clock;
using crdt::Container;
using crdt::Doc;
using crdt::ErrorCode;
using crdt::PartsSource;
using crdt::StateVector;
using support::container_of;
using support::document;
using support::text_of;
using support::update_of;

namespace {

std::string joined(std::string_view answer, std::string_view behind) {
    Bytes out;
    const crdt::Status status =
        crdt::join_behind(crdt::as_bytes(answer), crdt::as_bytes(behind), out);
    return status.ok() ? text_of(out) : std::string("?") + std::to_string(int(status.error().code));
}

std::string merged(std::string_view a, std::string_view b) {
    return text_of(crdt::merge({crdt::as_bytes(a), crdt::as_bytes(b)}).value());
}

// The edits of one transaction.
template <class Edit>
std::string made_by(Doc& doc, Edit&& edit) {
    const StateVector before = doc.state_vector().value();
    edit(doc.text("t"));
    return text_of(doc.encode_state_as_update(before).value());
}

}  // namespace

TEST_CASE("what comes behind a history is joined as it is merged") {
    Doc doc = document(5);
    doc.text("t").append("0123456789");
    doc.text("t").erase(3, 2);
    const std::string before = update_of(doc);
    SUBCASE("more of the same client") {
        const std::string more = made_by(doc, [](auto text) { text.append("abc"); });
        CHECK(joined(before, more) == merged(before, more));
    }
    SUBCASE("of clients above and below, with deletions of both") {
        Doc other = document(9);
        support::receive(other, before);
        std::string more = made_by(other, [](auto text) {
            text.append("xyz");
            text.erase(0, 5);
        });
        Doc third = document(2);
        support::receive(third, before);
        more = merged(more, made_by(third, [](auto text) {
                          text.append("uvw");
                          text.erase(5, 4);
                      }));
        CHECK(joined(before, more) == merged(before, more));
        // As an answer to somebody who has it all: deletions alone.
        CHECK(joined(std::string(2, '\0'), more) == merged(std::string(2, '\0'), more));
        CHECK(joined(more, std::string(2, '\0')) == more);
    }
    SUBCASE("a hole is a matter for merge") {
        const std::string lost = made_by(doc, [](auto text) { text.append("abc"); });
        const std::string more = made_by(doc, [](auto text) { text.append("def"); });
        CHECK(joined(before, more) == "?" + std::to_string(int(ErrorCode::invalid_struct)));
        CHECK(joined(merged(before, lost), more) == merged(merged(before, lost), more));
    }
}

TEST_CASE("whether an update can be taken is known from the state vector") {
    Doc doc = document(1);
    doc.text("t").append("abc");
    const StateVector before = doc.state_vector().value();
    Doc other = document(2);
    support::receive(other, update_of(doc));
    const std::string first = made_by(other, [](auto text) { text.append("x"); });
    support::receive(doc, first);
    const std::string second = made_by(doc, [](auto text) { text.append("y"); });
    const auto behind = [&](const std::string& update) {
        return crdt::state_behind(before, crdt::as_bytes(update)).value();
    };
    // Each waits for the other's client, and both together for nothing.
    CHECK_FALSE(behind(second).has_value());
    CHECK(behind(merged(second, first)).value() == doc.state_vector().value());
    // A deletion of what is not there waits, too.
    const std::string erased = made_by(doc, [](auto text) { text.erase(4, 1); });
    CHECK_FALSE(behind(erased).has_value());
    CHECK(behind(update_of(doc)).value() == doc.state_vector().value());
    CHECK(crdt::state_behind(before, crdt::as_bytes("\x01\x01")).error().code ==
          ErrorCode::unexpected_end);
}

TEST_CASE("a container says which of its parts it needs") {
    Doc doc = document(1);
    const std::string line = "All work and no play makes Jack a dull boy.\n";
    for (int i = 0; i < 8000; ++i) doc.text("t").append(line);
    for (std::uint32_t i = 0; i < 500; ++i) doc.text("t").erase(i * 100, 3);
    const std::string bytes = container_of(update_of(doc));
    StateVector known = doc.state_vector().value();
    REQUIRE(known.set(ClientId{1}, Clock{raw(known.get(ClientId{1})) - 100}));
    PartsSource source(bytes.size());
    std::uint64_t fetched = 0;
    Bytes answer;
    for (int round = 0;; ++round) {
        REQUIRE(round < 12);
        const auto container = Container::open(source);
        const crdt::Status status =
            container.ok() ? container->diff(known, answer) : crdt::Status{container.error()};
        const auto missing = source.take_missing();
        if (status.ok()) break;
        CHECK(status.error().code == ErrorCode::not_found);
        REQUIRE(missing.size() > 0);
        for (const BytePart& part : missing) {
            CHECK_FALSE(source.has(part));
            REQUIRE(source.add(part.offset, crdt::as_bytes(bytes).subspan(part.offset, part.size)));
            CHECK(source.has(part));
            fetched += part.size;
        }
    }
    CHECK(answer == doc.encode_state_as_update(known).value());
    CHECK(fetched < bytes.size() / 2);
    CHECK_FALSE(source.add(bytes.size(), crdt::as_bytes("x")));
    source.clear();
    CHECK(Container::open(source).error().code == ErrorCode::not_found);
}
