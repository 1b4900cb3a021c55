// Calls on updates as values: merge, diff, convert, state vector, meta.
#pragma once

#include "values.hpp"

namespace conformance {

// False: no function of this name here. Throws std::runtime_error where ours refuses the input.
[[nodiscard]] bool run_update_call(const std::string& name,
                                   const Json& args,
                                   const Json& result,
                                   std::vector<Difference>& found);

}  // namespace conformance
