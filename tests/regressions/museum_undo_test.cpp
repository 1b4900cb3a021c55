// The museum of undo: what peers got wrong, one named case each (docs/reliability.md).
#include <doctest/doctest.h>

#include <string>

#include "support/document.hpp"
#include "unit/support/hex.hpp"

using crdt::Doc;
using crdt::Map;
using crdt::UndoManager;
using support::broken;
using support::document;

namespace {

int number(const Map& map, std::string_view key) { return map.get(key).as<int>().value_or(-1); }

}  // namespace

TEST_CASE("museum: undo of an attribute and of a deletion (yjs #757)") {
    // In one item or two, the attribute first.
    for (const bool together : {true, false}) {
        CAPTURE(together);
        Doc doc = document(1);
        const crdt::Array list = doc.array("a");
        CHECK(list.push(crdt::MapInit{{"level", 1}, {"text", crdt::TextInit("title")}}).ok());
        UndoManager undo{doc, {list}};
        const auto edit = [&] { CHECK(list.get(0)->map().set("level", 2).ok()); };
        if (together) {
            const crdt::Transaction open = doc.transact();
            edit();
            CHECK(list.erase(0).ok());
        } else {
            edit();
            CHECK(list.erase(0).ok());
            CHECK(undo.undo());
            REQUIRE(list.size() == 1);
            CHECK(number(list.get(0)->map(), "level") == 2);
        }
        CHECK(undo.undo());
        REQUIRE(list.size() == 1);
        const Map back = list.get(0)->map();
        CHECK(number(back, "level") == 1);
        CHECK(back.get("text").text().to_string() == "title");
        CHECK(undo.redo());
        if (!together) {
            REQUIRE(list.size() == 1);
            CHECK(number(list.get(0)->map(), "level") == 2);
            CHECK(undo.redo());
        }
        CHECK(list.size() == 0);
        CHECK(broken(doc) == "");
    }
}

TEST_CASE("museum: redo of attributes that one transaction changed (yjs #304)") {
    Doc doc = document(1);
    const crdt::Array list = doc.array("a");
    UndoManager undo{doc, {list}};
    CHECK(list.push(crdt::MapInit{{"a", 100}, {"b", 0}}).ok());
    CHECK(list.get(0)->map().set("a", 200).ok());
    {
        const crdt::Transaction open = doc.transact();
        CHECK(list.get(0)->map().set("a", 180).ok());
        CHECK(list.get(0)->map().set("b", 50).ok());
    }
    for (int i = 0; i < 3; ++i) CHECK(undo.undo());
    CHECK(list.size() == 0);
    CHECK(undo.redo());
    CHECK(undo.redo());
    CHECK(number(list.get(0)->map(), "a") == 200);
    CHECK(number(list.get(0)->map(), "b") == 0);
    CHECK(undo.redo());
    CHECK(number(list.get(0)->map(), "a") == 180);
    CHECK(number(list.get(0)->map(), "b") == 50);
    CHECK(broken(doc) == "");
}

TEST_CASE("museum: what came back is deleted when its insertion is undone (yjs #162)") {
    Doc doc = document(1);
    const crdt::Text text = doc.text("t");
    UndoManager undo{doc, {text}};
    CHECK(text.append("a").ok());
    CHECK(text.erase(0, 1).ok());
    CHECK(undo.undo());
    CHECK(text.to_string() == "a");
    CHECK(undo.undo());
    CHECK(text.to_string().empty());
}

TEST_CASE("a copy that somebody has cut goes whole when it is undone; Yjs leaves the rest") {
    Doc doc = document(1);
    Doc other = document(2);
    const crdt::Text text = doc.text("t");
    UndoManager undo{doc, {text}};
    CHECK(text.append("abcde").ok());
    CHECK(text.erase(0, 5).ok());
    CHECK(undo.undo());
    support::receive(other, support::update_of(doc)).value();
    CHECK(other.text("t").insert(2, "X").ok());
    support::receive(doc, support::update_of(other)).value();
    CHECK(text.to_string() == "abXcde");
    CHECK(undo.undo());
    CHECK(text.to_string() == "X");
}

