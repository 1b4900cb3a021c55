#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/document.hpp"
#include "support/edits.hpp"

using crdt::Any;
using crdt::ArrayInit;
using crdt::Doc;
using crdt::ErrorCode;
using crdt::Map;
using crdt::MapInit;
using crdt::TextInit;
using crdt::ValueKind;
using support::document;

TEST_CASE("values are set, replaced, erased and read by key") {
    Doc doc = document(1);
    const Map map = doc.map("m");
    CHECK(map.size() == 0);
    CHECK(map.set("a", 1).ok());
    CHECK(map.set("b", "two").ok());
    CHECK(map.set("a", 3).ok());
    CHECK(map.get<int>("a") == 3);
    CHECK(map.get<std::string>("b") == "two");
    CHECK(map.size() == 2);
    CHECK(map.erase("a").ok());
    CHECK(!map.contains("a"));
    CHECK(map.get("a").kind() == ValueKind::absent);
    CHECK(map.erase("a").ok());
    CHECK(map.erase("never").ok());
    CHECK(map.set("a", 4).ok());
    CHECK(map.get<int>("a") == 4);
    CHECK(map.clear().ok());
    CHECK(map.size() == 0);
    CHECK(support::broken(doc) == "");
}

TEST_CASE("null and undefined are values; absent is neither") {
    Doc doc = document(1);
    const Map map = doc.map("m");
    CHECK(map.set("null", nullptr).ok());
    CHECK(map.set("undefined", Any::undefined()).ok());
    CHECK(map.contains("null"));
    CHECK(map.get("null").any().is_null());
    CHECK(map.contains("undefined"));
    CHECK(map.get("undefined").any().is_undefined());
    CHECK(!map.contains("absent"));
    const Doc again = support::loaded(support::update_of(doc));
    CHECK(support::show(again) == support::show(doc));
}

TEST_CASE("any text is a key: empty, with zeros, and words that languages give a meaning") {
    Doc doc = document(1);
    const Map map = doc.map("m");
    const std::vector<std::string> keys = {
        "",         "__proto__", "constructor",     "toString",
        "\xc3\xa9", "0",         std::string(1, 0), std::string("a\0b", 3)};
    int value = 0;
    for (const std::string& key : keys) CHECK(map.set(key, value++).ok());
    CHECK(map.size() == keys.size());
    const Doc again = support::loaded(support::update_of(doc));
    value = 0;
    for (const std::string& key : keys) CHECK(again.map("m").get<int>(key) == value++);
}

TEST_CASE("keys that are not UTF-8 and values that are not valid are refused") {
    Doc doc = document(1);
    const Map map = doc.map("m");
    CHECK(map.set("\xff", 1).error().code == ErrorCode::invalid_utf8);
    CHECK(map.set("k", Any("\xff")).error().code == ErrorCode::invalid_argument);
    CHECK(map.set("k", TextInit("\xff")).error().code == ErrorCode::invalid_utf8);
    CHECK(map.erase("\xff").ok());
    CHECK(!map.get("\xff").exists());
    CHECK(map.size() == 0);
    CHECK(doc.encode_state_as_update()->size() == 2);
}

TEST_CASE("of concurrent values of a key the highest client's wins, everywhere") {
    std::vector<Doc> docs;
    for (const std::uint64_t id : {5U, 9U, 1U}) docs.push_back(document(id));
    for (Doc& doc : docs) CHECK(doc.map("m").set("k", static_cast<double>(raw(doc.client()))).ok());
    for (int order = 0; order < 3; ++order) {
        Doc all = document(100);
        for (std::size_t i = 0; i < docs.size(); ++i) {
            const Doc& doc = docs[(i + static_cast<std::size_t>(order)) % docs.size()];
            CHECK(support::receive(all, support::update_of(doc)).ok());
        }
        CHECK(all.map("m").get<int>("k") == 9);
        CHECK(support::broken(all) == "");
    }
}

TEST_CASE("a value that has seen another beats it, whoever set it") {
    Doc nine = document(9);
    Doc one = document(1);
    CHECK(nine.map("m").set("k", "first").ok());
    CHECK(support::receive(one, support::update_of(nine)).ok());
    CHECK(one.map("m").set("k", "second").ok());
    CHECK(support::receive(nine, support::update_of(one)).ok());
    CHECK(nine.map("m").get<std::string>("k") == "second");
}

TEST_CASE("erasing and setting at once: the new value stays") {
    Doc a = document(1);
    Doc b = document(2);
    CHECK(a.map("m").set("k", 1).ok());
    CHECK(support::receive(b, support::update_of(a)).ok());
    CHECK(a.map("m").erase("k").ok());
    CHECK(b.map("m").set("k", 2).ok());
    CHECK(support::receive(b, support::update_of(a)).ok());
    CHECK(support::receive(a, support::update_of(b)).ok());
    CHECK(a.map("m").get<int>("k") == 2);
    CHECK(b.map("m").get<int>("k") == 2);
    CHECK(support::canonical(a) == support::canonical(b));
}

TEST_CASE("types as values: what they held goes with them") {
    Doc doc = document(1);
    const Map map = doc.map("m");
    CHECK(map.set("inner", MapInit{{"list", ArrayInit{1, 2}}, {"text", TextInit("abc")}}).ok());
    const Map inner = map.get("inner").map();
    const crdt::Text text = inner.get("text").text();
    CHECK(inner.get("list").array().size() == 2);
    CHECK(text.append("d").ok());
    CHECK(text.to_string() == "abcd");
    CHECK(map.set("inner", 1).ok());
    CHECK(inner.set("x", 1).error().code == ErrorCode::deleted_type);
    CHECK(inner.erase("x").error().code == ErrorCode::deleted_type);
    CHECK(inner.clear().error().code == ErrorCode::deleted_type);
    CHECK(text.append("e").error().code == ErrorCode::deleted_type);
    CHECK(inner.size() == 0);
    CHECK(!inner.get("list").exists());
    CHECK(support::broken(doc) == "");
}

TEST_CASE("handles of nothing and of other types say so") {
    CHECK(Map().set("k", 1).error().code == ErrorCode::no_document);
    CHECK(Map().size() == 0);
    Doc doc = document(1);
    CHECK(doc.text("t").append("x").ok());
    const Map wrong = doc.map("t");
    CHECK(wrong.set("k", 1).error().code == ErrorCode::wrong_type);
    CHECK(wrong.size() == 0);
    CHECK(!wrong.get("k").exists());
}

TEST_CASE("a root that an update brought takes the type of its first use") {
    Doc first = document(1);
    CHECK(first.map("r").set("k", 1).ok());
    Doc second = support::loaded(support::update_of(first), 2);
    CHECK(second.map("r").get<int>("k") == 1);
    CHECK(second.array("r").push(1).error().code == ErrorCode::wrong_type);
    // A list never shows what stands under keys.
    Doc third = support::loaded(support::update_of(first), 3);
    CHECK(third.array("r").size() == 0);
    CHECK(third.text("r").check().error().code == ErrorCode::wrong_type);
}

TEST_CASE("one key that is set many times holds one value, and stays small") {
    Doc doc = document(1);
    for (int i = 0; i < 5000; ++i) CHECK(doc.map("m").set("k", i).ok());
    CHECK(doc.map("m").get<int>("k") == 4999);
    CHECK(support::broken(doc) == "");
    // All that was replaced is one deleted block.
    CHECK(doc.encode_state_as_update()->size() < 50);
}
