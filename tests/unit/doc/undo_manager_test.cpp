// What undo takes back, and what stays.
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "support/document.hpp"
#include "unit/support/undo.hpp"

using crdt::Doc;
using crdt::ErrorCode;
using crdt::Map;
using crdt::Origin;
using crdt::Text;
using crdt::UndoManager;
using crdt::UndoOptions;
using crdt::UndoStack;
using support::broken;
using support::document;
using support::receive;
using support::update_of;
using test::Clock;
using test::exchange;

namespace {

std::string ids(const crdt::IdSet& set) {
    std::string out;
    for (const crdt::IdRange& range : set) {
        out += std::to_string(crdt::raw(range.client)) + ":" +
               std::to_string(crdt::raw(range.start)) + "+" + std::to_string(range.length) + ";";
    }
    return out;
}

}  // namespace

TEST_CASE("undo takes back what was inserted, redo brings it back as new units") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    UndoManager undo{doc, {text}};
    REQUIRE(undo.status().ok());
    CHECK(!undo.can_undo());
    CHECK(!undo.undo());
    CHECK(text.insert(0, "Dear Sir").ok());
    CHECK(undo.undo_size() == 1);
    CHECK(ids(undo.undo_item()->insertions()) == "1:0+8;");
    CHECK(undo.undo_item()->deletions().empty());

    CHECK(undo.undo());
    CHECK(text.to_string().empty());
    CHECK(undo.undo_size() == 0);
    CHECK(undo.redo_size() == 1);
    CHECK(ids(undo.redo_item()->deletions()) == "1:0+8;");

    const crdt::Undone redone = undo.redo();
    CHECK(redone);
    CHECK(redone.status().ok());
    CHECK(text.to_string() == "Dear Sir");
    CHECK(ids(undo.undo_item()->insertions()) == "1:8+8;");
    CHECK(!undo.redo());

    // The copy is what the first item means now.
    CHECK(undo.undo());
    CHECK(text.to_string().empty());
    CHECK(broken(doc) == "");
}

TEST_CASE("undo brings back what was deleted, at its place") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    CHECK(text.insert(0, "one two three").ok());
    UndoManager undo{doc, {text}};
    CHECK(text.erase(4, 4).ok());
    CHECK(text.to_string() == "one three");
    CHECK(undo.undo());
    CHECK(text.to_string() == "one two three");
    CHECK(undo.redo());
    CHECK(text.to_string() == "one three");
    CHECK(undo.undo());
    CHECK(text.to_string() == "one two three");
    CHECK(broken(doc) == "");
}

TEST_CASE("transactions within the capture timeout are one item") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    Clock clock;
    UndoManager undo{doc, {text}, clock.options()};
    CHECK(text.append("a").ok());
    clock.now += 499;
    CHECK(text.append("b").ok());
    clock.now += 499;  // since the last one
    CHECK(text.append("c").ok());
    CHECK(undo.undo_size() == 1);
    clock.now += 500;
    CHECK(text.append("d").ok());
    CHECK(undo.undo_size() == 2);
    undo.stop_capturing();
    CHECK(text.append("e").ok());
    CHECK(undo.undo_size() == 3);
    CHECK(undo.undo());
    CHECK(text.to_string() == "abcd");
    // What follows an undo starts anew.
    CHECK(text.append("f").ok());
    CHECK(undo.undo_size() == 3);
    CHECK(undo.undo());
    CHECK(undo.undo());
    CHECK(undo.undo());
    CHECK(text.to_string().empty());
}

TEST_CASE("without a clock each transaction is an item, with an endless timeout none is") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    UndoManager each{doc, {text}};
    Clock clock;
    UndoManager all{doc, {text}, clock.options(UndoOptions::kForever)};
    for (int i = 0; i < 5; ++i) {
        CHECK(text.append("x").ok());
        clock.now += 1'000'000'000;
    }
    CHECK(each.undo_size() == 5);
    CHECK(all.undo_size() == 1);
    CHECK(ids(all.undo_item()->insertions()) == "1:0+5;");
}

TEST_CASE("what an item inserted and deleted itself does not come back") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    Clock clock;
    UndoManager undo{doc, {text}, clock.options()};
    CHECK(text.insert(0, "abc").ok());
    CHECK(text.erase(1, 1).ok());
    CHECK(undo.undo_size() == 1);
    CHECK(undo.undo());
    CHECK(text.to_string().empty());
    CHECK(undo.redo());
    CHECK(text.to_string() == "ac");
}

TEST_CASE("a transaction without effect is no item") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    UndoManager undo{doc};
    CHECK(text.insert(0, "").ok());
    {
        const crdt::Transaction open = doc.transact();
    }
    CHECK(undo.undo_size() == 0);
}

