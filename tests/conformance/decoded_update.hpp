// The result of `decodeUpdate` (README, section 4): an update's structs and delete set as values.
#pragma once

#include "values.hpp"

namespace conformance {

[[nodiscard]] Json from_decoded(const crdt::detail::DecodedUpdate& update);

}  // namespace conformance
