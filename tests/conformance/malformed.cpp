// Malformed input (README, section 5): whatever the bytes are, an error leaves the document as it
// was.

#include "rich.hpp"
#include "run_case.hpp"
#include "state.hpp"

namespace conformance {
namespace {

struct Picture {
    Blob update;
    Blob canonical;
    Blob vector;
    Json state;
};

Picture picture_of(const Replica& replica) {
    return {replica.update(), replica.canonical(), replica.state_vector(), replica.state()};
}

void require_unchanged(const Picture& before, const Replica& replica, Outcome& outcome) {
    const Picture after = picture_of(replica);
    if (before.update != after.update) outcome.lines.emplace_back("the encoded state changed");
    if (before.canonical != after.canonical)
        outcome.lines.emplace_back("the canonical form changed");
    if (before.vector != after.vector) outcome.lines.emplace_back("the state vector changed");
    if (auto difference = compare(before.state, after.state)) {
        outcome.lines.push_back("unchanged" + difference->where + ": expected " +
                                difference->expected + ", got " + difference->got);
    }
}

// Is one unit the origin and the right origin of an item?
bool holds_equal_origins(const Json& test, crdt::UpdateFormat format) {
    const auto words = crdt::describe_update(view(blob(test["bytes"])), format);
    if (!words.ok()) return false;
    const std::string text(crdt::as_text(*words));
    constexpr std::string_view kAfter = " after ";
    for (std::size_t at = text.find(kAfter); at != std::string::npos; at = text.find(kAfter, at)) {
        at += kAfter.size();
        const std::string id = text.substr(at, text.find_first_of(" \n", at) - at);
        if (text.compare(at, 2 * id.size() + 9, id + " before " + id + '\n') == 0) return true;
    }
    return false;
}

void accepted(const Json& test,
              crdt::UpdateFormat format,
              const Picture& before,
              Replica& replica,
              Outcome& outcome) {
    const Json& expect = test["expect"];
    const std::string& contract = test["contract"].string();
    if (contract == "error") {
        outcome.lines.emplace_back("expected an error, got none");
        return;
    }
    // It must be possible to write what has been read.
    const Picture after = picture_of(replica);
    Replica reader(crdt::ClientId{4243}, replica.collects());
    if (!reader.doc().apply(view(after.update)).ok() ||
        !reader.apply(crdt::UpdateFormat::v2, replica.update_v2()).ok()) {
        outcome.lines.emplace_back("the document writes an update that it refuses");
    }
    if (contract == "any") return;
    if (!expect.flag("changed")) require_unchanged(before, replica, outcome);
    const Json* state = expect.find("state");
    if (state == nullptr) return;
    std::vector<Difference> found;
    const bool halves = holds_half(*state);
    if (halves) outcome.deviations.emplace_back("text.halves");
    compare_state("state", *state, replica, false, halves ? &with_replaced_halves : nullptr, found);
    if (!found.empty() && holds_equal_origins(test, format)) {
        outcome.deviations.emplace_back("origins.equal");
        return;
    }
    for (const Difference& one : found) {
        outcome.lines.push_back(one.where + ": expected " + one.expected + ", got " + one.got);
    }
}

}  // namespace

void run_malformed(const Json& test, Outcome& outcome) {
    Replica replica(crdt::ClientId{4242}, true);
    for (const auto& [root, type] :
         {std::pair{"t", "text"}, {"a", "array"}, {"m", "map"}, {"x", "xmlFragment"}}) {
        replica.define(root, type);
    }
    if (const Json* base = test.find("base")) {
        const crdt::Status status = replica.doc().apply(view(blob(*base)));
        if (!status.ok()) {
            outcome.lines.push_back("base: " + status.error().message());
            return;
        }
    }
    static_cast<void>(replica.take_told());
    const Picture before = picture_of(replica);
    const auto format =
        test.text_or("format", "v1") == "v2" ? crdt::UpdateFormat::v2 : crdt::UpdateFormat::v1;
    const crdt::Status status = replica.apply(format, blob(test["bytes"]));
    if (status.ok()) {
        accepted(test, format, before, replica, outcome);
        return;
    }
    if (test["contract"].string() == "accept") {
        outcome.lines.push_back("expected success, got: " + status.error().message());
    }
    if (!replica.take_told().empty()) outcome.lines.emplace_back("a refused update was told");
    require_unchanged(before, replica, outcome);
}

}  // namespace conformance
