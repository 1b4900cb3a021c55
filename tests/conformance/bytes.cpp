#include "bytes.hpp"

#include <initializer_list>

#include "support/base64.hpp"

namespace conformance {
namespace {

struct Normal {
    std::string error;  // empty if it could be read
    Blob state;
    Blob canonical;
};

// One that no fixture writes under, so that reading does not change it.
constexpr auto kReader = static_cast<crdt::ClientId>(0x1fabcdef012345);

struct Update {
    const Blob& bytes;
    crdt::UpdateFormat format;
};

crdt::Status apply(crdt::Doc& doc, const Update& update) {
    return update.format == crdt::UpdateFormat::v1 ? doc.apply(view(update.bytes))
                                                   : doc.apply_v2(view(update.bytes));
}

// In V2, which can say all that V1 can.
Normal normalise(std::initializer_list<Update> updates, bool collect) {
    crdt::Doc doc(crdt::DocOptions{.client = kReader, .collect = collect});
    for (const Update& update : updates) {
        if (update.bytes.empty()) continue;
        if (const crdt::Status status = apply(doc, update); !status.ok()) {
            return {status.error().message(), {}, {}};
        }
    }
    const auto state = doc.encode_state_as_update_v2();
    const auto canonical = doc.encode_canonical();
    if (!state.ok()) return {state.error().message(), {}, {}};
    if (!canonical.ok()) return {canonical.error().message(), {}, {}};
    return {{}, blob(*state), blob(*canonical)};
}

// The ids that an update carries and those that it deletes.
struct Reach {
    Json structs;
    Json deletes;
};

Reach reach_of(const Update& update) {
    crdt::detail::DecodedUpdate decoded;
    const crdt::Error error =
        crdt::detail::decode_update(update.format, view(update.bytes), {}, decoded);
    if (error.code != crdt::ErrorCode::ok) throw std::runtime_error(error.message());
    crdt::IdSet structs;
    crdt::IdSet deletes;
    bool memory = true;
    for (const auto& section : decoded.sections) {
        for (std::uint32_t i = 0; i < section.count; ++i) {
            const auto& block = decoded.blocks[section.first + i];
            if (block.kind == crdt::detail::ContentKind::skip) continue;
            memory = memory && structs.insert(decoded.clients[block.slot], crdt::Clock{block.clock},
                                              block.length);
        }
    }
    for (const auto& range : decoded.deletes) {
        memory = memory && deletes.insert(decoded.clients[range.slot], crdt::Clock{range.clock},
                                          range.length);
    }
    if (!memory) throw std::runtime_error("out of memory");
    return {from_id_set(structs), from_id_set(deletes)};
}

void compare_blobs(const std::string& where,
                   const Blob& expected,
                   const Blob& got,
                   std::vector<Difference>& found) {
    if (expected == got) return;
    auto difference = compare(support::to_base64(expected), support::to_base64(got));
    if (difference)
        found.push_back({where + difference->where, difference->expected, difference->got});
}

void compare_normals(const std::string& where,
                     const Normal& expected,
                     const Normal& got,
                     std::vector<Difference>& found) {
    if (!expected.error.empty() || !got.error.empty()) {
        found.push_back({where, expected.error.empty() ? "readable" : expected.error,
                         got.error.empty() ? "readable" : got.error});
        return;
    }
    compare_blobs(where + " as read and written again", expected.state, got.state, found);
    compare_blobs(where + " in canonical form", expected.canonical, got.canonical, found);
}

void compare_reach(const std::string& where,
                   const Update& expected,
                   const Update& got,
                   std::vector<Difference>& found) {
    const Reach theirs = reach_of(expected);
    const Reach ours = reach_of(got);
    const auto add = [&](const char* what, const Json& a, const Json& b) {
        auto difference = compare(a, b);
        if (!difference) return;
        found.push_back({where + what + difference->where, to_text(a, 120), to_text(b, 120)});
    };
    add(", ids carried", theirs.structs, ours.structs);
    add(", ids deleted", theirs.deletes, ours.deletes);
}

void compare_sizes(const std::string& where,
                   crdt::UpdateFormat format,
                   const Blob& expected,
                   const Blob& got,
                   std::vector<Difference>& found) {
    const std::size_t most = format == crdt::UpdateFormat::v1
                                 ? expected.size()
                                 : expected.size() + expected.size() / 20 + 16;
    if (got.size() <= most) return;
    found.push_back({where + ", size", "at most " + std::to_string(most) + " bytes",
                     std::to_string(got.size())});
}

}  // namespace

void compare_updates(const std::string& where,
                     const Blob& before,
                     bool collect,
                     crdt::UpdateFormat format,
                     const Blob& expected,
                     const Blob& got,
                     std::vector<Difference>& found) {
    if (expected == got) return;
    compare_sizes(where, format, expected, got, found);
    const Update base{before, crdt::UpdateFormat::v2};
    const Normal theirs = normalise({base, {expected, format}}, collect);
    const Normal ours = normalise({base, {got, format}}, collect);
    compare_normals(where, theirs, ours, found);
    if (theirs.error.empty() && ours.error.empty()) {
        compare_reach(where, {expected, format}, {got, format}, found);
    }
}

void compare_states(const std::string& where,
                    bool collect,
                    crdt::UpdateFormat format,
                    const Blob& expected,
                    const Blob& got,
                    const Blob& canonical,
                    std::vector<Difference>& found) {
    compare_sizes(where, format, expected, got, found);
    const Normal theirs = normalise({{expected, format}}, collect);
    compare_normals(where, theirs, normalise({{got, format}}, collect), found);
    // The living document's own form: without the detour over its bytes.
    if (theirs.error.empty()) {
        compare_blobs(where + " in canonical form, from the document", theirs.canonical, canonical,
                      found);
    }
}

}  // namespace conformance
