// Renumbering, and what its map translates.
#include <doctest/doctest.h>

#include <array>
#include <crdt/base/hash.hpp>
#include <crdt/storage.hpp>

#include "support/seen.hpp"

using crdt::Association;
using crdt::Bytes;
using crdt::ByteView;
using crdt::ClientId;
using crdt::Clock;
using crdt::Doc;
using crdt::EpochMap;
using crdt::ErrorCode;
using crdt::Id;
using crdt::IdSet;
using crdt::RelativePosition;
using support::diff_for;
using support::document;
using support::loaded;
using support::receive;
using support::seen;
using support::text_of;
using support::update_of;

namespace {

crdt::Renumbered renumbered(const Doc& doc, std::uint64_t seed = 7) {
    return crdt::renumber(crdt::as_bytes(update_of(doc)), {.seed = seed}).value();
}

Doc copy_of(const Doc& doc, std::uint64_t client) { return loaded(update_of(doc), client); }

std::string translated(const EpochMap& map, const Doc& doc) {
    return text_of(map.translate_update(crdt::as_bytes(update_of(doc))).value());
}

// "Hello world" by client 1, of which "Hello" stays.
Doc hello() {
    Doc doc = document(1);
    doc.text("t").insert(0, "Hello world").value();
    doc.text("t").erase(5, 6).value();
    return doc;
}

// Where a position is in the new epoch.
std::size_t place(const Doc& doc, const EpochMap& map, const RelativePosition& old) {
    const Bytes bytes = map.translate_position(old.encode().value()).value();
    return doc.resolve(RelativePosition::decode(bytes).value())->index;
}

}  // namespace

TEST_CASE("a new epoch is what lives, in order, under one client") {
    Doc doc = document(5);
    doc.text("t").insert(0, "ac").value();
    Doc other = copy_of(doc, 3);
    other.text("t").insert(1, "xbx").value();
    other.text("t").erase(1, 1).value();
    other.text("t").erase(2, 1).value();
    receive(doc, update_of(other)).value();
    doc.map("m").set("k", 1).value();
    doc.map("m").set("k", 2).value();
    const crdt::Renumbered made = renumbered(doc);
    const crdt::UpdateInfo info = crdt::inspect(made.history).value();
    CHECK(info.items == 2);
    CHECK(info.units == 4);
    CHECK(info.delete_ranges == 0);
    REQUIRE(info.clients.size() == 1);
    CHECK(info.clients[0].client == made.map.new_client());
    CHECK(seen(loaded(text_of(made.history))) == seen(doc));
    CHECK(made.map.from_epoch() == 0);
    CHECK(made.map.to_epoch() == 1);
    CHECK(made.map.old_clients().size() == 2);
    CHECK(made.map.old_state_vector().value() == doc.state_vector().value());
}

TEST_CASE("an empty document has epochs, too") {
    const crdt::Renumbered made = renumbered(document(1));
    CHECK(text_of(made.history) == std::string(2, '\0'));
    Doc away = document(2);
    away.text("t").insert(0, "first").value();
    CHECK(loaded(translated(made.map, away)).text("t").to_string() == "first");
}

TEST_CASE("the same seed gives the same bytes, another one other ids, and taken ids are left out") {
    const Doc doc = hello();
    const crdt::Renumbered one = renumbered(doc);
    CHECK(renumbered(doc).history == one.history);
    CHECK(text_of(renumbered(doc).map.encoded()) == text_of(one.map.encoded()));
    CHECK(renumbered(doc, 8).map.new_client() != one.map.new_client());
    const std::array taken{one.map.new_client(), one.map.translate_client(ClientId{1})};
    const crdt::Renumbered other =
        crdt::renumber(crdt::as_bytes(update_of(doc)), {.seed = 7, .taken = taken}).value();
    CHECK(other.map.new_client() != taken[0]);
    CHECK(other.map.translate_client(ClientId{1}) != taken[1]);
}

