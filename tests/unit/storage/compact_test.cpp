// What compaction that keeps ids may take away, and what it may not: each of the histories in which
// more was taken breaks (docs/decisions/011).
#include <doctest/doctest.h>

#include <crdt/storage/compact.hpp>

#include "support/seen.hpp"

using crdt::Bytes;
using crdt::ByteView;
using crdt::Doc;
using support::canonical;
using support::diff_for;
using support::document;
using support::loaded;
using support::receive;
using support::seen;
using support::text_of;
using support::update_of;

namespace {

std::string compacted(const Doc& doc) {
    return text_of(crdt::compact(crdt::as_bytes(update_of(doc))).value());
}

std::string bytes(std::initializer_list<int> values) {
    std::string out;
    for (const int value : values) out += static_cast<char>(value);
    return out;
}

}  // namespace

TEST_CASE("deleted content goes, and all that is seen stays") {
    Doc doc = document(1, false);
    doc.text("t").insert(0, "Hello secret world").value();
    doc.text("t").erase(5, 7).value();
    doc.map("m").set("k", "old value").value();
    doc.map("m").set("k", "new value").value();
    doc.text("t").format(0, 5, {{"colour", "crimson"}}).value();
    doc.text("t").format(0, 5, {{"colour", nullptr}}).value();
    CHECK(update_of(doc).find("secret") != std::string::npos);
    const std::string small = compacted(doc);
    CHECK(small.size() < update_of(doc).size());
    for (const char* gone : {"secret", "old value", "crimson"}) {
        CHECK(small.find(gone) == std::string::npos);
    }
    CHECK(seen(loaded(small)) == seen(doc));
    CHECK(loaded(small).state_vector().value() == doc.state_vector().value());
    CHECK(loaded(small).delete_set().value() == doc.delete_set().value());
}

TEST_CASE("what a deleted type held becomes one struct, also where only its neighbours tell") {
    Doc doc = document(1, false);
    doc.array("a").insert(0, {crdt::ArrayInit{}}).value();
    const crdt::Array inside = doc.array("a").get(0)->array();
    for (int i = 0; i < 50; ++i) inside.insert(0, {crdt::Any(i)}).value();
    for (int i = 0; i < 50; ++i) inside.insert(25, {crdt::TextInit("deep")}).value();
    doc.array("a").erase(0).value();
    CHECK(compacted(doc).size() < 30);
    // Without a document nobody knows where what has neighbours lay.
    const Bytes merged = crdt::merge({crdt::as_bytes(update_of(doc))}, {.collect = true}).value();
    CHECK(compacted(doc).size() <= merged.size());
}

TEST_CASE("both formats, and histories with holes") {
    Doc doc = document(1);
    doc.text("t").insert(0, "abc").value();
    const Bytes v2 = doc.encode_state_as_update_v2().value();
    const crdt::CompactOptions in_v2{.format = crdt::UpdateFormat::v2};
    CHECK(crdt::compact(v2, in_v2).value() == v2);
    // Clocks 3 to 5 of client 1, which name clock 2.
    const std::string hole = bytes({1, 1, 1, 3, 0x84, 1, 2, 3, 'd', 'e', 'f', 0});
    const std::string kept = text_of(crdt::compact(crdt::as_bytes(hole)).value());
    Doc filled = loaded(kept);
    CHECK(filled.has_pending());
    receive(filled, update_of(doc)).value();
    CHECK(filled.text("t").to_string() == "abcdef");
}

TEST_CASE("what is no update is refused") {
    CHECK(crdt::compact({}).error().code == crdt::ErrorCode::unexpected_end);
    const std::string cut = bytes({1, 1, 1});
    CHECK(crdt::compact(crdt::as_bytes(cut)).error().code == crdt::ErrorCode::unexpected_end);
    Doc doc = document(1);
    doc.text("t").insert(0, "abc").value();
    const std::string update = update_of(doc);
    CHECK(crdt::compact(crdt::as_bytes(update), {.limits = {.update_bytes = 4}}).error().code ==
          crdt::ErrorCode::limit_exceeded);
}

// -- unsound variants ---------------------------------------------------------------------------

