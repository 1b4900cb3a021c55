#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "../support/failing_memory.hpp"
#include "support/document.hpp"

using crdt::ArrayEvent;
using crdt::DeepEvents;
using crdt::Doc;
using crdt::Event;
using crdt::MapEvent;
using crdt::Origin;
using crdt::Subscription;
using crdt::TextEvent;
using crdt::TransactionEvent;
using support::document;
using support::receive;
using support::update_of;

namespace {

std::string show_delta(const Event& event) {
    std::string out;
    for (const crdt::EventOp op : event.delta()) {
        if (!out.empty()) out += ' ';
        if (op.is_retain()) out += "=" + std::to_string(op.length());
        if (op.is_erase()) out += "-" + std::to_string(op.length());
        if (!op.is_insert()) continue;
        if (op.is_text()) {
            out += "+'" + std::string(op.text()) + "'";
        } else {
            out += "+[";
            op.values().for_each([&](const crdt::Value& value) {
                out += value.kind() == crdt::ValueKind::any ? value.as<std::string>().value_or("?")
                                                            : support::show(value);
                out += ",";
            });
            out += "]";
        }
    }
    return out;
}

std::string show_path(const Event& event) {
    std::string out;
    for (const crdt::PathStep step : event.path()) {
        out += step.is_key() ? "." + std::string(step.key())
                             : "[" + std::to_string(step.index()) + "]";
    }
    return out;
}

std::string show_keys(const Event& event) {
    std::string out;
    for (const crdt::KeyChange change : event.keys()) {
        const char action = change.action() == crdt::KeyAction::add      ? '+'
                            : change.action() == crdt::KeyAction::update ? '*'
                                                                         : '-';
        out +=
            std::string(change.key()) + action + change.old_value().as<std::string>().value_or("");
        out += ' ';
    }
    return out;
}

// Everything that an observer of a text was told.
struct TextLog {
    explicit TextLog(const crdt::Text& text)
        : subscription(text.observe(
              [this](const TextEvent& event) noexcept { told += show_delta(event) + "; "; })) {}
    std::string take() { return std::exchange(told, {}); }
    std::string told;
    Subscription subscription;
};

}  // namespace

TEST_CASE("an observer is told once for each transaction, what it has come to") {
    Doc doc = document(1);
    crdt::Text text = doc.text("t");
    TextLog log(text);
    text.insert(0, "hello");
    CHECK(log.take() == "+'hello'; ");
    text.insert(5, " world");
    text.erase(0, 1);
    CHECK(log.take() == "=5 +' world'; -1; ");
    {
        const crdt::Transaction open = doc.transact();
        text.insert(0, "J");
        text.insert(1, "X");
        text.erase(1, 1);  // the X
        text.insert(11, "!");
        text.erase(5, 1);
        CHECK(log.take().empty());
    }
    CHECK(text.to_string() == "Jelloworld!");
    CHECK(log.take() == "+'J' =4 -1 =5 +'!'; ");
    log.subscription.cancel();
    text.append("unheard");
    CHECK(log.take().empty());
}

TEST_CASE("a change that leaves nothing is told with an empty delta, as in Yjs") {
    Doc doc = document(1);
    TextLog log(doc.text("t"));
    {
        const crdt::Transaction open = doc.transact();
        doc.text("t").insert(0, "abc");
        doc.text("t").erase(0, 3);
    }
    CHECK(log.take() == "; ");
    {
        const crdt::Transaction open = doc.transact();
        CHECK(!doc.text("t").insert(5, "past the end").ok());
    }
    CHECK(log.take().empty());
}

TEST_CASE("deltas count UTF-16 units and give text in both forms") {
    Doc doc = document(1);
    std::string told;
    std::u16string units;
    const Subscription heard = doc.text("t").observe([&](const TextEvent& event) noexcept {
        for (const crdt::EventOp op : event.delta()) {
            told += std::to_string(op.length()) + std::string(op.text()) + ";";
            units += op.to_u16string();
        }
    });
    doc.text("t").append("\xc3\xa9\xf0\x9f\x98\x80z");
    CHECK(told == "4\xc3\xa9\xf0\x9f\x98\x80z;");
    CHECK(units == u"\u00e9\U0001f600z");
}

