// Steps and calls about relative positions.
#pragma once

#include <map>

#include "script.hpp"

namespace conformance {

class PositionSteps : public StepGroup {
public:
    bool run(ScriptActs& script, const Json& step, const Json& expect) override;

private:
    // As bytes, and as JSON: what the other side of a connection would have.
    struct Kept {
        Blob bytes;
        std::string json;
    };
    std::map<std::string, Kept> kept_;
};

// Calls; they throw std::runtime_error where the input is refused.
[[nodiscard]] Json decode_relative_position(const Json& args);
[[nodiscard]] Json relative_position_from_json(const Json& args);

}  // namespace conformance
