#include <doctest/doctest.h>
#include <crdt/codec/any_to_json.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "support/document.hpp"
#include "unit/support/failing_memory.hpp"
#include "unit/support/hex.hpp"

using crdt::Any;
using crdt::ArrayInit;
using crdt::Attributes;
using crdt::Content;
using crdt::Delta;
using crdt::DeltaOp;
using crdt::Doc;
using crdt::ErrorCode;
using crdt::Text;
using support::broken;
using support::document;
using support::receive;
using support::update_of;

namespace {

// Each op as its text, an embed as #, followed by its attributes.
std::string shown(const Text& text) {
    std::string out;
    for (const DeltaOp& op : text.to_delta()) {
        if (!out.empty()) out += '|';
        out += op.kind() == DeltaOp::Kind::insert ? op.text() : "#";
        for (const auto& [key, value] : op.attributes()) {
            crdt::Bytes json;
            REQUIRE(crdt::detail::any_to_strict_json(value.view(), json) == ErrorCode::ok);
            out += ' ' + key + '=' + std::string(crdt::as_text(json));
        }
    }
    return out;
}

std::size_t deleted_units(const Doc& doc) {
    std::size_t count = 0;
    doc.delete_set().value().for_each(
        [&](crdt::ClientId, crdt::Clock, std::uint32_t length) { count += length; });
    return count;
}

}  // namespace

TEST_CASE("[13.2] a format reaches from its first unit to its last") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    text.insert(0, "hello world");
    text.format(0, 5, {{"bold", true}});
    CHECK(shown(text) == "hello bold=true| world");
    text.format(3, 5, {{"bold", nullptr}, {"size", 12}});
    CHECK(shown(text) == "hel bold=true|lo wo size=12|rld");
    text.format(0, 11, {{"bold", true}});
    CHECK(shown(text) == "hel bold=true|lo wo bold=true size=12|rld bold=true");
    CHECK(text.to_string() == "hello world");
    CHECK(text.length() == 11);
    CHECK(broken(doc).empty());
}

TEST_CASE("[13.2] a format that is there already inserts nothing") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    text.insert(0, "abc", {{"bold", true}});
    const std::string before = update_of(doc);
    text.format(0, 2, {{"bold", true}});
    CHECK(update_of(doc) == before);
}

TEST_CASE("[13.2] a format past the end appends newlines, unless nothing stands behind it") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    CHECK(text.format(0, 3, {{"bold", true}}).ok());
    text.insert(0, "ab");
    text.format(2, 3, {{"bold", true}});
    CHECK(shown(text) == "ab");
    text.format(1, 3, {{"bold", true}});
    CHECK(shown(text) == "a|b\n\n bold=true");
    CHECK(text.format(5, 1, {{"bold", true}}).error().code == ErrorCode::index_out_of_range);
}

TEST_CASE("[13.1] text takes over the formats of its place, or has the given ones") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    text.insert(0, "bold", {{"bold", true}, {"size", 1}});
    text.insert(2, "xx");
    CHECK(shown(text) == "boxxld bold=true size=1");
    text.insert(2, "yy", {});
    CHECK(shown(text) == "bo bold=true size=1|yy|xxld bold=true size=1");
    text.insert(8, "!");
    CHECK(shown(text) == "bo bold=true size=1|yy|xxld! bold=true size=1");
    // Typing goes on in the same way.
    for (const char* letter : {"a", "b", "c"}) text.insert(text.length(), letter);
    CHECK(shown(text) == "bo bold=true size=1|yy|xxld!abc bold=true size=1");
    CHECK(broken(doc).empty());
}

TEST_CASE("[13.3] erasing takes away the marks that lose their effect") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    text.insert(0, "abc");
    text.insert(1, "XY", {{"bold", true}});
    text.erase(1, 2);
    CHECK(shown(text) == "abc");
    CHECK(deleted_units(doc) == 4);  // two letters, two marks
    CHECK(broken(doc).empty());
}

