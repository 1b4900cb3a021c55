#include <doctest/doctest.h>
#include <crdt/codec/columns_v2.hpp>

#include <random>
#include <string>
#include <vector>

#include "../support/hex.hpp"

using crdt::ErrorCode;
using namespace crdt::detail;

namespace {

using Numbers = std::vector<std::uint64_t>;

template <class Writer, class Value>
std::string written(const std::vector<Value>& values) {
    Writer writer;
    for (const Value value : values) writer.write(value);
    REQUIRE(writer.finish());
    return test::hex(writer.bytes());
}

// All that can be read, at most `most`.
template <class Reader, class Value>
std::vector<Value> read_all(std::string_view text, std::size_t most = 100) {
    const std::vector<std::uint8_t> bytes = test::hex(text);
    Reader reader(crdt::ByteView(bytes.data(), bytes.size()));
    std::vector<Value> values;
    Value value{};
    while (values.size() < most && reader.read(value)) values.push_back(value);
    return values;
}

struct Texts {
    std::vector<std::uint8_t> bytes;
    StringColumnReader reader;

    explicit Texts(const StringColumnWriter& writer) {
        crdt::Bytes column;
        Writer out(column);
        out.var_bytes(writer.text());
        out.raw(writer.lengths());
        bytes.assign(column.begin(), column.end());
        REQUIRE(reader.open({bytes.data(), bytes.size()}).code == ErrorCode::ok);
    }
    ColumnText next() {
        ColumnText text;
        REQUIRE(reader.read(text));
        return text;
    }
    bool at_end() {
        ColumnText text;
        return !reader.read(text);
    }
};

std::string text_of(const ColumnText& text) {
    return {reinterpret_cast<const char*>(text.from), text.size};
}

}  // namespace

TEST_CASE("a column of numbers: runs of one value") {
    using W = UintOptRleWriter;
    CHECK(written<W>(Numbers{}).empty());
    CHECK(written<W>(Numbers{5}) == "05");
    CHECK(written<W>(Numbers{5, 5}) == "4500");
    CHECK(written<W>(Numbers{5, 5, 5, 7}) == "450107");
    CHECK(written<W>(Numbers{0}) == "00");
    CHECK(written<W>(Numbers{0, 0, 0}) == "4001");  // -0: a run of zeros
    CHECK(written<W>(Numbers{kMaxVarUint}) == "bfffffffffffff1f");

    using R = UintOptRleReader;
    CHECK(read_all<R, std::uint64_t>("450107") == Numbers{5, 5, 5, 7});
    CHECK(read_all<R, std::uint64_t>("4001") == Numbers{0, 0, 0});
    CHECK(read_all<R, std::uint64_t>("").empty());
    CHECK(read_all<R, std::uint64_t>("45").empty());  // a run without its count
    CHECK(read_all<R, std::uint64_t>("85").empty());  // a number without its end
    // A run that nobody reads costs nothing, however long.
    CHECK(read_all<R, std::uint64_t>("45 ffffffffffffff0f", 3) == Numbers{5, 5, 5});
}

TEST_CASE("a column of clocks: runs of one difference") {
    using W = IntDiffOptRleWriter;
    CHECK(written<W>(Numbers{}).empty());
    CHECK(written<W>(Numbers{3}) == "06");
    CHECK(written<W>(Numbers{1, 2, 3, 4}) == "0302");
    CHECK(written<W>(Numbers{10, 7}) == "1446");       // +10, -3
    CHECK(written<W>(Numbers{10, 7, 4}) == "144500");  // -3 twice: -6 + 1
    CHECK(written<W>(Numbers{0, 0}) == "0100");

    using R = IntDiffOptRleReader;
    CHECK(read_all<R, std::uint64_t>("0302") == Numbers{1, 2, 3, 4});
    CHECK(read_all<R, std::uint64_t>("144500") == Numbers{10, 7, 4});
    CHECK(read_all<R, std::uint64_t>("46").empty());        // below zero
    CHECK(read_all<R, std::uint64_t>("0605").size() == 1);  // no count behind 05
    CHECK(read_all<R, std::uint64_t>("03 ffffffffffffff0f", 2) == Numbers{1, 2});
}

