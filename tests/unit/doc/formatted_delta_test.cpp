#include <doctest/doctest.h>

#include <crdt/codec/any_to_json.hpp>
#include <crdt/crdt.hpp>
#include <string>

using crdt::Any;
using crdt::ClientId;
using crdt::Doc;
using crdt::Text;

namespace {

template <class Op>
void show_attributes(std::string& out, const Op& op) {
    for (const auto& [key, value] : op.attributes()) {
        crdt::Bytes json;
        REQUIRE(crdt::detail::any_to_strict_json(value.view(), json) == crdt::ErrorCode::ok);
        out += ' ' + key + '=' + std::string(crdt::as_text(json));
    }
}

// The deltas of all events of a text, one for each change.
struct Told {
    explicit Told(const Text& text)
        : subscription(text.observe([this](const crdt::TextEvent& event) noexcept {
              if (!shown.empty()) shown += '/';
              bool first = true;
              for (const crdt::EventOp op : event.delta()) {
                  if (!first) shown += '|';
                  first = false;
                  if (op.is_retain()) shown += '=' + std::to_string(op.length());
                  if (op.is_erase()) shown += '-' + std::to_string(op.length());
                  if (op.is_insert()) shown += op.is_text() ? std::string(op.text()) : "#";
                  show_attributes(shown, op);
              }
          })) {}
    std::string take() { return std::exchange(shown, {}); }

    std::string shown;
    crdt::Subscription subscription;
};

std::string shown(const crdt::Delta& delta) {
    std::string out;
    for (const crdt::DeltaOp& op : delta) {
        if (!out.empty()) out += '|';
        out += op.kind() == crdt::DeltaOp::Kind::insert ? op.text() : "#";
        show_attributes(out, op);
    }
    return out;
}

}  // namespace

TEST_CASE("the delta of an event tells formats of what is inserted and kept") {
    Doc doc(ClientId{1});
    const Text text = doc.text("t");
    Told told(text);
    REQUIRE(text.insert(0, "abcdef").ok());
    CHECK(told.take() == "abcdef");
    REQUIRE(text.format(1, 2, {{"bold", true}}).ok());
    CHECK(told.take() == "=1|=2 bold=true");
    REQUIRE(text.insert(2, "xy").ok());
    CHECK(told.take() == "=2|xy bold=true");
    REQUIRE(text.insert_embed(5, Any::object({{"image", "a.png"}}), {{"bold", true}}).ok());
    CHECK(told.take() == "=5|# bold=true");
    REQUIRE(text.format(0, 9, {{"bold", nullptr}}).ok());
    // As in Yjs up to the end: an ending mark is gone, too, which changes nothing.
    CHECK(told.take() == "=1|=8 bold=null");
    REQUIRE(text.erase(0, 2).ok());
    CHECK(told.take() == "-2");
}

TEST_CASE("embeds that are no objects are told like others") {
    Doc doc(ClientId{1});
    const Text text = doc.text("t");
    Told told(text);
    REQUIRE(text.insert_embed(0, 1).ok());
    CHECK(told.take() == "#");
    REQUIRE(text.insert_embed(1, true, {{"bold", true}}).ok());
    CHECK(told.take() == "=1|# bold=true");
}

TEST_CASE("a remote change is told before it is tidied up after") {
    Doc one(ClientId{1});
    Doc two(ClientId{2});
    const Text a = one.text("t");
    const Text b = two.text("t");
    const auto send = [](const Doc& from, Doc& to) {
        REQUIRE(to.apply(from.encode_state_as_update(to.state_vector().value()).value()).ok());
    };
    REQUIRE(a.insert(0, "abcd").ok());
    send(one, two);
    REQUIRE(a.format(0, 4, {{"bold", true}}).ok());
    REQUIRE(b.format(0, 4, {{"bold", true}}).ok());
    Told told(b);
    std::string order;
    const auto updates = two.on_update([&](crdt::ByteView, const crdt::Origin& origin) noexcept {
        order += origin.remote() ? 'r' : 'l';
    });
    const auto note = [&order](char what) {
        return [&order, what](const auto&...) noexcept { order += what; };
    };
    const auto begins = two.on_before_transaction(note('('));
    const auto observers = two.on_before_observers(note('o'));
    const auto after = two.on_after_transaction(note('a'));
    const auto cleaned = two.on_after_cleanup(note(')'));
    send(one, two);
    // It begins before the remote one is over, and is told behind that.
    CHECK(order == "(oa()roa)l");
    // As Yjs tells both, though the letters were bold before.
    CHECK(told.take() == "=4 bold=true/=4 bold=true");
    CHECK(shown(b.to_delta()) == "abcd bold=true");
}