// A tombstone made GC, here and at whoever loads it: what somebody far away writes beside it would
// vanish, since the parent of an item is that of its neighbours.
TEST_CASE("a GC struct for a deleted character swallows what is written beside it") {
    Doc far = document(2);
    Doc doc = document(1);
    doc.text("t").insert(0, "x").value();
    receive(far, update_of(doc)).value();
    doc.text("t").erase(0, 1).value();
    far.text("t").insert(1, "y").value();
    // Client 1: GC of length 1; deleted: 1 from 0 on.
    const std::string unsound = bytes({1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1});
    Doc lost = loaded(unsound);
    CHECK(lost.state_vector().value() == doc.state_vector().value());
    CHECK(lost.delete_set().value() == doc.delete_set().value());
    receive(lost, diff_for(far, doc)).value();
    CHECK(lost.text("t").to_string() == "");
    Doc sound = loaded(compacted(doc));
    receive(sound, diff_for(far, doc)).value();
    CHECK(sound.text("t").to_string() == "y");
}

// The same of a map entry that another one has superseded.
TEST_CASE("a GC struct for a superseded entry loses the entry that somebody else sets") {
    Doc far = document(2);
    Doc doc = document(1);
    doc.map("m").set("k", crdt::Any(1)).value();
    receive(far, update_of(doc)).value();
    doc.map("m").erase("k").value();
    far.map("m").set("k", crdt::Any(2)).value();
    const std::string unsound = bytes({1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1});
    Doc lost = loaded(unsound);
    receive(lost, diff_for(far, doc)).value();
    CHECK(!lost.map("m").contains("k"));
    Doc sound = loaded(compacted(doc));
    receive(sound, diff_for(far, doc)).value();
    CHECK(sound.map("m").get("k").any() == crdt::Any(2).view());
}

// A mark that has no effect now has one once another is gone, which somebody far away may be about
// to take away. Marks go when they are deleted, as readers do when they tidy up after an update.
TEST_CASE("marks without effect are left to readers, who agree on them") {
    Doc doc = document(1);
    const crdt::Text text = doc.text("t");
    text.insert(0, "ab").value();
    Doc other = document(2);
    receive(other, update_of(doc)).value();
    // At once, one the whole, one the second letter.
    text.format(0, 2, {{"bold", true}}).value();
    other.text("t").format(1, 1, {{"bold", true}}).value();
    const std::string both = text_of(
        crdt::merge({crdt::as_bytes(update_of(doc)), crdt::as_bytes(update_of(other))}).value());
    const std::string small = text_of(crdt::compact(crdt::as_bytes(both)).value());
    const auto deletions = [](const std::string& update) {
        return crdt::inspect(crdt::as_bytes(update)).value().delete_ranges;
    };
    CHECK(deletions(small) == deletions(both));
    Doc far = loaded(both, 9);
    Doc same = loaded(small, 10);
    far.text("t").format(0, 1, {{"bold", nullptr}}).value();
    receive(doc, update_of(far)).value();
    receive(same, update_of(far)).value();
    CHECK(seen(same.text("t")) == seen(doc.text("t")));
    CHECK(seen(same.text("t")) == seen(far.text("t")));
}

// Tombstones whose origins are rewritten so that they join: who has the old ones places what comes
// between them elsewhere than who has the new ones.
TEST_CASE("origins of tombstones must stay as they are") {
    // "ac" by client 1, "b" by client 3 between, all deleted; then "x" by client 5 between a and c.
    const std::string a = bytes({1, 2, 1, 0, 4, 1, 1, 't', 1, 'a', 0x84, 1, 0, 1, 'c', 0});
    const std::string b = bytes({1, 1, 3, 0, 0xc4, 1, 0, 1, 1, 1, 'b', 0});
    const std::string gone = bytes({0, 2, 3, 1, 0, 1, 1, 1, 0, 2});
    const std::string x = bytes({1, 1, 5, 0, 0xc4, 1, 0, 1, 1, 1, 'x', 0});
    // "y" stands behind b.
    const std::string y = bytes({1, 1, 4, 0, 0xc4, 3, 0, 1, 1, 1, 'y', 0});
    // The same with b named as if it had been appended to c.
    const std::string rewritten = bytes({1, 1, 3, 0, 0x84, 1, 1, 1, 'b', 0});
    Doc sound = loaded(a);
    Doc unsound = loaded(a);
    receive(sound, b).value();
    receive(unsound, rewritten).value();
    for (Doc* doc : {&sound, &unsound}) {
        receive(*doc, gone).value();
        receive(*doc, y).value();
        receive(*doc, x).value();
    }
    CHECK(sound.state_vector().value() == unsound.state_vector().value());
    CHECK(sound.text("t").to_string() == "yx");
    CHECK(unsound.text("t").to_string() == "xy");
    Doc kept = loaded(compacted(sound));
    CHECK(kept.text("t").to_string() == "yx");
}