TEST_CASE("typed keystrokes are told while they are not settled") {
    Doc doc = document(1);
    crdt::Text text = doc.text("t");
    int calls = 0;
    std::string last;
    const Subscription heard = text.observe([&](const TextEvent& event) noexcept {
        if (++calls % 7 == 0) last = show_delta(event);
    });
    for (int i = 0; i < 70; ++i) text.insert(static_cast<std::size_t>(i), "k");
    CHECK(calls == 70);
    CHECK(last == "=69 +'k'");
    for (int i = 0; i < 7; ++i) text.erase(text.length() - 1, 1);
    CHECK(calls == 77);
    CHECK(last == "=63 -1");
    CHECK(support::broken(doc) == "");
}

TEST_CASE("an array tells its elements, shared types as they are by then") {
    Doc doc = document(1);
    crdt::Array array = doc.array("a");
    std::string told;
    const Subscription heard = array.observe([&](const ArrayEvent& event) noexcept {
        CHECK(event.target() == array);
        told += show_delta(event) + "; ";
    });
    array.insert(0, {"a", "b", "c"});
    {
        const crdt::Transaction open = doc.transact();
        array.insert(1, {crdt::TextInit("n")});
        array.get(1)->text().append("ew");
        array.erase(2, 1);
        array.push("d");
    }
    CHECK(told == "+[a,b,c,]; =1 +['new',] -1 =1 +[d,]; ");
    told.clear();
    array.get(1)->text().append("er");
    CHECK(told.empty());  // only deep observers hear of it
}

TEST_CASE("a map tells its keys with what they were, though that was forgotten") {
    Doc doc = document(1);
    crdt::Map map = doc.map("m");
    std::string told;
    const Subscription heard = map.observe([&](const MapEvent& event) noexcept {
        told += show_keys(event) + "; ";
        for (const crdt::KeyChange change : event.keys()) {
            const crdt::Value now = map.get(change.key());
            CHECK(now.exists() == change.value().exists());
            CHECK(now.as<std::string>() == change.value().as<std::string>());
        }
    });
    map.set("k", "old");
    CHECK(told == "k+ ; ");
    told.clear();
    {
        const crdt::Transaction open = doc.transact();
        map.set("k", "between");
        map.set("k", "new");
        map.set("gone", "x");
        map.erase("gone");
    }
    CHECK(told == "k*old ; ");
    told.clear();
    map.erase("k");
    CHECK(told == "k-new ; ");
    told.clear();
    {
        const crdt::Transaction open = doc.transact();
        map.set("k", "again");
        map.set("l", crdt::ArrayInit{1});
    }
    CHECK(told == "k+ l+ ; ");
    crdt::ValueKind kind = crdt::ValueKind::absent;
    const Subscription kinds = map.observe(
        [&](const MapEvent& event) noexcept { kind = event.keys()[0].old_value().kind(); });
    map.erase("l");
    CHECK(kind == crdt::ValueKind::array);
}

TEST_CASE("deep observers hear of types within, the nearest first, with paths as they are now") {
    Doc doc = document(1);
    crdt::Map root = doc.map("m");
    root.set("list", crdt::ArrayInit{crdt::MapInit{{"t", crdt::TextInit("x")}}});
    crdt::Array list = root.get("list").array();
    std::string told;
    const Subscription heard = root.observe_deep([&](const DeepEvents& events) noexcept {
        CHECK(events.current_target() == root);
        for (const Event event : events) {
            CHECK(event.current_target() == root);
            told += show_path(event) + "|" + show_keys(event) + "|" + show_delta(event) + "; ";
        }
    });
    {
        const crdt::Transaction open = doc.transact();
        list.get(0)->map().get("t").text().append("y");
        list.insert(0, {"front"});
        root.set("other", "1");
    }
    CHECK(told == "|other+ |; .list||+[front,]; .list[1].t||=1 +'y'; ");
    told.clear();
    std::string inner;
    const Subscription within = list.observe_deep([&](const DeepEvents& events) noexcept {
        for (const Event event : events) inner += show_path(event) + ";";
    });
    list.get(1)->map().get("t").text().append("z");
    CHECK(told == ".list[1].t||=2 +'z'; ");
    CHECK(inner == "[1].t;");
}

