#include <doctest/doctest.h>

#include <crdt/codec/update_v1.hpp>
#include <string>
#include <vector>

#include "../support/failing_memory.hpp"
#include "../support/hex.hpp"

using crdt::ClientId;
using crdt::Clock;
using crdt::Error;
using crdt::ErrorCode;
using crdt::Limits;
using crdt::detail::BlockView;
using crdt::detail::ContentKind;
using crdt::detail::DecodedUpdate;
using crdt::detail::ParentRef;

namespace {

// An update with the bytes it looks at.
struct Decoded {
    std::vector<std::uint8_t> bytes;
    DecodedUpdate update;
    Error error;

    explicit Decoded(std::string_view text, const Limits& limits = {}) : bytes(test::hex(text)) {
        error = crdt::detail::decode_update_v1({bytes.data(), bytes.size()}, limits, update);
    }
    [[nodiscard]] const BlockView& block(std::size_t i) const { return update.blocks[i]; }
    [[nodiscard]] std::string text(crdt::detail::Slice slice) const {
        return std::string(update.text(slice));
    }
    [[nodiscard]] std::string hex(crdt::detail::Slice slice) const {
        return test::hex(update.bytes(slice));
    }
};

Error error_of(std::string_view text, const Limits& limits = {}) {
    return Decoded(text, limits).error;
}
// One struct of client 1 at clock 0, or later, and no deletes.
std::string one(std::string_view text) { return "01 01 01 00" + std::string(text) + "00"; }
std::string one_at_9(std::string_view text) { return "01 01 01 09" + std::string(text) + "00"; }

std::string varint(std::uint64_t value) {
    crdt::Bytes bytes;
    crdt::detail::Writer(bytes).var_uint(value);
    return test::hex(bytes.view());
}

}  // namespace

TEST_CASE("the empty update") {
    const Decoded empty("0000");
    CHECK(empty.error == Error{});
    CHECK(empty.update.sections.empty());
    CHECK(empty.update.deletes.empty());
    CHECK(Decoded("0000 010203").error == Error{});  // trailing bytes
}

TEST_CASE("a string with a root as its parent") {
    const Decoded got(one("04 01 0174 03 616263"));
    REQUIRE(got.error == Error{});
    REQUIRE(got.update.sections.size() == 1);
    CHECK(got.update.sections[0].count == 1);
    CHECK(got.update.clients[0] == ClientId{1});
    const BlockView& block = got.block(0);
    CHECK(block.kind == ContentKind::string);
    CHECK(block.length == 3);
    CHECK(block.clock == 0);
    CHECK(block.parent == ParentRef::root);
    CHECK(got.text(block.root) == "t");
    CHECK(got.text(block.content) == "abc");
    CHECK_FALSE(block.has_key);
    CHECK(block.is_ascii());
    CHECK(block.is_canonical());
    CHECK_FALSE(block.origin.exists());
    CHECK_FALSE(block.right_origin.exists());
}

TEST_CASE("lengths of strings are UTF-16 units") {
    const Decoded pairs(one("04 01 0174 08 c3a9 f09f9880 6162"));
    REQUIRE(pairs.error == Error{});
    CHECK(pairs.block(0).length == 5);
    CHECK_FALSE(pairs.block(0).is_ascii());
    CHECK(pairs.block(0).has_pairs());
    const Decoded wide(one("04 01 0174 02 c3a9"));
    CHECK(wide.block(0).length == 1);
    CHECK_FALSE(wide.block(0).has_pairs());
}

