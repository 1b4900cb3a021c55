#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/document.hpp"
#include "support/edits.hpp"
#include "unit/support/hex.hpp"

using crdt::Difference;
using crdt::Doc;
using crdt::DocOptions;
using crdt::ErrorCode;
using crdt::Map;
using crdt::Snapshot;
using crdt::Text;
using support::document;
using support::update_of;

namespace {

// "+ab" was added, "-ab" removed, "ab" both have.
std::string difference(const Text& text, const Snapshot& newer, const Snapshot& older) {
    std::string out;
    newer
        .for_each_difference(
            text, older,
            [&](Difference kind, std::string_view piece) {
                out += out.empty() ? "" : "|";
                out += kind == Difference::added ? "+" : kind == Difference::removed ? "-" : "";
                out += piece;
            })
        .value();
    return out;
}

std::vector<std::string> told_by(Doc& doc, int edits) {
    std::vector<std::string> updates;
    const auto heard = doc.on_update([&](crdt::ByteView update, const crdt::Origin&) noexcept {
        updates.push_back(support::text_of(update));
    });
    support::Random random(7);
    for (int i = 0; i < edits; ++i) static_cast<void>(support::edit(doc, random).ok());
    return updates;
}

}  // namespace

TEST_CASE("a text as it was, and what has changed since") {
    Doc doc = document(1, false);
    const Text text = doc.text("t");
    const Snapshot nothing;
    CHECK(text.insert(0, "Dear Sir").ok());
    const Snapshot first = Snapshot::of(doc).value();
    CHECK(text.erase(5, 3).ok());
    CHECK(text.append("Madam").ok());
    CHECK(text.insert(0, "\xc3\xa9").ok());
    const Snapshot second = Snapshot::of(doc).value();
    CHECK(first.to_string(text) == "Dear Sir");
    CHECK(second.to_string(text) ==
          "\xc3\xa9"
          "Dear Madam");
    CHECK(nothing.to_string(text).empty());
    CHECK(difference(text, second, first) == "+\xc3\xa9|Dear |-Sir|+Madam");
    CHECK(difference(text, first, second) == "-\xc3\xa9|Dear |+Sir|-Madam");
    // Two items: the second has been deleted since.
    CHECK(difference(text, first, nothing) == "+Dear |+Sir");
    CHECK(difference(text, first, first) == "Dear Sir");
    CHECK(first.shows({crdt::ClientId{1}, crdt::Clock{7}}));
    CHECK(!first.shows({crdt::ClientId{1}, crdt::Clock{8}}));
    CHECK(!second.shows({crdt::ClientId{1}, crdt::Clock{7}}));
    CHECK(first.to_string(Text()).empty());
    CHECK(nothing.for_each_difference(Text(), first, [](Difference, std::string_view) {})
              .error()
              .code == ErrorCode::no_document);
}

TEST_CASE("lists and maps as they were") {
    Doc doc = document(1, false);
    const crdt::Array list = doc.array("a");
    const Map map = doc.map("m");
    CHECK(list.push({1, 2, 3}).ok());
    CHECK(map.set("k", "old").ok());
    CHECK(map.set("gone", true).ok());
    const Snapshot then = Snapshot::of(doc).value();
    CHECK(list.erase(1).ok());
    CHECK(list.push(4).ok());
    CHECK(map.set("k", "new").ok());
    CHECK(map.erase("gone").ok());
    CHECK(map.set("later", 1).ok());
    const Snapshot now = Snapshot::of(doc).value();
    const auto elements = [&](const Snapshot& snapshot) {
        std::string out;
        snapshot.for_each(
            list, [&](const crdt::Value& value) { out += std::to_string(*value.as<int>()) + ","; });
        return out;
    };
    CHECK(elements(then) == "1,2,3,");
    CHECK(elements(now) == "1,3,4,");
    const auto entries = [&](const Snapshot& snapshot) {
        std::vector<std::string> keys;
        snapshot.for_each_entry(map, [&](std::string_view key, const crdt::Value& value) {
            CHECK(support::show(value) == support::show(snapshot.get(map, key)));
            keys.emplace_back(key);
        });
        std::sort(keys.begin(), keys.end());
        std::string out;
        for (const std::string& key : keys) out += key + ",";
        return out;
    };
    CHECK(entries(then) == "gone,k,");
    CHECK(entries(now) == "k,later,");
    CHECK(then.get(map, "k").as<std::string>() == "old");
    CHECK(now.get(map, "k").as<std::string>() == "new");
    CHECK(!now.get(map, "gone").exists());
    CHECK(!then.get(map, "never").exists());
    CHECK(!then.get(Map(), "k").exists());
    then.for_each(crdt::Array(), [](const crdt::Value&) { FAIL("nothing"); });
    then.for_each_entry(Map(), [](std::string_view, const crdt::Value&) { FAIL("nothing"); });
}

