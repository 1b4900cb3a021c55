// What became of a case.
#pragma once

#include <string>
#include <vector>

namespace conformance {

enum class Verdict { passed, failed, skipped };

struct Outcome {
    Verdict verdict = Verdict::passed;
    // failed: one line each, what differed. skipped: one line, what is not built.
    std::vector<std::string> lines;
    // Keys of deviations.hpp that the case passed by.
    std::vector<std::string> deviations;
};

}  // namespace conformance
