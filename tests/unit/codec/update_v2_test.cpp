#include <doctest/doctest.h>
#include <crdt/codec/update_v2.hpp>
#include <crdt/codec/update_writer.hpp>

#include <string>
#include <vector>

#include "../support/failing_memory.hpp"
#include "../support/hex.hpp"

using crdt::Any;
using crdt::ClientId;
using crdt::Clock;
using crdt::Error;
using crdt::ErrorCode;
using crdt::Limits;
using crdt::detail::BlockView;
using crdt::detail::ContentKind;
using crdt::detail::DecodedUpdate;
using crdt::detail::UpdateWriterV1;
using crdt::detail::UpdateWriterV2;

namespace {

// An update with the bytes it looks at.
struct DecodedV2 {
    std::vector<std::uint8_t> bytes;
    DecodedUpdate update;
    Error error;

    explicit DecodedV2(std::string_view text, const Limits& limits = {}) : bytes(test::hex(text)) {
        error = crdt::detail::decode_update_v2({bytes.data(), bytes.size()}, limits, update);
    }
    explicit DecodedV2(const crdt::Bytes& written) : bytes(written.begin(), written.end()) {
        error = crdt::detail::decode_update_v2({bytes.data(), bytes.size()}, {}, update);
    }
    [[nodiscard]] std::string content(std::size_t i) const {
        return test::hex(update.bytes(update.blocks[i].content));
    }
};

ErrorCode code_of(std::string_view text, const Limits& limits = {}) {
    return DecodedV2(text, limits).error.code;
}

// One section of client 1 from clock 0 on, and no deletes.
template <class Writer = UpdateWriterV2, class Structs>
crdt::Bytes written(Structs&& structs) {
    crdt::Bytes bytes;
    Writer out(bytes);
    out.begin_section(1, 0);
    structs(out);
    REQUIRE(out.finish().ok());
    return bytes;
}
// Contents of an item at the start of root "r".
template <class Writer>
void item(Writer& out, ContentKind kind) {
    out.info(static_cast<unsigned>(kind));
    out.parent_root(crdt::as_bytes("r"));
}

crdt::Bytes in_v1(const DecodedUpdate& update) {
    crdt::Bytes bytes;
    UpdateWriterV1 out(bytes);
    out.begin_section(1, 0);
    for (const BlockView& block : update.blocks) crdt::detail::put_block(out, update, block);
    REQUIRE(out.finish().ok());
    return bytes;
}

}  // namespace

TEST_CASE("V2: the empty update") {
    crdt::Bytes bytes;
    UpdateWriterV2 out(bytes);
    REQUIRE(out.finish().ok());
    CHECK(test::hex(bytes.view()) == "00000000000001000000000000");
    CHECK(DecodedV2(bytes).error == Error{});
    CHECK(DecodedV2("00000000000001000000000000 0102").error == Error{});  // trailing bytes
}

TEST_CASE("V2: contents arrive as V1 has them") {
    const crdt::Bytes bytes = written([](UpdateWriterV2& out) {
        item(out, ContentKind::string);
        out.string(crdt::as_bytes("hi"), 2);
        item(out, ContentKind::any);
        out.length(2);
        out.any(Any(1).view().encoded());
        out.any(Any("x").view().encoded());
        item(out, ContentKind::json);
        out.length(2);
        out.text(crdt::as_bytes("{\"a\":1}"));
        out.text(crdt::as_bytes("undefined"));
        item(out, ContentKind::embed);
        out.json_text(crdt::as_bytes("{\"i\":0.5}"));
        item(out, ContentKind::format);
        out.name(crdt::as_bytes("bold"));
        out.json_text(crdt::as_bytes("true"));
        item(out, ContentKind::type);
        out.type_ref(3);
        out.name(crdt::as_bytes("p"));
        item(out, ContentKind::type);
        out.type_ref(1);
        item(out, ContentKind::document);
        out.text(crdt::as_bytes("guid"));
        out.any(Any::object({}).view().encoded());
        item(out, ContentKind::deleted);
        out.length(7);
        out.gc(5);
        out.skip(3);
        item(out, ContentKind::binary);
        out.binary(test::hex("c0ff"));
    });
    const DecodedV2 decoded(bytes);
    REQUIRE(decoded.error == Error{});
    REQUIRE(decoded.update.blocks.size() == 12);
    CHECK(decoded.content(0) == "6869");
    CHECK(decoded.content(1) == "7d01770178");
    CHECK(decoded.content(4) == "04626f6c640474727565");
    CHECK(decoded.update.text(decoded.update.blocks[3].content) == "{\"i\":0.5}");
    CHECK(decoded.content(5) == "030170");
    CHECK(decoded.content(6) == "01");
    CHECK(decoded.update.blocks[8].length == 7);
    CHECK(decoded.update.text(decoded.update.blocks[11].root) == "r");

    // The same from the bytes of V1, and back again.
    const crdt::Bytes v1 = in_v1(decoded.update);
    DecodedUpdate other;
    REQUIRE(crdt::detail::decode_update_v1(v1, {}, other).code == ErrorCode::ok);
    REQUIRE(other.blocks.size() == decoded.update.blocks.size());
    for (std::size_t i = 0; i < other.blocks.size(); ++i) {
        CAPTURE(i);
        CHECK(test::hex(other.bytes(other.blocks[i].content)) == decoded.content(i));
        CHECK(other.blocks[i].length == decoded.update.blocks[i].length);
        CHECK(other.blocks[i].flags == decoded.update.blocks[i].flags);
    }
    const crdt::Bytes again = written([&](UpdateWriterV2& out) {
        for (const BlockView& block : other.blocks) crdt::detail::put_block(out, other, block);
    });
    CHECK(test::hex(again.view()) == test::hex(bytes.view()));
}

