// What comes behind a packed history, and containers of which parts are fetched.
#include <doctest/doctest.h>

#include <crdt/crdt.hpp>
#include <crdt/storage.hpp>
#include <string>
#include <vector>

#include "support/containers.hpp"
#include "support/edits.hpp"

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
using crdt::UpdateFormat;
using support::container_of;
using support::document;
using support::text_of;
using support::update_of;

namespace {

std::string answer_of(const Container& container, const StateVector& known, ByteView behind) {
    const crdt::JoinAnswer answer = crdt::JoinAnswer::of(container, known, behind).value();
    std::vector<std::uint8_t> room(answer.most());
    const std::size_t size = answer.write(room).value();
    if (!room.empty()) {
        const std::span<std::uint8_t> less(room.data(), room.size() - 1);
        CHECK(answer.write(less).error().code == ErrorCode::invalid_argument);
    }
    return text_of(ByteView(room).first(size));
}

// A container of the first, with the second behind it, for a replica that knows so much.
std::string joined(std::string_view before,
                   std::string_view behind,
                   const StateVector& known = {}) {
    const std::string bytes = container_of(before);
    const crdt::ViewSource source(crdt::as_bytes(bytes));
    return answer_of(Container::open(source).value(), known, crdt::as_bytes(behind));
}

std::string lacking(std::string_view update, const StateVector& known) {
    return text_of(crdt::diff(crdt::as_bytes(update), known).value());
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
        const StateVector all = doc.state_vector().value();
        CHECK(joined(before, more, all) == merged(lacking(before, all), lacking(more, all)));
        CHECK(joined(before, "") == before);
        CHECK(joined(std::string(2, '\0'), more) == more);
    }
    SUBCASE("deletions that touch and overlap those that were there") {
        std::string more;
        for (const auto& [at, count] : {std::pair{2U, 1U}, {1U, 1U}, {4U, 1U}, {0U, 5U}}) {
            more = merged(more.empty() ? std::string(2, '\0') : more,
                          made_by(doc, [at, count](auto text) { text.erase(at, count); }));
            CHECK(joined(before, more) == merged(before, more));
        }
    }
    SUBCASE("a hole is a matter for merge") {
        const std::string lost = made_by(doc, [](auto text) { text.append("abc"); });
        const std::string more = made_by(doc, [](auto text) { text.append("def"); });
        CHECK(joined(before, more) == merged(before, more));
        const std::string both = joined(merged(before, lost), more);
        CHECK(update_of(support::loaded(both, 7)) == update_of(doc));
    }
    SUBCASE("so is what waits in the container") {
        const std::string lost = made_by(doc, [](auto text) { text.append("abc"); });
        const std::string more = made_by(doc, [](auto text) { text.append("def"); });
        const std::string all = joined(merged(before, more), lost);
        CHECK(update_of(support::loaded(all, 7)) == update_of(doc));
    }
}

