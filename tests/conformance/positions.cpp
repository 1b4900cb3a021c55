#include "positions.hpp"

#include "support/base64.hpp"
#include "take.hpp"

namespace conformance {
namespace {

// null, or {type: {root} or {id}, index, assoc}.
Json from_place(const std::optional<crdt::Place>& place) {
    if (!place) return {};
    // The start of a sequence names the sequence.
    const auto start = place->type.position_at(0, crdt::Association::before);
    Json::Object type;
    if (start.root()) {
        type.emplace_back("root", std::string(*start.root()));
    } else if (start.type()) {
        type.emplace_back("id", Json::Array{static_cast<double>(crdt::raw(start.type()->client)),
                                            static_cast<double>(crdt::raw(start.type()->clock))});
    }
    return Json::Object{{"type", std::move(type)},
                        {"index", static_cast<double>(place->index)},
                        {"assoc", static_cast<double>(place->association)}};
}

}  // namespace

bool PositionSteps::run(ScriptActs& script, const Json& step, const Json& expect) {
    const std::string& name = step["do"].string();
    if (name == "relpos") {
        const crdt::SharedType type = script.replica(step["doc"]).type_at(step["path"]);
        const auto association =
            step["assoc"].number() < 0 ? crdt::Association::before : crdt::Association::after;
        const auto position = type.position_at(to_u32(step["index"]), association);
        Kept kept{blob(take(position.encode())), blob(take(position.to_json()))};
        Json json = support::parse_json(kept.json);
        // Yjs keeps a number of which only the sign counts.
        const double assoc = step["assoc"].number();
        if (assoc <= 0) {
            script.check("bytes", expect["bytes"], support::to_base64(kept.bytes));
            script.check("json", expect["json"], json);
        } else {
            kept.json = to_text(expect["json"]);
            kept.bytes = blob(expect["bytes"]);
            const auto recorded = take(crdt::RelativePosition::from_json(kept.json));
            script.check("item", recorded.item().has_value(), position.item().has_value());
            script.check("unit", recorded.item() == position.item(), true);
        }
        kept_[step["id"].string()] = std::move(kept);
        return true;
    }
    if (name != "relpos.resolve") return false;
    const Kept& kept = kept_.at(step["id"].string());
    const crdt::Doc& doc = script.replica(step["doc"]).doc();
    const bool follow = !step.has("followUndone") || step.flag("followUndone");
    const auto from_bytes = take(crdt::RelativePosition::decode(view(kept.bytes)));
    const auto from_json = take(crdt::RelativePosition::from_json(kept.json));
    if (take(from_bytes.encode()) != take(from_json.encode())) {
        throw std::runtime_error("bytes and JSON name different positions");
    }
    Json expected = expect["position"];
    if (const Json* assoc = expected.find("assoc"); assoc != nullptr && assoc->number() > 0) {
        for (auto& [key, value] : expected.object()) {
            if (key == "assoc") value = 0;
        }
    }
    script.check("position", expected, from_place(doc.resolve(from_bytes, follow)));
    script.check("position", expected, from_place(doc.resolve(from_json, follow)));
    return true;
}

// -- calls
// ------------------------------------------------------------------------------------------

Json decode_relative_position(const Json& args) {
    const auto position = take(crdt::RelativePosition::decode(view(blob(args["bytes"]))));
    return support::parse_json(blob(take(position.to_json())));
}

Json relative_position_from_json(const Json& args) {
    const auto position = take(crdt::RelativePosition::from_json(to_text(args["json"])));
    return support::to_base64(blob(take(position.encode())));
}

}  // namespace conformance
