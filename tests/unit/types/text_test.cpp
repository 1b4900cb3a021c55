#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "support/document.hpp"
#include "support/edits.hpp"

using crdt::CodePoint;
using crdt::Doc;
using crdt::Error;
using crdt::ErrorCode;
using crdt::Status;
using crdt::Text;
using crdt::Unit;
using crdt::Utf16;
using crdt::Utf8;
using support::document;

namespace {

// U+1F600, two units and four bytes; U+6F22, one unit and three bytes; e acute, two bytes.
const std::string kFace = "\xf0\x9f\x98\x80";
const std::string kHan = "\xe6\xbc\xa2";
const std::string kAcute = "\xc3\xa9";
const std::string kBroken = "\xef\xbf\xbd";

Error error_of(const Status& status) { return status.error(); }

}  // namespace

TEST_CASE("text is inserted in front of a position, and appended at the length") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    CHECK(text.empty());
    CHECK(text.insert(0, "world").ok());
    CHECK(text.insert(0, "hello ").ok());
    CHECK(text.insert(11, "!").ok());
    CHECK(text.append("?").ok());
    CHECK(text.to_string() == "hello world!?");
    CHECK(text.erase(5, 6).ok());
    CHECK(text.to_string() == "hello!?");
    CHECK(text.length() == 7);
    CHECK(support::broken(doc) == "");
}

TEST_CASE("one position counts UTF-16 units, UTF-8 bytes or code points") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    CHECK(text.insert(0, "a" + kFace + kHan + kAcute + "z").ok());
    CHECK(text.length() == 6);
    CHECK(text.length(Unit::utf8) == 11);
    CHECK(text.length(Unit::code_point) == 5);
    CHECK(text.insert(Utf8{5}, "1").ok());       // behind the face
    CHECK(text.insert(CodePoint{4}, "2").ok());  // behind the ideograph
    CHECK(text.insert(Utf16{7}, "3").ok());      // behind the accented letter
    CHECK(text.to_string() == "a" + kFace + "1" + kHan + "2" + kAcute + "3z");
    CHECK(text.insert(Utf8{14}, "4").ok());
    CHECK(text.insert(CodePoint{9}, "5").ok());
    CHECK(text.erase(Utf8{1}, 4).ok());
    CHECK(text.erase(CodePoint{2}, 1).ok());
    CHECK(text.to_string() == "a12" + kAcute + "3z45");
    CHECK(support::broken(doc) == "");
}

TEST_CASE("each unit finds each place of a text with all kinds of characters") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    support::Random random(11);
    support::TextModel model;
    for (int i = 0; i < 600; ++i) REQUIRE(support::edit_text(text, random, &model).ok());
    REQUIRE(text.to_u16string() == model.units);
    std::uint32_t bytes = 0;
    std::uint32_t points = 0;
    for (std::size_t i = 0; i < model.units.size();) {
        const bool pair = (model.units[i] & 0xfc00) == 0xd800;
        const std::size_t next = i + (pair ? 2 : 1);
        const std::string character = support::to_utf8(model.units.substr(i, next - i));
        REQUIRE(*doc.store()->to_units(0, bytes, true) == i);
        REQUIRE(*doc.store()->to_units(0, points, false) == i);
        for (std::uint32_t inside = 1; inside < character.size(); ++inside) {
            REQUIRE(doc.store()->to_units(0, bytes + inside, true).error() ==
                    Error{ErrorCode::inside_character, bytes + inside});
        }
        bytes += static_cast<std::uint32_t>(character.size());
        ++points;
        i = next;
    }
    CHECK(text.length(Unit::utf8) == bytes);
    CHECK(text.length(Unit::code_point) == points);
    CHECK(text.to_string().size() == bytes);
}

TEST_CASE("past the end is an error with the index, and nothing has changed") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    CHECK(text.insert(0, kAcute + "b").ok());
    const std::string before = support::fingerprint(doc);
    CHECK(error_of(text.insert(3, "x")) == Error{ErrorCode::index_out_of_range, 3});
    CHECK(error_of(text.insert(Utf8{4}, "x")) == Error{ErrorCode::index_out_of_range, 4});
    CHECK(error_of(text.insert(CodePoint{3}, "x")) == Error{ErrorCode::index_out_of_range, 3});
    CHECK(error_of(text.insert(-1, "x")).code == ErrorCode::index_out_of_range);
    CHECK(error_of(text.insert(std::uint64_t{1} << 32U, "x")).code ==
          ErrorCode::index_out_of_range);
    CHECK(error_of(text.insert(9, "")).code == ErrorCode::index_out_of_range);
    CHECK(error_of(text.erase(3, 0)) == Error{ErrorCode::index_out_of_range, 3});
    CHECK(error_of(text.erase(0, 3)).code == ErrorCode::index_out_of_range);
    CHECK(error_of(text.erase(Utf8{2}, 2)).code == ErrorCode::index_out_of_range);
    CHECK(error_of(text.erase(CodePoint{1}, 2)).code == ErrorCode::index_out_of_range);
    CHECK(support::fingerprint(doc) == before);
}

