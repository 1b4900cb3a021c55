#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/document.hpp"
#include "support/edits.hpp"

using crdt::Any;
using crdt::Array;
using crdt::ArrayInit;
using crdt::Binary;
using crdt::Doc;
using crdt::Error;
using crdt::ErrorCode;
using crdt::MapInit;
using crdt::TextInit;
using crdt::ValueKind;
using support::document;

namespace {

std::vector<int> numbers(const Array& array) {
    std::vector<int> all;
    array.for_each([&](const crdt::Value& value) { all.push_back(value.as<int>().value_or(-1)); });
    return all;
}

}  // namespace

TEST_CASE("elements are inserted, pushed, erased and read") {
    Doc doc = document(1);
    const Array list = doc.array("a");
    CHECK(list.empty());
    CHECK(list.push({1, 2, 3}).ok());
    CHECK(list.insert(0, {0}).ok());
    CHECK(list.insert(4, {4}).ok());
    CHECK(numbers(list) == std::vector{0, 1, 2, 3, 4});
    CHECK(list.erase(1, 3).ok());
    CHECK(numbers(list) == std::vector{0, 4});
    CHECK(list.insert(1, {}).ok());
    CHECK(list.erase(2, 0).ok());
    CHECK(list.size() == 2);
    CHECK(list.get(1)->as<int>() == 4);
    CHECK(support::broken(doc) == "");
}

TEST_CASE("every kind of content can stand in a list") {
    Doc doc = document(1);
    const Array list = doc.array("a");
    static constexpr std::uint8_t kBytes[] = {0, 255, 7};
    CHECK(list.push({nullptr, true, 1.5, "text", Any::bigint(-1), Any::object({{"k", Any(1)}}),
                     Any::array({Any(1), Any(2)}), Binary{{kBytes, 3}}, TextInit("in"),
                     ArrayInit{1, ArrayInit{2}}, MapInit{{"k", "v"}}})
              .ok());
    REQUIRE(list.size() == 11);
    const auto at = [&](std::size_t i) { return *list.get(i); };
    CHECK(at(0).any().is_null());
    CHECK(at(1).as<bool>() == true);
    CHECK(at(2).as<double>() == 1.5);
    CHECK(at(2).as<int>() == std::nullopt);
    CHECK(at(3).as<std::string>() == "text");
    CHECK(at(4).any().as_bigint() == -1);
    CHECK(at(5).any().find("k")->as_number() == 1);
    CHECK(at(6).any().size() == 2);
    CHECK(at(7).kind() == ValueKind::binary);
    CHECK(crdt::as_text(at(7).binary()) == crdt::as_text({kBytes, 3}));
    CHECK(at(8).text().to_string() == "in");
    CHECK(at(9).array().get(1)->array().get(0)->as<int>() == 2);
    CHECK(at(10).map().get<std::string>("k") == "v");
    CHECK(at(10).array().check().error().code == ErrorCode::wrong_type);
    CHECK(support::broken(doc) == "");
    const Doc again = support::loaded(support::update_of(doc));
    CHECK(support::show(again) == support::show(doc));
}

TEST_CASE("past the end is an error with the index, and nothing has changed") {
    Doc doc = document(1);
    const Array list = doc.array("a");
    CHECK(list.push({1, 2}).ok());
    const std::string before = support::fingerprint(doc);
    CHECK(list.insert(3, {0}).error() == Error{ErrorCode::index_out_of_range, 3});
    CHECK(list.erase(1, 2).error().code == ErrorCode::index_out_of_range);
    CHECK(list.erase(3).error() == Error{ErrorCode::index_out_of_range, 3});
    CHECK(list.erase(1, static_cast<std::size_t>(-1)).error().code ==
          ErrorCode::index_out_of_range);
    CHECK(list.get(2).error() == Error{ErrorCode::index_out_of_range, 2});
    CHECK(list.get(static_cast<std::size_t>(-1)).error().code == ErrorCode::index_out_of_range);
    CHECK(support::fingerprint(doc) == before);
}

