#include "event_log.hpp"

#include <algorithm>
#include <exception>
#include <map>

#include "rich.hpp"
#include "support/unicode.hpp"

namespace conformance {
namespace {

Json type_name(crdt::ValueKind kind) {
    switch (kind) {
        case crdt::ValueKind::text:
            return "text";
        case crdt::ValueKind::array:
            return "array";
        case crdt::ValueKind::map:
            return "map";
        case crdt::ValueKind::xml_element:
            return "xmlElement";
        case crdt::ValueKind::xml_fragment:
            return "xmlFragment";
        case crdt::ValueKind::xml_hook:
            return "xmlHook";
        case crdt::ValueKind::xml_text:
            return "xmlText";
        default:
            return "undefined";
    }
}

// What is no longer there shows its kind alone where it is a shared type.
Json from_old_value(const crdt::Value& value) {
    const Json name = type_name(value.kind());
    if (name.string() == "undefined") return from_value(value);
    return Json::Object{{"$type", name}};
}

Json from_content(const crdt::EventOp& op, bool text) {
    if (op.is_text()) return support::to_wtf8(op.to_u16string());
    if (text) return from_value(op.value());
    Json::Array values;
    op.values().for_each([&](const crdt::Value& value) { values.push_back(from_value(value)); });
    return values;
}

Json from_op(const crdt::EventOp& op, bool text) {
    if (op.is_erase()) return Json::Object{{"delete", static_cast<double>(op.length())}};
    Json::Object told;
    if (op.is_retain()) {
        told.emplace_back("retain", static_cast<double>(op.length()));
    } else {
        told.emplace_back("insert", from_content(op, text));
    }
    if (const crdt::Attributes attributes = op.attributes(); !attributes.empty()) {
        told.emplace_back("attributes", from_attributes(attributes));
    }
    return told;
}

Json from_key_change(const crdt::KeyChange& change) {
    Json::Object told;
    switch (change.action()) {
        case crdt::KeyAction::add:
            told.emplace_back("action", "add");
            break;
        case crdt::KeyAction::update:
            told.emplace_back("action", "update");
            break;
        case crdt::KeyAction::erase:
            told.emplace_back("action", "delete");
            break;
    }
    if (change.action() != crdt::KeyAction::add) {
        told.emplace_back("old", from_old_value(change.old_value()));
    }
    return Json::Array{std::string(change.key()), std::move(told)};
}

// Keyed by path, so that their order does not count.
std::map<std::string, const Json*> by_path(const Json& events) {
    std::map<std::string, const Json*> map;
    for (const Json& event : events.array()) map[to_text(event["path"])] = &event;
    return map;
}

std::map<std::string, std::vector<const Json*>> by_root(const Json& commits) {
    std::map<std::string, std::vector<const Json*>> map;
    for (const Json& commit : commits.array()) {
        map[commit["root"].string()].push_back(&commit["events"]);
    }
    return map;
}

// Keys are a map: their order does not count.
Json with_keys_as_entries(const Json& event) {
    Json::Object members = event.object();
    for (auto& [name, value] : members) {
        if (name == "keys") name = "entries";
    }
    return members;
}

std::optional<Difference> compare_commit(const std::string& where,
                                         const Json& expected,
                                         const Json& got) {
    const auto theirs = by_path(expected);
    const auto ours = by_path(got);
    if (expected.array().size() != got.array().size()) {
        return Difference{where, to_text(expected, 400), to_text(got, 400)};
    }
    for (const auto& [path, event] : theirs) {
        const auto at = ours.find(path);
        if (at == ours.end()) return Difference{where + path, to_text(*event, 200), "no event"};
        auto found = compare(with_keys_as_entries(*event), with_keys_as_entries(*at->second));
        if (found) {
            found->where = where + path + found->where;
            return found;
        }
    }
    return std::nullopt;
}

}  // namespace

Json from_event(const crdt::Event& event) {
    Json::Array path;
    for (const crdt::PathStep step : event.path()) {
        if (step.is_key()) {
            path.emplace_back(std::string(step.key()));
        } else {
            path.emplace_back(static_cast<double>(step.index()));
        }
    }
    Json::Object told{{"path", std::move(path)}, {"type", type_name(event.kind())}};
    Json::Array keys;
    for (const crdt::KeyChange change : event.keys()) keys.push_back(from_key_change(change));
    if (!keys.empty()) told.emplace_back("keys", std::move(keys));
    const bool text =
        event.kind() == crdt::ValueKind::text || event.kind() == crdt::ValueKind::xml_text;
    Json::Array delta;
    for (const crdt::EventOp op : event.delta()) delta.push_back(from_op(op, text));
    if (!delta.empty()) told.emplace_back("delta", std::move(delta));
    if (!event.check().ok()) told.emplace_back("error", event.check().error().message());
    return told;
}

void EventLog::observe(const std::string& root, const crdt::SharedType& type) {
    subscriptions_.push_back(
        type.observe_deep([this, root](const crdt::DeepEvents& events) noexcept {
            Json::Array list;
            try {
                for (const crdt::Event event : events) list.push_back(from_event(event));
            } catch (const std::exception& error) {
                list.emplace_back(Json::Object{{"path", error.what()}});
            }
            told_.emplace_back(Json::Object{{"root", root}, {"events", std::move(list)}});
        }));
}

std::optional<Difference> compare_events(const Json& expected, const Json& got) {
    const auto theirs = by_root(expected);
    const auto ours = by_root(got);
    for (const auto* side : {&theirs, &ours}) {
        for (const auto& [root, commits] : *side) {
            const auto their_commits = theirs.find(root);
            const auto our_commits = ours.find(root);
            const std::size_t a = their_commits == theirs.end() ? 0 : their_commits->second.size();
            const std::size_t b = our_commits == ours.end() ? 0 : our_commits->second.size();
            if (a != b) {
                return Difference{root, std::to_string(a) + " commits", std::to_string(b)};
            }
        }
    }
    for (const auto& [root, commits] : theirs) {
        for (std::size_t i = 0; i < commits.size(); ++i) {
            if (auto found = compare_commit(root, *commits[i], *ours.at(root)[i])) return found;
        }
    }
    return std::nullopt;
}

}  // namespace conformance
