#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/document.hpp"

using crdt::Any;
using crdt::Doc;
using crdt::DocumentInit;
using crdt::ErrorCode;
using crdt::Subdoc;
using crdt::SubdocsEvent;
using support::broken;
using support::document;
using support::receive;
using support::update_of;

namespace {

// "+a -b !c": added, removed, loaded; one string for each event.
struct Log {
    std::vector<std::string> events;

    auto listener() {
        return [this](const SubdocsEvent& event) noexcept {
            std::string text;
            const auto add = [&](char sign, std::span<const Subdoc> list) {
                for (const Subdoc& one : list) {
                    text += (text.empty() ? "" : " ") + (sign + std::string(one.guid()));
                }
            };
            add('+', event.added());
            add('-', event.removed());
            add('!', event.loaded());
            events.push_back(text);
        };
    }
    std::vector<std::string> take() { return std::exchange(events, {}); }
};
using Events = std::vector<std::string>;

DocumentInit with(std::string_view guid, bool auto_load, bool should_load = true) {
    DocumentInit made(guid);
    made.auto_load = auto_load;
    made.should_load = should_load;
    return made;
}

}  // namespace

TEST_CASE("a sub-document is an id and options; only what is not the default is sent") {
    Doc doc = document(1);
    const crdt::Map m = doc.map("m");
    DocumentInit init("g");
    init.collect = false;
    init.auto_load = true;
    init.meta = Any::object({{"title", "x"}});
    CHECK(m.set("full", init).ok());
    CHECK(m.set("plain", DocumentInit("h")).ok());
    CHECK(m.get("full").kind() == crdt::ValueKind::document);
    for (Doc* one : {&doc}) {
        const Subdoc full = one->map("m").get("full").document();
        CHECK(full.guid() == "g");
        CHECK_FALSE(full.collect());
        CHECK(full.auto_load());
        CHECK(full.meta().find("title")->as_string() == "x");
        const Subdoc plain = one->map("m").get("plain").document();
        CHECK(plain.collect());
        CHECK_FALSE(plain.auto_load());
        CHECK(plain.meta().is_null());
        CHECK(plain.options().size() == 0);
    }
    CHECK(doc.subdocs().size() == 2);
    CHECK_FALSE(m.get("absent").document().exists());
    CHECK_FALSE(Subdoc().alive());
    CHECK(Subdoc().load().error().code == ErrorCode::no_document);
    CHECK(broken(doc) == "");
}

TEST_CASE("who wants a sub-document is not sent, unless its author says auto_load") {
    Doc doc = document(1);
    doc.array("a").push({with("plain", false), with("auto", true), with("later", false, false)});
    const auto wanted = [](Doc& one) {
        std::string text;
        for (const Subdoc& sub : one.subdocs()) text += sub.should_load() ? '1' : '0';
        return text;
    };
    CHECK(wanted(doc) == "110");
    Doc other = document(2);
    receive(other, update_of(doc)).value();
    CHECK(wanted(other) == "010");
    CHECK(other.subdocs()[0].load().ok());
    CHECK(wanted(other) == "110");
    CHECK(other.subdocs()[1].destroy().ok());
    CHECK(wanted(other) == "100");
    CHECK(other.subdocs()[1].load().ok());
    CHECK(wanted(other) == "110");
}

TEST_CASE("events tell what was added, removed and loaded, once for each transaction") {
    Doc doc = document(1);
    Log log;
    const auto heard = doc.on_subdocs(log.listener());
    const crdt::Map m = doc.map("m");
    m.set("d", DocumentInit("g1"));
    CHECK(log.take() == Events{"+g1 !g1"});
    m.set("d", DocumentInit("g2"));
    CHECK(log.take() == Events{"+g2 -g1 !g2"});
    m.set("k", 1);
    CHECK(log.take() == Events{});
    {
        auto transaction = doc.transact();
        m.set("e", with("g3", false, false));
        m.get("d").document().destroy();
        CHECK(log.events.empty());
    }
    CHECK(log.take() == Events{"+g2 +g3 -g2"});
    m.get("e").document().load();
    m.get("e").document().load();
    CHECK(log.take() == Events{"!g3"});
    const Subdoc gone = m.get("e").document();
    m.erase("e");
    CHECK(log.take() == Events{"-g3"});
    CHECK_FALSE(gone.alive());
    CHECK(gone.guid() == "g3");
    CHECK(gone.load().error().code == ErrorCode::deleted_type);
    CHECK(log.take() == Events{});
}

