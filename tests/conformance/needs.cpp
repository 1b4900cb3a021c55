#include "needs.hpp"

#include <stdexcept>

namespace conformance {
namespace {

using support::Json;

struct Capability {
    Feature feature;
    bool built;
    const char* name;
};

constexpr Capability kCapabilities[] = {
    {Feature::xml, true, "XML types"},
    {Feature::subdocuments, true, "sub-documents"},
    {Feature::events, true, "events"},
    {Feature::undo, true, "undo managers"},
    {Feature::snapshots, true, "snapshots"},
    {Feature::relative_positions, true, "relative positions"},
    {Feature::awareness, true, "awareness"},
    {Feature::messages, true, "sync and auth messages"},
    {Feature::update_tools, true, "updates as values (merge, diff, inspect)"},
    {Feature::update_v2, true, "update format V2"},
    {Feature::columns_v2, true, "columns of update format V2"},
};

// Functions of section 4 that are not listed need nothing further.
struct Call {
    const char* name;
    Features needs;
};

const Features& needs_of_call(std::string_view name) {
    static const Features kNothing;
    static const Call kCalls[] = {
        {"mergeUpdates", {Feature::update_tools}},
        {"diffUpdate", {Feature::update_tools}},
        {"stateVectorFromUpdate", {Feature::update_tools}},
        {"updateMeta", {Feature::update_tools}},
        {"mergeUpdatesV2", {Feature::update_tools}},
        {"diffUpdateV2", {Feature::update_tools}},
        {"stateVectorFromUpdateV2", {Feature::update_tools}},
        {"updateMetaV2", {Feature::update_tools}},
        {"convertV1ToV2", {Feature::update_tools}},
        {"convertV2ToV1", {Feature::update_tools}},
        {"decodeUpdateV2", {Feature::update_v2}},
        {"uintOptRle", {Feature::columns_v2}},
        {"intDiffOptRle", {Feature::columns_v2}},
        {"rleUint8", {Feature::columns_v2}},
        {"stringColumn", {Feature::columns_v2}},
        {"authDenied", {Feature::messages}},
        {"readAuth", {Feature::messages}},
        {"decodeRelativePosition", {Feature::relative_positions}},
        {"relativePositionFromJSON", {Feature::relative_positions}},
        {"decodeSnapshot", {Feature::snapshots}},
    };
    for (const Call& call : kCalls) {
        if (name == call.name) return call.needs;
    }
    return kNothing;
}

bool is_xml(std::string_view type) { return type.starts_with("xml"); }

// What a delta embeds, in arguments and in expected content.
void add_needs_of_delta(const Json& delta, Features& needs) {
    for (const Json& op : delta.array()) {
        const Json* insert = op.find("insert");
        if (insert != nullptr && !insert->is_string()) add_needs_of_state(*insert, needs);
    }
}

// What an op of section 2 takes besides its arguments.
void add_needs_of_op(const Json& op, const Json& roots, Features& needs) {
    const std::string& name = op["op"].string();
    const std::string root = op["path"][0].string();
    if (name.starts_with("xml.") || is_xml(roots.text_or(root, ""))) needs.insert(Feature::xml);
    if (name.starts_with("doc.")) needs.insert(Feature::subdocuments);
    if (name == "text.applyDelta") add_needs_of_delta(op["delta"], needs);
    for (const char* argument : {"value", "values"}) {
        if (const Json* value = op.find(argument)) add_needs_of_state(*value, needs);
    }
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> starts) {
    for (const std::string_view start : starts) {
        if (text.starts_with(start)) return true;
    }
    return false;
}

// Does the update that this step applies exist in V2 only?
bool is_only_v2(const Json& step, const Json& steps) {
    if (step.text_or("format", "v1") != "v2") return false;
    if (step["do"].string() == "apply") return true;
    if (step["do"].string() != "deliver") return false;  // a diff is made, in either format
    const auto number = static_cast<std::size_t>(step["of"].number());
    const Json* updates = steps[number]["expect"].find("updates");
    if (updates == nullptr) return true;
    for (const Json& update : updates->array()) {
        if (!update.has("v1")) return true;
    }
    return false;
}

void add_needs_of_step(const Json& step, const Json& test, const Json& roots, Features& needs) {
    const std::string& name = step["do"].string();
    if (name.starts_with("um.")) needs.insert(Feature::undo);
    if (name.starts_with("snapshot")) needs.insert(Feature::snapshots);
    if (name.starts_with("relpos")) needs.insert(Feature::relative_positions);
    if (starts_with_any(name, {"aw."})) needs.insert(Feature::awareness);
    if (name.starts_with("msg.")) needs.insert(Feature::messages);
    if (is_only_v2(step, test["steps"])) needs.insert(Feature::update_v2);
    if (const Json* ops = step.find("ops")) {
        for (const Json& op : ops->array()) add_needs_of_op(op, roots, needs);
    }
    const Json* expect = step.find("expect");
    if (expect == nullptr) return;
    if (expect->has("subdocs")) needs.insert(Feature::subdocuments);
    if (expect->has("events")) needs.insert(Feature::events);
    if (name == "snapshot.attributes") needs.insert(Feature::xml);
    for (const char* content : {"state", "values", "value"}) {
        if (const Json* value = expect->find(content)) add_needs_of_state(*value, needs);
    }
}

// The case's roots and those that single documents have, by name.
Json all_roots(const Json& test) {
    Json::Object roots = test["roots"].object();
    for (const auto& [name, doc] : test["docs"].object()) {
        const Json* own = doc.find("roots");
        if (own == nullptr) continue;
        for (const auto& root : own->object()) roots.push_back(root);
    }
    return roots;
}

}  // namespace

void add_needs_of_state(const Json& state, Features& needs) {
    if (state.is_array()) {
        for (const Json& element : state.array()) add_needs_of_state(element, needs);
        return;
    }
    if (const Json* roots = state.find("roots")) {
        for (const auto& root : roots->object()) add_needs_of_state(root.second, needs);
        return;
    }
    const std::string type = state.text_or("$type", "");
    if (is_xml(type)) needs.insert(Feature::xml);
    if (type == "doc") needs.insert(Feature::subdocuments);
    if (const Json* delta = state.find("delta")) add_needs_of_delta(*delta, needs);
    for (const char* list : {"content", "children"}) {
        if (const Json* elements = state.find(list)) add_needs_of_state(*elements, needs);
    }
    for (const char* list : {"entries", "attrs"}) {
        const Json* pairs = state.find(list);
        if (pairs == nullptr) continue;
        for (const Json& pair : pairs->array()) add_needs_of_state(pair[1], needs);
    }
}

Features needs_of(const Json& test) {
    Features needs;
    if (const Json* call = test.find("fn")) {
        needs = needs_of_call(call->string());
        if (call->string() != "applyToEmpty") return needs;
        if (test["args"].text_or("format", "v1") == "v2") needs.insert(Feature::update_v2);
        if (const Json* result = test["expect"].find("result")) add_needs_of_state(*result, needs);
    } else if (test.has("steps")) {
        if (test.flag("events")) needs.insert(Feature::events);
        const Json roots = all_roots(test);
        for (const Json& step : test["steps"].array()) {
            add_needs_of_step(step, test, roots, needs);
        }
    } else if (test.has("bytes")) {
        if (test.text_or("format", "v1") == "v2") needs.insert(Feature::update_v2);
    } else {
        throw std::runtime_error("neither a script, a call nor malformed input");
    }
    return needs;
}

std::string missing_of(const Features& needs) {
    std::string names;
    for (const Capability& capability : kCapabilities) {
        if (capability.built || !needs.contains(capability.feature)) continue;
        if (!names.empty()) names += ", ";
        names += capability.name;
    }
    return names;
}

}  // namespace conformance