TEST_CASE("content that is not valid is refused whole") {
    Doc doc = document(1);
    const Array list = doc.array("a");
    CHECK(list.push({1, TextInit("a\xff")}).error() == Error{ErrorCode::invalid_utf8, 1});
    CHECK(list.push({1, MapInit{{"\xff", 1}}}).error().code == ErrorCode::invalid_utf8);
    CHECK(list.push({1, Any("\xff")}).error().code == ErrorCode::invalid_argument);
    CHECK(list.empty());
    CHECK(doc.encode_state_as_update()->size() == 2);
    ArrayInit deep;
    for (int i = 0; i < 600; ++i) {
        ArrayInit around;
        around.contents.emplace_back(std::move(deep));
        deep = std::move(around);
    }
    CHECK(list.push(std::move(deep)).error().code == ErrorCode::nesting_too_deep);
    CHECK(doc.encode_state_as_update()->size() == 2);
}

TEST_CASE("[Y19] [Y20] insert goes in front of tombstones, push behind all of them") {
    // What the two do differs only once a neighbour comes back from afar: both origins are told.
    Doc doc = document(1);
    Doc other = document(2);
    CHECK(doc.array("a").push({1, 2}).ok());
    CHECK(support::receive(other, support::update_of(doc)).ok());
    CHECK(doc.array("a").erase(1).ok());
    CHECK(doc.array("a").insert(1, {3}).ok());
    CHECK(other.array("a").insert(1, {9}).ok());  // between 1 and 2
    CHECK(doc.array("a").push(4).ok());
    CHECK(support::receive(doc, support::update_of(other)).ok());
    CHECK(support::receive(other, support::update_of(doc)).ok());
    // 3 and 9 compete for one gap, the smaller client left; 4 stands behind the tombstone of 2.
    CHECK(numbers(doc.array("a")) == std::vector{1, 3, 9, 4});
    CHECK(numbers(other.array("a")) == std::vector{1, 3, 9, 4});
}

TEST_CASE("a list agrees with a vector through random edits") {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        Doc doc = document(seed + 1);
        const Array list = doc.array("a");
        std::vector<int> model;
        support::Random random(seed);
        for (int i = 0; i < 1500; ++i) {
            const std::size_t at = random(model.size() + 1);
            if (random(3) != 0) {
                REQUIRE(list.insert(at, {i, -i}).ok());
                model.insert(model.begin() + static_cast<std::ptrdiff_t>(at), {i, -i});
            } else {
                const std::size_t count = random(std::min<std::size_t>(model.size() - at, 6) + 1);
                REQUIRE(list.erase(at, count).ok());
                const auto first = model.begin() + static_cast<std::ptrdiff_t>(at);
                model.erase(first, first + static_cast<std::ptrdiff_t>(count));
            }
            if (!model.empty()) {
                const std::size_t some = random(model.size());
                REQUIRE(list.get(some)->as<int>() == model[some]);
            }
        }
        REQUIRE(numbers(list) == model);
        REQUIRE(support::broken(doc) == "");
    }
}

TEST_CASE("what stood in a deleted list is gone, its handles say so") {
    Doc doc = document(1);
    CHECK(doc.array("a").push(ArrayInit{ArrayInit{1}, TextInit("x")}).ok());
    const Array outer = doc.array("a").get(0)->array();
    const Array inner = outer.get(0)->array();
    const crdt::Text text = outer.get(1)->text();
    CHECK(doc.array("a").erase(0).ok());
    CHECK(outer.push(1).error().code == ErrorCode::deleted_type);
    CHECK(inner.push(1).error().code == ErrorCode::deleted_type);
    CHECK(inner.erase(0).error().code == ErrorCode::deleted_type);
    CHECK(inner.get(0).error().code == ErrorCode::deleted_type);
    CHECK(text.append("y").error().code == ErrorCode::deleted_type);
    CHECK(inner.size() == 0);
    CHECK(numbers(inner).empty());
    CHECK(Array().push(1).error().code == ErrorCode::no_document);
    CHECK(doc.array("a").push(2).ok());
    CHECK(support::broken(doc) == "");
}
