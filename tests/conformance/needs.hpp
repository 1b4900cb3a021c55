// What a case needs of the engine. When something new is built, its line in the table of needs.cpp
// becomes `true`, and the runner learns its steps; nothing else keeps its cases away.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "support/json.hpp"

namespace conformance {

enum class Feature {
    xml,
    subdocuments,
    events,
    undo,
    snapshots,
    relative_positions,
    awareness,
    messages,
    update_tools,
    update_v2,
    columns_v2,
};
using Features = std::set<Feature>;

// What to replay the case and to compare its result takes.
[[nodiscard]] Features needs_of(const support::Json& test);

// What an expected state (README, State) or a value holds.
void add_needs_of_state(const support::Json& state, Features& needs);

// "formats, XML types": what of this is not built; empty if all is.
[[nodiscard]] std::string missing_of(const Features& needs);

}  // namespace conformance
