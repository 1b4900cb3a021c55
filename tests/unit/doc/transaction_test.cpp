#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/document.hpp"

using crdt::ByteView;
using crdt::Doc;
using crdt::ErrorCode;
using crdt::Origin;
using crdt::Transaction;
using support::document;

namespace {

// Counts what is told, with the names of the origins.
struct Ear {
    int updates = 0;
    std::string names;
    crdt::Subscription subscription;

    explicit Ear(Doc& doc)
        : subscription(doc.on_update([this](ByteView, const Origin& origin) noexcept {
              ++updates;
              names += std::string(origin.name()) + (origin.remote() ? "~;" : ";");
          })) {}
};

}  // namespace

TEST_CASE("edits of one transaction are told as one update, when it ends") {
    Doc doc = document(1);
    const Ear ear(doc);
    {
        const Transaction open = doc.transact("batch");
        CHECK(doc.text("t").append("a").ok());
        CHECK(doc.array("a").push(1).ok());
        CHECK(doc.map("m").set("k", 1).ok());
        CHECK(ear.updates == 0);
    }
    CHECK(ear.names == "batch;");
    CHECK(doc.text("t").append("b").ok());
    CHECK(ear.updates == 2);
}

TEST_CASE("nested transactions join the outermost") {
    Doc doc = document(1);
    const Ear ear(doc);
    {
        const Transaction outer = doc.transact("outer");
        {
            Transaction inner = doc.transact("inner");
            CHECK(doc.text("t").append("a").ok());
            CHECK(inner.commit().ok());
        }
        CHECK(ear.updates == 0);
        CHECK(doc.text("t").append("b").ok());
    }
    CHECK(ear.names == "outer;");
    CHECK(doc.text("t").to_string() == "ab");
}

TEST_CASE("a transaction that changed nothing tells nothing") {
    Doc doc = document(1);
    const Ear ear(doc);
    {
        const Transaction open = doc.transact();
    }
    CHECK(doc.text("t").insert(0, "").ok());
    CHECK(doc.text("t").erase(0, 0).ok());
    CHECK(doc.map("m").erase("none").ok());
    CHECK(!doc.text("t").erase(0, 1).ok());
    CHECK(support::receive(doc, std::string(2, '\0')).ok());
    CHECK(ear.updates == 0);
}

TEST_CASE("what was inserted and deleted in one transaction is told once, as deleted") {
    Doc doc = document(1);
    Doc mirror = document(2);
    const auto heard = doc.on_update(
        [&](ByteView update, const Origin&) noexcept { static_cast<void>(mirror.apply(update)); });
    {
        const Transaction open = doc.transact();
        CHECK(doc.text("t").append("secret").ok());
        CHECK(doc.text("t").erase(0, 6).ok());
        CHECK(doc.array("a").push(crdt::ArrayInit{1}).ok());
        CHECK(doc.array("a").erase(0).ok());
    }
    CHECK(support::canonical(mirror) == support::canonical(doc));
    CHECK(support::update_of(mirror).find("secret") == std::string::npos);
}

TEST_CASE("a discarded error sticks to the open transaction; the other writes stay") {
    Doc doc = document(1);
    Transaction open = doc.transact();
    doc.text("t").insert(5, "lost");
    doc.text("t").append("kept");
    doc.array("a").erase(3);
    const crdt::Status status = open.commit();
    CHECK(status.error() == crdt::Error{ErrorCode::index_out_of_range, 5});
    CHECK(doc.text("t").to_string() == "kept");
    // It does not stick to the next.
    Transaction next = doc.transact();
    doc.text("t").append("!");
    CHECK(next.commit().ok());
}

TEST_CASE("an error inside a nested transaction is the outermost's to return") {
    Doc doc = document(1);
    Transaction outer = doc.transact();
    {
        Transaction inner = doc.transact();
        crdt::Text().append("nowhere");  // no document: sticks to nothing
        doc.text("t").insert(1, "x");
        CHECK(inner.commit().ok());
    }
    CHECK(outer.commit().error().code == ErrorCode::index_out_of_range);
}

TEST_CASE("a refused update sticks as well, and has no effect") {
    Doc doc = document(1);
    Transaction open = doc.transact();
    doc.text("t").append("a");
    CHECK(support::receive(doc, "\x01").error().code == ErrorCode::unexpected_end);
    CHECK(open.commit().error().code == ErrorCode::unexpected_end);
    CHECK(doc.text("t").to_string() == "a");
}

TEST_CASE("commit twice, moved transactions and wrong types answer") {
    Doc doc = document(1);
    const Ear ear(doc);
    Transaction open = doc.transact();
    doc.text("t").append("a");
    Transaction moved = std::move(open);
    CHECK(open.commit().ok());  // NOLINT(bugprone-use-after-move): that it does nothing
    CHECK(ear.updates == 0);
    CHECK(moved.commit().ok());
    CHECK(moved.commit().ok());
    CHECK(ear.updates == 1);

    Transaction third = doc.transact();
    doc.array("t").push(1);
    CHECK(third.commit().error().code == ErrorCode::wrong_type);
}

TEST_CASE("updates from elsewhere can be part of a transaction") {
    Doc doc = document(1);
    Doc other = document(2);
    CHECK(other.text("t").append("theirs").ok());
    const Ear ear(doc);
    std::string told;
    const auto heard = doc.on_update(
        [&](ByteView update, const Origin&) noexcept { told = support::text_of(update); });
    {
        const Transaction open = doc.transact("both");
        CHECK(doc.text("u").append("ours").ok());
        CHECK(support::receive(doc, support::update_of(other)).ok());
        CHECK(doc.text("t").append("!").ok());
    }
    CHECK(ear.updates == 1);
    const Doc copy = support::loaded(told);
    CHECK(support::canonical(copy) == support::canonical(doc));
}

TEST_CASE("an origin names one transaction only") {
    Doc doc = document(1);
    const Ear ear(doc);
    {
        // Borrowed until the transaction has ended, and no longer.
        const std::string name = "a name that is long enough to be allocated";
        const Transaction open = doc.transact(std::string_view(name));
        doc.text("t").append("a");
    }
    CHECK(doc.text("t").append("b").ok());
    CHECK(ear.names == "a name that is long enough to be allocated;;");
}

TEST_CASE("an update from elsewhere says so, and the next edit does not") {
    Doc doc = document(1);
    Doc other = document(2);
    CHECK(other.text("t").append("x").ok());
    const Ear ear(doc);
    CHECK(doc.apply(crdt::as_bytes(support::update_of(other)), "socket").ok());
    CHECK(doc.text("t").append("y").ok());
    CHECK(ear.names == "socket~;;");
}