TEST_CASE("deletions of clocks of every length are told as the document tells them") {
    Doc doc = document(3);
    doc.text("t").append(std::string((1U << 21) + 40'000, 'x'));
    support::Random pick(7);
    std::uint32_t erased = 0;
    const auto erase_near = [&](std::uint32_t clock, int count) {
        std::uint32_t at = clock - erased;
        for (int i = 0; i < count; ++i) {
            const std::uint32_t length = pick(9) == 0 ? 100 + pick(100) : 1 + pick(4);
            doc.text("t").erase(at, length);
            erased += length;
            at += pick(11) == 0 ? 100 + pick(300) : 1 + pick(5);
        }
    };
    // From the front, so that clocks are known; over the places where clocks get longer.
    erase_near(0, 60);
    erase_near((1U << 14) - 1'000, 1'000);
    erase_near((1U << 20), 1'000);
    erase_near((1U << 21) - 4'000, 3'000);
    const StateVector all = doc.state_vector().value();
    const std::string update = update_of(doc);
    CHECK(joined(update, "", all) == text_of(doc.encode_state_as_update(all).value()));
    // And with some of others in between.
    Doc other = document(8);
    support::receive(other, update);
    const StateVector before = other.state_vector().value();
    for (std::uint32_t i = 0; i < 200; ++i) other.text("t").erase(i * 9'000, 1 + pick(60));
    const std::string more = lacking(update_of(other), before);
    CHECK(joined(update, more, all) == merged(lacking(update, all), more));
    CHECK(joined(update, more, all) == text_of(other.encode_state_as_update(all).value()));
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

namespace {

struct Fetched {
    std::string answer;
    int looks = 0;
    std::uint64_t bytes = 0;
};

// As a server reads a container that is elsewhere.
Fetched fetched(const std::string& bytes,
                const StateVector& known,
                const crdt::PageCompression* compression = nullptr) {
    PartsSource source(bytes.size());
    Fetched made;
    for (; made.looks < 12; ++made.looks) {
        const auto container = Container::open(source, compression);
        const auto there = container.ok() ? container->plan_diff(known, source)
                                          : crdt::Result<bool>(container.error());
        if (there.ok() && *there) {
            made.answer = answer_of(*container, known, {});
            CHECK(source.take_missing().empty());  // all was foreseen
            return made;
        }
        CHECK((there.ok() || there.error().code == ErrorCode::not_found));
        const auto missing = source.take_missing();
        REQUIRE(missing.size() > 0);
        for (std::size_t i = 0; i < missing.size(); ++i) {
            const BytePart& part = missing[i];
            if (i > 0) CHECK(missing[i - 1].offset + missing[i - 1].size < part.offset);
            CHECK_FALSE(source.has(part));
            REQUIRE(source.add(part.offset, crdt::as_bytes(bytes).subspan(part.offset, part.size)));
            CHECK(source.has(part));
            made.bytes += part.size;
        }
    }
    FAIL("it goes on asking");
    return made;
}

StateVector behind_by(const Doc& doc, std::uint32_t units) {
    StateVector known = doc.state_vector().value();
    const std::uint32_t all = raw(known.get(ClientId{1}));
    REQUIRE(known.set(ClientId{1}, Clock{all - units}));
    return known;
}

}  // namespace

TEST_CASE("a container says which of its parts it needs, in few looks") {
    Doc doc = document(1);
    std::string line = "All work and no play makes Jack a dull boy.\n";
    SUBCASE("narrow") {}
    SUBCASE("wide") { line = "只工作，不玩耍，聪明孩子也变傻😀。\n"; }
    for (int i = 0; i < 8000; ++i) doc.text("t").append(line);
    for (std::uint32_t i = 0; i < 500; ++i) doc.text("t").erase(i * 100, 3);
    const crdt::ZstdPages zstd;
    for (const crdt::PageCompression* compression :
         {static_cast<const crdt::PageCompression*>(nullptr),
          static_cast<const crdt::PageCompression*>(&zstd)}) {
        const std::string bytes =
            container_of(update_of(doc), UpdateFormat::v1, {.compression = compression});
        for (const std::uint32_t units : {0U, 1U, 100U, 20'000U, 100'000U}) {
            const StateVector known = behind_by(doc, units);
            const Fetched made = fetched(bytes, known, compression);
            CHECK(made.answer == text_of(doc.encode_state_as_update(known).value()));
            // How long the front is, the front, tables, history and deletions, text.
            CHECK(made.looks <= 5);
            if (units <= 100 && compression == nullptr) CHECK(made.bytes < bytes.size() / 4 * 3);
        }
    }
}

TEST_CASE("who has typed in many places asks for them all at once") {
    Doc doc = document(1);
    for (int i = 0; i < 40'000; ++i) doc.text("t").append("All work and no play makes Jack dull. ");
    const std::uint32_t size = raw(doc.state_vector().value().get(ClientId{1}));
    for (std::uint32_t i = 0; i < 100; ++i) doc.text("t").insert(i * (size / 100), "x");
    const StateVector known = behind_by(doc, 100);
    const Fetched made = fetched(container_of(update_of(doc)), known);
    CHECK(made.answer == text_of(doc.encode_state_as_update(known).value()));
    CHECK(made.looks <= 5);
}

TEST_CASE("a row that was taken back in many places is found without reading all of it") {
    Doc doc = document(1);
    {
        const auto writing = doc.transact();
        for (int i = 0; i < 30'000; ++i) {
            doc.text("t").append("word ");
            if (i % 2 == 1) doc.text("t").erase(5U * static_cast<std::uint32_t>(i / 2), 1);
        }
    }
    const std::string bytes = container_of(update_of(doc));
    const crdt::ViewSource source(crdt::as_bytes(bytes));
    const Container container = Container::open(source).value();
    // Chunks of 16 bytes, none with more than kStretchesInChunk stretches.
    CHECK(container.place_of(crdt::detail::SectionKind::chunks).size / 16 ==
          30'000 / crdt::detail::kStretchesInChunk + 1);
    for (const std::uint32_t units : {10U, 1'000U, 70'000U, 140'000U}) {
        const StateVector known = behind_by(doc, units);
        CHECK(support::diff_of(container, known) ==
              text_of(doc.encode_state_as_update(known).value()));
    }
}

TEST_CASE("parts are the caller's") {
    const std::string bytes = container_of(update_of(document(1)));
    PartsSource source(bytes.size());
    CHECK(source.add(0, crdt::as_bytes(bytes)));
    CHECK(Container::open(source).ok());
    CHECK_FALSE(source.add(bytes.size(), crdt::as_bytes("x")));
    source.clear();
    CHECK(Container::open(source).error().code == ErrorCode::not_found);
}