TEST_CASE("origins, keys and parents") {
    // Client 5: root item with a key, then one with both origins, one whose parent is an item.
    const Decoded got(
        "01 04 05 07"
        "28 01 016d 026b31 01 7d01"
        "c4 05 07 09 03 02 7879"
        "24 00 05 07 016b 01 7a"
        "a1 05 08 04"
        "00");
    REQUIRE(got.error == Error{});
    REQUIRE(got.update.clients.size() == 2);
    CHECK(got.update.clients[1] == ClientId{9});
    const BlockView& first = got.block(0);
    CHECK(first.clock == 7);
    CHECK(first.kind == ContentKind::any);
    CHECK(first.has_key);
    CHECK(got.text(first.key) == "k1");
    CHECK(got.hex(first.content) == "7d01");
    const BlockView& second = got.block(1);
    CHECK(second.clock == 8);
    CHECK(second.parent == ParentRef::inherit);
    CHECK(second.origin == crdt::detail::WireId{0, 7});
    CHECK(second.right_origin == crdt::detail::WireId{1, 3});
    const BlockView& third = got.block(2);
    CHECK(third.clock == 10);
    CHECK(third.parent == ParentRef::item);
    CHECK(third.parent_item == crdt::detail::WireId{0, 7});
    CHECK(got.text(third.key) == "k");
    // Bit 6 beside an origin: the key is inherited and not on the wire.
    const BlockView& fourth = got.block(3);
    CHECK(fourth.kind == ContentKind::deleted);
    CHECK(fourth.length == 4);
    CHECK_FALSE(fourth.has_key);
    CHECK(fourth.is_item());
}

TEST_CASE("every kind of content") {
    const auto block_of = [](std::string_view text, auto&& check) {
        const Decoded got(one(text));
        CAPTURE(text);
        REQUIRE(got.error == Error{});
        check(got, got.block(0));
    };
    block_of("00 05", [](const Decoded&, const BlockView& block) {
        CHECK(block.kind == ContentKind::gc);
        CHECK(block.length == 5);
        CHECK_FALSE(block.is_item());
    });
    block_of("e0 05", [](const Decoded&, const BlockView& block) {  // upper bits do not count
        CHECK(block.kind == ContentKind::gc);
    });
    block_of("0a 8001", [](const Decoded&, const BlockView& block) {
        CHECK(block.kind == ContentKind::skip);
        CHECK(block.length == 128);
        CHECK_FALSE(block.is_item());
    });
    block_of("01 01 0174 09", [](const Decoded&, const BlockView& block) {
        CHECK(block.kind == ContentKind::deleted);
        CHECK(block.length == 9);
    });
    block_of("02 01 0161 02 0131 09 756e646566696e6564",
             [](const Decoded& got, const BlockView& block) {
                 CHECK(block.kind == ContentKind::json);
                 CHECK(block.length == 2);
                 CHECK(got.text(block.content) ==
                       "\x01"
                       "1\x09undefined");
             });
    block_of("03 01 0161 02 ff00", [](const Decoded& got, const BlockView& block) {
        CHECK(block.kind == ContentKind::binary);
        CHECK(block.length == 1);
        CHECK(got.hex(block.content) == "ff00");
    });
    block_of("05 01 0174 02 7b7d", [](const Decoded& got, const BlockView& block) {
        CHECK(block.kind == ContentKind::embed);
        CHECK(got.text(block.content) == "{}");
    });
    block_of("06 01 0174 01 62 04 74727565", [](const Decoded& got, const BlockView& block) {
        CHECK(block.kind == ContentKind::format);
        CHECK(block.length == 1);
        CHECK(got.text(block.content) ==
              "\x01"
              "b\x04true");
    });
    block_of("07 01 0161 02", [](const Decoded& got, const BlockView& block) {
        CHECK(block.kind == ContentKind::type);
        CHECK(got.hex(block.content) == "02");
    });
    block_of("07 01 0178 03 03 646976", [](const Decoded& got, const BlockView& block) {
        CHECK(got.hex(block.content) == "0303646976");
    });
    block_of("07 01 0178 05 01 68", [](const Decoded& got, const BlockView& block) {
        CHECK(got.hex(block.content) == "050168");
    });
    block_of("08 01 0161 03 7e 7d01 770161", [](const Decoded& got, const BlockView& block) {
        CHECK(block.kind == ContentKind::any);
        CHECK(block.length == 3);
        CHECK(block.is_canonical());
        CHECK(got.hex(block.content) == "7e7d01770161");
    });
    block_of("08 01 0161 02 7c3f800000 7e",
             [](const Decoded&, const BlockView& block) { CHECK_FALSE(block.is_canonical()); });
    block_of("09 01 0161 01 67 7600", [](const Decoded& got, const BlockView& block) {
        CHECK(block.kind == ContentKind::document);
        CHECK(got.hex(block.content) == "01677600");
    });
}