TEST_CASE("types that a change made or deleted have no events of their own") {
    Doc doc = document(1);
    crdt::Array root = doc.array("a");
    root.push(crdt::ArrayInit{"in"});
    const crdt::Array inner = root.get(0)->array();
    std::string paths;
    const Subscription heard = root.observe_deep([&](const DeepEvents& events) noexcept {
        for (const Event event : events) paths += "(" + show_path(event) + ")";
    });
    int calls = 0;
    const Subscription direct = inner.observe([&](const ArrayEvent&) noexcept { ++calls; });
    {
        const crdt::Transaction open = doc.transact();
        inner.push("more");
        root.erase(0);
        root.push(crdt::ArrayInit());
        root.get(0)->array().push("new");
    }
    CHECK(paths == "()");
    CHECK(calls == 0);
    CHECK(direct.active());
    const Subscription late = inner.observe([&](const ArrayEvent&) noexcept { ++calls; });
    CHECK(!late.active());  // there is nothing to observe any more
    CHECK(!crdt::Text().observe([](const TextEvent&) noexcept {}).active());
}

TEST_CASE("remote changes are told as such, and as what they are here") {
    Doc doc = document(1);
    Doc other = document(2);
    doc.text("t").append("shared");
    receive(other, update_of(doc)).value();
    TextLog log(other.text("t"));
    std::string origins;
    const Subscription heard = other.text("t").observe([&](const TextEvent& event) noexcept {
        origins += std::string(event.origin().name()) + (event.remote() ? "(r) " : "(l) ");
    });
    doc.text("t").erase(0, 2);
    doc.text("t").insert(0, "S");
    other.text("t").insert(2, "-");
    CHECK(log.take() == "=2 +'-'; ");
    CHECK(other.apply(doc.encode_state_as_update().value(), "wire").ok());
    CHECK(other.text("t").to_string() == "S-ared");
    CHECK(log.take() == "-2 +'S'; ");
    CHECK(other.apply(doc.encode_state_as_update().value(), "wire").ok());
    CHECK(log.take().empty());  // nothing new
    CHECK(origins == "(l) wire(r) ");
}

TEST_CASE("what happens around a transaction comes in the order of Yjs") {
    Doc doc = document(1);
    std::string order;
    const auto note = [&order](const char* what) {
        return [&order, what](const auto&...) noexcept { order += what; };
    };
    const Subscription update = doc.on_update(note("update "));
    const Subscription cleanup = doc.on_after_cleanup(note("cleanup "));
    const Subscription after = doc.on_after_transaction(note("after "));
    const Subscription before_observers = doc.on_before_observers(note("observers: "));
    const Subscription before = doc.on_before_transaction(note("before "));
    const Subscription deep = doc.map("m").observe_deep(note("deep "));
    const Subscription direct = doc.map("m").observe(note("direct "));
    doc.map("m").set("k", 1);
    CHECK(order == "before observers: direct deep after cleanup update ");
    order.clear();
    doc.transact("idle").commit().value();
    CHECK(order == "before observers: after cleanup ");
}

TEST_CASE("edits in before_transaction belong to the transaction, those of observers do not") {
    Doc doc = document(1);
    std::string order;
    int updates = 0;
    const Subscription update = doc.on_update([&](auto, auto&) noexcept { ++updates; });
    bool once = true;
    const Subscription before = doc.on_before_transaction([&](const Origin& origin) noexcept {
        order += "before(" + std::string(origin.name()) + ") ";
        if (std::exchange(once, false)) doc.map("m").set("begun", true);
    });
    const Subscription first = doc.text("t").observe([&](const TextEvent& event) noexcept {
        order += "t" + show_delta(event) + " ";
        if (doc.text("t").length() < 3) {
            const crdt::Transaction inner = doc.transact("inner");
            doc.text("t").insert(0, "i");
            doc.array("a").push("x");
        }
    });
    // Comes after the one that edits, and is told the same.
    const Subscription second = doc.text("t").observe([&](const TextEvent& event) noexcept {
        order += "T" + show_delta(event) + "(" + std::string(event.origin().name()) + ") ";
    });
    const Subscription list = doc.array("a").observe(
        [&](const ArrayEvent& event) noexcept { order += "a" + show_delta(event) + " "; });
    {
        const crdt::Transaction outer = doc.transact("outer");
        doc.text("t").append("o");
    }
    CHECK(order ==
          "before(outer) t+'o' before(inner) T+'o'(outer) "
          "t+'i' before(inner) T+'i'(inner) a+[x,] "
          "t+'i' T+'i'(inner) a=1 +[x,] ");
    CHECK(updates == 3);
    CHECK(doc.map("m").contains("begun"));
    CHECK(support::broken(doc) == "");
}