TEST_CASE("a mark that is deleted alone is told of its text, not of what was changed before") {
    Doc one(ClientId{1});
    Doc two(ClientId{2});
    const Text a = one.text("t");
    REQUIRE(a.insert(0, "ab", {{"bold", true}}).ok());
    REQUIRE(two.apply(one.encode_state_as_update().value()).ok());
    two.map("unsent").set("k", 1);
    crdt::Bytes update;
    const auto updates = two.on_update([&](crdt::ByteView bytes, const crdt::Origin&) noexcept {
        static_cast<void>(update.append(bytes));
    });
    // The ending mark moves: the new one waits for what was not sent.
    REQUIRE(two.text("t").format(1, 1, {{"bold", nullptr}}).ok());
    const crdt::Map m = one.map("m");
    m.set("k", 1);
    Told told(a);
    bool map_told = false;
    const auto maps = m.observe([&](const crdt::MapEvent&) noexcept { map_told = true; });
    std::string roots;
    const auto deep = a.observe_deep([&](const crdt::DeepEvents&) noexcept { roots += "text "; });
    REQUIRE(one.apply(update).ok());
    CHECK(roots == "text ");
    CHECK_FALSE(map_told);
}

TEST_CASE("behind a mark that changes nothing the value is told that held in front of it") {
    Doc one(ClientId{1});
    Doc two(ClientId{2});
    const Text a = one.text("t");
    const Text b = two.text("t");
    const auto value = [](bool turned) {
        return turned ? Any::object({{"x", 1}, {"y", 2}}) : Any::object({{"y", 2}, {"x", 1}});
    };
    REQUIRE(a.insert(0, "abcd").ok());
    REQUIRE(two.apply(one.encode_state_as_update().value()).ok());
    REQUIRE(a.format(0, 4, {{"k", value(false)}}).ok());
    // An equal value, a mark behind it, and a letter.
    REQUIRE(b.format(1, 3, {{"k", value(true)}}).ok());
    REQUIRE(a.format(2, 1, {{"bold", true}}).ok());
    REQUIRE(b.insert(3, "e").ok());
    Told told(a);
    REQUIRE(one.apply(two.encode_state_as_update().value()).ok());
    CHECK(told.take() == R"(=3|e k={"y":2,"x":1})");
}

TEST_CASE("snapshots tell formats, and what differs") {
    Doc doc(crdt::DocOptions{.client = ClientId{1}, .collect = false});
    const Text text = doc.text("t");
    REQUIRE(text.insert(0, "abcd").ok());
    const crdt::Snapshot first = crdt::Snapshot::of(doc).value();
    REQUIRE(text.format(0, 2, {{"bold", true}}).ok());
    REQUIRE(text.erase(3, 1).ok());
    REQUIRE(text.insert(0, "x", {}).ok());
    const crdt::Snapshot second = crdt::Snapshot::of(doc).value();
    REQUIRE(text.erase(0, 4).ok());
    CHECK(shown(first.to_delta(text)) == "abcd");
    CHECK(shown(second.to_delta(text)) == "x|ab bold=true|c");
    CHECK(shown(second.to_delta(text, &first)) ==
          R"(x ychange={"type":"added"}|ab bold=true|c|d ychange={"type":"removed"})");
}

TEST_CASE("a format that is undone comes back") {
    Doc doc(ClientId{1});
    const Text text = doc.text("t");
    REQUIRE(text.insert(0, "abcd").ok());
    crdt::UndoManager undo(doc, {text});
    REQUIRE(text.format(0, 2, {{"bold", true}}).ok());
    CHECK(undo.undo());
    CHECK(shown(text.to_delta()) == "abcd");
    CHECK(undo.redo());
    CHECK(shown(text.to_delta()) == "ab bold=true|cd");
    REQUIRE(text.insert(1, "x").ok());
    CHECK(shown(text.to_delta()) == "axb bold=true|cd");
}

TEST_CASE("values that JSON cannot say go whole in format V2") {
    Doc one(ClientId{1});
    REQUIRE(one.text("t").insert(0, "a", {{"size", -0.0}}).ok());
    Doc two(ClientId{2});
    REQUIRE(two.apply_v2(one.encode_state_as_update_v2().value()).ok());
    CHECK(two.encode_state_as_update_v2().value() == one.encode_state_as_update_v2().value());
    CHECK(two.encode_state_as_update().value() == one.encode_state_as_update().value());
}