TEST_CASE("V2: values that JSON cannot say stay what they are, and V1 gets the next best") {
    const crdt::Bytes bytes = written([](UpdateWriterV2& out) {
        item(out, ContentKind::embed);
        out.json_any(Any(-0.0).view().encoded());
        item(out, ContentKind::format);
        out.name(crdt::as_bytes("k"));
        out.json_any(Any::undefined().view().encoded());
    });
    const DecodedV2 decoded(bytes);
    REQUIRE(decoded.error == Error{});
    CHECK(decoded.update.blocks[0].has_any_value());
    CHECK(decoded.content(0) == "7d40");
    CHECK(decoded.update.blocks[1].has_any_value());
    CHECK(decoded.content(1) == "016b7f");
    DecodedUpdate other;
    const crdt::Bytes v1 = in_v1(decoded.update);
    REQUIRE(crdt::detail::decode_update_v1(v1, {}, other).code == ErrorCode::ok);
    CHECK(other.text(other.blocks[0].content) == "0");
    CHECK(test::hex(other.bytes(other.blocks[1].content)) == "016b046e756c6c");
}

TEST_CASE("V2: names may be named by their number") {
    std::string bytes = test::hex(written([](UpdateWriterV2& out) {
                                      for (const char* const name : {"k", "l"}) {
                                          item(out, ContentKind::format);
                                          out.name(crdt::as_bytes(name));
                                          out.json_text(crdt::as_bytes("1"));
                                      }
                                  }).view());
    REQUIRE(bytes.starts_with("00020002"));  // key numbers 0 and 1, as Yjs writes them
    CHECK(DecodedV2(bytes).content(1) == "016c0131");
    bytes.replace(0, 8, "00020100");  // twice 0
    CHECK(DecodedV2(bytes).content(0) == "016b0131");
    CHECK(DecodedV2(bytes).content(1) == "016b0131");
}

TEST_CASE("V2: lone surrogates survive, and V1 gets U+FFFD") {
    const crdt::Bytes bytes = written([](UpdateWriterV2& out) {
        item(out, ContentKind::string);
        out.strings().write(u"a\xd83d", 2);
        out.info(0x80U | static_cast<unsigned>(ContentKind::string));
        out.left_id(1, 1);
        out.strings().write(u"\xde00", 1);
    });
    const DecodedV2 decoded(bytes);
    REQUIRE(decoded.error == Error{});
    CHECK(decoded.update.blocks[0].has_halves());
    CHECK(decoded.content(0) == "61eda0bd");
    CHECK(decoded.content(1) == "edb880");
    const crdt::Bytes again = written([&](UpdateWriterV2& out) {
        for (const BlockView& block : decoded.update.blocks) {
            crdt::detail::put_block(out, decoded.update, block);
        }
    });
    CHECK(test::hex(again.view()) == test::hex(bytes.view()));
    DecodedUpdate other;
    const crdt::Bytes v1 = in_v1(decoded.update);
    REQUIRE(crdt::detail::decode_update_v1(v1, {}, other).code == ErrorCode::ok);
    CHECK(test::hex(other.bytes(other.blocks[0].content)) == "61efbfbd");
}

