// Named cases of formatted texts, each a bug met here or in a peer.
#include <doctest/doctest.h>

#include <string>

#include "support/document.hpp"
#include "unit/support/hex.hpp"

using crdt::Any;
using crdt::Attributes;
using crdt::DeltaOp;
using crdt::Doc;
using crdt::Text;
using support::broken;
using support::canonical;
using support::diff_for;
using support::document;
using support::receive;
using support::update_of;

namespace {

// What there is of marks and units, deleted or not.
std::size_t clocks_of(const Doc& doc, std::uint64_t client) {
    return static_cast<std::size_t>(doc.state_vector().value().get(crdt::ClientId{client}));
}

struct Pair {
    Doc a = document(1);
    Doc b = document(2);

    explicit Pair(std::string_view text) {
        a.text("t").insert(0, text);
        static_cast<void>(b.text("t"));
        sync();
    }
    void sync() {
        for (int i = 0; i < 3; ++i) {  // tidying answers with changes of its own
            REQUIRE(receive(b, diff_for(a, b)).ok());
            REQUIRE(receive(a, diff_for(b, a)).ok());
        }
        CHECK(canonical(a) == canonical(b));
        CHECK(a.text("t").to_delta() == b.text("t").to_delta());
        CHECK(broken(a) == "");
        CHECK(broken(b) == "");
    }
};

}  // namespace

TEST_CASE("museum: overlapping formats made at once converge, whoever hears of the other first") {
    for (std::uint32_t shift = 0; shift <= 6; ++shift) {
        Pair pair("abcdefghij");
        pair.a.text("t").format(2, 4, {{"bold", true}});
        pair.b.text("t").format(shift, 4, {{"bold", shift % 2 == 0 ? Any(true) : Any(nullptr)}});
        pair.sync();
        pair.b.text("t").format(0, 10, {{"bold", nullptr}});
        pair.sync();
        CHECK(pair.a.text("t").to_delta().size() >= 1);
        for (const DeltaOp& op : pair.a.text("t").to_delta()) CHECK(op.attributes().empty());
    }
}

TEST_CASE("museum: text formatted here and deleted there leaves no marks that multiply") {
    Pair pair("abcdef");
    for (int i = 0; i < 20; ++i) {
        pair.a.text("t").insert(3, "xy");
        pair.sync();
        pair.a.text("t").format(3, 2, {{"bold", true}});
        pair.b.text("t").erase(3, 2);
        pair.sync();
    }
    // One mark that ends nothing may stay in a gap, as in Yjs; not twenty.
    CHECK(pair.a.text("t").to_delta().size() <= 2);
    CHECK(pair.a.text("t").to_string() == "abcdef");
}

TEST_CASE("museum: a format switched on and off leaves as many living marks as before") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    text.insert(0, "abcdef");
    for (int i = 0; i < 50; ++i) {
        text.format(1, 3, {{"bold", true}});
        text.format(1, 3, {{"bold", nullptr}});
    }
    CHECK(text.to_delta().size() == 1);
    CHECK(broken(doc) == "");
    // A format that is there already writes nothing.
    text.format(1, 3, {{"bold", true}});
    const std::size_t clocks = clocks_of(doc, 1);
    text.format(1, 3, {{"bold", true}});
    CHECK(clocks_of(doc, 1) == clocks);
}

TEST_CASE("museum: backspace and delete beside what was deleted still tidy a formatted text") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    text.insert(0, "0123456789");
    text.format(4, 2, {{"bold", true}});
    text.erase(4, 1);
    text.erase(4, 1);  // the last bold one: its marks go
    for (int i = 0; i < 3; ++i) text.erase(text.length() - 1, 1);
    for (int i = 0; i < 3; ++i) text.erase(0, 1);
    CHECK(text.to_string() == "36");
    REQUIRE(text.to_delta().size() == 1);
    text.insert(1, "x");
    CHECK(text.to_delta()[0].text() == "3x6");
    CHECK(broken(doc) == "");
}

TEST_CASE("museum: typing goes on where a format ends, in the format") {
    Doc doc = document(1);
    const Text text = doc.text("t");
    text.insert(0, "bold plain");
    text.format(0, 4, {{"bold", true}});
    for (std::size_t i = 0; i < 3; ++i) text.insert(4 + i, "!");
    text.insert(7, "\xC3\xA9");
    CHECK(text.to_delta()[0].text() == "bold!!!\xC3\xA9");
    CHECK(text.to_delta()[1].text() == " plain");
    CHECK(broken(doc) == "");
}

TEST_CASE("museum: a formatted text is the same whether it was loaded at once or came in pieces") {
    Pair pair("some text to be formatted");
    pair.a.text("t").format(5, 4, {{"bold", true}});
    pair.b.text("t").format(7, 9, {{"bold", true}, {"link", Any::object({{"href", "x"}})}});
    pair.b.text("t").erase(3, 8);
    pair.sync();
    Doc whole = support::loaded(update_of(pair.a));
    CHECK(whole.text("t").to_delta() == pair.a.text("t").to_delta());
    // Both go on alike: the marks are found again.
    whole.text("t").format(0, 9, {{"bold", nullptr}});
    pair.a.text("t").format(0, 9, {{"bold", nullptr}});
    CHECK(whole.text("t").to_delta() == pair.a.text("t").to_delta());
    CHECK(broken(whole) == "");
}

TEST_CASE("museum: half a pair in the JSON of an embed or format goes on as it came") {
    // An embed and a mark whose texts hold half a surrogate pair, escaped.
    const auto update = test::hex(
        "01 02 05 00  05 01 01 74 08 225c756438303022"  //
        "86 05 00 01 6b 08 225c756463303022  00");
    Doc doc = document(1);
    REQUIRE(doc.apply({update.data(), update.size()}).ok());
    const std::string passed_on = update_of(doc);
    CHECK(test::hex(crdt::as_bytes(passed_on)).find("225c756438303022") != std::string::npos);
    CHECK(test::hex(crdt::as_bytes(passed_on)).find("225c756463303022") != std::string::npos);
    CHECK(doc.text("t").to_delta().size() == 1);
    CHECK(broken(doc) == "");
}
