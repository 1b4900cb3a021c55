// The columns of update format V2 by themselves (README, section 4): written, and read back.
#pragma once

#include "values.hpp"

namespace conformance {

// The call of that name; nullptr if it is none of a column.
[[nodiscard]] Json (*column_named(const std::string& name))(const Json& args);

}  // namespace conformance