TEST_CASE("V2: blocks are cut at any unit") {
    const crdt::Bytes bytes = written([](UpdateWriterV2& out) {
        item(out, ContentKind::string);
        out.string(crdt::as_bytes("a\xf0\x9f\x98\x80z"), 4);
    });
    const DecodedV2 decoded(bytes);
    const auto cut = [&](std::uint32_t units) {
        const crdt::Bytes v1 = written<UpdateWriterV1>([&](UpdateWriterV1& out) {
            crdt::detail::put_block(out, decoded.update, decoded.update.blocks[0], units);
        });
        return test::hex(v1.view());
    };
    // Info, the unit in front, and the text that is left.
    CHECK(cut(1) == "0101010084010005f09f98807a00");
    CHECK(cut(2) == "0101010084010104efbfbd7a00");
    CHECK(cut(3) == "01010100840102017a00");
}

TEST_CASE("V2: tiny inputs that declare much are refused without memory") {
    const crdt::Bytes bytes = written([](UpdateWriterV2& out) {
        for (int i = 0; i < 100'000; ++i) out.gc(1);
    });
    CHECK(bytes.size() < 40);
    CHECK(DecodedV2(bytes).error == Error{});  // as honest as any, within the limit
    Limits few;
    few.structs = 1000;
    DecodedUpdate update;
    CHECK(crdt::detail::decode_update_v2(bytes, few, update).code == ErrorCode::limit_exceeded);
    // 2^31 structs, with columns that hold one.
    const char* const many = "00 00 0101 00 00 0100 020000 00 00 0101 01 ffffffff07 00 00";
    CHECK(code_of(many) == ErrorCode::limit_exceeded);
    // 1000 structs, with lengths for one of them.
    CHECK(code_of("00 00 0101 00 00 0100 020000 00 00 0101 01 e807 00 00") ==
          ErrorCode::unexpected_end);
}

TEST_CASE("V2: what ends early is refused at every byte") {
    const crdt::Bytes bytes = written([](UpdateWriterV2& out) {
        item(out, ContentKind::string);
        out.string(crdt::as_bytes("text"), 4);
        item(out, ContentKind::any);
        out.length(1);
        out.any(Any("value").view().encoded());
        out.info(0xc4);
        out.left_id(1, 0);
        out.right_id(2, 5);
        out.string(crdt::as_bytes("x"), 1);
        crdt::IdSet deleted;
        REQUIRE(deleted.insert(ClientId{1}, Clock{2}, 2));
        out.deletes(deleted);
    });
    REQUIRE(DecodedV2(bytes).error == Error{});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CAPTURE(size);
        DecodedUpdate update;
        const Error error = crdt::detail::decode_update_v2(bytes.view().first(size), {}, update);
        CHECK(error.code != ErrorCode::ok);
        CHECK(error.offset <= size);
    }
}

TEST_CASE("V2: memory may run out anywhere") {
    const crdt::Bytes bytes = written([](UpdateWriterV2& out) {
        item(out, ContentKind::format);
        out.name(crdt::as_bytes("key"));
        out.json_text(crdt::as_bytes("{\"a\":[1,2]}"));
        item(out, ContentKind::json);
        out.length(1);
        out.text(crdt::as_bytes("12"));
    });
    CHECK(test::fail_each_allocation([&] {
              DecodedUpdate update;
              return crdt::detail::decode_update_v2(bytes, {}, update).code == ErrorCode::ok;
          }) >= 3);
    CHECK(test::fail_each_allocation([&] {
              crdt::Bytes out;
              UpdateWriterV2 writer(out);
              writer.begin_section(1, 0);
              item(writer, ContentKind::embed);
              writer.json_text(crdt::as_bytes("[1]"));
              return writer.finish().ok();
          }) >= 3);
}

TEST_CASE("delete sets in V2 count from the end of the range before") {
    crdt::IdSet set;
    REQUIRE(set.insert(ClientId{1}, Clock{3}, 2));
    REQUIRE(set.insert(ClientId{1}, Clock{9}, 1));
    REQUIRE(set.insert(ClientId{7}, Clock{0}, 4));
    const crdt::Bytes bytes = crdt::encode_delete_set_v2(set).value();
    CHECK(test::hex(bytes.view()) == "0207010003010203010400");
    CHECK(crdt::decode_delete_set_v2(bytes).value() == set);
    const auto code = [](std::string_view text) {
        const std::vector<std::uint8_t> input = test::hex(text);
        return crdt::decode_delete_set_v2(input).error().code;
    };
    CHECK(code("01 01 01 00") == ErrorCode::unexpected_end);
    CHECK(code("01 01 01 00 ffffffffffffff0f") == ErrorCode::invalid_struct);
    CHECK(code("01 01 02 00 feffffffffffff0f 00 00") == ErrorCode::invalid_struct);
    CHECK(code("01 01 01 ffffffffffffff0f 00") == ErrorCode::invalid_struct);
}
