// The fixtures that Yjs made, replayed by the conformance runner: each passes, in content, on the
// wire and in normalised bytes.

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "conformance/fixtures.hpp"
#include "conformance/suite.hpp"

namespace {

using conformance::Verdict;

const std::filesystem::path kFixtures = ROPEWALK_TEST_DATA "/golden/fixtures";

// As many as Yjs recorded; a lost file or family would pass in silence.
constexpr std::size_t kCases = 6524;

TEST_CASE("golden fixtures: each case does here what it did in Yjs") {
    std::size_t replayed = 0;
    for (const auto& file : conformance::list_fixtures(kFixtures)) {
        const auto family = conformance::run_file(file, {});
        for (const auto& [name, outcome] : family.cases) {
            ++replayed;
            if (outcome.verdict != Verdict::failed) continue;
            std::string lines;
            for (const std::string& line : outcome.lines) lines += "\n    " + line;
            FAIL_CHECK(name << lines);
        }
    }
    CHECK(replayed == kCases);
}

}  // namespace