TEST_CASE("only what is in scope is recorded, with all within it") {
    Doc doc = document(1);
    const Text in = doc.text("in");
    const Text out = doc.text("out");
    const Map map = doc.map("m");
    CHECK(map.set("inner", crdt::MapInit{{"list", crdt::ArrayInit{1}}}).ok());
    UndoManager undo{doc, {in}};
    CHECK(out.append("a").ok());
    CHECK(undo.undo_size() == 0);
    {
        // One transaction is one item; what is out of scope stays.
        const crdt::Transaction open = doc.transact();
        CHECK(in.append("x").ok());
        CHECK(out.append("b").ok());
        CHECK(out.erase(0, 1).ok());
    }
    CHECK(undo.undo());
    CHECK(in.to_string().empty());
    CHECK(out.to_string() == "b");
    CHECK(undo.redo());
    CHECK(out.to_string() == "b");

    CHECK(map.get("inner").map().get("list").array().push(2).ok());
    CHECK(undo.undo_size() == 1);
    CHECK(undo.add_to_scope({map}).ok());
    CHECK(map.get("inner").map().get("list").array().push(3).ok());
    CHECK(undo.undo_size() == 2);
    CHECK(undo.undo());
    CHECK(map.get("inner").map().get("list").array().size() == 2);

    Doc other = document(2);
    CHECK(undo.add_to_scope({other.text("in")}).error().code == ErrorCode::invalid_argument);
    UndoManager foreign{doc, {other.text("in")}};
    CHECK(foreign.status().error().code == ErrorCode::invalid_argument);
}

TEST_CASE("which origins are tracked") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    const auto edit = [&](std::string_view origin) {
        const crdt::Transaction open = doc.transact(Origin(origin));
        text.append("x").value();
    };
    const auto receives = [&](std::string_view origin) {
        Doc other = document(2);
        receive(other, update_of(doc)).value();
        other.text("t").append("y").value();
        const std::string update = update_of(other);
        doc.apply(crdt::as_bytes(update), Origin(origin)).value();
    };
    static constexpr std::string_view kTracked[] = {"editor"};
    SUBCASE("edits without an origin") {
        UndoManager undo{doc};
        edit("");
        CHECK(undo.undo_size() == 1);
        edit("editor");
        receives("");
        receives("editor");
        CHECK(undo.undo_size() == 1);
    }
    SUBCASE("names") {
        UndoOptions options;
        options.tracked_origins = kTracked;
        options.track_local = false;
        UndoManager undo{doc, options};
        edit("");
        edit("other");
        receives("");
        CHECK(undo.undo_size() == 0);
        edit("editor");
        receives("editor");
        CHECK(undo.undo_size() == 2);
        CHECK(undo.add_tracked_origin("other").ok());
        CHECK(undo.add_tracked_origin("other").ok());
        edit("other");
        CHECK(undo.undo_size() == 3);
        undo.remove_tracked_origin("other");
        undo.remove_tracked_origin("nobody");
        edit("other");
        CHECK(undo.undo_size() == 3);
        edit("editor");
        CHECK(undo.undo_size() == 4);
    }
    SUBCASE("updates without an origin") {
        UndoOptions options;
        options.track_remote = true;
        UndoManager undo{doc, options};
        receives("");
        CHECK(undo.undo_size() == 1);
        receives("other");
        CHECK(undo.undo_size() == 1);
        CHECK(undo.undo());
        CHECK(text.to_string() == "y");
    }
    SUBCASE("a choice of one's own") {
        std::vector<std::string> asked;
        UndoOptions options;
        options.context = &asked;
        options.capture = [](void* context, const Origin& origin) noexcept {
            static_cast<std::vector<std::string>*>(context)->emplace_back(origin.name());
            return origin.name() != "undo";
        };
        UndoManager undo{doc, options};
        edit("");
        CHECK(undo.undo_size() == 1);
        CHECK(undo.undo());
        CHECK(undo.redo_size() == 0);
        CHECK(asked == std::vector<std::string>{"", "undo"});
    }
    CHECK(broken(doc) == "");
}

TEST_CASE("what others have written stays where it is") {
    Doc a = document(1);
    Doc b = document(2);
    UndoManager undo{a};
    CHECK(a.text("t").insert(0, "hello").ok());
    exchange(a, b);
    CHECK(b.text("t").insert(2, "XY").ok());
    CHECK(b.text("t").append("!").ok());
    exchange(a, b);
    CHECK(undo.undo());
    CHECK(a.text("t").to_string() == "XY!");
    CHECK(undo.redo());
    CHECK(a.text("t").to_string() == "heXYllo!");
    exchange(a, b);
    CHECK(b.text("t").to_string() == "heXYllo!");

    // What others have deleted meanwhile stays deleted.
    CHECK(b.text("t").erase(0, 2).ok());
    exchange(a, b);
    CHECK(undo.undo());
    CHECK(undo.redo());
    CHECK(a.text("t").to_string() == "XYllo!");
    CHECK(broken(a) == "");
}

