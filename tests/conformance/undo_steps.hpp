// The steps of undo managers: um.*
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "replica.hpp"

namespace conformance {

class UndoSteps {
public:
    // Milliseconds; moved by clock steps.
    void advance(double milliseconds) { now_ += static_cast<std::uint64_t>(milliseconds); }
    // What the step does, and of its expectation the stacks and whether something was undone.
    void run(const Json& step,
             Replica& replica,
             const Json& expect,
             std::vector<Difference>& found);

private:
    void make(const Json& step, Replica& replica);

    std::uint64_t now_ = 1'700'000'000'000;
    std::map<std::string, crdt::UndoManager> managers_;
};

}  // namespace conformance
