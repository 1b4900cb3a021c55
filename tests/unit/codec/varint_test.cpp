#include <doctest/doctest.h>

#include <crdt/codec/varint.hpp>
#include <crdt/codec/writer.hpp>

#include "../support/hex.hpp"

namespace detail = crdt::detail;

namespace {

std::string uint_bytes(std::uint64_t value) {
    std::uint8_t bytes[detail::kMaxVarUintSize];
    const std::uint8_t* end = detail::put_var_uint(bytes, value);
    CHECK(detail::var_uint_size(value) == end - bytes);
    return test::hex(crdt::ByteView(bytes, end));
}
std::string int_bytes(std::int64_t value) {
    crdt::Bytes bytes;
    detail::Writer(bytes).var_int(value);
    return test::hex(bytes.view());
}
// The value, or -1; `used` tells how far the cursor went.
std::int64_t read(std::string_view text, std::size_t padding, std::size_t& used) {
    auto bytes = test::hex(text);
    bytes.insert(bytes.end(), padding, 0xff);
    const std::uint8_t* const begin = bytes.data();
    const std::uint8_t* p = begin;
    std::uint64_t value = 0;
    const bool ok = detail::read_var_uint(p, begin + bytes.size(), value);
    used = static_cast<std::size_t>(p - begin);
    return ok ? static_cast<std::int64_t>(value) : -1;
}

}  // namespace

TEST_CASE("varUint is written as lib0 does") {
    const struct {
        std::uint64_t value;
        const char* bytes;
    } cases[] = {{0, "00"},
                 {63, "3f"},
                 {127, "7f"},
                 {128, "8001"},
                 {255, "ff01"},
                 {16383, "ff7f"},
                 {16384, "808001"},
                 {113020, "fcf206"},
                 {2147483647, "ffffffff07"},
                 {2147483648, "8080808008"},
                 {4294967296, "8080808010"},
                 {415666414903917, "edc48588bec15e"},
                 {9007199254740991, "ffffffffffffff0f"}};
    for (const auto& each : cases) CHECK(uint_bytes(each.value) == each.bytes);
    CHECK(uint_bytes(~std::uint64_t{0}).size() == 20);
}

TEST_CASE("varInt is sign and magnitude") {
    const struct {
        std::int64_t value;
        const char* bytes;
    } cases[] = {{0, "00"},
                 {1, "01"},
                 {-1, "41"},
                 {63, "3f"},
                 {-63, "7f"},
                 {64, "8001"},
                 {-64, "c001"},
                 {8191, "bf7f"},
                 {-8192, "c08001"},
                 {2147483647, "bfffffff0f"},
                 {-2147483648LL, "c080808010"},
                 {-9007199254740991, "ffffffffffffff1f"}};
    for (const auto& each : cases) {
        CHECK(int_bytes(each.value) == each.bytes);
        const auto bytes = test::hex(each.bytes);
        const std::uint8_t* p = bytes.data();
        std::uint64_t magnitude = 0;
        bool negative = false;
        REQUIRE(detail::read_var_int(p, p + bytes.size(), magnitude, negative));
        const auto value = static_cast<std::int64_t>(magnitude);
        CHECK((negative ? -value : value) == each.value);
        CHECK(p == bytes.data() + bytes.size());
    }
    const auto minus_zero = test::hex("40");
    const std::uint8_t* p = minus_zero.data();
    std::uint64_t magnitude = 1;
    bool negative = false;
    REQUIRE(detail::read_var_int(p, p + 1, magnitude, negative));
    CHECK(magnitude == 0);
    CHECK(negative);
}

TEST_CASE("every number is read back, near the end of the input and far from it") {
    for (const std::size_t padding : {0U, 1U, 2U, 7U, 20U}) {
        for (unsigned bit = 0; bit <= 53; ++bit) {
            for (const std::int64_t delta : {-1, 0, 1}) {
                const std::uint64_t value =
                    (std::uint64_t{1} << bit) + static_cast<std::uint64_t>(delta);
                if (value > detail::kMaxVarUint) continue;
                std::size_t used = 0;
                const std::string bytes = uint_bytes(value);
                CHECK(read(bytes, padding, used) == static_cast<std::int64_t>(value));
                CHECK(used == bytes.size() / 2);
                const auto raw = test::hex(bytes);
                const std::uint8_t* p = raw.data();
                CHECK(detail::get_var_uint(p) == value);
                CHECK(p == raw.data() + raw.size());
            }
        }
    }
}

TEST_CASE("over-long numbers are read, numbers above 2^53-1 and cut ones are not") {
    std::size_t used = 0;
    CHECK(read("8000", 0, used) == 0);
    CHECK(read("8000", 20, used) == 0);
    CHECK(used == 2);
    CHECK(read("ff8000", 0, used) == 127);
    CHECK(read("ffffffffffffff8f80808080808000", 0, used) == 9007199254740991);
    CHECK(used == 15);
    for (const std::size_t padding : {0U, 20U}) {
        CHECK(read("8080808080808010", padding, used) == -1);  // 2^53
        CHECK(read("ffffffffffffff1f", padding, used) == -1);
        CHECK(read("ffffffffffffffffff01", padding, used) == -1);
        CHECK(read("80808080808080808001", padding, used) == -1);
        CHECK(read("ffffffffffffff8f80808080808001", padding, used) == -1);
    }
    CHECK(read("", 0, used) == -1);
    CHECK(read("80", 0, used) == -1);
    CHECK(read("ffffff", 0, used) == -1);
    CHECK(read("80808080808080808080", 0, used) == -1);
    CHECK(used == 0);
}