TEST_CASE("a copy goes alone when it is undone; Yjs takes what was inserted behind it, too") {
    Doc doc = document(1);
    const crdt::Array list = doc.array("a");
    UndoManager undo{doc, {list}};
    CHECK(list.push({1, 2, 3}).ok());
    CHECK(list.erase(0, 3).ok());
    CHECK(undo.undo());
    {
        const crdt::Transaction open = doc.transact("untracked");
        CHECK(list.push({4, 5}).ok());
    }
    CHECK(undo.undo());
    CHECK(list.size() == 2);
}

TEST_CASE("what stands between a copy and what it is a copy of comes back behind the copy's copy") {
    for (const bool between : {true, false}) {
        CAPTURE(between);
        Doc doc = document(1);
        const crdt::Array list = doc.array("a");
        CHECK(list.push(crdt::ArrayInit{}).ok());
        const crdt::Array inner = list.get(0)->array();
        CHECK(inner.push("A").ok());
        CHECK(inner.push("B").ok());
        UndoManager undo{doc, {list}};
        CHECK(inner.erase(between ? 0 : 1, between ? 2 : 1).ok());
        CHECK(undo.undo());
        CHECK(inner.insert(between ? 1 : 2, {"C"}).ok());
        CHECK(list.erase(0).ok());
        CHECK(undo.undo());
        REQUIRE(list.size() == 1);
        const crdt::Array back = list.get(0)->array();
        REQUIRE(back.size() == 3);
        CHECK(back.get(0)->as<std::string>().value_or("") == "A");
        CHECK(back.get(1)->as<std::string>().value_or("") == (between ? "C" : "B"));
        CHECK(back.get(2)->as<std::string>().value_or("") == (between ? "B" : "C"));
        CHECK(broken(doc) == "");
        CHECK(support::canonical(support::loaded(support::update_of(doc))) ==
              support::canonical(doc));
        Doc other = document(2);
        CHECK(other.apply_v2(*doc.encode_state_as_update_v2()).ok());
        CHECK(support::canonical(other) == support::canonical(doc));
    }
}

TEST_CASE("what was in a type that is kept stays GC or deleted items, as it came") {
    // t's attribute "2" is a text with an attribute "B", which was undone and redone.
    const auto base = test::hex("01 02 ac02 00  27 01 01 74 01 32 02  04 00 ac02 00 02 c3a9  00");
    struct Case {
        const char *heard, *told;
    };
    // The second is what Yjs writes, too, once it has heard Yjs.
    for (const auto& [heard, told] :
         {Case{"01 03 ac02 00  21 01 01 74 01 32 01  00 01  00 02  01 ac02 01 00 04",
               "01 03 ac02 00  27 01 01 74 01 32 02  04 00 ac02 00 02 c3a9  00 02"
               "  01 ac02 01 00 04"},
          Case{"01 04 ac02 00  27 01 01 74 01 32 02  01 00 ac02 00 01"
               "  28 00 ac02 00 01 42 01 7d01  a8 ac02 02 01 7d01  01 ac02 01 00 04",
               "01 03 ac02 00  27 01 01 74 01 32 02  04 00 ac02 00 02 c3a9"
               "  21 00 ac02 00 01 42 02  01 ac02 01 00 04"}}) {
        Doc doc = document(301);
        const crdt::Text text = doc.text("t");
        UndoManager undo{doc, {text}};
        REQUIRE(doc.apply({base.data(), base.size()}).ok());
        CHECK(text.remove_attribute("2").ok());
        const auto update = test::hex(heard);
        REQUIRE(doc.apply({update.data(), update.size()}).ok());
        CHECK(test::hex(crdt::as_bytes(support::update_of(doc))) == test::hex(test::hex(told)));
        CHECK(broken(doc) == "");
        CHECK(undo.undo());
        CHECK(text.attribute("2").text().to_string() == "\u00e9");
    }
}
