// Drawing client ids. The only place that asks the system for anything.
#pragma once

#include <random>

#include "../base/ids.hpp"

namespace crdt {

// 32 random bits, as Yjs draws them; ids of up to 53 bits are read and can be given.
[[nodiscard]] inline ClientId random_client_id() noexcept {
    std::random_device device;
    return static_cast<ClientId>(device() & 0xffffffffU);
}

}  // namespace crdt
