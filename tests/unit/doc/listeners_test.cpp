#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/document.hpp"

using crdt::ByteView;
using crdt::Doc;
using crdt::Origin;
using crdt::Subscription;
using support::document;

TEST_CASE("a subscription ends with its scope, by cancel, or by assignment") {
    Doc doc = document(1);
    int calls = 0;
    const auto count = [&calls](ByteView, const Origin&) noexcept { ++calls; };
    {
        const Subscription scoped = doc.on_update(count);
        CHECK(scoped.active());
        doc.text("t").append("a");
        CHECK(calls == 1);
    }
    doc.text("t").append("b");
    CHECK(calls == 1);
    Subscription kept = doc.on_update(count);
    doc.text("t").append("c");
    CHECK(calls == 2);
    Subscription moved = std::move(kept);
    kept.cancel();  // NOLINT(bugprone-use-after-move): that it does nothing
    doc.text("t").append("d");
    CHECK(calls == 3);
    moved = Subscription();
    CHECK(!moved.active());
    doc.text("t").append("e");
    CHECK(calls == 3);
}

TEST_CASE("a subscription may outlive its document, and a document its subscription") {
    auto alive = std::make_shared<int>(0);
    Subscription subscription;
    {
        Doc doc = document(1);
        subscription = doc.on_update([alive](ByteView, const Origin&) noexcept { ++*alive; });
        doc.text("t").append("a");
    }
    CHECK(*alive == 1);
    subscription.cancel();
    CHECK(alive.use_count() == 1);  // what it captured is gone
    Doc doc = document(2);
    {
        const Subscription forgotten =
            doc.on_update([alive](ByteView, const Origin&) noexcept { ++*alive; });
    }
    CHECK(alive.use_count() == 1);
    doc.text("t").append("b");
    CHECK(*alive == 1);
}

TEST_CASE("a listener may cancel itself while it is called") {
    Doc doc = document(1);
    std::optional<Subscription> self;
    std::string seen;
    const std::string captured = "captured by value, and read after the cancelling";
    self = doc.on_update([&self, &seen, captured](ByteView, const Origin&) noexcept {
        self->cancel();
        seen += captured;
    });
    doc.text("t").append("a");
    doc.text("t").append("b");
    CHECK(seen == captured);
}

TEST_CASE("a listener may cancel others, before and behind it in the list") {
    Doc doc = document(1);
    std::vector<Subscription> all(3);
    std::string order;
    all[0] = doc.on_update([&](ByteView, const Origin&) noexcept { order += '0'; });
    all[1] = doc.on_update([&](ByteView, const Origin&) noexcept {
        order += '1';
        all[0].cancel();
        all[2].cancel();
    });
    all[2] = doc.on_update([&](ByteView, const Origin&) noexcept { order += '2'; });
    doc.text("t").append("a");
    CHECK(order == "01");
    doc.text("t").append("b");
    CHECK(order == "011");
}

TEST_CASE("a listener that is added by another starts with the next update") {
    Doc doc = document(1);
    std::vector<Subscription> all;
    all.reserve(100);
    int late = 0;
    const Subscription first = doc.on_update([&](ByteView, const Origin&) noexcept {
        all.push_back(doc.on_update([&](ByteView, const Origin&) noexcept { ++late; }));
    });
    doc.text("t").append("a");
    CHECK(late == 0);
    for (int i = 0; i < 20; ++i) doc.text("t").append("b");
    CHECK(late == 20 * 21 / 2);
}

TEST_CASE("what a listener edits is told to everybody afterwards, in order") {
    Doc doc = document(1);
    Doc mirror = document(2);
    std::string names;
    int rounds = 0;
    const Subscription edits = doc.on_update([&](ByteView, const Origin&) noexcept {
        if (rounds++ >= 3) return;
        const crdt::Transaction inner = doc.transact("inner");
        doc.text("t").append(std::to_string(rounds));
    });
    const Subscription hears = doc.on_update([&](ByteView update, const Origin& origin) noexcept {
        names += std::string(origin.name()) + ";";
        CHECK(mirror.apply(update).ok());
    });
    {
        const crdt::Transaction outer = doc.transact("outer");
        doc.text("t").append("0");
    }
    CHECK(doc.text("t").to_string() == "0123");
    CHECK(names == "outer;inner;inner;inner;");
    CHECK(support::canonical(mirror) == support::canonical(doc));
}

TEST_CASE("a listener's edit after a remote update is local") {
    Doc doc = document(1);
    Doc other = document(2);
    CHECK(other.text("t").append("x").ok());
    std::string kinds;
    const Subscription answers = doc.on_update([&](ByteView, const Origin& origin) noexcept {
        kinds += origin.remote() ? 'r' : 'l';
        if (origin.remote() && kinds.size() < 10) doc.text("t").append("!");
    });
    CHECK(support::receive(doc, support::update_of(other)).ok());
    CHECK(kinds == "rl");
    CHECK(doc.text("t").to_string() == "x!");
}

TEST_CASE("a listener may apply updates and encode the document") {
    Doc doc = document(1);
    Doc other = document(2);
    CHECK(other.text("t").append("x").ok());
    const std::string update = support::update_of(other);
    bool once = false;
    const Subscription pulls = doc.on_update([&](ByteView, const Origin&) noexcept {
        CHECK(doc.encode_state_as_update().ok());
        if (once) return;
        once = true;
        CHECK(support::receive(doc, update).ok());
    });
    doc.text("u").append("y");
    CHECK(doc.text("t").to_string() == "x");
    CHECK(support::broken(doc) == "");
}

TEST_CASE("two documents that mirror each other do not echo for ever") {
    Doc a = document(1);
    Doc b = document(2);
    int told = 0;
    const Subscription from_a = a.on_update([&](ByteView update, const Origin&) noexcept {
        ++told;
        CHECK(b.apply(update).ok());
    });
    const Subscription from_b = b.on_update([&](ByteView update, const Origin&) noexcept {
        ++told;
        CHECK(a.apply(update).ok());
    });
    a.text("t").append("x");
    CHECK(told == 2);
    CHECK(b.text("t").to_string() == "x");
}

TEST_CASE("listeners move with their document") {
    Doc doc = document(1);
    int calls = 0;
    const Subscription heard = doc.on_update([&](ByteView, const Origin&) noexcept { ++calls; });
    Doc moved = std::move(doc);
    moved.text("t").append("a");
    CHECK(calls == 1);
    // What is assigned over is gone, its listeners with it.
    moved = document(2);
    moved.text("t").append("b");
    CHECK(calls == 1);
}
