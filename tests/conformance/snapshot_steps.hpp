// The steps that make and look at snapshots, and the function decodeSnapshot.
#pragma once

#include <map>
#include <vector>

#include "replica.hpp"

namespace conformance {

class SnapshotSteps {
public:
    // One step snapshot or snapshot.*
    void run(const Json& step,
             const Json& roots,
             Replica* replica,
             const Json& expect,
             std::vector<Difference>& found,
             std::vector<std::string>& deviations);

private:
    void restore(const Json& step,
                 const Json& roots,
                 Replica& replica,
                 const Json& expect,
                 std::vector<Difference>& found) const;

    std::map<std::string, crdt::Snapshot> snapshots_;
};

// {sv, ds} of the bytes of a snapshot; throws std::runtime_error where they cannot be read.
[[nodiscard]] Json from_snapshot_bytes(const Blob& bytes, bool v2);

}  // namespace conformance
