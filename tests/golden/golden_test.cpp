// The fixtures that Yjs made, replayed by the conformance runner: whatever needs only what is built
// passes, in content, on the wire and in normalised bytes.

#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <string>

#include "conformance/fixtures.hpp"
#include "conformance/suite.hpp"

namespace {

using conformance::Verdict;

const std::filesystem::path kFixtures = ROPEWALK_TEST_DATA "/golden/fixtures";

// How many cases of each family are replayed at least. A family that is not here needs more than is
// built. Numbers may only grow: a case does not fall back among the skipped unnoticed.
const std::map<std::string, std::size_t> kReplayed = {
    {"array", 69},  {"edges", 9},        {"encoding", 397}, {"gc", 7},
    {"map", 74},    {"malformed", 1516}, {"pending", 30},   {"protocols", 29},
    {"relpos", 25}, {"text", 120},       {"updates", 241},
};

TEST_CASE("golden fixtures: each case does here what it did in Yjs") {
    std::map<std::string, std::size_t> replayed;
    for (const auto& file : conformance::list_fixtures(kFixtures)) {
        const auto family = conformance::run_file(file, {});
        for (const auto& [name, outcome] : family.cases) {
            if (outcome.verdict != Verdict::skipped) ++replayed[family.family];
            if (outcome.verdict != Verdict::failed) continue;
            std::string lines;
            for (const std::string& line : outcome.lines) lines += "\n    " + line;
            FAIL_CHECK(name << lines);
        }
    }
    for (const auto& least : kReplayed) {
        CAPTURE(least.first);
        CHECK(replayed[least.first] >= least.second);
    }
}

}  // namespace