TEST_CASE("a document in the state of a snapshot") {
    Doc doc = document(1, false);
    const Text text = doc.text("t");
    const auto restored_as = [&](const Snapshot& snapshot) {
        const auto restored = snapshot.restore(doc, DocOptions{.client = crdt::ClientId{9}});
        REQUIRE(restored.ok());
        CHECK(support::broken(*restored) == "");
        CHECK(Snapshot::of(*restored).value() == snapshot);
        return support::show(*restored);
    };
    std::vector<Snapshot> snapshots;
    std::vector<std::string> shown;
    support::Random random(3);
    for (int i = 0; i < 40; ++i) {
        snapshots.push_back(Snapshot::of(doc).value());
        shown.push_back(support::show(doc));
        // No pairs: what cuts them cuts them in the past, too.
        for (int edits = 0; edits < 5; ++edits) {
            const std::size_t at = random(text.length() + 1);
            switch (random(4)) {
                case 0:
                    support::edit_array(doc.array("a"), random).value();
                    break;
                case 1:
                    support::edit_map(doc.map("m"), random).value();
                    break;
                case 2:
                    text.erase(at, std::min<std::size_t>(text.length() - at, 3)).value();
                    break;
                default:
                    text.insert(at, "word").value();
            }
        }
    }
    for (std::size_t i = 0; i < snapshots.size(); ++i) {
        CAPTURE(i);
        CHECK(restored_as(snapshots[i]) == shown[i]);
    }
    CHECK(support::broken(doc) == "");
}

TEST_CASE("what cannot be restored is refused") {
    Doc doc = document(1, false);
    CHECK(doc.text("t").append("abc").ok());
    const Snapshot snapshot = Snapshot::of(doc).value();
    Doc forgetful = document(2);
    CHECK(support::receive(forgetful, update_of(doc)).ok());
    CHECK(snapshot.restore(forgetful, {}).error().code == ErrorCode::collected);
    const Doc ignorant = document(3, false);
    CHECK(snapshot.restore(ignorant, {}).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("snapshots as bytes") {
    Doc doc = document(1);
    CHECK(doc.text("t").append("abcdef").ok());
    CHECK(doc.text("t").erase(1, 2).ok());
    CHECK(doc.text("t").erase(2, 1).ok());
    const Snapshot snapshot = Snapshot::of(doc).value();
    // Delete set: 1 client, id 1, 2 ranges: 1+2, 4+1; then the state vector 1: 6.
    CHECK(test::hex(snapshot.encode().value().view()) == "01010201020401010106");
    // Differences and lengths less 1: 1, 1; 1, 0.
    CHECK(test::hex(snapshot.encode_v2().value().view()) == "01010201010100010106");
    CHECK(Snapshot::decode(snapshot.encode().value()).value() == snapshot);
    CHECK(Snapshot::decode_v2(snapshot.encode_v2().value()).value() == snapshot);
    CHECK(test::hex(Snapshot().encode().value().view()) == "0000");
    Snapshot copy;
    CHECK(snapshot.clone_into(copy));
    CHECK(copy == snapshot);
    CHECK(!(Snapshot() == snapshot));
}

TEST_CASE("a snapshot that ends early is refused where it ends") {
    Doc doc = document(300);
    CHECK(doc.text("t").append("abcdef").ok());
    CHECK(doc.text("t").erase(1, 2).ok());
    const Snapshot snapshot = Snapshot::of(doc).value();
    for (const bool second : {false, true}) {
        const crdt::Bytes all = second ? snapshot.encode_v2().value() : snapshot.encode().value();
        for (std::size_t size = 0; size < all.size(); ++size) {
            const crdt::ByteView cut = all.view().first(size);
            const auto read = second ? Snapshot::decode_v2(cut) : Snapshot::decode(cut);
            REQUIRE(!read.ok());
            CHECK(read.error().offset <= size);
        }
    }
}

TEST_CASE("which updates a snapshot contains") {
    Doc doc = document(1);
    const std::vector<std::string> updates = told_by(doc, 60);
    const std::string half = update_of(doc);
    const Snapshot snapshot = Snapshot::of(doc).value();
    for (const std::string& update : updates) {
        CHECK(snapshot.contains_update(crdt::as_bytes(update)).value());
    }
    CHECK(snapshot.contains_update(crdt::as_bytes(half)).value());
    CHECK(Snapshot().contains_update(crdt::as_bytes(std::string("\0\0", 2))).value());
    CHECK(!Snapshot().contains_update(crdt::as_bytes(half)).value());
    CHECK(doc.text("t").insert(0, "x").ok());
    CHECK(!snapshot.contains_update(crdt::as_bytes(update_of(doc))).value());
    const Snapshot longer = Snapshot::of(doc).value();
    CHECK(doc.text("t").erase(0, 1).ok());
    CHECK(!longer.contains_update(crdt::as_bytes(update_of(doc))).value());
    CHECK(!snapshot.contains_update(crdt::as_bytes(half.substr(0, half.size() - 1))).ok());
}

TEST_CASE("of a document that collects a snapshot shows what is left") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    CHECK(text.append("abc").ok());
    const Snapshot then = Snapshot::of(doc).value();
    CHECK(text.erase(1, 1).ok());
    CHECK(then.to_string(text) == "ac");
    crdt::UndoManager undo{doc, {text}};
    CHECK(text.erase(0, 1).ok());
    CHECK(then.to_string(text) == "ac");  // kept
}
