#include "update_calls.hpp"

#include <stdexcept>

#include "bytes.hpp"
#include "support/base64.hpp"
#include "take.hpp"

namespace conformance {
namespace {

using crdt::UpdateFormat;

Blob v1_of(const Blob& update, UpdateFormat format) {
    if (format == UpdateFormat::v1) return update;
    return blob(take(crdt::convert(view(update), format, UpdateFormat::v1)));
}

// In V1, since documents are compared by it.
void compare_results(const Blob& expected,
                     const Blob& got,
                     UpdateFormat format,
                     std::vector<Difference>& found) {
    if (got == expected) return;
    if (got.size() > expected.size()) {
        found.push_back({"", std::to_string(expected.size()) + " bytes",
                         std::to_string(got.size()) + " bytes"});
    }
    compare_updates("", {}, true, UpdateFormat::v1, v1_of(expected, format), v1_of(got, format),
                    found);
}

std::vector<Blob> blobs(const Json& list) {
    std::vector<Blob> all;
    for (const Json& one : list.array()) all.push_back(blob(one));
    return all;
}

crdt::Bytes merged(const Json& args, UpdateFormat format, bool collect) {
    const std::vector<Blob> updates = blobs(args["updates"]);
    std::vector<crdt::ByteView> views;
    for (const Blob& update : updates) views.push_back(view(update));
    return take(crdt::merge(views, {.collect = collect, .format = format}));
}

// Not Yjs's, so there are no bytes to compare with: it must do to a document what the merge does.
void check_collected(const Json& args,
                     const Blob& expected,
                     UpdateFormat format,
                     std::vector<Difference>& found) {
    const Blob got = v1_of(blob(merged(args, format, true)), format);
    const auto state = [](const Blob& update) {
        crdt::Doc doc(crdt::ClientId{999});
        const crdt::Status applied = doc.apply(view(update));
        if (!applied.ok()) throw std::runtime_error(applied.error().message());
        return blob(take(doc.encode_canonical()));
    };
    const Blob before = state(v1_of(expected, format));
    const Blob after = state(got);
    if (before != after) {
        found.push_back({" collected", support::to_base64(before), support::to_base64(after)});
    }
}

Json meta_of(const Json& args, UpdateFormat format) {
    const crdt::UpdateInfo info = take(crdt::inspect(view(blob(args["update"])), format));
    Json::Array from;
    Json::Array to;
    for (std::size_t i = info.clients.size(); i-- > 0;) {
        const auto& client = info.clients[i];
        const Json id = static_cast<double>(raw(client.client));
        from.emplace_back(Json::Array{id, static_cast<double>(raw(client.from))});
        to.emplace_back(Json::Array{id, static_cast<double>(raw(client.to))});
    }
    return Json::Object{{"from", from}, {"to", to}};
}

}  // namespace

bool run_update_call(const std::string& name,
                     const Json& args,
                     const Json& result,
                     std::vector<Difference>& found) {
    const bool is_v2 = name.ends_with("V2");
    const UpdateFormat format = is_v2 ? UpdateFormat::v2 : UpdateFormat::v1;
    const std::string base = is_v2 ? name.substr(0, name.size() - 2) : name;
    if (name == "convertV1ToV2" || name == "convertV2ToV1") {
        const UpdateFormat from = is_v2 ? UpdateFormat::v1 : UpdateFormat::v2;
        const Blob update = blob(args["update"]);
        compare_results(blob(result), blob(take(crdt::convert(view(update), from, format))), format,
                        found);
    } else if (base == "mergeUpdates") {
        compare_results(blob(result), blob(merged(args, format, false)), format, found);
        check_collected(args, blob(result), format, found);
    } else if (base == "diffUpdate") {
        const crdt::StateVector known = take(crdt::StateVector::decode(view(blob(args["sv"]))));
        const Blob update = blob(args["update"]);
        compare_results(blob(result), blob(take(crdt::diff(view(update), known, format))), format,
                        found);
    } else if (base == "stateVectorFromUpdate") {
        const crdt::StateVector vector =
            take(crdt::state_vector_of(view(blob(args["update"])), format));
        const Json got = support::to_base64(crdt::as_text(take(vector.encode())));
        if (auto other = compare(result, got)) found.push_back(*other);
    } else if (base == "updateMeta") {
        if (auto other = compare(result, meta_of(args, format))) found.push_back(*other);
    } else {
        return false;
    }
    return true;
}

}  // namespace conformance
