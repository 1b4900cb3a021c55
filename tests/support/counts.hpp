// How often a test does what it does: few times in `make test`, many in a soak.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace support {

// What the environment says, or this.
inline std::uint64_t wanted(const char* name, std::uint64_t otherwise) {
    const char* const told = std::getenv(name);
    return told == nullptr ? otherwise : std::strtoull(told, nullptr, 10);
}

}  // namespace support
