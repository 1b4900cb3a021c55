// What format V2, which is a third of the size, costs in time.
#include "../support/replay.hpp"
#include "figures.hpp"

namespace bench {
namespace {

// A history that was edited and then loaded, as a document from disk is.
crdt::Doc history_of(const Trace& trace) {
    crdt::Doc edited(crdt::ClientId{1});
    replay(edited, trace);
    crdt::Doc loaded(crdt::ClientId{2});
    static_cast<void>(loaded.apply(edited.encode_state_as_update().value()));
    return loaded;
}

double ratio_of(const Contestant& v1, const Contestant& v2) {
    const std::vector<Timing> timings = in_turns({v1, v2});
    return timings[1].best / timings[0].best;
}

}  // namespace

void measure_v2(Figures& figures) {
    const Trace& trace = figures.main_trace();
    const crdt::Doc doc = history_of(trace);
    const crdt::Bytes v1 = doc.encode_state_as_update().value();
    const crdt::Bytes v2 = doc.encode_state_as_update_v2().value();

    const auto encode = [&](auto&& write, const crdt::Bytes& expected) {
        const Stopwatch watch;
        const crdt::Result<crdt::Bytes> bytes = write();
        const double ns = watch.ns();
        figures.check(bytes.ok() && *bytes == expected, "v2: bytes follow from the state");
        return ns;
    };
    figures.add(
        "v2.encode_ratio",
        ratio_of([&] { return encode([&] { return doc.encode_state_as_update(); }, v1); },
                 [&] { return encode([&] { return doc.encode_state_as_update_v2(); }, v2); }),
        "x");

    const auto load = [&](auto&& apply) {
        const Stopwatch watch;
        crdt::Doc copy(crdt::ClientId{3});
        const bool applied = apply(copy).ok();
        const double ns = watch.ns();
        figures.check(applied && copy.text(kRoot).to_string() == trace.end_content, "v2: text");
        return ns;
    };
    figures.add("v2.load_ratio",
                ratio_of([&] { return load([&](crdt::Doc& copy) { return copy.apply(v1); }); },
                         [&] { return load([&](crdt::Doc& copy) { return copy.apply_v2(v2); }); }),
                "x");
    figures.add("v2.size_ratio", static_cast<double>(v2.size()) / static_cast<double>(v1.size()),
                "x");
}

}  // namespace bench
