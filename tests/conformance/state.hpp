// Comparing a document with an expected state.
#pragma once

#include <string>
#include <vector>

#include "replica.hpp"

namespace conformance {

// Makes of two values that may differ on purpose equal ones; nullptr: they may not.
using Alike = Json (*)(const Json&);

// Level 1 of what the state has (roots and strings may be absent), and level 3 where the state has
// bytes and `bytes` says so: state bytes after normalising.
void compare_state(const std::string& where,
                   const Json& expected,
                   const Replica& replica,
                   bool bytes,
                   Alike alike,
                   std::vector<Difference>& found);

}  // namespace conformance