TEST_CASE("structs that no editor can have made") {
    const auto refused = [](const std::string& text) {
        CAPTURE(text);
        return error_of(text).code;
    };
    CHECK(refused(one("04 01 0174 00")) == ErrorCode::invalid_struct);  // empty string
    CHECK(refused(one("00 00")) == ErrorCode::invalid_struct);          // no clocks
    CHECK(refused(one("0a 00")) == ErrorCode::invalid_struct);
    CHECK(refused(one("01 01 0174 00")) == ErrorCode::invalid_struct);
    CHECK(refused(one("08 01 0161 00")) == ErrorCode::invalid_struct);
    CHECK(refused(one("02 01 0161 00")) == ErrorCode::invalid_struct);
    CHECK(refused(one("09 01 0161 01 67 7e")) == ErrorCode::invalid_struct);
    CHECK(refused(one("09 01 0161 01 67 7d05")) == ErrorCode::invalid_struct);
    CHECK(refused(one("84 01 00 01 61")) == ErrorCode::invalid_struct);  // origin: itself
    CHECK(refused(one("44 01 00 01 61")) == ErrorCode::invalid_struct);
    CHECK(refused(one("07 00 01 00 01")) == ErrorCode::invalid_struct);
    CHECK(refused(one_at_9("84 01 0a 01 61")) == ErrorCode::invalid_struct);
    CHECK(refused(one_at_9("84 01 08 01 61")) == ErrorCode::ok);
    CHECK(refused(one_at_9("84 02 0a 01 61")) == ErrorCode::ok);  // another client's
    CHECK(error_of(one("84 01 00 01 61")).offset == 5);
    CHECK(refused("00 01 01 01 03 00") == ErrorCode::invalid_struct);  // delete range of none
}

TEST_CASE("unknown kinds and tags") {
    CHECK(error_of(one("0b 05")) == Error{ErrorCode::unknown_content, 4});
    CHECK(error_of(one("1f 05")) == Error{ErrorCode::unknown_content, 4});
    CHECK(error_of(one("07 01 0161 07")) == Error{ErrorCode::unknown_content, 8});
    CHECK(error_of(one("08 01 0161 01 73")) == Error{ErrorCode::unknown_tag, 9});
}

TEST_CASE("text and JSON are validated") {
    CHECK(error_of(one("04 01 0174 02 c328")) == Error{ErrorCode::invalid_utf8, 9});
    CHECK(error_of(one("04 01 01ff 01 61")) == Error{ErrorCode::invalid_utf8, 7});
    CHECK(error_of(one("24 01 0174 01 80 01 61")) == Error{ErrorCode::invalid_utf8, 9});
    CHECK(error_of(one("05 01 0174 04 6e6f7065")) == Error{ErrorCode::invalid_json, 9});
    CHECK(error_of(one("05 01 0174 09 756e646566696e6564")).code == ErrorCode::invalid_json);
    CHECK(error_of(one("06 01 0174 01 6b 03 747275")).code == ErrorCode::invalid_json);
    CHECK(error_of(one("06 01 0174 01 ff 04 74727565")).code == ErrorCode::invalid_utf8);
    CHECK(error_of(one("02 01 0161 01 01 7b")).code == ErrorCode::invalid_json);
    CHECK(error_of(one("09 01 0161 01 ff 7600")).code == ErrorCode::invalid_utf8);
    CHECK(error_of(one("07 01 0178 03 01 ff")).code == ErrorCode::invalid_utf8);
    CHECK(error_of(one("08 01 0161 01 75017501 75017501 7500"), {.nesting = 4}).code ==
          ErrorCode::nesting_too_deep);
    CHECK(error_of(one("05 01 0174 04 5b5b5d5d"), {.nesting = 1}).code ==
          ErrorCode::nesting_too_deep);
}

