#include "run_case.hpp"

#include <algorithm>
#include <exception>

namespace conformance {

Outcome run_case(const support::Json& test) noexcept {
    Outcome outcome;
    try {
        if (test.has("fn")) {
            run_call(test, outcome);
        } else if (test.has("steps")) {
            run_script(test, outcome);
        } else {
            run_malformed(test, outcome);
        }
    } catch (const std::exception& error) {
        outcome.verdict = Verdict::failed;
        outcome.lines.emplace_back(error.what());
    }
    if (outcome.verdict == Verdict::passed && !outcome.lines.empty()) {
        outcome.verdict = Verdict::failed;
    }
    auto& keys = outcome.deviations;
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    return outcome;
}

}  // namespace conformance
