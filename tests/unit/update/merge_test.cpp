#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/document.hpp"
#include "unit/support/hex.hpp"

using crdt::Bytes;
using crdt::ByteView;
using crdt::Doc;
using crdt::ErrorCode;
using crdt::UpdateFormat;
using support::canonical;
using support::document;
using support::text_of;

namespace {

// What each of a document's transactions told.
class Said {
public:
    explicit Said(Doc& doc, UpdateFormat format = UpdateFormat::v1) {
        const auto told = [this](ByteView update, const crdt::Origin&) noexcept {
            updates_.emplace_back(text_of(update));
        };
        subscription_ = format == UpdateFormat::v1 ? doc.on_update(told) : doc.on_update_v2(told);
    }
    ByteView operator[](std::size_t i) const { return crdt::as_bytes(updates_[i]); }
    [[nodiscard]] std::vector<ByteView> all() const {
        std::vector<ByteView> views;
        for (const std::string& update : updates_) views.push_back(crdt::as_bytes(update));
        return views;
    }

private:
    std::vector<std::string> updates_;
    crdt::Subscription subscription_;
};

Bytes merged(std::vector<ByteView> updates, bool collect = false) {
    return crdt::merge(updates, {.collect = collect}).value();
}

std::string hex(const Bytes& bytes) { return test::hex(bytes.view()); }

}  // namespace

TEST_CASE("merge: nothing merges to the empty update, one update stays as it is") {
    CHECK(hex(merged({})) == "0000");
    const auto odd = test::hex("01 01 01 00 04 01 01 74 01 61 00");
    CHECK(hex(merged({ByteView(odd)})) == test::hex(odd));
}

TEST_CASE("merge: keystrokes in any order, and twice") {
    Doc doc = document(1);
    const Said said(doc);
    doc.text("t").append("a");
    doc.text("t").append("b");
    doc.text("t").append("c");
    doc.text("t").erase(1, 1);
    const Bytes forwards = merged(said.all());
    CHECK(hex(merged({said[3], said[2], said[0], said[1], said[2]})) == hex(forwards));
    CHECK(canonical(support::loaded(text_of(forwards))) == canonical(doc));
}

TEST_CASE("merge: clocks that nobody has become a Skip") {
    Doc doc = document(1);
    const Said said(doc);
    doc.text("t").append("a");
    doc.text("t").append("bcd");
    doc.text("t").append("e");
    const Bytes holey = merged({said[2], said[0]});
    CHECK(hex(holey) ==
          "01030100040101740161"
          "0a03"
          "8401030165"
          "00");
    const crdt::UpdateInfo info = crdt::inspect(holey).value();
    CHECK(info.skips == 1);
    CHECK(info.skipped_units == 3);
    CHECK(raw(crdt::state_vector_of(holey)->get(crdt::ClientId{1})) == 1);
    // What waits is not lost when the rest comes.
    CHECK(canonical(support::loaded(text_of(merged({holey, said[1]})))) == canonical(doc));
}

TEST_CASE("merge: a Skip is filled by those who have its clocks") {
    Doc doc = document(1);
    const Said said(doc);
    for (const char* one : {"a", "b", "c", "d"}) doc.text("t").append(one);
    const Bytes even = merged({said[0], said[2]});
    const Bytes odd = merged({said[1], said[3]});
    CHECK(hex(merged({even, odd})) == hex(merged(said.all())));
}

TEST_CASE("merge: of updates that cut a text elsewhere the one is taken that Yjs takes") {
    // Two letters of client 9 and four of client 1; the second letter and the four in two
    // pieces.
    const auto whole =
        test::hex("02 01 09 00 04 01 01 74 02 78 79 01 01 00 04 01 01 75 04 61 62 63 64 00");
    const auto cut =
        test::hex("02 01 09 01 84 09 00 01 79 02 01 00 04 01 01 75 01 61 84 01 00 03 62 63 64 00");
    // It comes first for client 1 since it was looked at last for client 9, though in vain.
    const std::string expected = "02010900040101740278790201000401017501618401000362636400";
    CHECK(hex(merged({ByteView(whole), ByteView(cut)})) == expected);
    CHECK(hex(merged({ByteView(cut), ByteView(whole)})) == expected);
}

TEST_CASE("merge: an update that goes on behind what is known is not left for another") {
    const auto five = test::hex("01 01 01 00 04 01 01 75 05 61 62 63 64 65 00");
    const auto nine = test::hex(
        "01 03 01 00 04 01 01 75 02 61 62 84 01 01 02 63 64 84 01 03 05 65 66 67 68 69 00");
    const auto middle = test::hex("01 01 01 03 84 01 02 05 64 65 66 67 68 00");
    const std::string expected = "0102010004010175056162636465840104046667686900";
    CHECK(hex(merged({ByteView(five), ByteView(nine), ByteView(middle)})) == expected);
    CHECK(hex(merged({ByteView(five), ByteView(middle), ByteView(nine)})) == expected);
}

