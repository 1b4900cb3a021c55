// The museum: what peers got wrong, one named case each (docs/reliability.md). "Bytes" is about
// input that no honest editor sends, "Merging" about histories that any may make.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/document.hpp"
#include "support/edits.hpp"
#include "unit/support/hex.hpp"

using crdt::Any;
using crdt::ArrayInit;
using crdt::Doc;
using crdt::Error;
using crdt::ErrorCode;
using crdt::Status;
using support::broken;
using support::canonical;
using support::document;
using support::receive;
using support::update_of;

namespace {

Status apply_hex(Doc& doc, std::string_view text) {
    const auto update = test::hex(text);
    return doc.apply({update.data(), update.size()});
}

// Refused with this code, and the document is as it was.
void refused(std::string_view text, ErrorCode code) {
    Doc doc = document(1);
    doc.text("t").append("before");
    const std::string before = support::fingerprint(doc);
    INFO(text);
    CHECK(apply_hex(doc, text).error().code == code);
    CHECK(support::fingerprint(doc) == before);
    CHECK(broken(doc) == "");
}

std::string hex(const std::string& bytes) { return test::hex(crdt::as_bytes(bytes)); }

}  // namespace

// -- bytes
// ------------------------------------------------------------------------------------------

TEST_CASE("museum: the empty update changes nothing, no bytes at all are refused") {
    Doc doc = document(1);
    CHECK(apply_hex(doc, "0000").ok());
    CHECK(hex(update_of(doc)) == "0000");
    CHECK(receive(doc, "").error() == Error{ErrorCode::unexpected_end, 0});
}

TEST_CASE("museum: random bytes end quickly (yjs #479 #498 hang)") {
    support::Random random(479);
    for (int i = 0; i < 3000; ++i) {
        Doc doc = document(1);
        std::string bytes;
        for (std::uint32_t n = random(60); n > 0; --n) bytes += static_cast<char>(random(256));
        if (!receive(doc, bytes).ok()) CHECK(hex(update_of(doc)) == "0000");
        REQUIRE(broken(doc) == "");
    }
}

TEST_CASE("museum: counts of 2^53 in a few bytes are refused before anything is allocated") {
    refused("ffffffffffffff0f 00", ErrorCode::unexpected_end);
    refused("01 ffffffffffffff0f 05 00 00 01", ErrorCode::unexpected_end);
    refused("00 ffffffffffffff0f 05", ErrorCode::unexpected_end);
    refused("00 01 05 ffffffffffffff0f 00 01", ErrorCode::unexpected_end);
    refused("01 01 05 00  08 01 01 74 ffffffffffffff0f 7e  00", ErrorCode::unexpected_end);
    refused("01 01 05 00  04 01 01 74 ffffffffffffff0f 61  00", ErrorCode::unexpected_end);
    refused("01 01 05 00  08 01 01 74 01 75 ffffffffffffff0f  00", ErrorCode::unexpected_end);
}

TEST_CASE("museum: a state vector that claims 250 M clients is refused (y-crdt 2ee533e)") {
    const auto bytes = test::hex("80e59a77 01 01");
    const auto read = crdt::StateVector::decode({bytes.data(), bytes.size()});
    CHECK(read.error().code == ErrorCode::unexpected_end);
}

TEST_CASE("museum: GC and Skip of length 2^52") {
    // Beyond 2^31-1 clocks of one client we refuse, as rulings.md says.
    refused("01 01 05 00  00 8080808080808008  00", ErrorCode::limit_exceeded);
    refused("01 02 05 00  0a 8080808080808008  00 01  00", ErrorCode::limit_exceeded);
    Doc doc = document(1);
    CHECK(apply_hex(doc, "01 01 05 00  00 80808004  00").ok());  // 2^23 clocks in one struct
    CHECK(raw(doc.state_vector()->get(crdt::ClientId{5})) == 1U << 23U);
}

TEST_CASE("museum: deleting all clocks that will ever be is one range") {
    Doc doc = document(1);
    CHECK(apply_hex(doc, "00 01 05 01 00 ffffffffffffff0f").ok());
    CHECK(apply_hex(doc, "01 01 05 00 04 01 01 74 03 616263 00").ok());
    CHECK(doc.text("t").empty());
    CHECK(broken(doc) == "");
}

