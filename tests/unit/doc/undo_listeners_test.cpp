// What programs do with undo managers: veto, be told, undo inside transactions and listeners, move
// them and have several.
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "support/document.hpp"
#include "unit/support/undo.hpp"

using crdt::Doc;
using crdt::ErrorCode;
using crdt::Map;
using crdt::Origin;
using crdt::Text;
using crdt::UndoEvent;
using crdt::UndoEventKind;
using crdt::UndoManager;
using crdt::UndoneInsertion;
using crdt::UndoOptions;
using crdt::UndoStack;
using support::broken;
using support::document;
using test::Clock;

TEST_CASE("what may not be deleted stays") {
    Doc doc = document(1);
    const Map map = doc.map("m");
    UndoOptions options;
    options.may_delete = [](void*, const UndoneInsertion& insertion) noexcept {
        return insertion.value.as<std::string>() != "fixed";
    };
    UndoManager undo{doc, options};
    {
        const crdt::Transaction open = doc.transact();
        CHECK(map.set("a", "fixed").ok());
        CHECK(map.set("b", "loose").ok());
    }
    CHECK(undo.undo());
    CHECK(map.get("a").as<std::string>() == "fixed");
    CHECK(!map.get("b").exists());
}

TEST_CASE("events tell what happened to which stack, and items carry what they are given") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    Clock clock;
    UndoManager undo{doc, {text}, clock.options()};
    std::string told;
    std::size_t caret = 0;
    auto heard = undo.on_event([&](const UndoEvent& event) noexcept {
        static constexpr const char* kKinds[] = {"added", "updated", "popped", "cleared"};
        told += kKinds[static_cast<unsigned>(event.kind)];
        told += event.stack == UndoStack::undo ? " undo" : " redo";
        if (!event.origin.name().empty()) told += " by " + std::string(event.origin.name());
        told += ";";
        if (event.kind == UndoEventKind::added || event.kind == UndoEventKind::updated) {
            const std::uint8_t at = static_cast<std::uint8_t>(text.length());
            CHECK(event.item->set_meta("caret", {&at, 1}).ok());
        }
        if (event.kind == UndoEventKind::popped) {
            const crdt::Bytes* meta = event.item->meta("caret");
            REQUIRE(meta != nullptr);
            caret = meta->view()[0];
            CHECK(event.item->meta("nothing") == nullptr);
        }
        CHECK((event.item == nullptr) == (event.kind == UndoEventKind::cleared));
    });
    const auto take = [&] { return std::exchange(told, {}); };
    CHECK(text.append("abc").ok());
    CHECK(take() == "added undo;");
    CHECK(text.append("de").ok());
    CHECK(take() == "updated undo;");
    CHECK(undo.undo());
    CHECK(take() == "added redo by undo;popped undo by undo;");
    CHECK(caret == 5);
    CHECK(undo.redo());
    CHECK(take() == "added undo by undo;popped redo by undo;");
    CHECK(undo.undo());
    take();
    CHECK(text.append("f").ok());
    CHECK(take() == "cleared redo;added undo;");
    undo.clear();
    CHECK(take() == "cleared undo;");
    undo.clear();
    CHECK(take().empty());
    heard.cancel();
    CHECK(text.append("g").ok());
    CHECK(take().empty());
}

TEST_CASE("undo and redo have an origin, and their changes are told as one update") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    UndoOptions options;
    options.origin = "history";
    UndoManager undo{doc, options};
    std::string told;
    auto heard = doc.on_update([&](crdt::ByteView, const Origin& origin) noexcept {
        told += std::string(origin.name()) + (origin.remote() ? "~;" : ";");
    });
    CHECK(text.append("a").ok());
    CHECK(undo.undo());
    CHECK(undo.redo());
    CHECK(!undo.redo());
    CHECK(told == ";history;history;");
}

TEST_CASE("an undo in an open transaction is part of it") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    UndoManager undo{doc, {text}};
    CHECK(text.append("a").ok());
    {
        const crdt::Transaction open = doc.transact();
        CHECK(undo.undo());
        CHECK(text.append("b").ok());
    }
    CHECK(text.to_string() == "b");
    CHECK(undo.undo_size() == 1);
    CHECK(undo.redo_size() == 0);
    CHECK(undo.undo());
    CHECK(text.to_string() == "a");
}

