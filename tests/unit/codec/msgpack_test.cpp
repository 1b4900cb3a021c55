#include <doctest/doctest.h>

#include <crdt/codec/msgpack.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#if __has_include(<msgpack.hpp>)
#define MSGPACK_NO_BOOST
#include <msgpack.hpp>
#endif

#include "unit/support/failing_memory.hpp"

using crdt::Bytes;
using crdt::ByteView;
using crdt::ErrorCode;
using crdt::detail::MsgpackReader;
using crdt::detail::MsgpackWriter;

namespace {

constexpr std::uint64_t kNumbers[] = {0,     1,     127,        128,         255,         256,
                                      65535, 65536, 0xffffffff, 0x100000000, 1ULL << 53U, ~0ULL};
constexpr std::size_t kSizes[] = {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536};

void write_all(MsgpackWriter& out) {
    out.map(3);
    out.text("numbers");
    out.array(static_cast<std::uint32_t>(std::size(kNumbers)));
    for (const std::uint64_t number : kNumbers) out.number(number);
    out.text("sizes");
    out.array(static_cast<std::uint32_t>(2 * std::size(kSizes)));
    for (const std::size_t size : kSizes) {
        const std::string text(size, 'x');
        out.text(text);
        out.bytes(crdt::as_bytes(text));
    }
    out.text("others");
    out.array(4);
    out.boolean(true);
    out.boolean(false);
    out.nil();
    out.map(0);
}

Bytes all() {
    Bytes bytes;
    MsgpackWriter out(bytes);
    write_all(out);
    REQUIRE(out.ok());
    return bytes;
}

std::string of(std::initializer_list<int> bytes) {
    std::string made;
    for (const int byte : bytes) made += static_cast<char>(byte);
    return made;
}

}  // namespace

TEST_CASE("what is written is read") {
    const Bytes bytes = all();
    MsgpackReader in(bytes);
    CHECK(in.map() == 3);
    CHECK(in.text() == "numbers");
    CHECK(in.array() == std::size(kNumbers));
    for (const std::uint64_t number : kNumbers) CHECK(in.number() == number);
    CHECK(in.text() == "sizes");
    CHECK(in.array() == 2 * std::size(kSizes));
    for (const std::size_t size : kSizes) {
        CHECK(in.text().size() == size);
        CHECK(in.bytes().size() == size);
    }
    CHECK(in.text() == "others");
    CHECK(in.array() == 4);
    CHECK(in.boolean());
    CHECK(!in.boolean());
    in.skip_value();
    CHECK(in.map() == 0);
    CHECK(in.ok());
    CHECK(in.at_end());
    MsgpackReader whole(bytes);
    whole.skip_value();
    CHECK(whole.ok());
    CHECK(whole.at_end());
}

TEST_CASE("counts and sizes are compared with what is left") {
    CHECK(MsgpackReader(crdt::as_bytes(of({0xdf, 0xff, 0xff, 0xff, 0xff}))).map() == 0);
    CHECK(MsgpackReader(crdt::as_bytes(of({0xdd, 0xff, 0xff, 0xff, 0xff}))).array() == 0);
    CHECK(MsgpackReader(crdt::as_bytes(of({0xdb, 0xff, 0xff, 0xff, 0xff}))).text().empty());
    CHECK(MsgpackReader(crdt::as_bytes(of({0xc6, 0xff, 0xff, 0xff, 0xff}))).bytes().empty());
    const std::string deep(100'000, static_cast<char>(0x91));
    MsgpackReader nested(crdt::as_bytes(deep));
    nested.skip_value();
    CHECK(nested.error().code == ErrorCode::unexpected_end);
}

TEST_CASE("each cut is found") {
    const Bytes bytes = all();
    for (std::size_t size = 0; size < bytes.size(); size += size < 4096 ? 1 : 997) {
        MsgpackReader in(ByteView(bytes.data(), size));
        in.skip_value();
        CHECK(in.error().code == ErrorCode::unexpected_end);
        CHECK(in.error().offset <= size);
    }
}

TEST_CASE("a value of another kind is refused") {
    const std::string text = of({0xa1, 'x'});
    MsgpackReader number(crdt::as_bytes(text));
    CHECK(number.number() == 0);
    CHECK(number.error().code == ErrorCode::unknown_tag);
    MsgpackReader bytes(crdt::as_bytes(text));
    CHECK(bytes.bytes().empty());
    CHECK(bytes.error().code == ErrorCode::unknown_tag);
    MsgpackReader boolean(crdt::as_bytes(text));
    CHECK(!boolean.boolean());
    CHECK(boolean.error().code == ErrorCode::unknown_tag);
    const std::string seven = of({7});
    MsgpackReader map(crdt::as_bytes(seven));
    CHECK(map.map() == 0);
    CHECK(map.error().code == ErrorCode::unknown_tag);
    MsgpackReader named(crdt::as_bytes(seven));
    CHECK(named.text().empty());
    CHECK(named.error().code == ErrorCode::unknown_tag);
    const std::string never = of({0xc1});
    MsgpackReader reserved(crdt::as_bytes(never));
    reserved.skip_value();
    CHECK(reserved.error().code == ErrorCode::unknown_tag);
    const std::string bad = of({0xa1, 0xff});
    MsgpackReader utf8(crdt::as_bytes(bad));
    CHECK(utf8.text().empty());
    CHECK(utf8.error().code == ErrorCode::invalid_utf8);
}

TEST_CASE("a writer without memory says so") {
    test::FailingMemory memory(0);
    Bytes bytes;
    MsgpackWriter out(bytes);
    out.text("a text that needs memory");
    CHECK(!out.ok());
}

#if __has_include(<msgpack.hpp>)
TEST_CASE("msgpack-c reads what is written, and writes the same") {
    const Bytes bytes = all();
    const msgpack::object_handle read =
        msgpack::unpack(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const msgpack::object_map& map = read.get().via.map;
    REQUIRE(map.size == 3);
    CHECK(map.ptr[0].key.as<std::string>() == "numbers");
    const auto numbers = map.ptr[0].val.as<std::vector<std::uint64_t>>();
    CHECK(numbers == std::vector<std::uint64_t>(std::begin(kNumbers), std::end(kNumbers)));
    CHECK(map.ptr[1].val.via.array.size == 2 * std::size(kSizes));
    msgpack::sbuffer buffer;
    msgpack::packer<msgpack::sbuffer> packer(buffer);
    packer.pack(read.get());
    CHECK(std::string_view(buffer.data(), buffer.size()) == crdt::as_text(bytes));
}

TEST_CASE("skip passes over whatever msgpack-c writes") {
    msgpack::sbuffer buffer;
    msgpack::packer<msgpack::sbuffer> packer(buffer);
    packer.pack_array(12);
    packer.pack(-1);
    packer.pack(-200);
    packer.pack(-70000);
    packer.pack(std::numeric_limits<std::int64_t>::min());
    packer.pack(1.5F);
    packer.pack(2.5);
    for (const std::uint32_t size : {1U, 2U, 4U, 16U, 3U, 300U}) {
        const std::string payload(size, 'e');
        packer.pack_ext(size, 7);
        packer.pack_ext_body(payload.data(), size);
    }
    MsgpackReader in({reinterpret_cast<const std::uint8_t*>(buffer.data()), buffer.size()});
    in.skip_value();
    CHECK(in.ok());
    CHECK(in.at_end());
}
#endif
