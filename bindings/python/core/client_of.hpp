#pragma once

#include <crdt/base/ids.hpp>

#include <cstdint>

namespace ropewalk {

// A number that a client may have (epochs.cpp). Raises ValueError.
[[nodiscard]] crdt::ClientId client_of(std::uint64_t number);

}  // namespace ropewalk
