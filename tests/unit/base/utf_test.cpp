#include <doctest/doctest.h>

#include <crdt/base/utf.hpp>
#include <string>
#include <string_view>

#include "../support/hex.hpp"

namespace detail = crdt::detail;

namespace {

detail::Utf8Scan scan(std::string_view text) { return detail::scan_utf8(crdt::as_bytes(text)); }

std::u16string widen(std::string_view text) {
    std::u16string out(text.size(), u'?');
    char16_t* end = detail::utf8_to_utf16(crdt::as_bytes(text), out.data());
    out.resize(static_cast<std::size_t>(end - out.data()));
    return out;
}

std::string narrow(std::u16string_view units) {
    std::string out(units.size() * 3, '?');
    auto* begin = reinterpret_cast<std::uint8_t*>(out.data());
    std::uint8_t* end = detail::utf16_to_utf8(units.data(), units.size(), begin);
    out.resize(static_cast<std::size_t>(end - begin));
    CHECK(out.size() == detail::utf8_length(units.data(), units.size()));
    return out;
}

}  // namespace

TEST_CASE("is_ascii finds a high byte at any place of any length") {
    for (std::size_t size = 0; size < 80; ++size) {
        std::string text(size, 'x');
        CHECK(detail::is_ascii(crdt::as_bytes(text)));
        for (std::size_t i = 0; i < size; ++i) {
            text[i] = '\x80';
            CHECK_FALSE(detail::is_ascii(crdt::as_bytes(text)));
            text[i] = 'x';
        }
    }
}

TEST_CASE("a scan tells lengths in UTF-16 units and code points") {
    const auto text = scan("rope \u00e9 \u6f22 \U0001f600!");
    CHECK(text.valid);
    CHECK_FALSE(text.ascii);
    CHECK(text.code_points == 11);
    CHECK(text.utf16_length == 12);
    CHECK(text.pairs() == 1);
    const auto ascii = scan("an ASCII text that is longer than one word");
    CHECK(ascii.ascii);
    CHECK(ascii.utf16_length == 42);
    CHECK(scan("").valid);
    CHECK(scan("\uffff\uffff \U0010ffff").valid);
}

TEST_CASE("a scan refuses what is not well-formed and says where") {
    const struct {
        const char* bytes;
        std::size_t bad;
    } cases[] = {
        {"c0 80", 0},        // overlong NUL
        {"c1 bf", 0},        // overlong
        {"e0 9f bf", 0},     // overlong
        {"f0 8f bf bf", 0},  // overlong
        {"ed a0 80", 0},     // high surrogate
        {"ed bf bf", 0},     // low surrogate
        {"f4 90 80 80", 0},  // above U+10FFFF
        {"f5 80 80 80", 0},  //
        {"ff", 0},           //
        {"61 80", 1},        // lone continuation
        {"61 c3", 1},        // cut
        {"e6 bc", 0},        // cut
        {"f0 9f 98", 0},     // cut
        {"c3 a9 f0 9f 98 41", 2},
        {"61 61 61 61 61 61 61 61 61 c3 28", 9},
        {"e6 28 a2", 0},
        {"e6 bc 28", 0},
        {"f0 28 98 80", 0},
        {"f0 9f 28 80", 0},
    };
    for (const auto& each : cases) {
        const auto bytes = test::hex(each.bytes);
        const auto result = detail::scan_utf8(bytes);
        CAPTURE(each.bytes);
        CHECK_FALSE(result.valid);
        CHECK(result.bad_offset == each.bad);
        CHECK_FALSE(detail::is_valid_utf8(bytes));
    }
}

TEST_CASE("transcoding there and back, for every code point") {
    std::string utf8;
    std::u16string utf16;
    for (std::uint32_t c = 0; c <= 0x10ffff; c += c < 0x3000 ? 1 : 7) {
        if (c >= 0xd800 && c < 0xe000) continue;
        const auto put = [&](std::uint32_t byte) { utf8 += static_cast<char>(byte); };
        if (c < 0x80) {
            put(c);
        } else if (c < 0x800) {
            put(0xc0 | (c >> 6)), put(0x80 | (c & 63));
        } else if (c < 0x10000) {
            put(0xe0 | (c >> 12)), put(0x80 | ((c >> 6) & 63)), put(0x80 | (c & 63));
        } else {
            put(0xf0 | (c >> 18)), put(0x80 | ((c >> 12) & 63));
            put(0x80 | ((c >> 6) & 63)), put(0x80 | (c & 63));
        }
        if (c >= 0x10000) {
            utf16 += static_cast<char16_t>(0xd7c0 + (c >> 10));
            utf16 += static_cast<char16_t>(0xdc00 | (c & 0x3ff));
        } else {
            utf16 += static_cast<char16_t>(c);
        }
    }
    const auto whole = scan(utf8);
    CHECK(whole.valid);
    CHECK(whole.utf16_length == utf16.size());
    CHECK(widen(utf8) == utf16);
    CHECK(narrow(utf16) == utf8);
    CHECK(detail::count_surrogate_pairs(utf16.data(), utf16.size()) == whole.pairs());
    CHECK(detail::is_well_formed(utf16.data(), utf16.size()));
}

TEST_CASE("a lone surrogate becomes U+FFFD") {
    CHECK(narrow(std::u16string{char16_t{0xd83d}}) == "\xef\xbf\xbd");
    CHECK(narrow(std::u16string{u'a', char16_t{0xde00}, u'b'}) ==
          "a\xef\xbf\xbd"
          "b");
    const std::u16string swapped{char16_t{0xde00}, char16_t{0xd83d}};
    CHECK(narrow(swapped) == "\xef\xbf\xbd\xef\xbf\xbd");
    CHECK(detail::count_surrogate_pairs(swapped.data(), 2) == 0);
    CHECK_FALSE(detail::is_well_formed(swapped.data(), 2));
    const std::u16string two_high{char16_t{0xd83d}, char16_t{0xd83d}, char16_t{0xde00}};
    CHECK(narrow(two_high) == "\xef\xbf\xbd\xf0\x9f\x98\x80");
}

TEST_CASE("UTF-16 ASCII checks and copies") {
    std::u16string units(37, u'x');
    CHECK(detail::is_ascii(units.data(), units.size()));
    for (std::size_t i = 0; i < units.size(); ++i) {
        units[i] = 0x100;  // its low byte looks like ASCII
        CHECK_FALSE(detail::is_ascii(units.data(), units.size()));
        units[i] = u'x';
    }
    CHECK(narrow(units) == std::string(37, 'x'));
    CHECK(widen(std::string(37, 'x')) == units);
}
