// What an apply works with; kept by the store, so that a keystroke from afar allocates nothing.
#pragma once

#include <cstdint>

#include "../base/vec.hpp"

namespace crdt::detail {

struct ApplyScratch {
    // One section on its way: the next block, and whether it is being waited for.
    struct Section {
        std::uint32_t slot;
        std::uint32_t next;
        std::uint32_t end;
        bool open;     // on the stack
        bool blocked;  // its next block cannot be integrated
    };
    // What one client's blocks will take.
    struct Needs {
        std::uint32_t runs = 0;
        std::size_t text = 0;
    };

    Vec<std::uint32_t> numbers;  // slot -> client number
    Vec<std::uint32_t> known;    // slot -> clocks known once the plan so far is done
    Vec<Needs> needs;            // by slot
    Vec<Section> sections;
    Vec<std::uint32_t> section_of;  // slot -> section
    Vec<std::uint32_t> stack;
    Vec<std::uint32_t> order;   // blocks to integrate
    Vec<std::uint32_t> parked;  // blocks to park

    void clear() noexcept {
        numbers.clear();
        known.clear();
        needs.clear();
        sections.clear();
        section_of.clear();
        stack.clear();
        order.clear();
        parked.clear();
    }
    // Gives back what only an unusually large update needs.
    void trim() noexcept {
        constexpr std::size_t kKeep = 4096;
        if (order.capacity() > kKeep) order.reset();
        if (parked.capacity() > kKeep) parked.reset();
        if (numbers.capacity() > kKeep) {
            numbers.reset();
            known.reset();
            needs.reset();
            sections.reset();
            section_of.reset();
            stack.reset();
        }
    }
};

}  // namespace crdt::detail