TEST_CASE("an observer may delete what others observe") {
    Doc doc = document(1);
    crdt::Map root = doc.map("m");
    root.set("a", crdt::TextInit());
    root.set("b", crdt::TextInit());
    std::string order;
    const auto follow = [&](const char* name, const char* other) {
        return root.get(name).text().observe(
            [&order, root, name, other](const TextEvent&) noexcept {
                order += name;
                root.erase(other);
            });
    };
    const Subscription a = follow("a", "b");
    const Subscription b = follow("b", "a");
    std::size_t deep_events = 0;
    const Subscription deep =
        root.observe_deep([&](const DeepEvents& events) noexcept { deep_events += events.size(); });
    {
        const crdt::Transaction open = doc.transact();
        root.get("a").text().append("x");
        root.get("b").text().append("y");
    }
    CHECK(order == "a");
    CHECK(deep_events == 2);  // of a, and then of the map that lost b
}

TEST_CASE("hooks tell what a transaction has inserted and deleted") {
    Doc doc = document(7);
    crdt::Map root = doc.map("m");
    root.set("t", crdt::TextInit("abc"));
    const crdt::Text text = root.get("t").text();
    const crdt::Text other = doc.text("other");
    bool looked = false;
    const Subscription after =
        doc.on_after_transaction([&](const TransactionEvent& event) noexcept {
            looked = true;
            CHECK(event.changed());
            CHECK(event.changed_within(text));
            CHECK(event.changed_within(root));
            CHECK(!event.changed_within(other));
            const crdt::IdSet inserted = event.inserted().value();
            const crdt::IdSet deleted = event.deleted().value();
            CHECK(inserted.range_count() == 1);
            CHECK(inserted.contains(crdt::ClientId{7}, crdt::Clock{4}, 2));
            CHECK(deleted.range_count() == 1);
            CHECK(deleted.contains({crdt::ClientId{7}, crdt::Clock{1}}));
        });
    {
        const crdt::Transaction open = doc.transact();
        text.append("de");
        text.erase(0, 1);
    }
    CHECK(looked);
}

TEST_CASE("an observer outlives its document, and moves with it") {
    auto alive = std::make_shared<int>(0);
    Subscription kept;
    {
        Doc doc = document(1);
        kept = doc.text("t").observe([alive](const TextEvent&) noexcept { ++*alive; });
        Doc moved = std::move(doc);
        moved.text("t").append("a");
        CHECK(*alive == 1);
    }
    kept.cancel();
    CHECK(alive.use_count() == 1);
}

TEST_CASE("an origin is that of its transaction alone, though nobody heard of that one") {
    Doc doc = document(1);
    doc.transact("unheard").commit().value();
    std::string origins;
    const Subscription heard = doc.text("t").observe([&](const TextEvent& event) noexcept {
        origins += "(" + std::string(event.origin().name()) + ")";
    });
    doc.text("t").append("a");
    Subscription late;
    {
        const crdt::Transaction open = doc.transact("open");
        late = doc.on_update([](auto, auto&) noexcept {});
    }
    doc.text("t").append("b");
    CHECK(origins == "()()");
}

TEST_CASE("observers that find no memory are told so, and the document works") {
    // Each allocation fails once, from subscribing to the last observer; edits may be refused.
    for (std::size_t fail_at = 0;; ++fail_at) {
        Doc doc = document(1);
        crdt::Map root = doc.map("m");
        crdt::Array list = doc.array("a");
        root.set("inner", crdt::ArrayInit{1, 2, 3}).value();
        list.push({1, 2}).value();
        Doc other = document(2);
        receive(other, update_of(doc)).value();
        other.array("a").erase(0);
        other.map("m").get("inner").array().insert(1, {crdt::TextInit("n")});
        const std::string update = update_of(other);
        bool failed = false;
        {
            const test::FailingMemory memory(fail_at);
            int told = 0;
            const auto look = [&](const Event& event) {
                static_cast<void>(event.delta().size() + event.keys().size());
                static_cast<void>(event.path().size());
                if (event.check().ok()) {
                    ++told;
                } else {
                    CHECK(test::FailingMemory::failed());
                }
            };
            const Subscription a = list.observe([&](const ArrayEvent& event) noexcept {
                look(event);
                root.set("seen", true);
            });
            const Subscription b = root.observe_deep([&](const DeepEvents& events) noexcept {
                for (const Event event : events) look(event);
            });
            const crdt::Status applied = receive(doc, update);
            failed = test::FailingMemory::failed();
            if (!failed) {
                CHECK(applied.ok());
                CHECK(told == 3);
            }
        }
        CHECK(support::broken(doc) == "");
        root.set("after", 1).value();
        CHECK(root.contains("after"));
        if (!failed) break;
    }
}