TEST_CASE("histories with holes and epochs that go back are refused") {
    const Doc doc = hello();
    const std::string update = update_of(doc);
    CHECK(crdt::renumber(crdt::as_bytes(update), {.from_epoch = 3, .to_epoch = 3}).error().code ==
          ErrorCode::invalid_argument);
    CHECK(crdt::renumber({}).error().code == ErrorCode::unexpected_end);
    const Bytes rest = [&] {
        crdt::StateVector known;
        REQUIRE(known.set(ClientId{1}, Clock{3}));
        return crdt::diff(crdt::as_bytes(update), known).value();
    }();
    CHECK(crdt::renumber(rest).error().code == ErrorCode::incomplete);
}

TEST_CASE("clients stay in order, and none is met again") {
    const EpochMap map = renumbered(hello()).map;
    const auto now = [&](std::uint64_t client) {
        return raw(map.translate_client(ClientId{client}));
    };
    CHECK(now(1) > 0xffffffffU);
    CHECK(now(1) < now(2));
    CHECK(now(2) < now(0xffffffff));
    // More than 32 bits that came from an epoch before.
    CHECK(now(now(1)) < now(now(2)));
    CHECK(now(now(1)) != now(1));
    CHECK(now(crdt::kMaxClientId) <= crdt::kMaxClientId);
    CHECK(now(crdt::kMaxClientId) != crdt::kMaxClientId);
}

TEST_CASE("pending edits find their places, once") {
    Doc doc = document(1);
    doc.text("t").insert(0, "one two three").value();
    Doc away = copy_of(doc, 2);
    doc.text("t").erase(4, 4).value();
    away.text("t").insert(6, "WW").value();
    away.text("t").erase(0, 1).value();
    away.map("m").set("k", crdt::MapInit{{"in", 1}}).value();
    const crdt::Renumbered made = renumbered(doc);
    Doc now = loaded(text_of(made.history));
    for (int i = 0; i < 2; ++i) receive(now, translated(made.map, away)).value();
    CHECK(now.text("t").to_string() == "ne WWthree");
    receive(doc, update_of(away)).value();
    CHECK(seen(now) == seen(doc));
    CHECK(translated(made.map, copy_of(doc, 3)) == translated(made.map, away));
}

TEST_CASE("what comes back to a type that is gone is gone, and its clocks are taken") {
    Doc doc = document(1);
    doc.array("a").insert(0, {crdt::TextInit("inside")}).value();
    Doc away = copy_of(doc, 2);
    doc.array("a").erase(0).value();
    away.array("a").get(0)->text().insert(0, "lost ").value();
    away.array("a").push({crdt::Any(1)}).value();
    const crdt::Renumbered made = renumbered(doc);
    Doc now = loaded(text_of(made.history));
    receive(now, translated(made.map, away)).value();
    CHECK(!now.has_pending());
    CHECK(now.array("a").size() == 1);
    CHECK(now.state_vector().value().get(made.map.translate_client(ClientId{2})) == Clock{6});
}

TEST_CASE("an entry that had lost against one that is gone does not come back") {
    Doc doc = document(3);
    doc.map("m").set("k", 1).value();
    Doc low = copy_of(doc, 1);
    Doc high = copy_of(doc, 9);
    doc.map("m").set("k", 2).value();
    doc.map("m").erase("k").value();
    low.map("m").set("k", "low").value();
    high.map("m").set("k", "high").value();
    const crdt::Renumbered made = renumbered(doc);
    Doc now = loaded(text_of(made.history));
    receive(now, translated(made.map, low)).value();
    CHECK(!now.map("m").contains("k"));
    receive(now, translated(made.map, high)).value();
    CHECK(now.map("m").get("k").any() == crdt::Any("high").view());
    receive(doc, update_of(low)).value();
    receive(doc, update_of(high)).value();
    CHECK(seen(now) == seen(doc));
}

