// Whole files of cases, and the account of a run.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "report.hpp"

namespace conformance {

struct Selection {
    std::string family;  // empty: all
    std::string name;    // of one case; empty: all
};

struct CaseResult {
    std::string name;
    Outcome outcome;
};

struct FamilyResult {
    std::string family;
    std::vector<CaseResult> cases;

    [[nodiscard]] std::size_t count(Verdict verdict) const;
};

// Throws where the file cannot be read. Empty where the selection leaves nothing.
[[nodiscard]] FamilyResult run_file(const std::filesystem::path& file, const Selection& selection);

// The cases that failed and why, deviations, and at the end "N passed, N failed": no case
// is left out.
void print_account(std::ostream& out, const std::vector<FamilyResult>& families, bool verbose);

}  // namespace conformance