TEST_CASE("numbers beyond their bounds") {
    const std::string two_to_53 = "8080808080808010";
    const std::string largest = "ffffffffffffff0f";
    const std::string two_to_31 = "8080808008";
    CHECK(error_of("01 01" + two_to_53 + "00 0001 00").code == ErrorCode::invalid_varint);
    CHECK(error_of("01 01" + largest + "00 0001 00") == Error{});  // the largest client
    CHECK(error_of("01 01 01" + two_to_31 + "0001 00").code == ErrorCode::limit_exceeded);
    CHECK(error_of(one("00" + two_to_31)).code == ErrorCode::limit_exceeded);
    CHECK(error_of(one("00 ffffffff07")) == Error{});
    CHECK(error_of(one_at_9("00 ffffffff07")).code == ErrorCode::limit_exceeded);
    CHECK(error_of(one_at_9("00" + largest)).code == ErrorCode::invalid_struct);
    CHECK(error_of(one("84 02" + two_to_31 + "01 61")).code == ErrorCode::limit_exceeded);
    CHECK(error_of("01 02 01 fdffffff07 0001 0002 00").code == ErrorCode::limit_exceeded);
    CHECK(error_of("ffff").code == ErrorCode::invalid_varint);
}

TEST_CASE("counts that cannot be are refused before anything is allocated") {
    const std::string largest = "ffffffffffffff0f";
    test::FailingMemory memory(0);
    CHECK(error_of(largest) == Error{ErrorCode::unexpected_end, 0});
    CHECK(error_of("01" + largest + "0100") == Error{ErrorCode::unexpected_end, 1});
    CHECK(error_of("00" + largest) == Error{ErrorCode::unexpected_end, 1});
    CHECK_FALSE(test::FailingMemory::failed());
}

TEST_CASE("an update cut anywhere is refused") {
    const std::string whole =
        "02 03 ffffffff0f 00 04 01 0174 03 616263 84 ffffffff0f 02 02 c3a9 07 01 0178 03 01 64"
        "   02 05 00 c8 ffffffff0f 00 07 01 02 7d01 7602 0161 7e 0131 78"
        "   26 00 ffffffff0f 04 01 6b 01 62 04 74727565"
        "01 05 01 00 01";
    const auto bytes = test::hex(whole);
    REQUIRE(error_of(whole) == Error{});
    DecodedUpdate update;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        // A copy of exactly this size, so that reading past it is seen by the sanitizer.
        const std::vector<std::uint8_t> cut(bytes.begin(),
                                            bytes.begin() + static_cast<std::ptrdiff_t>(size));
        const Error error = crdt::detail::decode_update_v1({cut.data(), size}, {}, update);
        CAPTURE(size);
        const bool refused =
            error.code == ErrorCode::unexpected_end || error.code == ErrorCode::invalid_varint;
        CHECK(refused);
        CHECK(error.offset <= size);
    }
}

TEST_CASE("limits") {
    CHECK(error_of("0000", {.update_bytes = 1}) == Error{ErrorCode::limit_exceeded, 1});
    CHECK(error_of("0000", {.update_bytes = 2}) == Error{});
    CHECK(error_of("01 02 01 00 0001 0001 00", {.structs = 1}) ==
          Error{ErrorCode::limit_exceeded, 1});
    CHECK(error_of("01 02 01 00 0001 0001 00", {.structs = 2}) == Error{});
    CHECK(error_of("02 01 01 00 0001 01 02 00 0001 00", {.clients = 1}).code ==
          ErrorCode::limit_exceeded);
    CHECK(error_of("00 02 01 01 0001 02 01 0001", {.clients = 1}).code ==
          ErrorCode::limit_exceeded);
    CHECK(error_of("02 01 01 00 0001 01 02 00 0001 00", {.clients = 0}) == Error{});
    CHECK(crdt::detail::structs_of({}, 100) == 1'000'000);
    CHECK(crdt::detail::structs_of({}, 10'000'000) == 5'000'000);
    CHECK(crdt::detail::nesting_of({.nesting = 100000}) == crdt::detail::kMaxNesting);
}