TEST_CASE("listeners may undo, edit, clear and end the manager") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    std::optional<UndoManager> undo(std::in_place, doc);
    std::function<void()> once;
    auto heard = undo->on_event([&](const UndoEvent&) noexcept {
        if (const auto act = std::exchange(once, nullptr)) act();
    });
    SUBCASE("undo") {
        once = [&] { CHECK(undo->undo()); };
        CHECK(text.append("a").ok());
        CHECK(text.to_string().empty());
        CHECK(undo->redo_size() == 1);
    }
    SUBCASE("edit") {
        once = [&] { CHECK(text.append("b").ok()); };
        CHECK(text.append("a").ok());
        CHECK(text.to_string() == "ab");
        CHECK(undo->undo_size() == 2);
    }
    SUBCASE("clear") {
        once = [&] { undo->clear(); };
        CHECK(text.append("a").ok());
        CHECK(undo->undo_size() == 0);
    }
    SUBCASE("end") {
        once = [&] { undo.reset(); };
        CHECK(text.append("a").ok());
        CHECK(text.append("b").ok());
        CHECK(text.to_string() == "ab");
    }
    SUBCASE("end, in an undo") {
        CHECK(text.append("a").ok());
        once = [&] { undo.reset(); };
        CHECK(undo->undo());
        CHECK(text.to_string().empty());
    }
    CHECK(broken(doc) == "");
}

TEST_CASE("several managers look after one document") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    static constexpr std::string_view kLeft[] = {"left"};
    static constexpr std::string_view kRight[] = {"right"};
    UndoOptions options;
    options.track_local = false;
    options.tracked_origins = kLeft;
    UndoManager left{doc, options};
    options.tracked_origins = kRight;
    UndoManager right{doc, options};
    const auto type = [&](std::string_view origin, std::size_t at, std::string_view what) {
        const crdt::Transaction open = doc.transact(Origin(origin));
        text.insert(at, what).value();
    };
    type("left", 0, "LL");
    type("right", 1, "rr");
    CHECK(text.to_string() == "LrrL");
    CHECK(left.undo());
    CHECK(text.to_string() == "rr");
    CHECK(right.undo());
    CHECK(text.to_string().empty());
    CHECK(left.redo());
    CHECK(text.to_string() == "LL");
    CHECK(right.redo());
    CHECK(text.to_string() == "LrrL");
    CHECK(broken(doc) == "");
}

TEST_CASE("managers move, and outlive their document") {
    UndoManager moved{*std::make_unique<Doc>(document(9))};
    CHECK(moved.undo().status().error().code == ErrorCode::no_document);
    CHECK(!moved.can_undo());
    CHECK(moved.add_tracked_origin("x").ok());
    moved.clear();
    moved.stop_capturing();
    Doc doc = document(1);
    UndoManager first{doc};
    CHECK(doc.text("t").append("a").ok());
    moved = std::move(first);
    CHECK(moved.undo_size() == 1);
    CHECK(moved.undo());
    UndoManager last(std::move(moved));
    CHECK(last.redo());
    CHECK(doc.text("t").to_string() == "a");
    // NOLINTNEXTLINE(bugprone-use-after-move): what was moved from answers, too.
    CHECK(moved.undo().status().error().code == ErrorCode::no_document);
    CHECK(!moved.on_event([](const UndoEvent&) noexcept {}).active());
}

TEST_CASE("keystrokes that are only counted are items like any other") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    CHECK(text.append("abcdefgh").ok());
    UndoManager undo{doc};
    {
        const crdt::Transaction open = doc.transact();
        for (int i = 0; i < 3; ++i) CHECK(text.erase(7U - static_cast<unsigned>(i), 1).ok());
    }
    CHECK(text.erase(4, 1).ok());
    CHECK(text.erase(3, 1).ok());
    for (const char c : {'x', 'y', 'z'}) CHECK(text.append(std::string_view(&c, 1)).ok());
    CHECK(text.to_string() == "abcxyz");
    CHECK(undo.undo_size() == 6);
    while (undo.undo()) {
    }
    CHECK(text.to_string() == "abcdefgh");
    while (undo.redo()) {
    }
    CHECK(text.to_string() == "abcxyz");
    CHECK(broken(doc) == "");
}

TEST_CASE("a relative position finds what came back") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    CHECK(text.append("one two three").ok());
    const crdt::RelativePosition position = text.position_at(5);
    std::optional<UndoManager> undo(std::in_place, doc);
    CHECK(text.erase(4, 4).ok());
    CHECK(doc.resolve(position)->index == 4);
    CHECK(undo->undo());
    CHECK(text.insert(0, "zero ").ok());
    CHECK(doc.resolve(position)->index == 10);
    undo.reset();
    CHECK(doc.resolve(position)->index == 10);
}
