#include <doctest/doctest.h>
#include <crdt/storage/packed_numbers.hpp>

#include <cstdint>
#include <utility>
#include <vector>

#include "support/edits.hpp"

namespace {

using crdt::detail::PackedNumbers;

constexpr std::size_t kNoLimit = ~std::size_t{0};

crdt::Bytes pack(const std::vector<std::uint64_t>& numbers) {
    crdt::Bytes out;
    bool packed = false;
    REQUIRE(crdt::detail::pack_numbers(numbers, kNoLimit, out, packed));
    REQUIRE(packed);
    return out;
}

// Numbers of up to 53 bits, of which some sizes are frequent and others rare.
std::vector<std::uint64_t> some_numbers(support::Random& random) {
    std::vector<std::uint64_t> numbers(1 + random(300));
    const unsigned most = random(54);
    const unsigned manner = random(4);
    for (std::uint64_t& number : numbers) {
        unsigned bits = most;
        if (manner == 1) bits = random(most + 1);
        if (manner == 2 && random(10) != 0) bits = 1;
        if (manner == 3) bits = random(3);
        number = bits == 0 ? 0 : random.next() >> (64 - bits);
    }
    return numbers;
}

TEST_CASE("packed numbers: each comes out as it went in, and none behind the last byte") {
    support::Random random(1);
    for (int round = 0; round < 2000; ++round) {
        const std::vector<std::uint64_t> numbers = some_numbers(random);
        const crdt::Bytes bytes = pack(numbers);
        PackedNumbers reader;
        PackedNumbers::Table table;
        REQUIRE(reader.open(bytes, table));
        for (const std::uint64_t expected : numbers) {
            std::uint64_t number = 0;
            REQUIRE(reader.read(number));
            REQUIRE(number == expected);
        }
        // What is left are the zeros of the last byte.
        std::uint64_t number = 0;
        unsigned more = 0;
        while (reader.read(number)) ++more;
        CHECK(more < 8);
    }
}

TEST_CASE("packed numbers: symbols and what stands behind them make the number") {
    for (unsigned bits = 0; bits <= 53; ++bits) {
        const std::uint64_t most = (std::uint64_t{1} << bits) - 1;
        for (const std::uint64_t number : {most, most / 2 + 1, most - most / 3}) {
            const unsigned symbol = crdt::detail::symbol_of(number);
            REQUIRE(symbol < crdt::detail::kSymbols);
            const std::uint64_t first = crdt::detail::first_of(symbol);
            CHECK(first <= number);
            CHECK(number - first < std::uint64_t{1} << crdt::detail::rest_of(symbol));
        }
    }
}

TEST_CASE("packed numbers: what would be as long as the limit is not written") {
    const std::vector<std::uint64_t> numbers(80, 3);
    const crdt::Bytes bytes = pack(numbers);
    CHECK(bytes.size() == 1 + 2 + 10);
    crdt::Bytes out;
    bool packed = true;
    CHECK(crdt::detail::pack_numbers(numbers, bytes.size(), out, packed));
    CHECK_FALSE(packed);
    CHECK(out.empty());
    CHECK(crdt::detail::pack_numbers(numbers, bytes.size() + 1, out, packed));
    CHECK(packed);
    CHECK(out == bytes);
    CHECK(crdt::detail::pack_numbers({}, kNoLimit, out, packed));
    CHECK_FALSE(packed);
}

TEST_CASE("packed numbers: rare sizes get codes of nine bits at most, and none is lost") {
    // Frequencies that double ask for codes of up to thirty bits.
    std::vector<std::uint64_t> numbers;
    for (unsigned size = 0; size < 14; ++size) {
        numbers.insert(numbers.end(), std::size_t{1} << size, std::uint64_t{1} << (size + 5));
    }
    const crdt::Bytes bytes = pack(numbers);
    PackedNumbers reader;
    PackedNumbers::Table table;
    REQUIRE(reader.open(bytes, table));
    std::uint64_t number = 0;
    for (const std::uint64_t expected : numbers) {
        REQUIRE(reader.read(number));
        REQUIRE(number == expected);
    }
}

TEST_CASE("packed numbers: codes that cannot be are refused") {
    PackedNumbers reader;
    PackedNumbers::Table table;
    std::vector<std::uint8_t> column;
    const auto opens = [&](std::vector<std::uint8_t> bytes) {
        column = std::move(bytes);
        return reader.open(column, table);
    };
    CHECK_FALSE(opens({}));
    CHECK_FALSE(opens({0}));           // no symbol
    CHECK_FALSE(opens({3, 0x11}));     // cut
    CHECK_FALSE(opens({1, 0x00}));     // none occurs
    CHECK_FALSE(opens({1, 0x0a}));     // longer than nine bits
    CHECK_FALSE(opens({3, 0x11, 1}));  // three codes of one bit
    CHECK_FALSE(opens({115, 0x11}));
    REQUIRE(opens({2, 0x11, 0xaa}));
    std::uint64_t number = 9;
    for (unsigned i = 0; i < 8; ++i) {
        REQUIRE(reader.read(number));
        CHECK(number == i % 2);
    }
    CHECK_FALSE(reader.read(number));
    // A code that nothing has.
    REQUIRE(opens({1, 0x01, 0xff}));
    CHECK_FALSE(reader.read(number));
    // A number that is cut.
    REQUIRE(opens({60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0, 0, 0,
                   0,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0}));
    CHECK_FALSE(reader.read(number));
}

}  // namespace