TEST_CASE("museum: client ids of 53 bits are not cut to 32 (y-crdt #609)") {
    Doc a = document((1ULL << 52U) + 7);
    Doc b = document(7);
    a.text("t").append("a");
    b.text("t").append("b");
    Doc both = support::loaded(update_of(a));
    CHECK(receive(both, update_of(b)).ok());
    CHECK(both.text("t").to_string() == "ba");
    CHECK(both.state_vector()->size() == 2);
}

TEST_CASE("museum: Any nested 40,000 deep in 80 KB is refused") {
    std::string update("\x01\x01\x05\x00\x08\x01\x01\x74\x01", 9);
    for (int i = 0; i < 40'000; ++i) update += "\x75\x01";
    update += "\x7e";
    update += '\0';
    Doc doc = document(1);
    CHECK(receive(doc, update).error().code == ErrorCode::nesting_too_deep);
    CHECK(hex(update_of(doc)) == "0000");
}

TEST_CASE("museum: XML nested 50,000 deep is read, walked, printed and deleted") {
    Doc doc = document(5);
    crdt::XmlFragment at = doc.xml_fragment("x");
    for (int i = 0; i < 50'000; ++i) {
        REQUIRE(at.push(crdt::XmlElementInit("p", {{"k", i}})).ok());
        at = at.first_child().xml_element();
    }
    Doc other = support::loaded(update_of(doc));
    const crdt::XmlFragment x = other.xml_fragment("x");
    std::size_t met = 0;
    for (crdt::XmlWalker walker = x.walk(); walker.next();) ++met;
    CHECK(met == 50'000);
    const std::string printed = x.to_string();
    CHECK(printed.substr(0, 22) == "<p k=\"0\"><p k=\"1\"><p k");
    CHECK(x.erase(0).ok());
    CHECK(x.to_string().empty());
    CHECK(broken(other) == "");
    CHECK(receive(doc, update_of(other)).ok());
    CHECK(doc.xml_fragment("x").empty());
}

TEST_CASE("museum: nested arrays deleted 50,000 deep") {
    std::string update("\x01\xd0\x86\x03\x05\x00\x07\x01\x01\x61\x00", 11);  // 50,000 structs
    for (std::uint32_t i = 0; i + 1 < 50'000; ++i) {
        update += "\x07";
        update += '\0';
        update += "\x05";
        std::uint32_t clock = i;
        for (; clock >= 0x80; clock >>= 7U) update += static_cast<char>(clock | 0x80U);
        update += static_cast<char>(clock);
        update += '\0';
    }
    Doc doc = document(1);
    CHECK(receive(doc, update + std::string(1, '\0')).ok());
    CHECK(raw(doc.state_vector()->get(crdt::ClientId{5})) == 50'000);
    CHECK(apply_hex(doc, "00 01 05 01 00 01").ok());
    CHECK(doc.array("a").empty());
    CHECK(broken(doc) == "");
    // The outermost keeps its place; what it held is one GC; all of it is deleted.
    CHECK(hex(update_of(doc)) ==
          "01020500010101610100cf8603010501"
          "00d08603");
}

TEST_CASE("museum: text that is not UTF-8, in every place where text stands") {
    refused("01 01 05 00  04 01 01 74 02 61ff  00", ErrorCode::invalid_utf8);
    refused("01 01 05 00  04 01 01 ff 01 61  00", ErrorCode::invalid_utf8);
    refused("01 01 05 00  28 01 01 6d 01 ff 01 7e  00", ErrorCode::invalid_utf8);
    refused("01 01 05 00  04 01 01 74 03 eda080  00", ErrorCode::invalid_utf8);  // half a pair
    refused("01 01 05 00  04 01 01 74 02 c080  00", ErrorCode::invalid_utf8);    // overlong
    refused("01 01 05 00  08 01 01 74 01 77 01 ff  00", ErrorCode::invalid_utf8);
    refused("01 01 05 00  08 01 01 74 01 76 01 01 ff 7e  00", ErrorCode::invalid_utf8);
}

TEST_CASE("museum: bad JSON in embeds and formats") {
    refused("01 01 05 00  05 01 01 74 02 7b7b  00", ErrorCode::invalid_json);
    refused("01 01 05 00  06 01 01 74 01 62 03 747275  00", ErrorCode::invalid_json);
    refused("01 01 05 00  05 01 01 74 00  00", ErrorCode::invalid_json);
}

TEST_CASE("museum: unknown kinds of structs, contents and values") {
    refused("01 01 05 00  0b 01 01 74 01  00", ErrorCode::unknown_content);
    refused("01 01 05 00  1f 01 01 74 01  00", ErrorCode::unknown_content);
    refused("01 01 05 00  07 01 01 74 07  00", ErrorCode::unknown_content);
    refused("01 01 05 00  08 01 01 74 01 10  00", ErrorCode::unknown_tag);
    refused("01 01 05 00  00 00  00", ErrorCode::invalid_struct);  // no length
    refused("00 01 05 01 00 00", ErrorCode::invalid_struct);
}

TEST_CASE("museum: NaN, -0, 2^53, infinities and both ends of BigInt survive") {
    Doc doc = document(1);
    const std::vector<double> numbers = {std::nan(""),
                                         -0.0,
                                         9007199254740992.0,
                                         -9007199254740993.0,
                                         std::numeric_limits<double>::infinity(),
                                         -2147483648.0,
                                         2147483647.0,
                                         5e-324,
                                         0.1};
    for (const double number : numbers) CHECK(doc.array("a").push(number).ok());
    CHECK(doc.array("a").push(Any::bigint(std::numeric_limits<std::int64_t>::min())).ok());
    CHECK(doc.array("a").push(Any::bigint(std::numeric_limits<std::int64_t>::max())).ok());
    const Doc again = support::loaded(update_of(doc));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const double read = again.array("a").get(i)->any().as_number();
        CHECK((std::isnan(numbers[i]) ? std::isnan(read) : read == numbers[i]));
        CHECK(std::signbit(read) == std::signbit(numbers[i]));
    }
    CHECK(again.array("a").get(9)->any().as_bigint() == std::numeric_limits<std::int64_t>::min());
    CHECK(again.array("a").get(10)->any().as_bigint() == std::numeric_limits<std::int64_t>::max());
    CHECK(canonical(again) == canonical(doc));
}

TEST_CASE("museum: shortened by one byte (Yjs throws, yet has applied it and told of it)") {
    Doc source = document(5);
    source.text("t").append("hello");
    source.text("t").erase(1, 2);
    const std::string update = update_of(source);
    Doc doc = document(1);
    int told = 0;
    const auto heard = doc.on_update([&](crdt::ByteView, const crdt::Origin&) noexcept { ++told; });
    const Status status = receive(doc, update.substr(0, update.size() - 1));
    CHECK(status.error().code == ErrorCode::unexpected_end);
    CHECK(status.error().offset < update.size());
    CHECK(told == 0);
    CHECK(hex(update_of(doc)) == "0000");
}

// -- merging
// ----------------------------------------------------------------------------------------

TEST_CASE("museum: origins that point at non-neighbours over a tombstone (y-octo #53)") {
    // "abc" with b deleted; X between a and c, Y between a and b: in every order the same.
    const std::string base = "01 01 05 00  04 01 01 74 03 616263  01 05 01 01 01";
    const std::string_view x = "01 01 06 00  c4 05 00 05 02 01 58  00";
    const std::string_view y = "01 01 07 00  c4 05 00 05 01 01 59  00";
    const std::string_view z = "01 01 04 00  c4 05 01 05 02 01 5a  00";
    std::vector<std::string_view> all = {x, y, z};
    std::sort(all.begin(), all.end());
    std::string bytes;
    do {
        Doc doc = document(1);
        REQUIRE(apply_hex(doc, base).ok());
        for (const std::string_view update : all) REQUIRE(apply_hex(doc, update).ok());
        CHECK(broken(doc) == "");
        if (bytes.empty()) bytes = canonical(doc);
        CHECK(canonical(doc) == bytes);
    } while (std::next_permutation(all.begin(), all.end()));
}

TEST_CASE("museum: push after a deleted tail (ygo #158)") {
    Doc doc = document(1);
    doc.array("a").push({1, 2, 3});
    doc.array("a").erase(2);
    doc.array("a").push(4);
    Doc copy = support::loaded(update_of(doc));
    CHECK(copy.array("a").get(2)->as<int>() == 4);
    CHECK(canonical(copy) == canonical(doc));
    // Its origin is the tombstone (1, 2), not the last element that shows.
    CHECK(hex(update_of(doc)).find("880102017d04") != std::string::npos);
}

TEST_CASE("museum: writes to one key with another key between them (ygo #110)") {
    Doc doc = document(1);
    doc.map("m").set("a", 1);
    doc.map("m").set("b", 2);
    doc.map("m").set("a", 3);
    const Doc copy = support::loaded(update_of(doc));
    CHECK(copy.map("m").get<int>("a") == 3);
    CHECK(copy.map("m").get<int>("b") == 2);
    CHECK(canonical(copy) == canonical(doc));
}

TEST_CASE("museum: the right origin alone tells the parent (ygo #111 #151)") {
    Doc doc = document(1);
    doc.text("t").append("b");
    doc.text("t").insert(0, "a");
    const std::string update = update_of(doc);
    CHECK(hex(update) == "01020100040101740162440100016100");
    CHECK(support::loaded(update).text("t").to_string() == "ab");
    // It can lack as any cause can.
    Doc late = document(2);
    CHECK(apply_hex(late, "01 01 06 00  44 01 00 01 78  00").ok());
    CHECK(late.has_pending());
    CHECK(receive(late, update).ok());
    CHECK(late.text("t").length() == 3);
    CHECK(!late.has_pending());
}

TEST_CASE("museum: a parent in a later section of the update (ygo #112 #140)") {
    // Client 9 writes into the list that client 2 made; 9 comes first on the wire.
    Doc two = document(2);
    two.array("a").push(ArrayInit{});
    Doc nine = support::loaded(update_of(two), 9);
    nine.array("a").get(0)->array().push("in");
    const Doc copy = support::loaded(update_of(nine));
    CHECK(!copy.has_pending());
    CHECK(copy.array("a").get(0)->array().get(0)->as<std::string>() == "in");
}

TEST_CASE(
    "museum: a child of a collected parent is dropped, not an error, not grafted elsewhere "
    "(ygo #154 #156, y-crdt #181)") {
    Doc one = document(1);
    one.array("a").push(ArrayInit{1});
    Doc two = support::loaded(update_of(one), 2);
    one.array("a").erase(0);  // collected here
    const crdt::Array inner = two.array("a").get(0)->array();
    inner.push("late");
    inner.insert(0, {"later", crdt::MapInit{{"k", "latest"}}});
    CHECK(receive(one, update_of(two)).ok());
    CHECK(one.array("a").empty());
    CHECK(support::show(one) == "'' [] {}");
    CHECK(!one.has_pending());
    CHECK(receive(two, update_of(one)).ok());
    CHECK(canonical(one) == canonical(two));
    CHECK(broken(one) == "");
    CHECK(broken(two) == "");
}

TEST_CASE("museum: what waits is kept in whatever is passed on (ygo #125 #152, y-crdt #268)") {
    Doc doc = document(1);
    CHECK(apply_hex(doc, "01 01 05 03  84 05 02 01 64  01 05 01 07 01").ok());
    CHECK(doc.has_pending());
    Doc relayed = support::loaded(update_of(doc));
    CHECK(relayed.has_pending());
    CHECK(update_of(relayed) == update_of(doc));
    CHECK(apply_hex(relayed, "01 01 05 00  04 01 01 74 03 616263  00").ok());
    CHECK(relayed.text("t").to_string() == "abcd");
}

TEST_CASE("museum: a leading Skip, and Skips between (yjs #406, y-crdt #632)") {
    Doc doc = document(1);
    CHECK(apply_hex(doc, "01 04 05 00  0a 02  84 05 01 02 6364  0a 01  84 05 04 01 66  00").ok());
    CHECK(doc.text("t").empty());
    CHECK(doc.state_vector()->empty());
    CHECK(raw(doc.missing()->get(crdt::ClientId{5})) == 0);
    CHECK(apply_hex(doc, "01 01 05 00  04 01 01 74 02 6162  00").ok());
    CHECK(doc.text("t").to_string() == "abcd");  // "f" waits for "e"
    CHECK(raw(doc.missing()->get(crdt::ClientId{5})) == 4);
    CHECK(apply_hex(doc, "01 01 05 04  84 05 03 01 65  00").ok());
    CHECK(doc.text("t").to_string() == "abcdef");
}

TEST_CASE("museum: two documents with one client id: noticed, and the id renewed") {
    static constexpr auto renewed = []() noexcept { return crdt::ClientId{42}; };
    Doc a(crdt::DocOptions{.client = crdt::ClientId{7}, .new_client_id = +renewed});
    Doc b = document(7);
    a.text("t").append("one");
    b.text("t").append("three");
    CHECK(receive(a, update_of(b)).ok());
    CHECK(raw(a.client()) == 42);
    a.text("t").append("!");
    CHECK(raw(a.state_vector()->get(crdt::ClientId{42})) == 1);
    CHECK(broken(a) == "");
}
