#include "undo_steps.hpp"

#include <cmath>

namespace conformance {

void UndoSteps::make(const Json& step, Replica& replica) {
    std::vector<std::string> names;
    bool local = true;
    if (const Json* origins = step.find("trackedOrigins")) {
        local = false;
        for (const Json& origin : origins->array()) {
            if (origin.is_null()) {
                local = true;
            } else {
                names.push_back(origin.string());
            }
        }
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    crdt::UndoOptions options;
    const double timeout = to_number(step["captureTimeout"]);
    options.capture_timeout =
        std::isfinite(timeout) ? static_cast<std::uint64_t>(timeout) : crdt::UndoOptions::kForever;
    options.clock = {[](void* now) noexcept { return *static_cast<std::uint64_t*>(now); }, &now_};
    options.track_local = local;
    options.tracked_origins = views;
    options.ignore_remote_map_changes = step.flag("ignoreRemoteMapChanges");
    const Json* scope = step.find("scope");
    const bool all = scope == nullptr || scope->is_null();
    crdt::UndoManager manager = all ? crdt::UndoManager(replica.doc(), options)
                                    : crdt::UndoManager(replica.doc(), {}, options);
    if (!manager.status().ok()) throw std::runtime_error(manager.status().error().message());
    if (!all) {
        for (const Json& path : scope->array()) {
            const crdt::Status added = manager.add_to_scope({replica.type_at(path)});
            if (!added.ok()) throw std::runtime_error(added.error().message());
        }
    }
    managers_.insert_or_assign(step["um"].string(), std::move(manager));
}

void UndoSteps::run(const Json& step,
                    Replica& replica,
                    const Json& expect,
                    std::vector<Difference>& found) {
    const std::string& name = step["do"].string();
    if (name == "um.new") make(step, replica);
    crdt::UndoManager& manager = managers_.at(step["um"].string());
    const auto check = [&](const char* what, const Json& got) {
        const Json* expected = expect.find(what);
        if (expected == nullptr) return;
        if (auto difference = compare(*expected, got)) {
            difference->where = std::string(" ") + what + difference->where;
            found.push_back(*std::move(difference));
        }
    };
    if (name == "um.undo" || name == "um.redo") {
        const crdt::Undone undone = name == "um.undo" ? manager.undo() : manager.redo();
        if (!undone.status().ok()) {
            found.push_back({"", "success", undone.status().error().message()});
        }
        check("changed", static_cast<bool>(undone));
    } else if (name == "um.stop") {
        manager.stop_capturing();
    } else if (name == "um.clear") {
        const auto keeps = [&](const char* stack) { return step.has(stack) && !step.flag(stack); };
        if (!keeps("undo")) manager.clear(crdt::UndoStack::undo);
        if (!keeps("redo")) manager.clear(crdt::UndoStack::redo);
    } else if (name == "um.scope") {
        for (const Json& path : step["scope"].array()) {
            const crdt::Status added = manager.add_to_scope({replica.type_at(path)});
            if (!added.ok()) found.push_back({"", "success", added.error().message()});
        }
    } else if (name != "um.new") {
        throw std::runtime_error("unknown step");
    }
    check("undoStack", static_cast<double>(manager.undo_size()));
    check("redoStack", static_cast<double>(manager.redo_size()));
    if (manager.can_undo()) {
        check("top", Json::Object{{"insertions", from_id_set(manager.undo_item()->insertions())},
                                  {"deletions", from_id_set(manager.undo_item()->deletions())}});
    }
}

}  // namespace conformance