TEST_CASE("changes that build on others are given with them") {
    Doc doc = hello();
    Doc away = copy_of(doc, 2);
    away.text("t").insert(5, "!").value();
    const crdt::StateVector known = away.state_vector().value();
    away.text("t").insert(6, "?").value();
    const EpochMap map = renumbered(doc).map;
    const Bytes later = away.encode_state_as_update(known).value();
    CHECK(map.translate_update(later).error().code == ErrorCode::incomplete);
    CHECK(map.translate_update(crdt::as_bytes("\x01\x01")).error().code ==
          ErrorCode::unexpected_end);
    CHECK(map.translate_update(crdt::as_bytes(update_of(away))).ok());
}

// -- unsound variants -----------------------------------------------------------------------------

// A map of where each id went and of nothing else would put "N" behind the unit that is its origin:
// but the twin has it behind what others wrote there meanwhile.
TEST_CASE("the place of a pending edit depends on the origins of what was concurrent") {
    Doc doc = document(1);
    doc.text("t").insert(0, "ab").value();
    Doc away = copy_of(doc, 3);
    Doc other = copy_of(doc, 2);
    other.text("t").insert(1, "x").value();
    away.text("t").insert(1, "N").value();
    receive(doc, update_of(other)).value();
    const crdt::Renumbered made = renumbered(doc);
    Doc now = loaded(text_of(made.history));
    receive(now, translated(made.map, away)).value();
    CHECK(now.text("t").to_string() == "axNb");
    receive(doc, update_of(away)).value();
    CHECK(doc.text("t").to_string() == "axNb");
}

// Without a ghost for the tombstone between them both would name the same neighbours, and the lower
// client would go first: "R" in front of "L", though somebody has seen "LR".
TEST_CASE("a ghost keeps apart what a tombstone kept apart") {
    Doc doc = document(1);
    doc.text("t").insert(0, "a-b").value();
    Doc left = copy_of(doc, 9);
    Doc right = copy_of(doc, 2);
    left.text("t").insert(1, "L").value();
    right.text("t").insert(2, "R").value();
    receive(left, update_of(right)).value();
    REQUIRE(left.text("t").to_string() == "aL-Rb");
    doc.text("t").erase(1, 1).value();
    const crdt::Renumbered made = renumbered(doc);
    const std::string first = translated(made.map, left);
    const std::string second = translated(made.map, right);
    for (const bool together : {false, true}) {
        Doc now = loaded(text_of(made.history));
        if (!together) receive(now, second).value();
        receive(now, first).value();
        CHECK(now.text("t").to_string() == "aLRb");
    }
}

// "y" was written into an empty document and so stands behind all that was there, whoever wrote it.
TEST_CASE("a marker keeps behind the others what came from further away") {
    Doc doc = document(5);
    doc.text("t").insert(0, "a").value();
    Doc near = copy_of(doc, 9);
    near.text("t").insert(1, "x").value();
    Doc far = document(7);
    far.text("t").insert(0, "y").value();
    const crdt::Renumbered made = renumbered(doc);
    Doc now = loaded(text_of(made.history));
    receive(now, translated(made.map, near)).value();
    receive(now, translated(made.map, far)).value();
    for (const Doc* pending : {&near, &far}) receive(doc, update_of(*pending)).value();
    REQUIRE(doc.text("t").to_string() == "axy");
    CHECK(now.text("t").to_string() == "axy");
}

// -- ids, positions, presence, undo ---------------------------------------------------------------

TEST_CASE("ids: what lives, what is pending, and what is gone") {
    const Doc doc = hello();
    const EpochMap map = renumbered(doc).map;
    CHECK(map.translate_id({ClientId{1}, Clock{4}}) == Id{map.new_client(), Clock{4}});
    CHECK(map.translate_id({ClientId{1}, Clock{5}}) == std::nullopt);
    CHECK(map.translate_id({ClientId{1}, Clock{11}}) ==
          Id{map.translate_client(ClientId{1}), Clock{0}});
    CHECK(map.translate_id({ClientId{2}, Clock{3}}) ==
          Id{map.translate_client(ClientId{2}), Clock{3}});
    IdSet ids;
    REQUIRE(ids.insert(ClientId{1}, Clock{3}, 10));
    const IdSet now = map.translate_ids(ids).value();
    CHECK(now.range_count() == 2);
    CHECK(now.contains(map.new_client(), Clock{3}, 2));
    CHECK(now.contains(map.translate_client(ClientId{1}), Clock{0}, 2));
    // " world" was brought back by client 4 as its clocks 10 to 15, and those by client 6.
    const std::array redone{crdt::RedoneSpan{{ClientId{4}, Clock{10}}, {ClientId{6}, Clock{0}}, 6},
                            crdt::RedoneSpan{{ClientId{1}, Clock{5}}, {ClientId{4}, Clock{10}}, 6}};
    const IdSet copies = map.translate_ids(ids, redone).value();
    CHECK(copies.contains(map.translate_client(ClientId{6}), Clock{0}, 6));
}

