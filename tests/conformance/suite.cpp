#include "suite.hpp"

#include <algorithm>
#include <map>
#include <ostream>

#include "deviations.hpp"
#include "fixtures.hpp"
#include "run_case.hpp"

namespace conformance {

std::size_t FamilyResult::count(Verdict verdict) const {
    return static_cast<std::size_t>(
        std::count_if(cases.begin(), cases.end(),
                      [&](const CaseResult& one) { return one.outcome.verdict == verdict; }));
}

FamilyResult run_file(const std::filesystem::path& file, const Selection& selection) {
    const FixtureFile fixtures = load_fixtures(file);
    FamilyResult result{fixtures.family, {}};
    if (!selection.family.empty() && selection.family != fixtures.family) return result;
    for (const support::Json& test : fixtures.cases) {
        const std::string name = test.text_or("name", "a case without a name");
        if (!selection.name.empty() && selection.name != name) continue;
        result.cases.push_back({name, run_case(test)});
    }
    return result;
}

namespace {

using Names = std::vector<std::string>;

// Names side by side, in lines of at most 100 columns.
void print_names(std::ostream& out, const Names& names) {
    constexpr std::size_t kColumns = 100;
    std::string line = "     ";
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::string word = " " + names[i] + (i + 1 < names.size() ? "," : "");
        if (line.size() + word.size() > kColumns) {
            out << line << '\n';
            line = "     ";
        }
        line += word;
    }
    out << line << '\n';
}

void print_failures(std::ostream& out, const std::vector<FamilyResult>& families, bool verbose) {
    for (const FamilyResult& family : families) {
        for (const auto& [name, outcome] : family.cases) {
            if (outcome.verdict == Verdict::passed && verbose) out << "passed " << name << '\n';
            if (outcome.verdict != Verdict::failed) continue;
            out << "FAILED " << name << '\n';
            for (const std::string& line : outcome.lines) out << "    " << line << '\n';
        }
    }
}

void print_deviations(std::ostream& out, const std::vector<FamilyResult>& families) {
    for (const Deviation& deviation : kDeviations) {
        Names names;
        for (const FamilyResult& family : families) {
            for (const auto& [name, outcome] : family.cases) {
                const auto& keys = outcome.deviations;
                if (std::find(keys.begin(), keys.end(), deviation.key) != keys.end()) {
                    names.push_back(name);
                }
            }
        }
        if (names.empty()) continue;
        out << "Differs from Yjs on purpose: " << deviation.reason << '\n';
        print_names(out, names);
    }
}

}  // namespace

void print_account(std::ostream& out, const std::vector<FamilyResult>& families, bool verbose) {
    print_failures(out, families, verbose);
    print_deviations(out, families);
    std::size_t passed = 0;
    std::size_t failed = 0;
    for (const FamilyResult& family : families) {
        passed += family.count(Verdict::passed);
        failed += family.count(Verdict::failed);
    }
    for (const FamilyResult& family : families) {
        if (family.cases.empty()) continue;
        out << family.family << ": " << family.count(Verdict::passed) << " passed, "
            << family.count(Verdict::failed) << " failed\n";
    }
    out << passed << " passed, " << failed << " failed\n";
}

}  // namespace conformance