TEST_CASE("a column of bytes: the last run has no end") {
    using Values = std::vector<std::uint8_t>;
    CHECK(written<RleWriter>(Values{}).empty());
    CHECK(written<RleWriter>(Values{4}) == "04");
    CHECK(written<RleWriter>(Values{4, 4, 4}) == "04");
    CHECK(written<RleWriter>(Values{4, 4, 9}) == "040109");
    CHECK(read_all<RleReader, std::uint8_t>("040109", 4) == Values{4, 4, 9, 9});
    CHECK(read_all<RleReader, std::uint8_t>("").empty());
    CHECK(read_all<RleReader, std::uint8_t>("0480").empty());  // a count without its end
}

TEST_CASE("columns of random numbers come back") {
    std::mt19937_64 random(3);
    for (int round = 0; round < 300; ++round) {
        Numbers values;
        while (values.size() < 50) {
            // Clocks: the double of a difference must be a number, too.
            const std::uint64_t value = random() & (kMaxVarUint >> (2 + random() % 51));
            for (std::uint64_t i = random() % 4; i-- > 0;) values.push_back(value);
            if (random() % 3 == 0) {
                for (std::uint64_t i = 0; i < 4; ++i) values.push_back(i);
            }
        }
        CHECK(read_all<UintOptRleReader, std::uint64_t>(written<UintOptRleWriter>(values),
                                                        values.size()) == values);
        CHECK(read_all<IntDiffOptRleReader, std::uint64_t>(written<IntDiffOptRleWriter>(values),
                                                           values.size()) == values);
    }
}

TEST_CASE("texts side by side") {
    StringColumnWriter writer;
    writer.write(crdt::as_bytes("ab"));
    writer.write(crdt::as_bytes(""));
    writer.write(crdt::as_bytes("\xc3\xa9\xf0\x9f\x98\x80x"));
    REQUIRE(writer.finish());
    CHECK(test::hex(writer.lengths()) == "020004");

    Texts texts(writer);
    const ColumnText first = texts.next();
    CHECK(text_of(first) == "ab");
    CHECK(first.ascii);
    CHECK(texts.next().units == 0);
    const ColumnText wide = texts.next();
    CHECK(text_of(wide) == "\xc3\xa9\xf0\x9f\x98\x80x");
    CHECK(wide.units == 4);
    CHECK(wide.pairs == 1);
    CHECK_FALSE(wide.ascii);
    CHECK(texts.at_end());
}

TEST_CASE("halves of a character in two texts join in the column, and come apart again") {
    StringColumnWriter writer;
    writer.write(u"a\xd83d", 2);
    writer.write(u"\xde00z", 2);
    REQUIRE(writer.finish());
    CHECK(crdt::as_text(writer.text()) == "a\xf0\x9f\x98\x80z");

    Texts texts(writer);
    const ColumnText left = texts.next();
    CHECK(text_of(left) == "a");
    CHECK(left.last_half == 0xd83d);
    const ColumnText right = texts.next();
    CHECK(right.first_half == 0xde00);
    CHECK(text_of(right) == "z");
    CHECK(texts.at_end());
}

TEST_CASE("halves that stay alone become U+FFFD") {
    StringColumnWriter writer;
    writer.write(u"\xd83d", 1);
    writer.write(crdt::as_bytes("x"));
    writer.write(u"\xde00", 1);
    writer.append_wtf8(crdt::as_bytes("\xed\xa0\xbdy"));
    writer.end_text(2);
    REQUIRE(writer.finish());
    CHECK(crdt::as_text(writer.text()) ==
          "\xef\xbf\xbd"
          "x"
          "\xef\xbf\xbd\xef\xbf\xbd"
          "y");
}

TEST_CASE("a column of texts is read strictly") {
    const auto open = [](std::string_view text) {
        const std::vector<std::uint8_t> bytes = test::hex(text);
        StringColumnReader reader;
        return reader.open({bytes.data(), bytes.size()}).code;
    };
    CHECK(open("") == ErrorCode::unexpected_end);
    CHECK(open("02 61") == ErrorCode::unexpected_end);
    CHECK(open("01 ff") == ErrorCode::invalid_utf8);
    CHECK(open("00") == ErrorCode::ok);

    const std::vector<std::uint8_t> bytes = test::hex("01 61 02");  // two units of one
    StringColumnReader reader;
    REQUIRE(reader.open({bytes.data(), bytes.size()}).code == ErrorCode::ok);
    ColumnText text;
    CHECK_FALSE(reader.read(text));
}