TEST_CASE("embeds are units: JSON-like values and shared types") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    text.insert(0, "ab");
    CHECK(text.insert_embed(1, Any::object({{"image", "a.png"}}), {{"width", 100}}).ok());
    CHECK(text.insert_embed(3, ArrayInit{1, 2}).ok());
    CHECK(shown(text) == "a|# width=100|b|#");
    CHECK(text.length() == 4);
    CHECK(text.get(0).value().kind() == crdt::ValueKind::absent);
    CHECK(text.get(1).value().any().find("image")->as_string() == "a.png");
    CHECK(text.get(3).value().array().size() == 2);
    CHECK(text.get(4).error().code == ErrorCode::index_out_of_range);
    Doc other = document(2);
    REQUIRE(receive(other, update_of(doc)).ok());
    CHECK(shown(other.text("t")) == shown(text));
    CHECK(other.text("t").get(3).value().array().size() == 2);
    text.erase(3, 1);
    CHECK(broken(doc).empty());
}

TEST_CASE("a delta is applied with one moving cursor") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    text.insert(0, "hello world");
    const Delta delta{DeltaOp::retain(5, {{"bold", true}}),
                      DeltaOp::erase(1),
                      DeltaOp::insert(", ", {{"bold", true}}),
                      DeltaOp::embed(Content(Any(1))),
                      DeltaOp::retain(2),
                      DeltaOp::erase(100)};
    CHECK(text.apply_delta(delta).ok());
    CHECK(shown(text) == "hello bold=true|,  bold=true|#|wo");
    Doc copy = document(2);
    copy.text("t").apply_delta(text.to_delta());
    CHECK(copy.text("t").to_delta() == text.to_delta());
    CHECK(broken(doc).empty());
}

TEST_CASE("without sanitize the newline that would end the text is left out") {
    Doc doc = document(1);
    doc.text("t").apply_delta({DeltaOp::insert("a\n")}, false);
    CHECK(doc.text("t").to_string() == "a");
    doc.text("t").apply_delta({DeltaOp::retain(1), DeltaOp::insert("\n")}, true);
    CHECK(doc.text("t").to_string() == "a\n");
}

TEST_CASE("the newline stays where a tombstone ends the text, unless the cursor has passed it") {
    const auto ended = [](const Delta& delta, std::uint32_t erased_from) {
        Doc doc = document(1);
        const Text text = doc.text("t");
        text.insert(0, "ab");
        text.erase(erased_from, 2 - erased_from);
        CHECK(text.apply_delta(delta, false).ok());
        return text.to_string();
    };
    const DeltaOp newline = DeltaOp::insert("\n");
    CHECK(ended({DeltaOp::retain(1), newline}, 1) == "a");
    CHECK(ended({DeltaOp::erase(1), newline}, 1) == "\n");
    CHECK(ended({DeltaOp::erase(2), newline}, 1) == "");
    CHECK(ended({newline}, 0) == "\n");
    CHECK(ended({DeltaOp::erase(2), newline}, 2) == "");
}

TEST_CASE("[13.3] a key that the erased text ended and began again is the last of the keys") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    text.insert(0, "abcdef");
    text.format(0, 6, {{"a", 1}});
    text.format(0, 6, {{"b", 1}});
    text.format(2, 1, {{"a", nullptr}});
    text.apply_delta({DeltaOp::retain(1), DeltaOp::erase(3), DeltaOp::insert("x", {{"c", 1}})});
    CHECK(shown(text) == "a b=1 a=1|x c=1|ef b=1 a=1");
    // What Yjs makes of the same edits: c=1 b=null a=null x c=null b=1 a=1 in the middle.
    const std::vector<std::uint8_t> update = test::hex(
        "01120100040101740161810100018101010181010201840103026566460100016101318601050161046e756c6c"
        "460106016201318601070162046e756c6cc10101010201c10102010301c60103010401630131c6010c01040162"
        "046e756c6cc6010d01040161046e756c6cc4010e01040178c6010f01040163046e756c6cc60110010401620131"
        "c6011101040161013101010201030a02");
    Doc yjs = document(2);
    REQUIRE(yjs.apply({update.data(), update.size()}).ok());
    CHECK(support::canonical(yjs) == support::canonical(doc));
}

