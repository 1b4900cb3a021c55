#include "snapshot_steps.hpp"

#include <memory>

#include "rich.hpp"
#include "state.hpp"
#include "support/base64.hpp"
#include "support/unicode.hpp"
#include "take.hpp"

namespace conformance {
namespace {

void check(const char* what,
           const Json& expected,
           const Json& got,
           std::vector<Difference>& found) {
    if (auto difference = compare(expected, got)) {
        difference->where = std::string(" ") + what + difference->where;
        found.push_back(*std::move(difference));
    }
}

Json entries_of(const crdt::SharedType& type, const crdt::Snapshot& snapshot) {
    Json::Array entries;
    snapshot.for_each_entry(type, [&](std::string_view key, const crdt::Value& value) {
        entries.push_back(Json::Array{std::string(key), from_value(value)});
    });
    return entries;
}

// Its client writes nothing, so the id is nobody's.
constexpr auto kCopier = crdt::ClientId{0x1fabcdef012344};

std::unique_ptr<Replica> restored(const crdt::Snapshot& snapshot,
                                  const Json& roots,
                                  Replica& replica) {
    const crdt::Doc doc =
        take(snapshot.restore(replica.doc(), crdt::DocOptions{.client = kCopier}), "restore");
    auto copy = std::make_unique<Replica>(kCopier, true);
    const crdt::Status applied = copy->doc().apply(take(doc.encode_state_as_update(), "encode"));
    if (!applied.ok()) throw std::runtime_error("apply: " + applied.error().message());
    // Not before: a root that has its type is tidied up after remote changes.
    for (const auto& [root, type] : roots.object()) copy->define(root, type.string());
    return copy;
}

}  // namespace

Json from_snapshot_bytes(const Blob& bytes, bool v2) {
    const crdt::Snapshot snapshot =
        take(v2 ? crdt::Snapshot::decode_v2(view(bytes)) : crdt::Snapshot::decode(view(bytes)),
             "decode");
    return Json::Object{{"sv", from_state_vector(snapshot.state_vector())},
                        {"ds", from_id_set(snapshot.deletions())}};
}

void SnapshotSteps::restore(const Json& step,
                            const Json& roots,
                            Replica& replica,
                            const Json& expect,
                            std::vector<Difference>& found) const {
    const crdt::Snapshot& snapshot = snapshots_.at(step["id"].string());
    if (expect.flag("error")) {
        if (snapshot.restore(replica.doc(), {}).ok()) found.push_back({"", "an error", "none"});
        return;
    }
    const auto copy = restored(snapshot, roots, replica);
    compare_state(" .state", expect["state"], *copy, true, nullptr, found);
}

void SnapshotSteps::run(const Json& step,
                        const Json& roots,
                        Replica* replica,
                        const Json& expect,
                        std::vector<Difference>& found,
                        std::vector<std::string>& deviations) {
    const std::string& name = step["do"].string();
    if (name == "snapshot") {
        crdt::Snapshot made = take(crdt::Snapshot::of(replica->doc()), "snapshot");
        const Blob v1 = blob(take(made.encode(), "encode"));
        const Blob v2 = blob(take(made.encode_v2(), "encode_v2"));
        check("v1", expect["v1"], support::to_base64(v1), found);
        check("v2", expect["v2"], support::to_base64(v2), found);
        check("sv", expect["sv"], from_state_vector(made.state_vector()), found);
        check("ds", expect["ds"], from_id_set(made.deletions()), found);
        for (const bool second : {false, true}) {
            const auto read =
                second ? crdt::Snapshot::decode_v2(view(v2)) : crdt::Snapshot::decode(view(v1));
            if (!read.ok() || !(*read == made)) {
                found.push_back({"", "our own bytes to be the snapshot", second ? "v2" : "v1"});
            }
        }
        snapshots_.insert_or_assign(step["id"].string(), std::move(made));
    } else if (name == "snapshot.equal") {
        const bool equal = snapshots_.at(step["a"].string()) == snapshots_.at(step["b"].string());
        check("equal", expect["equal"], equal, found);
    } else if (name == "snapshot.contains") {
        const bool contains =
            take(snapshots_.at(step["id"].string()).contains_update(view(blob(step["update"]))),
                 "contains_update");
        check("contains", expect["contains"], contains, found);
    } else if (name == "snapshot.restore") {
        restore(step, roots, *replica, expect, found);
    } else if (name == "snapshot.view") {
        const Json* id = step.find("prev");
        const crdt::Snapshot* before = id == nullptr ? nullptr : &snapshots_.at(id->string());
        check("delta", expect["delta"],
              from_delta(snapshots_.at(step["id"].string())
                             .to_delta(replica->text_at(step["path"]), before)),
              found);
    } else if (name == "snapshot.attributes") {
        const crdt::Snapshot& snapshot = snapshots_.at(step["id"].string());
        const Json got = entries_of(replica->type_at(step["path"]), snapshot);
        if (!compare(expect["attrs"], got)) return;
        // Then they must be those of a document restored from the snapshot.
        deviations.emplace_back("snapshot.attributes");
        const auto copy = restored(snapshot, roots, *replica);
        check("attrs", entries_of(copy->type_at(step["path"]), snapshot), got, found);
    } else {
        throw std::runtime_error("unknown step");
    }
}

}  // namespace conformance
