// What steps that have a file of their own ask of the script that they belong to.
#pragma once

#include <string>
#include <vector>

#include "replica.hpp"

namespace conformance {

class ScriptActs {
public:
    virtual ~ScriptActs() = default;

    [[nodiscard]] virtual Replica& replica(const Json& name) = 0;
    // Our own bytes are delivered, not those that Yjs wrote.
    [[nodiscard]] virtual bool own_bytes() const = 0;
    // What step number `of` told: own or recorded.
    [[nodiscard]] virtual std::vector<Blob> updates_of(std::size_t of,
                                                       crdt::UpdateFormat format) = 0;
    // Compares what a document has told since `before` was its state, in V2.
    virtual void compare_told(Replica& doc, const Blob& before, const Json& expect) = 0;
    virtual void check(const std::string& where, const Json& expected, const Json& got) = 0;
    virtual std::vector<Difference>& found() = 0;
};

// A group of steps and what they remember.
class StepGroup {
public:
    virtual ~StepGroup() = default;
    // False: the step is of another group.
    virtual bool run(ScriptActs& script, const Json& step, const Json& expect) = 0;
};

}  // namespace conformance
