// Steps and calls about sync, awareness and auth messages.
#pragma once

#include <map>
#include <memory>

#include "script.hpp"

namespace conformance {

class ProtocolSteps : public StepGroup {
public:
    ProtocolSteps();
    ~ProtocolSteps() override;
    bool run(ScriptActs& script, const Json& step, const Json& expect) override;

private:
    struct Present;  // an awareness and what it has told

    void write_message(ScriptActs& script, const Json& step, const Json& expect);
    void read_message(ScriptActs& script, const Json& step, const Json& expect);
    void act(ScriptActs& script, const Json& step, const Json& expect);
    void pass_time(ScriptActs& script, const Json& step, const Json& expect);
    // Keeps a message under the step's id: the recorded one or ours.
    void keep(ScriptActs& script, const Json& step, const Json* recorded, const Blob& own);
    [[nodiscard]] Blob message_of(const Json& step, const char* id, const char* bytes) const;

    std::map<std::string, std::unique_ptr<Present>> present_;
    std::map<std::string, Blob> messages_;
    crdt::Awareness::Time now_{1700000000000};
};

// Calls; they throw std::runtime_error where the input is refused.
[[nodiscard]] Json auth_denied(const Json& args);
[[nodiscard]] Json read_auth(const Json& args);

}  // namespace conformance