TEST_CASE("a value of a key comes back unless somebody else's later one stands") {
    Doc a = document(1);
    Doc b = document(2);
    const Map map = a.map("m");
    const auto shown = [&] {
        const auto value = map.get("k").as<std::string>();
        return value ? *value : std::string("-");
    };
    SUBCASE("nobody else") {
        UndoManager undo{a};
        CHECK(map.set("k", "one").ok());
        CHECK(map.set("k", "two").ok());
        CHECK(map.erase("k").ok());
        CHECK(undo.undo());
        CHECK(shown() == "two");
        CHECK(undo.undo());
        CHECK(shown() == "one");
        CHECK(undo.undo());
        CHECK(shown() == "-");
        CHECK(undo.redo());
        CHECK(undo.redo());
        CHECK(shown() == "two");
        CHECK(undo.redo());
        CHECK(shown() == "-");
    }
    for (const bool ignore : {false, true}) {
        SUBCASE(ignore ? "others are overwritten" : "others are respected") {
            UndoOptions options;
            options.ignore_remote_map_changes = ignore;
            UndoManager undo{a, options};
            CHECK(map.set("k", "one").ok());
            CHECK(map.set("k", "two").ok());
            exchange(a, b);
            CHECK(b.map("m").set("k", "theirs").ok());
            exchange(a, b);
            CHECK(shown() == "theirs");
            static_cast<void>(undo.undo());
            CHECK(shown() == (ignore ? "one" : "theirs"));
        }
    }
    CHECK(broken(a) == "");
}

TEST_CASE("types come back with what they held") {
    for (const bool collect : {true, false}) {
        CAPTURE(collect);
        Doc doc = document(1, collect);
        const crdt::Array list = doc.array("a");
        CHECK(list.push(crdt::MapInit{{"text", crdt::TextInit("deep")},
                                      {"list", crdt::ArrayInit{1, crdt::ArrayInit{2, "x"}}}})
                  .ok());
        const std::string before = support::show(doc);
        UndoManager undo{doc};
        CHECK(list.erase(0).ok());
        CHECK(undo.undo());
        CHECK(support::show(doc) == before);
        CHECK(broken(doc) == "");
        // The copy is a type like any other.
        CHECK(list.get(0)->map().get("text").text().append("er").ok());
        CHECK(undo.undo());
        CHECK(support::show(doc) == before);
        CHECK(undo.redo());
        CHECK(list.get(0)->map().get("text").text().to_string() == "deeper");
        const Doc copy = support::loaded(update_of(doc));
        CHECK(support::show(copy) == support::show(doc));
    }
}

TEST_CASE("deleted content is kept as long as it can come back") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    CHECK(text.insert(0, "secret").ok());
    const auto known = [&] { return update_of(doc).find("secret") != std::string::npos; };
    std::optional<UndoManager> undo(std::in_place, doc);
    CHECK(text.erase(0, 6).ok());
    CHECK(known());
    CHECK(support::canonical(doc).find("secret") == std::string::npos);
    SUBCASE("cleared") {
        undo->clear();
        CHECK(!undo->can_undo());
    }
    SUBCASE("one stack is cleared") {
        undo->clear(UndoStack::redo);
        CHECK(known());
        undo->clear(UndoStack::undo);
    }
    SUBCASE("the manager ends") { undo.reset(); }
    CHECK(!known());
    CHECK(broken(doc) == "");
}

TEST_CASE("a copy that somebody else deletes is forgotten") {
    Doc doc = document(1);
    Doc other = document(2);
    UndoManager undo(doc);
    const Map map = doc.map("m");
    map.set("k", "first");
    map.set("k", "second");
    REQUIRE(undo.undo());
    CHECK(map.get("k").as<std::string>() == "first");
    const auto times_known = [&] {
        const std::string update = update_of(doc);
        std::size_t times = 0;
        for (std::size_t at = update.find("first"); at != std::string::npos; ++times) {
            at = update.find("first", at + 1);
        }
        return times;
    };
    CHECK(times_known() == 2);
    receive(other, update_of(doc)).value();
    other.map("m").erase("k");
    receive(doc, update_of(other)).value();
    CHECK(times_known() == 1);  // what was undone, not the copy
    CHECK(broken(doc) == "");
}

TEST_CASE("new changes clear the redo stack") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    UndoManager undo{doc, {text}};
    CHECK(text.append("a").ok());
    CHECK(undo.undo());
    CHECK(undo.can_redo());
    CHECK(doc.text("other").append("x").ok());
    CHECK(undo.can_redo());  // not in scope
    CHECK(text.append("b").ok());
    CHECK(!undo.can_redo());
}

TEST_CASE("items that can change nothing are passed") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    UndoManager undo{doc, {text}};
    CHECK(text.append("a").ok());
    CHECK(text.append("b").ok());
    {
        const crdt::Transaction open = doc.transact("untracked");
        CHECK(text.erase(1, 1).ok());
    }
    CHECK(undo.undo_size() == 2);
    CHECK(undo.undo());
    CHECK(text.to_string().empty());
    CHECK(undo.undo_size() == 0);
}