TEST_CASE("a count beyond all numbers is an error in every unit") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    CHECK(text.insert(0, "hello world").ok());
    constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
    for (const std::size_t count : {kMost, kMost - 4, kMost - 10, kMost / 2}) {
        CHECK(error_of(text.erase(5, count)).code == ErrorCode::index_out_of_range);
        CHECK(error_of(text.erase(Utf8{5}, count)).code == ErrorCode::index_out_of_range);
        CHECK(error_of(text.erase(CodePoint{5}, count)).code == ErrorCode::index_out_of_range);
    }
    CHECK(text.to_string() == "hello world");
}

TEST_CASE("inside a character is an error for bytes, and nothing has changed") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    CHECK(text.insert(0, "a" + kFace + "b").ok());
    for (const std::uint32_t at : {2U, 3U, 4U}) {
        CHECK(error_of(text.insert(Utf8{at}, "x")) == Error{ErrorCode::inside_character, at});
        CHECK(error_of(text.erase(Utf8{at}, 1)).code == ErrorCode::inside_character);
    }
    CHECK(error_of(text.erase(Utf8{1}, 2)) == Error{ErrorCode::inside_character, 3});
    CHECK(text.to_string() == "a" + kFace + "b");
}

TEST_CASE("text that is not UTF-8 is an error with the offset of the first bad byte") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    CHECK(error_of(text.insert(0, "ab\xff")) == Error{ErrorCode::invalid_utf8, 2});
    CHECK(error_of(text.insert(0, "\xed\xa0\x80")).code == ErrorCode::invalid_utf8);
    CHECK(error_of(text.insert(0, "\xc0\x80")).code == ErrorCode::invalid_utf8);
    CHECK(error_of(text.append("a\xf0\x9f")) == Error{ErrorCode::invalid_utf8, 1});
    CHECK(text.empty());
    CHECK(doc.encode_state_as_update()->size() == 2);
}

TEST_CASE("a cut between the halves of a pair makes two U+FFFD, as in Yjs") {
    SUBCASE("by an insertion") {
        Doc doc = document(1);
        const Text text = doc.text("t");
        CHECK(text.insert(0, "a" + kFace + "b").ok());
        CHECK(text.insert(2, "x").ok());
        CHECK(text.to_string() == "a" + kBroken + "x" + kBroken + "b");
        CHECK(text.length(Unit::utf8) == 9);
        CHECK(text.length(Unit::code_point) == 5);
        CHECK(support::broken(doc) == "");
    }
    SUBCASE("by a deletion at either side") {
        Doc doc = document(1);
        const Text text = doc.text("t");
        CHECK(text.insert(0, kFace + kFace).ok());
        CHECK(text.erase(1, 2).ok());
        CHECK(text.to_string() == kBroken + kBroken);
        CHECK(support::broken(doc) == "");
    }
    SUBCASE("not by what has no effect") {
        Doc doc = document(1);
        const Text text = doc.text("t");
        CHECK(text.insert(0, kFace).ok());
        CHECK(text.erase(1, 0).ok());
        CHECK(text.insert(1, "").ok());
        CHECK(text.insert(1, u"").ok());
        CHECK(text.to_string() == kFace);
    }
    SUBCASE("and so on every replica") {
        Doc doc = document(1);
        Doc other = document(2);
        CHECK(doc.text("t").insert(0, kFace).ok());
        CHECK(support::receive(other, support::update_of(doc)).ok());
        CHECK(doc.text("t").insert(1, "x").ok());
        CHECK(other.text("t").erase(1, 1).ok());
        CHECK(support::receive(other, support::update_of(doc)).ok());
        CHECK(support::receive(doc, support::update_of(other)).ok());
        CHECK(doc.text("t").to_string() == kBroken + "x");
        CHECK(support::canonical(doc) == support::canonical(other));
    }
}

// Written down in docs/yjs-exceptions.md: the same in Yjs 13.6, and the fixtures hold it.
TEST_CASE("halves of a pair typed one after another join here and are two U+FFFD elsewhere") {
    Doc doc = document(1);
    Doc mirror = document(2);
    const auto heard = doc.on_update([&](crdt::ByteView update, const crdt::Origin&) noexcept {
        static_cast<void>(mirror.apply(update));
    });
    const char16_t halves[] = {0xd83d, 0xde00};
    CHECK(doc.text("t").insert(0, std::u16string_view(halves, 1)).ok());
    CHECK(doc.text("t").insert(1, std::u16string_view(halves + 1, 1)).ok());
    CHECK(support::broken(doc) == "");
    CHECK(doc.text("t").to_string() == "\xf0\x9f\x98\x80");
    CHECK(doc.text("t").length(crdt::Unit::code_point) == 1);
    CHECK(doc.text("t").length(crdt::Unit::utf8) == 4);
    CHECK(mirror.text("t").to_string() == "\xef\xbf\xbd\xef\xbf\xbd");
    CHECK(mirror.state_vector().value().get(crdt::ClientId{1}) == crdt::Clock{2});
}