TEST_CASE("positions are where they were") {
    Doc doc = document(1);
    doc.text("t").insert(0, "0123456789").value();
    doc.array("a").insert(0, {crdt::TextInit("inside"), crdt::TextInit("gone")}).value();
    std::vector<std::pair<RelativePosition, std::size_t>> positions;
    for (const Association side : {Association::before, Association::after}) {
        for (std::size_t i = 0; i <= 10; ++i) {
            positions.emplace_back(doc.text("t").position_at(i, side), 0);
        }
        for (const std::size_t i : {0, 3, 6}) {
            positions.emplace_back(doc.array("a").get(0)->text().position_at(i, side), 0);
        }
    }
    const RelativePosition gone = doc.array("a").get(1)->text().position_at(2);
    const RelativePosition end_of_gone = doc.array("a").get(1)->text().position_at(4);
    doc.text("t").erase(6, 4).value();
    doc.text("t").erase(2, 2).value();
    doc.text("t").erase(0, 1).value();
    doc.array("a").get(0)->text().erase(2, 4).value();
    doc.array("a").erase(1).value();
    for (auto& [position, index] : positions) index = doc.resolve(position)->index;
    const crdt::Renumbered made = renumbered(doc);
    const Doc now = loaded(text_of(made.history));
    for (const auto& [position, index] : positions) CHECK(place(now, made.map, position) == index);
    for (const RelativePosition& position : {gone, end_of_gone}) {
        CHECK(made.map.translate_position(position.encode().value()).error().code ==
              ErrorCode::deleted_type);
    }
    CHECK(made.map.translate_position({}).error().code == ErrorCode::unexpected_end);
    CHECK(made.map.translate_position(crdt::as_bytes("\x09")).error().code ==
          ErrorCode::unknown_tag);
}

TEST_CASE("presence: positions in JSON, wherever they are, and nothing else") {
    Doc doc = hello();
    doc.array("a").insert(0, {crdt::TextInit("gone")}).value();
    const std::string gone =
        text_of(doc.array("a").get(0)->text().position_at(2).to_json().value());
    const RelativePosition caret = doc.text("t").position_at(2);
    const std::string state = R"({"user":{"name":"A","type":"x"},"cursor":{"anchor":)" +
                              text_of(caret.to_json().value()) + R"(,"head":)" + gone +
                              R"(},"list":[1,null,"two"]})";
    doc.array("a").erase(0).value();
    const crdt::Renumbered made = renumbered(doc);
    const std::string now = text_of(made.map.translate_json(state).value());
    const std::string client = std::to_string(raw(made.map.new_client()));
    CHECK(now == R"({"user":{"name":"A","type":"x"},"cursor":{"anchor":{"tname":"t","item":{)"
                 R"("client":)" +
                     client + R"(,"clock":2},"assoc":0},"head":null},"list":[1,null,"two"]})");
    CHECK(made.map.translate_json("{").error().code == ErrorCode::invalid_json);
}

