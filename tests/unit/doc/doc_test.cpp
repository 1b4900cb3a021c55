#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "support/document.hpp"
#include "unit/support/failing_memory.hpp"
#include "unit/support/hex.hpp"

using crdt::Bytes;
using crdt::ClientId;
using crdt::Clock;
using crdt::Doc;
using crdt::DocOptions;
using crdt::ErrorCode;
using crdt::Result;
using crdt::StateVector;
using crdt::Status;
using support::document;

namespace {

// A history that is kept elsewhere; counts how it is asked.
struct FakeSource : crdt::HistorySource {
    struct Asked {
        int texts = 0, vectors = 0, diffs = 0, unpacks = 0, destroyed = 0;
        bool fails = false;
    };
    Asked& asked;
    std::string whole;

    FakeSource(Asked& counts, std::string update) : asked(counts), whole(std::move(update)) {}
    ~FakeSource() override { ++asked.destroyed; }

    Status text_of(std::string_view root, Bytes& out) const noexcept override {
        ++asked.texts;
        return out.append("text of " + std::string(root)) ? Status{} : ErrorCode::out_of_memory;
    }
    Result<StateVector> state_vector() const noexcept override {
        ++asked.vectors;
        StateVector vector;
        if (!vector.set(ClientId{7}, Clock{3})) return ErrorCode::out_of_memory;
        return vector;
    }
    Status diff(const StateVector&, Bytes& out) const noexcept override {
        ++asked.diffs;
        return out.append("diff") ? Status{} : ErrorCode::out_of_memory;
    }
    Status unpack(Bytes& out) const noexcept override {
        ++asked.unpacks;
        if (asked.fails) return ErrorCode::out_of_memory;
        return out.append(whole) ? Status{} : ErrorCode::out_of_memory;
    }
};

Doc unopened(FakeSource::Asked& asked) {
    Doc first = document(7);
    first.text("t").append("abc");
    return Doc(DocOptions{.client = ClientId{1}},
               std::make_unique<FakeSource>(asked, support::update_of(first)));
}

}  // namespace

TEST_CASE("a new document encodes as nothing") {
    const Doc doc = document(1);
    CHECK(support::update_of(doc) == std::string(2, '\0'));
    CHECK(support::canonical(doc) == std::string(2, '\0'));
    CHECK(support::vector_of(doc) == std::string(1, '\0'));
    CHECK(!doc.has_pending());
    CHECK(doc.missing()->empty());
    CHECK(doc.delete_set()->empty());
    CHECK(doc.pending_deletes()->empty());
    CHECK(support::broken(doc) == "");
}

TEST_CASE("a client id is cut to 53 bits") {
    CHECK(raw(Doc(ClientId{~0ULL}).client()) == crdt::kMaxClientId);
    CHECK(raw(Doc(ClientId{crdt::kMaxClientId}).client()) == crdt::kMaxClientId);
    CHECK(raw(Doc(ClientId{0}).client()) == 0);
}

TEST_CASE("documents move; handles stay good") {
    Doc doc = document(1);
    const crdt::Text text = doc.text("t");
    CHECK(text.append("a").ok());
    Doc moved = std::move(doc);
    CHECK(text.append("b").ok());
    CHECK(moved.text("t").to_string() == "ab");
    Doc other = document(2);
    other = std::move(moved);
    CHECK(text.append("c").ok());
    CHECK(other.text("t").to_string() == "abc");
    Doc& same = other;
    other = std::move(same);
    CHECK(other.text("t").to_string() == "abc");
}

TEST_CASE("a document that was moved away answers, and holds nothing") {
    Doc doc = document(1);
    const Doc moved = std::move(doc);
    // NOLINTBEGIN(bugprone-use-after-move): what is left is asked on purpose
    CHECK(doc.text("t").append("x").error().code == ErrorCode::no_document);
    CHECK(doc.text("t").length() == 0);
    CHECK(!support::receive(doc, std::string(2, '\0')).ok());
    CHECK(!doc.encode_state_as_update().ok());
    CHECK(!doc.encode_canonical().ok());
    CHECK(!doc.state_vector().ok());
    CHECK(!doc.has_pending());
    CHECK(doc.store() == nullptr);
    CHECK(!doc.transact().commit().ok());
    CHECK(!doc.on_update([](crdt::ByteView, const crdt::Origin&) noexcept {}).active());
    // NOLINTEND(bugprone-use-after-move)
}

TEST_CASE("a source answers for a document that nobody has edited") {
    FakeSource::Asked asked;
    {
        const Doc doc = unopened(asked);
        CHECK(doc.text("t").to_string() == "text of t");
        CHECK(raw(doc.state_vector()->get(ClientId{7})) == 3);
        CHECK(support::update_of(doc) == "diff");
        CHECK(asked.texts == 1);
        CHECK(asked.vectors == 1);
        CHECK(asked.diffs == 1);
        CHECK(asked.unpacks == 0);
    }
    CHECK(asked.destroyed == 1);
}

TEST_CASE("the first edit unpacks a source; nobody is told of it, and the id stays") {
    FakeSource::Asked asked;
    Doc doc = unopened(asked);
    std::string told;
    const auto heard = doc.on_update([&](crdt::ByteView update, const crdt::Origin&) noexcept {
        told += support::text_of(update) + "|";
    });
    CHECK(doc.text("t").append("d").ok());
    CHECK(asked.unpacks == 1);
    CHECK(asked.destroyed == 1);
    CHECK(doc.text("t").to_string() == "abcd");
    CHECK(raw(doc.client()) == 1);
    CHECK(told.find("abc") == std::string::npos);
    CHECK(told.find('d') != std::string::npos);
    CHECK(support::broken(doc) == "");
}