TEST_CASE("a handle without a document, of another type or of a deleted type says so") {
    CHECK(error_of(Text().insert(0, "x")).code == ErrorCode::no_document);
    CHECK(error_of(Text().append("x")).code == ErrorCode::no_document);
    CHECK(error_of(Text().erase(0, 1)).code == ErrorCode::no_document);
    CHECK(Text().empty());
    CHECK(Text().to_string().empty());
    CHECK(!Text().alive());

    Doc doc = document(1);
    CHECK(doc.array("list").push(1).ok());
    const Text wrong = doc.text("list");
    CHECK(error_of(wrong.insert(0, "x")).code == ErrorCode::wrong_type);
    CHECK(error_of(wrong.append("x")).code == ErrorCode::wrong_type);
    CHECK(wrong.length() == 0);
    CHECK(error_of(doc.text("\xff").insert(0, "x")).code == ErrorCode::invalid_utf8);

    CHECK(doc.array("list").push(crdt::TextInit("in")).ok());
    const Text nested = doc.array("list").get(1)->text();
    CHECK(nested.insert(2, "side").ok());
    CHECK(nested.to_string() == "inside");
    CHECK(doc.array("list").get(0)->text().check().error().code == ErrorCode::wrong_type);
    CHECK(doc.array("list").erase(1).ok());
    CHECK(error_of(nested.insert(0, "x")).code == ErrorCode::deleted_type);
    CHECK(error_of(nested.erase(0, 1)).code == ErrorCode::deleted_type);
    CHECK(error_of(nested.append("x")).code == ErrorCode::deleted_type);
    CHECK(nested.length() == 0);
    CHECK(nested.to_string().empty());
    CHECK(!nested.alive());
}

TEST_CASE("typing that is interrupted by everything else shows what a string shows") {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        Doc doc = document(seed + 1);
        const Text text = doc.text("t");
        const Text other = doc.text("other");
        support::Random random(seed);
        support::TextModel model;
        for (int burst = 0; burst < 200; ++burst) {
            std::uint32_t at = random(model.units.size() + 1);
            const bool wide = random(4) == 0;
            for (std::uint32_t n = random(40); n > 0; --n) {
                const char16_t letter = static_cast<char16_t>(wide ? 0x400 + n : u'a' + n % 26);
                model.insert(at, {&letter, 1});
                REQUIRE(text.insert(at, support::to_utf8({&letter, 1})).ok());
                ++at;
                switch (random(24)) {
                    case 0:
                        REQUIRE(text.length() == model.units.size());
                        break;
                    case 1:
                        REQUIRE(other.append("x").ok());
                        break;
                    case 2:
                        REQUIRE(doc.state_vector().ok());
                        break;
                    case 3:
                        --at;
                        model.erase(at, 1);
                        REQUIRE(text.erase(at, 1).ok());
                        break;
                    default:
                        break;
                }
            }
        }
        REQUIRE(text.to_u16string() == model.units);
        REQUIRE(support::broken(doc) == "");
        const Doc again = support::loaded(support::update_of(doc));
        REQUIRE(again.text("t").to_u16string() == model.units);
    }
}

TEST_CASE("a text of more than 100 KB by several writers crosses every page border") {
    Doc doc = document(1);
    Doc peer = document(2);
    const auto heard =
        doc.on_update([&](crdt::ByteView update, const crdt::Origin& origin) noexcept {
            if (!origin.remote()) static_cast<void>(peer.apply(update));
        });
    const auto back =
        peer.on_update([&](crdt::ByteView update, const crdt::Origin& origin) noexcept {
            if (!origin.remote()) static_cast<void>(doc.apply(update));
        });
    support::Random random(1);
    std::string model;
    std::uint32_t cursor[2] = {0, 0};
    for (int i = 0; model.size() < 120'000; ++i) {
        // Both type where they are, now and then paste, and now and then go elsewhere.
        const std::uint32_t who = random(2);
        Doc& writer = who == 0 ? doc : peer;
        std::uint32_t& at = cursor[who];
        if (random(400) == 0 || at > model.size()) at = random(model.size() + 1);
        std::string piece(1, static_cast<char>('a' + i % 26));
        if (random(300) == 0) piece.assign(1 + random(3000), static_cast<char>('A' + i % 26));
        model.insert(at, piece);
        REQUIRE(writer.text("t").insert(at, piece).ok());
        if (cursor[1 - who] >= at) cursor[1 - who] += static_cast<std::uint32_t>(piece.size());
        at += static_cast<std::uint32_t>(piece.size());
    }
    CHECK(doc.text("t").to_string() == model);
    CHECK(peer.text("t").to_string() == model);
    CHECK(support::broken(doc) == "");
    CHECK(support::broken(peer) == "");
    CHECK(support::canonical(doc) == support::canonical(peer));
    const Doc again = support::loaded(support::update_of(doc));
    CHECK(again.text("t").to_string() == model);
    CHECK(support::broken(again) == "");
}