TEST_CASE("of two sections of one client the later one counts") {
    const Decoded got("02 01 01 00 04010174 0161 01 01 01 84 01 00 01 62 00");
    REQUIRE(got.error == Error{});
    REQUIRE(got.update.sections.size() == 1);
    const auto section = got.update.sections[0];
    CHECK(section.count == 1);
    CHECK(got.block(section.first).clock == 1);
    // An empty later section counts as well, and empty sections are not reported.
    CHECK(Decoded("02 01 01 00 04010174 0161 00 01 01 00").update.sections.empty());
    const Decoded three("03 01 01 00 0001 01 02 00 0001 01 01 05 0001 00");
    REQUIRE(three.update.sections.size() == 2);
    CHECK(three.update.clients[three.update.sections[0].slot] == ClientId{2});
    CHECK(three.update.clients[three.update.sections[1].slot] == ClientId{1});
    CHECK(Decoded("01 00 01 05 00").update.sections.empty());
}

TEST_CASE("delete sets") {
    const Decoded got("00 02 09 02 00 05 06 01 01 01 07 01");
    REQUIRE(got.error == Error{});
    REQUIRE(got.update.deletes.size() == 3);
    CHECK(got.update.clients[got.update.deletes[0].slot] == ClientId{9});
    CHECK(got.update.deletes[1].clock == 6);
    CHECK(got.update.deletes[2].length == 1);
    CHECK(got.update.clients[got.update.deletes[2].slot] == ClientId{1});
    // A range to the end of all clocks stays one; others must end at 2^31-1.
    const Decoded open("00 01 01 01 05 faffffffffffff0f");
    REQUIRE(open.error == Error{});
    CHECK(open.update.deletes[0].length == crdt::detail::kEndOfClocks - 5);
    CHECK(error_of("00 01 01 01 05 fbffffffffffff0f").code == ErrorCode::invalid_struct);
    CHECK(error_of("00 01 01 01 05 f9ffffffffffff0f").code == ErrorCode::limit_exceeded);
    CHECK(error_of("00 01 01 01 00 ffffffff07") == Error{});
    CHECK(error_of("00 01 01 01 01 ffffffff07").code == ErrorCode::limit_exceeded);
    CHECK(error_of("00 01 01 02 00 01") == Error{ErrorCode::unexpected_end, 3});
}

TEST_CASE("many clients") {
    constexpr std::uint64_t kClients = 3000;
    std::string text = varint(kClients);
    for (std::uint64_t i = 0; i < kClients; ++i) text += "01" + varint(i * i) + "00 0001";
    text += "01 19 01 00 01";
    const Decoded got(text);
    REQUIRE(got.error == Error{});
    CHECK(got.update.sections.size() == kClients);
    for (const auto& section : got.update.sections) {
        REQUIRE(section.count == 1);
        REQUIRE(got.block(section.first).slot == section.slot);
        REQUIRE(got.update.clients[section.slot] ==
                ClientId{std::uint64_t{section.slot} * section.slot});
    }
    CHECK(got.update.deletes[0].slot == 5);
}

TEST_CASE("one DecodedUpdate serves many updates") {
    DecodedUpdate update;
    const auto large = test::hex("0a" + [] {
        std::string text;
        for (int i = 1; i <= 10; ++i) text += "01" + varint(static_cast<unsigned>(i)) + "00 0001";
        return text;
    }() + "00");
    const auto small = test::hex("01 01 07 00 0001 00");
    for (int i = 0; i < 3; ++i) {
        REQUIRE(crdt::detail::decode_update_v1(large, {}, update) == Error{});
        CHECK(update.clients.size() == 10);
        REQUIRE(crdt::detail::decode_update_v1(small, {}, update) == Error{});
        CHECK(update.clients.size() == 1);
        CHECK(update.sections.size() == 1);
        update.trim();
    }
    test::FailingMemory memory(0);
    CHECK(crdt::detail::decode_update_v1(small, {}, update) == Error{});
}