TEST_CASE("events: deleted with what held it, or in the transaction that added it") {
    for (const bool collect : {true, false}) {
        Doc doc = document(1, collect);
        Log log;
        const auto heard = doc.on_subdocs(log.listener());
        const crdt::Map m = doc.map("m");
        m.set("n", crdt::MapInit{{"d", DocumentInit("inner")}});
        m.erase("n");
        CHECK(log.take() == Events{"+inner !inner", "-inner"});
        {
            auto transaction = doc.transact();
            m.set("x", with("short", false, false));
            m.erase("x");
        }
        CHECK(log.take() == Events{});
        CHECK(doc.subdocs().empty());
    }
}

TEST_CASE("a listener hears of what comes after it, and not of what was there") {
    Doc doc = document(1);
    Log log;
    doc.array("a").push(DocumentInit("before"));
    {
        const auto heard = doc.on_subdocs(log.listener());
        doc.array("a").push(DocumentInit("b"));
        CHECK(log.take() == Events{"+b !b"});
    }
    doc.array("a").push(DocumentInit("c"));
    doc.array("a").erase(0);
    const auto again = doc.on_subdocs(log.listener());
    doc.array("a").push(DocumentInit("d"));
    CHECK(log.take() == Events{"+d !d"});
    CHECK(doc.subdocs().size() == 3);
}

TEST_CASE("a listener that edits is told of that afterwards") {
    Doc doc = document(1);
    std::vector<std::string> seen;
    const auto heard = doc.on_subdocs([&](const SubdocsEvent& event) noexcept {
        for (const Subdoc& one : event.added()) seen.emplace_back(one.guid());
        if (seen.size() == 1) {
            doc.array("a").push(DocumentInit("second"));
            CHECK(seen.size() == 1);
        }
    });
    doc.array("a").push(DocumentInit("first"));
    CHECK(seen == std::vector<std::string>{"first", "second"});
}

TEST_CASE("the instance: made when asked for, with the outer client id, gone with the item") {
    Doc doc = document(7);
    DocumentInit init("g");
    init.collect = false;
    doc.map("m").set("d", init);
    const Subdoc sub = doc.map("m").get("d").document();
    Doc* instance = doc.open(sub);
    REQUIRE(instance != nullptr);
    CHECK(instance->client() == doc.client());
    CHECK_FALSE(instance->store()->collect);
    CHECK(instance->text("t").insert(0, "content").ok());
    CHECK(doc.open(sub) == instance);
    CHECK(update_of(doc).find("content") == std::string::npos);

    std::string last;
    const auto heard = doc.on_subdocs([&](const SubdocsEvent& event) noexcept {
        // It is there until everybody has been told.
        if (!event.removed().empty()) last = instance->text("t").to_string();
    });
    CHECK(sub.destroy().ok());
    CHECK(last == "content");
    instance = doc.open(sub);
    REQUIRE(instance != nullptr);
    CHECK(instance->text("t").empty());
    doc.map("m").erase("d");
    CHECK(last.empty());
    CHECK(doc.open(sub) == nullptr);
    Doc other = document(8);
    CHECK(other.open(sub) == nullptr);
}

TEST_CASE("the instance: one that the application has, with another id from now on") {
    Doc doc = document(7);
    doc.map("m").set("d", DocumentInit("g"));
    const Subdoc sub = doc.map("m").get("d").document();
    Doc mine = document(9);
    mine.text("t").insert(0, "a");
    CHECK(doc.attach(sub, std::move(mine)).ok());
    Doc* instance = doc.open(sub);
    REQUIRE(instance != nullptr);
    CHECK(instance->client() == crdt::ClientId{7});
    CHECK(instance->text("t").append("b").ok());
    CHECK(instance->text("t").to_string() == "ab");
    CHECK(instance->state_vector()->get(crdt::ClientId{7}) == crdt::Clock{1});
    CHECK(broken(*instance) == "");
    CHECK(doc.attach(Subdoc(), document(3)).error().code == ErrorCode::no_document);
    doc.map("m").erase("d");
    CHECK(doc.attach(sub, document(3)).error().code == ErrorCode::deleted_type);
}

TEST_CASE("two places with one id are two sub-documents") {
    Doc doc = document(1);
    doc.array("a").push({DocumentInit("same"), DocumentInit("same")});
    const auto all = doc.subdocs();
    REQUIRE(all.size() == 2);
    CHECK(doc.open(all[0]) != doc.open(all[1]));
    CHECK_FALSE(all[0] == all[1]);
}
