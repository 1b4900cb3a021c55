#include <doctest/doctest.h>
#include <crdt/doc/relative_position.hpp>

#include <string>

#include "support/document.hpp"
#include "unit/support/failing_memory.hpp"
#include "unit/support/hex.hpp"

using crdt::Association;
using crdt::Doc;
using crdt::Error;
using crdt::ErrorCode;
using crdt::RelativePosition;
using support::document;

namespace {

constexpr auto kBefore = Association::before;
constexpr auto kAfter = Association::after;
constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

std::size_t index_of(const Doc& doc, const RelativePosition& position) {
    const auto place = doc.resolve(position);
    return place ? place->index : kNowhere;
}

std::string bytes_of(const RelativePosition& position) {
    return test::hex(position.encode().value());
}
std::string json_of(const RelativePosition& position) {
    return support::text_of(position.to_json().value());
}

Error refused(std::string_view text) {
    const auto bytes = test::hex(text);
    return RelativePosition::decode({bytes.data(), bytes.size()}).error();
}

}  // namespace

TEST_CASE("a position stays with its unit while others edit") {
    Doc doc = document(1);
    const crdt::Text letter = doc.text("letter");
    letter.append("hello world");
    const RelativePosition caret = letter.position_at(6);
    const RelativePosition left = letter.position_at(6, kBefore);
    CHECK(index_of(doc, caret) == 6);
    CHECK(index_of(doc, left) == 6);
    letter.insert(0, "oh, ");
    CHECK(index_of(doc, caret) == 10);
    letter.insert(10, "my ");  // in the gap itself
    CHECK(index_of(doc, caret) == 13);
    CHECK(index_of(doc, left) == 10);
    letter.erase(13, 5);  // "world"
    CHECK(index_of(doc, caret) == 13);
    letter.erase(0, 9);
    CHECK(index_of(doc, caret) == 4);
    CHECK(index_of(doc, left) == 1);
    const auto place = doc.resolve(caret);
    REQUIRE(place.has_value());
    CHECK(place->type == letter);
    CHECK(place->association == kAfter);
    CHECK(support::broken(doc) == "");
}

TEST_CASE("positions made between keystrokes are those of the text as it is then") {
    Doc doc = document(1);
    const crdt::Text text = doc.text("t");
    text.append("ad");
    for (std::size_t i = 0; i < 20; ++i) {
        text.insert(1 + i, "b");
        for (const Association association : {kBefore, kAfter}) {
            for (std::size_t at = 0; at <= text.length(); ++at) {
                CHECK(index_of(doc, text.position_at(at, association)) == at);
            }
        }
        CHECK(index_of(doc, text.position_at(2 + i)) == 2 + i);
    }
    while (text.length() > 2) {
        text.erase(text.length() - 2, 1);
        const RelativePosition last = text.position_at(text.length(), kBefore);
        CHECK(bytes_of(last) == "00010141");  // "d"
        CHECK(index_of(doc, last) == text.length());
    }
    CHECK(text.to_string() == "ad");
}

TEST_CASE("starts and ends are those of the sequence") {
    Doc doc = document(1);
    const crdt::Array list = doc.array("a");
    const RelativePosition end = list.position_at(0);
    const RelativePosition start = list.position_at(0, kBefore);
    const RelativePosition past = list.position_at(9, kBefore);
    CHECK(bytes_of(end) == "01016100");
    CHECK(bytes_of(start) == "01016141");
    CHECK(!past.item().has_value());
    list.push({1, 2, 3});
    CHECK(index_of(doc, end) == 3);
    CHECK(index_of(doc, start) == 0);
    CHECK(!list.position_at(3).item().has_value());
    CHECK(bytes_of(list.position_at(3, kBefore)) == "00010241");
    // Past the end, before: behind the last item, deleted or not.
    list.erase(2);
    CHECK(bytes_of(list.position_at(9, kBefore)) == "00010241");
    CHECK(index_of(doc, list.position_at(9, kBefore)) == 2);
    CHECK(!list.position_at(9).item().has_value());
}