TEST_CASE("exhausted memory is an error of its own") {
    std::string text = varint(40);
    for (unsigned i = 1; i <= 40; ++i) text += "01" + varint(i) + "00 08 01 0161 01 7600";
    text += "02 01 01 0001 02 01 0001";
    const auto bytes = test::hex(text);
    const std::size_t failures = test::fail_each_allocation([&] {
        DecodedUpdate update;
        const Error error = crdt::detail::decode_update_v1(bytes, {}, update);
        CHECK((error.code == ErrorCode::ok || error.code == ErrorCode::out_of_memory));
        return error.code == ErrorCode::ok;
    });
    CHECK(failures >= 5);
    CHECK(failures < 200);
}

TEST_CASE("delete sets by themselves") {
    crdt::IdSet set;
    CHECK(test::hex(crdt::encode_delete_set_v1(set).value().view()) == "00");
    REQUIRE(set.insert(ClientId{1}, Clock{7}, 1));
    REQUIRE(set.insert(ClientId{9}, Clock{6}, 1));
    REQUIRE(set.insert(ClientId{9}, Clock{0}, 5));
    const auto bytes = crdt::encode_delete_set_v1(set).value();
    CHECK(test::hex(bytes.view()) == "0209020005060101010701");
    CHECK(crdt::decode_delete_set_v1(bytes).value() == set);
    // Any order, overlaps.
    const auto mixed = test::hex("02 01 01 07 01 09 03 06 01 03 02 00 04");
    CHECK(crdt::decode_delete_set_v1(mixed).value() == set);
    const auto open = test::hex("01 01 01 05 faffffffffffff0f");
    CHECK(
        test::hex(
            crdt::encode_delete_set_v1(crdt::decode_delete_set_v1(open).value()).value().view()) ==
        test::hex(open));
    const auto error = [](std::string_view text, const Limits& limits = {}) {
        return crdt::decode_delete_set_v1(test::hex(text), limits).error();
    };
    CHECK(error("") == Error{ErrorCode::unexpected_end, 0});
    CHECK(error("01 01 01 03 00") == Error{ErrorCode::invalid_struct, 3});
    CHECK(error("01 01 01 8080808008 01") == Error{ErrorCode::limit_exceeded, 3});
    CHECK(error("02 01 01 0001 02 01 0001", {.clients = 1}).code == ErrorCode::limit_exceeded);
    CHECK(test::fail_each_allocation([&] { return crdt::decode_delete_set_v1(bytes).ok(); }) == 2);
    CHECK(test::fail_each_allocation([&] { return crdt::encode_delete_set_v1(set).ok(); }) >= 1);
}

TEST_CASE("random bytes are refused or read, and never more") {
    test::Random random(11);
    DecodedUpdate update;
    const auto seed = test::hex(
        "02 03 ffffffff0f 00 04 01 0174 03 616263 84 ffffffff0f 02 02 c3a9 07 01 0178 03 01 64"
        "   02 05 00 c8 ffffffff0f 00 07 01 02 7d01 7602 0161 7e 0131 78"
        "   26 00 ffffffff0f 04 01 6b 01 62 04 74727565 01 05 01 00 01");
    for (int round = 0; round < 20000; ++round) {
        auto bytes = seed;
        for (std::uint64_t k = random(4) + 1; k > 0; --k) {
            bytes[random(bytes.size())] = static_cast<std::uint8_t>(random(256));
        }
        const auto cut = static_cast<std::ptrdiff_t>(random(3));
        const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end() - cut);
        const Error error =
            crdt::detail::decode_update_v1({exact.data(), exact.size()}, {}, update);
        CHECK(error.offset <= exact.size());
        if (error.code != ErrorCode::ok) continue;
        for (const auto& section : update.sections) {
            std::uint32_t clock = update.blocks[section.first].clock;
            for (std::uint32_t i = 0; i < section.count; ++i) {
                const BlockView& block = update.blocks[section.first + i];
                if (block.clock != clock || block.length == 0 || block.slot != section.slot ||
                    block.content.offset + block.content.size > exact.size()) {
                    FAIL("a block that is not sound");
                }
                clock += block.length;
            }
        }
    }
}