TEST_CASE("a remote update, a length, a canonical form unpack a source as well") {
    Doc other = document(9);
    other.text("t").append("z");
    for (int way = 0; way < 5; ++way) {
        FakeSource::Asked asked;
        Doc doc = unopened(asked);
        switch (way) {
            case 0:
                CHECK(support::receive(doc, support::update_of(other)).ok());
                break;
            case 1:
                CHECK(doc.text("t").length() == 3);
                break;
            case 2:
                CHECK(doc.encode_canonical().ok());
                break;
            case 3:
                CHECK(doc.delete_set().ok());
                break;
            default:
                CHECK(doc.transact().commit().ok());
        }
        CHECK(asked.unpacks == 1);
        CHECK(support::vector_of(doc) != "");
        CHECK(doc.text("t").to_string().find("abc") != std::string::npos);
    }
}

TEST_CASE("a source that fails is asked again later, and nothing is lost") {
    FakeSource::Asked asked;
    Doc doc = unopened(asked);
    asked.fails = true;
    CHECK(doc.text("t").append("d").error().code == ErrorCode::out_of_memory);
    CHECK(doc.text("t").length() == 0);
    CHECK(!doc.encode_canonical().ok());
    asked.fails = false;
    CHECK(doc.text("t").append("d").ok());
    CHECK(doc.text("t").to_string() == "abcd");
}

TEST_CASE("a source is kept while memory fails, whichever allocation it is") {
    for (std::size_t n = 0; n < 200; ++n) {
        FakeSource::Asked asked;
        Doc doc = unopened(asked);
        bool done = false;
        {
            const test::FailingMemory memory(n);
            done = doc.text("t").append("d").ok();
        }
        if (!done) REQUIRE(doc.text("t").append("d").ok());
        REQUIRE(doc.text("t").to_string() == "abcd");
        REQUIRE(support::broken(doc) == "");
    }
}

TEST_CASE("the own id is renewed when an update writes under it") {
    static constexpr auto renewed = []() noexcept { return ClientId{99}; };
    const auto named = [](std::uint64_t id) {
        return Doc(DocOptions{.client = ClientId{id}, .new_client_id = +renewed});
    };
    Doc twin = document(1);
    twin.text("t").append("abc");
    SUBCASE("met first in an update") {
        Doc doc = named(1);
        CHECK(support::receive(doc, support::update_of(twin)).ok());
        CHECK(raw(doc.client()) == 99);
        CHECK(doc.text("t").append("d").ok());
        CHECK(raw(doc.state_vector()->get(ClientId{99})) == 1);
        CHECK(raw(doc.state_vector()->get(ClientId{1})) == 3);
    }
    SUBCASE("after own edits") {
        Doc doc = named(1);
        doc.text("t").append("x");
        CHECK(support::receive(doc, support::update_of(twin)).ok());
        CHECK(raw(doc.client()) == 99);
    }
    SUBCASE("not by what it has written itself, nor by deletions") {
        Doc doc = named(1);
        doc.text("t").append("x");
        Doc other = support::loaded(support::update_of(doc), 2);
        other.text("t").erase(0, 1);
        CHECK(support::receive(doc, support::update_of(other)).ok());
        CHECK(raw(doc.client()) == 1);
    }
    SUBCASE("by a large update, too, that is loaded at once") {
        for (int i = 0; i < 300; ++i) twin.text("t").insert(0, "x");
        Doc doc = named(1);
        CHECK(support::receive(doc, support::update_of(twin)).ok());
        CHECK(raw(doc.client()) == 99);
    }
    SUBCASE("by parts that waited") {
        Doc doc = named(1);
        Doc late = support::loaded(support::update_of(twin), 5);
        const StateVector known = late.state_vector().value();
        twin.text("t").append("d");
        const std::string tail = support::text_of(*twin.encode_state_as_update(known));
        CHECK(support::receive(doc, tail).ok());
        CHECK(doc.has_pending());
        CHECK(support::receive(doc, support::update_of(late)).ok());
        CHECK(!doc.has_pending());
        CHECK(raw(doc.client()) == 99);
    }
    SUBCASE("before a listener edits") {
        Doc doc = named(1);
        doc.text("t").append("x");
        bool once = false;
        const auto answers = doc.on_update([&](crdt::ByteView, const crdt::Origin&) noexcept {
            if (!std::exchange(once, true)) doc.text("t").append("!");
        });
        CHECK(support::receive(doc, support::update_of(twin)).ok());
        CHECK(raw(doc.client()) == 99);
        CHECK(raw(doc.state_vector()->get(ClientId{1})) == 3);
    }
}

TEST_CASE("a large id keeps its 53 bits through an update") {
    Doc doc = document(crdt::kMaxClientId);
    doc.text("t").append("x");
    const Doc copy = support::loaded(support::update_of(doc));
    CHECK(raw(copy.state_vector()->get(ClientId{crdt::kMaxClientId})) == 1);
    CHECK(copy.state_vector()->size() == 1);
}