TEST_CASE("positions in nested types name the item that holds the type") {
    Doc doc = document(1);
    const crdt::Map map = doc.map("m");
    map.set("text", crdt::TextInit("abc"));
    const crdt::Text text = map.get("text").text();
    const RelativePosition inside = text.position_at(1);
    const RelativePosition end = text.position_at(3);
    CHECK(bytes_of(inside) == "00010200");
    CHECK(bytes_of(end) == "02010000");
    CHECK(json_of(inside) ==
          R"({"type":{"client":1,"clock":0},"item":{"client":1,"clock":2},"assoc":0})");
    text.insert(0, "xy");
    CHECK(index_of(doc, inside) == 3);
    CHECK(index_of(doc, end) == 5);
    map.erase("text");
    CHECK(index_of(doc, inside) == kNowhere);  // collected
    CHECK(index_of(doc, end) == kNowhere);

    Doc kept = document(2, false);
    kept.map("m").set("text", crdt::TextInit("abc"));
    const RelativePosition there = kept.map("m").get("text").text().position_at(1);
    kept.map("m").erase("text");
    CHECK(index_of(kept, there) == 0);  // its sequence is gone, it is not
}

TEST_CASE("positions are not known before what they name has arrived") {
    Doc a = document(1);
    Doc b = document(2);
    a.text("t").append("abc");
    const RelativePosition unit = a.text("t").position_at(1);
    const RelativePosition end = a.text("t").position_at(3);
    CHECK(index_of(b, unit) == kNowhere);
    CHECK(index_of(b, end) == kNowhere);
    CHECK(b.store()->types.roots().empty());  // asking makes no root
    CHECK(support::receive(b, support::update_of(a)).ok());
    CHECK(index_of(b, unit) == 1);
    CHECK(index_of(b, end) == 3);
    CHECK(index_of(b, RelativePosition()) == kNowhere);
}

TEST_CASE("bytes and JSON read as they were written") {
    Doc doc = document(0x1fffffffffffff);
    doc.text("\"t\xc3\xa9\n").append("abc");
    const crdt::Text text = doc.text("\"t\xc3\xa9\n");
    for (const RelativePosition& position :
         {text.position_at(0), text.position_at(2, kBefore), text.position_at(3)}) {
        const auto from_json = RelativePosition::from_json(json_of(position));
        REQUIRE(from_json.ok());
        CHECK(*from_json == position);
        const auto bytes = position.encode().value();
        const auto from_bytes = RelativePosition::decode(bytes);
        REQUIRE(from_bytes.ok());
        CHECK(bytes_of(*from_bytes) == bytes_of(position));
        CHECK(index_of(doc, *from_bytes) == index_of(doc, position));
    }
    CHECK(json_of(text.position_at(0)) ==
          "{\"tname\":\"\\\"t\xc3\xa9\\n\",\"item\":{\"client\":9007199254740991,\"clock\":0},"
          "\"assoc\":0}");
    // Only the sign of the association counts; the number stays.
    const auto odd = test::hex("01017405");
    CHECK(bytes_of(RelativePosition::decode({odd.data(), odd.size()}).value()) == "01017405");
    const auto bare = test::hex("010174");
    CHECK(bytes_of(RelativePosition::decode({bare.data(), bare.size()}).value()) == "01017400");
}

TEST_CASE("bytes that are no position") {
    CHECK(refused("") == Error{ErrorCode::unexpected_end, 0});
    CHECK(refused("00 01") == Error{ErrorCode::unexpected_end, 2});
    CHECK(refused("03 01 01") == Error{ErrorCode::unknown_tag, 0});
    CHECK(refused("01 02 74") == Error{ErrorCode::unexpected_end, 1});
    CHECK(refused("01 01 ff 00").code == ErrorCode::invalid_utf8);
    CHECK(refused("00 01 ffffffff0f 00") == Error{ErrorCode::limit_exceeded, 2});
    CHECK(refused("00 ffffffffffffff7f 00 00").code == ErrorCode::invalid_varint);
    CHECK(refused("00 01 01 00 00") == Error{ErrorCode::invalid_message, 4});
    CHECK(refused("00 01 01 80").code == ErrorCode::invalid_varint);
}

