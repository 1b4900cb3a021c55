#include "state.hpp"

#include <algorithm>
#include <map>

#include "bytes.hpp"
#include "rich.hpp"
#include "support/unicode.hpp"

namespace conformance {
namespace {

Json without(const Json& object, std::initializer_list<std::string_view> names) {
    Json::Object members = object.object();
    std::erase_if(members, [&](const auto& member) {
        return std::find(names.begin(), names.end(), member.first) != names.end();
    });
    return members;
}

std::map<double, double> pairs_of(const Json* list) {
    std::map<double, double> pairs;
    if (list == nullptr) return pairs;
    for (const Json& pair : list->array()) {
        pairs[pair[0].number()] = pair[1].is_number() ? pair[1].number() : 0;
    }
    return pairs;
}

// What waits shows in the bytes of the state, and deletes that wait are compared as they are. Which
// clients lack something is told differently: Yjs names a clock that it met and lacked, which need
// not be the first one, and keeps a client whose gap has been filled by what waits itself; we name
// the first clock of each client that still lacks one, and also where only deletes wait.
void compare_missing(const std::string& where,
                     const Json& expected,
                     const Json& got,
                     std::vector<Difference>& found) {
    static const Json kNone = Json::Array{};
    const Json* theirs = expected.find("pendingMissing");
    const Json* ours = got.find("pendingMissing");
    const auto lacked = pairs_of(theirs);
    const auto deleted = pairs_of(expected.find("pendingDeletes"));
    const auto named = pairs_of(ours);
    bool structs_wait = false;
    bool good = true;
    for (const auto& [client, clock] : named) {
        const auto theirs_at = lacked.find(client);
        structs_wait = structs_wait || theirs_at != lacked.end();
        good = good &&
               (theirs_at != lacked.end() ? clock <= theirs_at->second : deleted.contains(client));
    }
    if (good && structs_wait == !lacked.empty()) return;
    found.push_back({where + ".pendingMissing", to_text(theirs == nullptr ? kNone : *theirs),
                     to_text(ours == nullptr ? kNone : *ours)});
}

// Yjs makes a root even for a parent that only known items name.
Json without_unused(Json theirs, const Json& ours) {
    Json* roots = nullptr;
    for (auto& [name, member] : theirs.object()) {
        if (name == "roots") roots = &member;
    }
    if (roots == nullptr) return theirs;
    std::erase_if(roots->object(), [&](const auto& root) {
        return root.second.text_or("$type", "") == "undefined" && !ours.has(root.first) &&
               !ours.has(support::to_utf8(root.first));
    });
    return theirs;
}

// No string was recorded of what holds a hook.
void drop_strings_of_hooks(const Json& expected, Json& got) {
    const Json* theirs = expected.find("strings");
    if (theirs == nullptr) return;
    for (auto& [name, value] : got.object()) {
        if (name != "strings") continue;
        std::erase_if(value.object(), [&](const auto& string) {
            return !theirs->has(string.first) &&
                   string.second.string().find("[object Object]") != std::string::npos;
        });
    }
}

}  // namespace

void compare_state(const std::string& where,
                   const Json& expected,
                   const Replica& replica,
                   bool bytes,
                   Alike alike,
                   std::vector<Difference>& found) {
    const Json got = replica.state();
    compare_missing(where, expected, got, found);
    Json ours_given = got;
    drop_strings_of_hooks(expected, ours_given);
    Json theirs = without(expected, {"v1", "v2", "pendingMissing"});
    Json ours = without(ours_given, {"pendingMissing"});
    if (const Json* roots = got.find("roots")) theirs = without_unused(std::move(theirs), *roots);
    for (const char* part : {"strings", "roots"}) {
        if (!theirs.has(part)) ours = without(ours, {part});
    }
    if (alike != nullptr) {
        theirs = alike(theirs);
        ours = alike(ours);
    }
    if (auto difference = compare(theirs, ours)) {
        difference->where = where + difference->where;
        found.push_back(*std::move(difference));
    }
    if (!bytes) return;
    if (const Json* v1 = expected.find("v1")) {
        compare_states(where + ".v1", replica.collects(), crdt::UpdateFormat::v1, blob(*v1),
                       replica.update(), replica.canonical(), found);
    }
    if (const Json* v2 = expected.find("v2")) {
        compare_states(where + ".v2", replica.collects(), crdt::UpdateFormat::v2, blob(*v2),
                       replica.update_v2(), replica.canonical(), found);
    }
}

}  // namespace conformance
