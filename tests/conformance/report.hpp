// What became of a case.
#pragma once

#include <string>
#include <vector>

namespace conformance {

enum class Verdict { passed, failed };

struct Outcome {
    Verdict verdict = Verdict::passed;
    // One line each, what differed.
    std::vector<std::string> lines;
    // Keys of deviations.hpp that the case passed by.
    std::vector<std::string> deviations;
};

}  // namespace conformance