TEST_CASE("what cannot be written is refused, and nothing has changed") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    text.insert(0, "abc");
    const std::string before = update_of(doc);
    CHECK(text.format(0, 1, {{"k", Any::undefined()}}).error().code == ErrorCode::invalid_argument);
    CHECK(text.insert(0, "x", {{"k", Any::bigint(1)}}).error().code == ErrorCode::invalid_argument);
    CHECK(text.insert_embed(0, Any::bigint(1)).error().code == ErrorCode::invalid_argument);
    CHECK(text.insert(9, "x", {{"k", 1}}).error().code == ErrorCode::index_out_of_range);
    CHECK(text.format(0, 1, {{"\xff", 1}}).error().code == ErrorCode::invalid_utf8);
    CHECK(text.apply_delta({DeltaOp::erase(1), DeltaOp::insert("\xff")}).error().code ==
          ErrorCode::invalid_utf8);
    CHECK(update_of(doc) == before);
}

TEST_CASE("[13] values with one shape are equal, unless they hold containers") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    text.insert(0, "abcd");
    text.format(0, 2, {{"link", Any::object({{"href", "a"}, {"rel", "x"}})}});
    const std::string before = update_of(doc);
    text.format(0, 2, {{"link", Any::object({{"rel", "x"}, {"href", "a"}})}});
    CHECK(update_of(doc) == before);
    text.format(0, 2, {{"deep", Any::array({Any::array({})})}});
    const std::string deep = update_of(doc);
    text.format(0, 2, {{"deep", Any::array({Any::array({})})}});
    CHECK(update_of(doc) != deep);
}

TEST_CASE("[13.4] marks that concurrent edits left without effect are deleted, and that is told") {
    Doc a = document(1);
    const Text text = a.text("t");
    text.insert(0, "abcdef");
    Doc b = document(2);
    static_cast<void>(b.text("t"));
    REQUIRE(receive(b, update_of(a)).ok());
    text.format(1, 2, {{"bold", true}});
    b.text("t").erase(1, 2);
    int told = 0;
    bool local = false;
    const auto listening = a.on_update([&](crdt::ByteView, const crdt::Origin& origin) noexcept {
        ++told;
        local = local || !origin.remote();
    });
    REQUIRE(receive(a, update_of(b)).ok());
    CHECK(shown(text) == "a|def");  // two inserts, as in Yjs: the mark that is left stands between
    CHECK(told == 2);
    CHECK(local);
    CHECK(deleted_units(a) == 3);  // two letters and the mark that another overrides
    CHECK(broken(a).empty());
}

TEST_CASE("[P6] exhausted memory is an error, and the text is whole") {
    const auto attempt = [](auto&& edit) {
        for (std::size_t n = 0;; ++n) {
            Doc doc = document(1);
            const Text text = doc.text("t");
            text.insert(0, "some text");
            text.format(2, 3, {{"bold", true}});
            const std::string before = update_of(doc);
            bool ok = false;
            bool failed = false;
            {
                const Attributes attributes{{"bold", false}, {"link", "somewhere far away"}};
                const test::FailingMemory memory(n);
                ok = edit(text, attributes).ok();
                failed = test::FailingMemory::failed();
            }
            CHECK(broken(doc).empty());
            if (!ok) CHECK(update_of(doc) == before);
            CHECK((ok || failed));
            if (!failed) break;
        }
    };
    attempt([](const Text& text, const Attributes& with) { return text.format(1, 5, with); });
    attempt([](const Text& text, const Attributes& with) { return text.insert(3, "xyz", with); });
    attempt([](const Text& text, const Attributes&) { return text.erase(1, 6); });
}