TEST_CASE("JSON that is no position") {
    const auto refused_json = [](std::string_view json) {
        return RelativePosition::from_json(json).error().code;
    };
    CHECK(refused_json("") == ErrorCode::invalid_json);
    CHECK(refused_json("{}") == ErrorCode::invalid_message);
    CHECK(refused_json("[]") == ErrorCode::invalid_message);
    CHECK(refused_json("null") == ErrorCode::invalid_message);
    CHECK(refused_json(R"({"item":null,"type":null,"tname":null})") == ErrorCode::invalid_message);
    CHECK(refused_json(R"({"item":5})") == ErrorCode::invalid_message);
    CHECK(refused_json(R"({"item":{"client":1}})") == ErrorCode::invalid_message);
    CHECK(refused_json(R"({"item":{"client":-1,"clock":0}})") == ErrorCode::invalid_message);
    CHECK(refused_json(R"({"item":{"client":1.5,"clock":0}})") == ErrorCode::invalid_message);
    CHECK(refused_json(R"({"item":{"client":9007199254740992,"clock":0}})") ==
          ErrorCode::invalid_message);
    CHECK(refused_json(R"({"type":{"client":1,"clock":2147483648}})") == ErrorCode::limit_exceeded);
    CHECK(refused_json(R"({"tname":5})") == ErrorCode::invalid_message);
    CHECK(refused_json(R"({"tname":"t","assoc":"0"})") == ErrorCode::invalid_message);
    CHECK(refused_json(R"({"tname":"t","assoc":0.5})") == ErrorCode::invalid_message);
    CHECK(refused_json("{\"tname\":\"\xff\"}") == ErrorCode::invalid_utf8);
    CHECK(refused_json(std::string(200, '[') + std::string(200, ']')) ==
          ErrorCode::nesting_too_deep);
    const auto read = RelativePosition::from_json(R"({"tname":"t","assoc":null,"other":[{}]})");
    REQUIRE(read.ok());
    CHECK(bytes_of(*read) == "01017400");
}

TEST_CASE("a position that names nothing says so") {
    const RelativePosition none;
    CHECK(!none.exists());
    CHECK(none.encode().error().code == ErrorCode::invalid_argument);
    CHECK(none.to_json().error().code == ErrorCode::invalid_argument);
    CHECK(!crdt::Text().position_at(0).exists());
    Doc doc = document(1);
    doc.map("m").set("t", crdt::TextInit("x"));
    const crdt::Text gone = doc.map("m").get("t").text();
    doc.map("m").erase("t");
    CHECK(!gone.position_at(0).exists());
}

TEST_CASE("a key's value is in front of nothing that is visible") {
    Doc doc = document(1);
    doc.map("m").set("k", 1);
    doc.map("m").set("k", 2);
    const auto old = test::hex("00 01 00 00");
    const auto now = test::hex("00 01 01 41");
    CHECK(index_of(doc, RelativePosition::decode({old.data(), old.size()}).value()) == 0);
    CHECK(index_of(doc, RelativePosition::decode({now.data(), now.size()}).value()) == 1);
}

TEST_CASE("without memory a position is not made, written or read") {
    const std::string name(100, 'n');
    Doc doc = document(1);
    doc.text(name).append("abc");
    const RelativePosition position = doc.text(name).position_at(1);
    const auto bytes = doc.text(name).position_at(3).encode().value();
    const std::string json = json_of(position);
    CHECK(test::fail_each_allocation([&] { return doc.text(name).position_at(1).exists(); }) < 10);
    CHECK(test::fail_each_allocation([&] { return position.encode().ok(); }) < 10);
    CHECK(test::fail_each_allocation([&] { return position.to_json().ok(); }) < 30);
    CHECK(test::fail_each_allocation([&] { return RelativePosition::decode(bytes).ok(); }) < 10);
    CHECK(test::fail_each_allocation([&] { return RelativePosition::from_json(json).ok(); }) < 60);
}
