// IdSet and what is handed out as one.
#pragma once

#include "python.hpp"

namespace ropewalk {

[[nodiscard]] inline crdt::IdSet copy_of(const crdt::IdSet& set) {
    crdt::IdSet copy;
    if (!set.clone_into(copy)) throw std::bad_alloc();
    return copy;
}

// (client, clock, length) as given by a caller. Raises OverflowError, ValueError.
struct GivenRange {
    crdt::ClientId client;
    std::uint32_t start;
    std::uint32_t length;
};
[[nodiscard]] GivenRange range_of(std::uint64_t client, std::uint64_t clock, std::uint64_t length);

void add_id_map(py::module_& module);

}  // namespace ropewalk