TEST_CASE("an undo stack goes on in the new epoch") {
    Doc doc = document(1);
    doc.text("t").insert(0, "base").value();
    Doc away = copy_of(doc, 2);
    crdt::UndoManager before{away, {away.text("t")}};
    away.text("t").insert(4, " more").value();
    away.text("t").erase(0, 2).value();
    REQUIRE(before.undo_size() == 2);
    const crdt::Renumbered made = renumbered(doc);
    Doc now = loaded(text_of(made.history), 50);
    crdt::UndoManager after{now, {now.text("t")}};
    // First the stack, which keeps what it may have to bring back, then the edits.
    for (std::size_t i = 0; i < 2; ++i) {
        const crdt::UndoItem* item = before.item(crdt::UndoStack::undo, i);
        after
            .push(crdt::UndoStack::undo, made.map.translate_ids(item->insertions()).value(),
                  made.map.translate_ids(item->deletions()).value())
            .value();
    }
    receive(now, translated(made.map, away)).value();
    CHECK(now.text("t").to_string() == "se more");
    CHECK(after.undo());
    CHECK(now.text("t").to_string() == "base more");
    CHECK(after.undo());
    CHECK(now.text("t").to_string() == "base");
}

// -- several epochs, and the bytes of maps --------------------------------------------------------

TEST_CASE("a chain of maps, and what is older than it") {
    Doc doc = hello();
    Doc away = copy_of(doc, 2);
    away.text("t").insert(5, "!").value();
    std::vector<EpochMap> maps;
    std::string history = update_of(doc);
    for (std::uint64_t epoch = 4; epoch < 7; ++epoch) {
        crdt::Renumbered made =
            crdt::renumber(crdt::as_bytes(history),
                           {.from_epoch = epoch, .to_epoch = epoch + 1, .seed = epoch})
                .value();
        history = text_of(made.history);
        maps.insert(maps.begin(), std::move(made.map));
    }
    Doc now = loaded(history);
    const std::string update = update_of(away);
    receive(now, text_of(crdt::translate_update(maps, {4, 7}, crdt::as_bytes(update)).value()))
        .value();
    CHECK(now.text("t").to_string() == "Hello!");
    const Bytes caret = away.text("t").position_at(5).encode().value();
    const Bytes moved = crdt::translate_position(maps, {4, 7}, caret).value();
    CHECK(now.resolve(RelativePosition::decode(moved).value())->index == 5);
    CHECK(crdt::translate_position(maps, {3, 7}, caret).error().code == ErrorCode::unknown_epoch);
    CHECK(crdt::translate_update(maps, {7, 8}, caret).error().code == ErrorCode::unknown_epoch);
    CHECK(crdt::translate_update(maps, {7, 4}, caret).error().code == ErrorCode::unknown_epoch);
    CHECK(crdt::translate_json(maps, {3, 4}, "{}").error().code == ErrorCode::unknown_epoch);
    CHECK(crdt::translate_ids(maps, {3, 4}, {}).error().code == ErrorCode::unknown_epoch);
    CHECK(crdt::translate_update(maps, {4, 4}, crdt::as_bytes(update)).value() ==
          crdt::translate_update({}, {9, 9}, crdt::as_bytes(update)).value());
}

TEST_CASE("damaged maps are refused: every cut and every flipped bit") {
    Doc doc = hello();
    doc.array("a").insert(0, {crdt::TextInit("x")}).value();
    const crdt::Renumbered made = renumbered(doc);
    const std::string map = text_of(made.map.encoded());
    REQUIRE(EpochMap::decode(crdt::as_bytes(map)).ok());
    for (std::size_t size = 0; size < map.size(); ++size) {
        CHECK(!EpochMap::decode(crdt::as_bytes(map.substr(0, size))).ok());
    }
    for (std::size_t bit = 0; bit < map.size() * 8; ++bit) {
        std::string flipped = map;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
        CHECK(!EpochMap::decode(crdt::as_bytes(flipped)).ok());
    }
    std::string newer = map;
    newer[4] = 2;
    CHECK(EpochMap::decode(crdt::as_bytes(newer)).error().code == ErrorCode::newer_format);
    CHECK(EpochMap::decode(crdt::as_bytes(std::string(64, 'x'))).error().code ==
          ErrorCode::not_ours);
}