TEST_CASE(
    "merge with collection: what was typed in one go is one struct, what is deleted is gone") {
    Doc doc = document(1);
    const Said said(doc);
    for (const char* one : {"s", "e", "c", "r", "e", "t"}) doc.text("t").append(one);
    doc.text("t").erase(1, 4);
    const Bytes small = merged(said.all(), true);
    CHECK(hex(small) == hex(doc.encode_state_as_update().value()));
    CHECK(hex(merged({small}, true)) == hex(small));
}

TEST_CASE("merge with collection: children of a deleted type become GC") {
    Doc doc = document(1);
    const Said said(doc);
    doc.array("a").push({crdt::TextInit("inner")});
    doc.array("a").get(0)->text().append(" text");
    doc.array("a").erase(0);
    const Bytes small = merged(said.all(), true);
    CHECK(text_of(small).find("inner") == std::string::npos);
    CHECK(crdt::inspect(small)->gcs == 1);
    CHECK(canonical(support::loaded(text_of(small))) == canonical(doc));
}

TEST_CASE("merge with collection: a deletion that comes before its text") {
    Doc doc = document(1);
    const Said said(doc);
    doc.text("t").append("gone");
    doc.text("t").erase(0, 4);
    const Bytes early = merged({said[1]}, true);
    CHECK(crdt::inspect(early)->delete_ranges == 1);
    const Bytes both = merged({early, said[0]}, true);
    CHECK(text_of(both).find("gone") == std::string::npos);
    CHECK(canonical(support::loaded(text_of(both))) == canonical(doc));
}

TEST_CASE("merge with collection: a surrogate pair cut by a deletion") {
    Doc doc = document(1);
    const Said said(doc);
    doc.text("t").append("x\xf0\x9f\x98\x80y");
    doc.text("t").erase(1, 2);
    CHECK(canonical(support::loaded(text_of(merged(said.all(), true)))) == canonical(doc));
    // Only one half is deleted.
    const auto half = test::hex("00 01 01 01 02 01");
    const Bytes cut = merged({said[0], ByteView(half)}, true);
    CHECK(canonical(support::loaded(text_of(cut))) ==
          canonical(support::loaded(text_of(merged({said[0], ByteView(half)})))));
}

TEST_CASE("merge: V2 as V1") {
    Doc doc = document(1);
    const Said said(doc, UpdateFormat::v2);
    doc.text("t").append("abc");
    doc.map("m").set("k", 1);
    doc.map("m").set("k", 2);
    for (const bool collect : {false, true}) {
        const Bytes v2 =
            crdt::merge(said.all(), {.collect = collect, .format = UpdateFormat::v2}).value();
        Doc copy = document(2);
        CHECK(copy.apply_v2(v2).ok());
        CHECK(canonical(copy) == canonical(doc));
    }
}

TEST_CASE("merge: segments of framed updates") {
    Doc doc = document(1);
    std::string first;
    std::string second;
    std::string* log = &first;
    const crdt::Subscription told =
        doc.on_update([&](ByteView update, const crdt::Origin&) noexcept {
            log->push_back(static_cast<char>(update.size()));  // below 128
            log->append(crdt::as_text(update));
        });
    doc.text("t").append("a");
    doc.text("t").append("b");
    log = &second;
    doc.text("t").append("c");
    const crdt::UpdateSegment segments[] = {{crdt::as_bytes(second)}, {crdt::as_bytes(first)}};
    const Bytes all = crdt::merge_segments(segments, {.collect = true}).value();
    CHECK(hex(all) == hex(doc.encode_state_as_update().value()));

    // A frame that promises more than there is.
    const crdt::UpdateSegment torn[] = {{crdt::as_bytes(first).first(first.size() - 1)}};
    CHECK(crdt::merge_segments(torn).error().code == ErrorCode::unexpected_end);
}

TEST_CASE("merge: an error tells which byte of the update is broken") {
    const auto good = test::hex("00 00");
    const auto bad = test::hex("01 01 01 00 1f");
    CHECK(crdt::merge({ByteView(good), ByteView(bad)}).error() ==
          crdt::Error{ErrorCode::unknown_content, 4});
    CHECK(crdt::merge({ByteView()}).error().code == ErrorCode::unexpected_end);
    CHECK(crdt::merge({ByteView()}, {.format = UpdateFormat::v2}).error().code ==
          ErrorCode::unexpected_end);
}
