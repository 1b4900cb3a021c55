#include <doctest/doctest.h>

#include <string>

#include "support/document.hpp"
#include "unit/support/hex.hpp"

using crdt::ByteView;
using crdt::ClientId;
using crdt::Doc;
using crdt::StateVector;
using crdt::UpdateFormat;
using support::canonical;
using support::document;
using support::text_of;

namespace {

StateVector knowing(std::uint64_t client, std::uint32_t clock) {
    StateVector vector;
    REQUIRE(vector.set(ClientId{client}, crdt::Clock{clock}));
    return vector;
}

std::string diff_of(std::string_view update, const StateVector& known) {
    const auto bytes = test::hex(update);
    return test::hex(crdt::diff(ByteView(bytes), known)->view());
}

}  // namespace

TEST_CASE("diff: what is known is cut off, deletions stay") {
    // One text "abc" of client 1, of which "b" is deleted.
    const std::string whole =
        "010101000401017403616263"
        "0101010101";
    CHECK(diff_of(whole, {}) == whole);
    CHECK(diff_of(whole, knowing(1, 1)) ==
          "01010101840100026263"
          "0101010101");
    CHECK(diff_of(whole, knowing(1, 3)) ==
          "00"
          "0101010101");
    CHECK(diff_of(whole, knowing(1, 99)) ==
          "00"
          "0101010101");
    CHECK(diff_of(whole, knowing(2, 99)) == whole);
}

TEST_CASE("diff: a hole in front is left out, a later one stays") {
    const std::string holey = "010301000401017401610a03840103016500";
    CHECK(diff_of(holey, knowing(1, 1)) ==
          "010101048401030165"
          "00");
    CHECK(diff_of(holey, {}) == holey);
}

TEST_CASE("diff: as a document would answer, in both formats") {
    Doc doc = document(1);
    doc.text("t").append("known");
    const StateVector known = doc.state_vector().value();
    Doc copy = support::loaded(support::update_of(doc));
    doc.text("t").append(", and not");
    doc.array("a").push({1, "two"});
    doc.text("t").erase(0, 1);
    const crdt::Bytes v1 = crdt::diff(doc.encode_state_as_update().value(), known).value();
    CHECK(text_of(v1) == text_of(doc.encode_state_as_update(known).value()));
    const crdt::Bytes v2 =
        crdt::diff(doc.encode_state_as_update_v2().value(), known, UpdateFormat::v2).value();
    CHECK(copy.apply_v2(v2).ok());
    CHECK(canonical(copy) == canonical(doc));
}

TEST_CASE("state_vector_of: clocks from 0 up to the first hole") {
    const auto of = [](std::string_view update) {
        const auto bytes = test::hex(update);
        return raw(crdt::state_vector_of(ByteView(bytes))->get(ClientId{1}));
    };
    CHECK(of("0000") == 0);
    CHECK(of("01010100040101740361626300") == 3);
    CHECK(of("010301000401017401610a03840103016500") == 1);
    CHECK(of("0101010104010174016100") == 0);    // does not begin at 0
    CHECK(of("010201000a01840100016100") == 0);  // begins with a hole
}
