#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include <crdt/store/content.hpp>

#include "support/edits.hpp"

using crdt::detail::ClientLog;
using crdt::detail::ContentStore;
using crdt::detail::Measure;
using crdt::detail::measure_units;
using crdt::detail::Run;
using crdt::detail::RunKind;

namespace {

// A run of letters whose delete bits are looked at.
Run text_run(ContentStore& content, ClientLog& log, std::uint32_t length) {
    REQUIRE(content.reserve_text(log, length));
    Run run{};
    run.length = length;
    run.data = log.text_tail;
    run.kind = RunKind::ascii;
    log.text_tail += length;
    return run;
}

}  // namespace

TEST_CASE("delete bits agree with a plain list, over word and page borders") {
    ContentStore content;
    ClientLog log;
    // Of a length that starts and ends inside words.
    Run run = text_run(content, log, 13);
    run = text_run(content, log, 1000);
    std::vector<bool> model(run.length, false);
    support::Random random(1);
    for (int i = 0; i < 200; ++i) {
        const std::uint32_t from = random(run.length);
        const std::uint32_t count = 1 + random(std::min(run.length - from, 130U));
        content.set_deleted(run, from, count);
        for (std::uint32_t k = 0; k < count; ++k) model[from + k] = true;
        if (i % 4 != 0) continue;
        for (std::uint32_t at = 0; at < run.length; ++at) {
            REQUIRE(content.deleted(run, at) == model[at]);
            std::uint32_t same = 1;
            while (at + same < run.length && model[at + same] == model[at]) ++same;
            REQUIRE(content.same_state(run, at, run.length - at) == same);
            REQUIRE(content.same_state(run, at, 1) == 1);
        }
    }
}

TEST_CASE("cells carry the address of a value and whether it is deleted") {
    ContentStore content;
    REQUIRE(content.cells.reserve_more(50));
    REQUIRE(content.values.reserve(400));
    Run run{};
    run.kind = RunKind::any;
    run.length = 50;
    run.data = content.cells.size();
    for (std::uint8_t i = 0; i < 50; ++i) {
        const std::uint8_t value[] = {0x7d, i};
        content.cells.push_reserved(content.store_value({value, 2}));
    }
    content.set_deleted(run, 10, 5);
    content.set_deleted(run, 13, 7);
    for (std::uint32_t i = 0; i < 50; ++i) {
        CHECK(content.deleted(run, i) == (i >= 10 && i < 20));
        CHECK(content.element(run, i)[1] == i);
    }
    CHECK(content.same_state(run, 0, 50) == 10);
    CHECK(content.same_state(run, 10, 40) == 10);
    CHECK(content.same_state(run, 20, 30) == 30);
    CHECK(content.same_state(run, 12, 3) == 3);
}

TEST_CASE("values of every size are read back") {
    ContentStore content;
    std::vector<std::pair<std::uint32_t, std::string>> stored;
    for (const std::size_t size : {0U, 1U, 127U, 128U, 1023U, 1024U, 16383U, 16384U, 100'000U}) {
        const std::string value(size, static_cast<char>('a' + stored.size()));
        REQUIRE(content.values.reserve(ContentStore::stored_size(size)));
        stored.emplace_back(content.store_value(crdt::as_bytes(value)), value);
    }
    for (const auto& [address, value] : stored) {
        CHECK(crdt::as_text(content.value(address)) == value);
    }
}

TEST_CASE("measures count units, pairs and the bytes beyond one a unit") {
    const auto of = [](std::u16string_view units) {
        return measure_units(units.data(), static_cast<std::uint32_t>(units.size()));
    };
    CHECK(of(u"").none());
    CHECK(of(u"abc") == Measure{3, 0, 0});
    CHECK(of(u"\u00e9") == Measure{1, 0, 1});
    CHECK(of(u"\u6f22\u5b57") == Measure{2, 0, 4});
    CHECK(of(u"\U0001f600") == Measure{2, 1, 2});
    // A half alone is written as U+FFFD, three bytes.
    const char16_t halves[] = {0xde00, 0xd83d};
    CHECK(of(std::u16string_view(halves, 2)) == Measure{2, 0, 4});
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        support::Random random(seed);
        support::TextModel model;
        for (int i = 0; i < 40; ++i) {
            model.insert(random(model.units.size() + 1), support::kPieces[random(10)]);
        }
        const Measure measure = of(model.units);
        REQUIRE(measure.units == model.units.size());
        REQUIRE(measure.units + measure.extra == support::to_utf8(model.units).size());
    }
}

TEST_CASE("what is appended behind a half of a pair completes it in the measure") {
    ContentStore content;
    ClientLog log;
    REQUIRE(content.reserve_text(log, 16));
    Run run{};
    run.kind = RunKind::utf16;
    // Units of two bytes lie at even addresses.
    run.data = (log.text_tail + 1U) & ~1U;
    run.length = 4;
    const std::u16string units = u"a\U0001f600b";
    for (std::uint32_t i = 0; i < 4; ++i) content.utf16(run, 0)[i] = units[i];
    CHECK(content.measure(run, 0, 4) == Measure{4, 1, 2});
    CHECK(content.measure(run, 0, 2) == Measure{2, 0, 2});
    // a + half + (half + b): together they are what they are in one piece.
    Measure sum = content.measure(run, 0, 2);
    sum += content.measure_appended(run, 2, 2);
    CHECK(sum == content.measure(run, 0, 4));
}
