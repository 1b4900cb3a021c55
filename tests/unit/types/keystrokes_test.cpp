// Keystrokes that are counted first and written later must leave what each by itself leaves.
#include <doctest/doctest.h>

#include <string>

#include "support/document.hpp"
#include "support/edits.hpp"

using crdt::Doc;
using crdt::Text;
using crdt::Utf8;
using support::document;

namespace {

// Two documents with the same keystrokes: one has a listener, so that it writes each at once.
struct Pair {
    Doc deferring = document(1);
    Doc writing = document(1);
    std::size_t told = 0;
    crdt::Subscription listener =
        writing.on_update([this](crdt::ByteView, const crdt::Origin&) noexcept { ++told; });

    template <class Edit>
    void both(Edit&& edit) {
        edit(deferring.text("t"));
        edit(writing.text("t"));
    }
    [[nodiscard]] bool same() const {
        return support::broken(deferring).empty() && support::broken(writing).empty() &&
               deferring.text("t").to_string() == writing.text("t").to_string() &&
               support::fingerprint(deferring) == support::fingerprint(writing);
    }
};

void backspace(const Text& text, std::uint32_t from, std::uint32_t times) {
    for (std::uint32_t i = 0; i < times; ++i) CHECK(text.erase(from - i, 1).ok());
}

}  // namespace

TEST_CASE("backspace through what was typed, to its first unit and beyond") {
    Pair pair;
    pair.both([](const Text& text) {
        CHECK(text.insert(0, "head ").ok());
        CHECK(text.insert(5, "tail").ok());
        CHECK(text.insert(2, "0123456789").ok());
        backspace(text, 11, 12);
        CHECK(text.length() == 7);
    });
    CHECK(pair.deferring.text("t").to_string() == "ad tail");
    CHECK(pair.same());
}

TEST_CASE("the delete key, backspace and typing in turns") {
    Pair pair;
    pair.both([](const Text& text) {
        CHECK(text.insert(0, "abcdefghijklmnopqrstuvwxyz").ok());
        CHECK(text.erase(10, 1).ok());
        CHECK(text.erase(10, 1).ok());
        CHECK(text.erase(9, 1).ok());
        CHECK(text.erase(9, 1).ok());
        CHECK(text.erase(8, 1).ok());
        CHECK(text.insert(8, "!").ok());
        CHECK(text.insert(9, "?").ok());
        CHECK(text.erase(9, 1).ok());
        CHECK(text.erase(8, 1).ok());
        CHECK(text.erase(8, 1).ok());
    });
    CHECK(pair.deferring.text("t").to_string() == "abcdefghopqrstuvwxyz");
    CHECK(pair.same());
}

TEST_CASE("characters of all lengths are erased beside one another") {
    Pair pair;
    pair.both([](const Text& text) {
        // One, two and three bytes, and a pair on either side of the caret.
        CHECK(text.insert(0, u"a\u00e9\u6f22\U0001f600b|c\U0001f600\u6f22\u00e9z").ok());
        CHECK(text.length() == 13);
        CHECK(text.erase(6, 1).ok());
        CHECK(text.erase(6, 1).ok());
        CHECK(text.erase(6, 2).ok());
        CHECK(text.erase(6, 1).ok());
        CHECK(text.erase(5, 1).ok());
        CHECK(text.erase(3, 2).ok());
        CHECK(text.erase(2, 1).ok());
        CHECK(text.length(crdt::Unit::utf8) == 6);
        CHECK(text.erase(Utf8{1}, 2).ok());
    });
    CHECK(pair.deferring.text("t").to_u16string() == u"a\u00e9z");
    CHECK(pair.same());
}

TEST_CASE("half a pair is never taken for a character") {
    Pair pair;
    pair.both([](const Text& text) {
        CHECK(text.insert(0, u"\u6f22\U0001f600\u6f22\u6f22\U0001f600\u6f22").ok());
        CHECK(text.erase(3, 1).ok());
        CHECK(text.erase(2, 1).ok());  // the low half in front of what was erased
        CHECK(text.erase(2, 1).ok());
        CHECK(text.erase(2, 1).ok());  // the high half behind it
    });
    CHECK(pair.deferring.text("t").to_u16string() == u"\u6f22\ufffd\ufffd\u6f22");
    CHECK(pair.same());
}

TEST_CASE("every reader sees what was erased last") {
    Doc doc = document(1);
    Doc other = document(2);
    const Text text = doc.text("t");
    CHECK(text.insert(0, "0123456789").ok());
    CHECK(doc.map("m").set("k", 1).ok());
    backspace(text, 6, 3);
    CHECK(text.length() == 7);
    backspace(text, 3, 2);
    CHECK(text.to_string() == "01789");
    CHECK(text.erase(2, 1).ok());
    CHECK(text.erase(2, 4).error() == crdt::Error{crdt::ErrorCode::index_out_of_range, 6});
    CHECK(text.erase(2, 1).ok());
    CHECK(support::receive(other, support::update_of(doc)).ok());
    CHECK(other.text("t").to_string() == "019");
    CHECK(text.erase(1, 1).ok());
    CHECK(other.text("t").insert(3, "!").ok());
    CHECK(support::receive(doc, support::update_of(other)).ok());
    CHECK(text.to_string() == "09!");
    CHECK(support::broken(doc) == "");
}

TEST_CASE("a listener that comes later is told what is erased from then on") {
    Doc doc = document(1);
    Doc mirror = document(2);
    const Text text = doc.text("t");
    CHECK(text.insert(0, "0123456789").ok());
    backspace(text, 8, 3);
    CHECK(support::receive(mirror, support::update_of(doc)).ok());
    std::size_t told = 0;
    const crdt::Subscription listener =
        doc.on_update([&](crdt::ByteView update, const crdt::Origin&) noexcept {
            ++told;
            static_cast<void>(mirror.apply(update));
        });
    backspace(text, 5, 2);
    {
        const crdt::Transaction open = doc.transact();
        backspace(text, 3, 3);
        CHECK(told == 2);
    }
    CHECK(told == 3);
    CHECK(mirror.text("t").to_string() == text.to_string());
    CHECK(support::canonical(mirror) == support::canonical(doc));
}

TEST_CASE("random keystrokes leave what a string shows, and what each by itself leaves") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        support::Random random(seed);
        Pair pair;
        std::u16string model;
        std::uint32_t caret = 0;
        for (int i = 0; i < 400; ++i) {
            const std::uint32_t what = random(20);
            const std::uint32_t length = static_cast<std::uint32_t>(model.size());
            if (what == 0) caret = random(std::size_t{length} + 1);
            if (what < 9) {
                const char16_t unit = std::u16string_view(u"ab\u00e9\u6f22")[random(seed % 4 + 1)];
                pair.both([&](const Text& text) {
                    CHECK(text.insert(caret, std::u16string_view(&unit, 1)).ok());
                });
                model.insert(caret++, 1, unit);
            } else if (what < 16 && caret > 0) {
                --caret;
                pair.both([&](const Text& text) { CHECK(text.erase(caret, 1).ok()); });
                model.erase(caret, 1);
            } else if (caret < length) {
                pair.both([&](const Text& text) { CHECK(text.erase(caret, 1).ok()); });
                model.erase(caret, 1);
            }
            if (random(40) == 0) CHECK(pair.deferring.text("t").to_u16string() == model);
        }
        CHECK(pair.deferring.text("t").to_u16string() == model);
        CHECK(pair.same());
    }
}
