// Replays one case of any kind.
#pragma once

#include "report.hpp"
#include "support/json.hpp"

namespace conformance {

// Never throws: what goes wrong is a failure of the case.
[[nodiscard]] Outcome run_case(const support::Json& test) noexcept;

// The kinds of case, for run_case alone. They add to the outcome; they throw where a case cannot be
// replayed further.
void run_script(const support::Json& test, Outcome& outcome);
void run_call(const support::Json& test, Outcome& outcome);
void run_malformed(const support::Json& test, Outcome& outcome);

}  // namespace conformance
