// What the observers of a document are told, as the fixtures write it (README, section 3).
#pragma once

#include <string>
#include <vector>

#include "values.hpp"

namespace conformance {

[[nodiscard]] Json from_event(const crdt::Event& event);

// Observes roots deeply.
class EventLog {
public:
    void observe(const std::string& root, const crdt::SharedType& type);
    // [{root, events}] since the last call, one for each commit and root.
    [[nodiscard]] Json take() { return std::exchange(told_, {}); }

private:
    Json::Array told_;
    std::vector<crdt::Subscription> subscriptions_;
};

// The first difference between what Yjs told and what we did: the events of a commit in any order,
// the commits of each root in theirs.
[[nodiscard]] std::optional<Difference> compare_events(const Json& expected, const Json& got);

}  // namespace conformance
