#include "../support/replay.hpp"

#include <algorithm>
#include <cmath>

#include "../traces/synthetic.hpp"
#include "figures.hpp"

namespace bench {
namespace {

// A fresh document, one transaction, every patch through Text; the end is compared afterwards.
Contestant engine_replay(Figures& figures, const Trace& trace) {
    return [&figures, &trace] {
        const Stopwatch watch;
        crdt::Doc doc(crdt::ClientId{1});
        replay(doc, trace);
        const double ns = watch.ns();
        figures.check(doc.text(kRoot).to_string() == trace.end_content, trace.name + ": replay");
        return ns;
    };
}

}  // namespace

void measure_replay(Figures& figures) {
    const std::string id = "replay.gap_ratio.";
    double logarithms = 0;
    double count = 0;
    for (const Recording& recording : recordings().sequential) {
        if (!figures.wanted(id + recording.name) && !figures.wanted(id + "geomean")) continue;
        const Trace trace = to_trace(recording);
        const AgainstGap result = against_gap(trace, engine_replay(figures, trace));
        const double ratio = result.ratio();
        if (&recording == &recordings().sequential[recordings().main]) {
            figures.add("replay.gap_edit_ns",
                        result.gap_ns / static_cast<double>(trace.patches.size()), "ns");
        }
        figures.add(id + recording.name, ratio, "x");
        logarithms += std::log(ratio);
        ++count;
    }
    if (figures.wanted(id + "geomean")) {
        figures.add(id + "geomean", std::exp(logarithms / count), "x");
    }
}

// Each character against one ASCII letter in its place: the same keystrokes, the same structure.
void measure_unicode(Figures& figures) {
    const std::string id = "unicode.cost_ratio";
    const auto measure = [&](const Recording& recording) {
        const Trace trace = to_trace(recording);
        const Trace twin = to_trace(ascii_twin(recording));
        const std::vector<Timing> timings =
            in_turns({engine_replay(figures, trace), engine_replay(figures, twin)});
        const double ratio = timings[0].best / timings[1].best;
        figures.add(id + "." + recording.name, ratio, "x");
        return ratio;
    };
    const double recorded = measure(recordings().sequential[recordings().unicode]);
    const double made_up = measure(synthetic_emoji_cjk());
    figures.add(id, std::max(recorded, made_up), "x");
    measure(synthetic_european());
}

}  // namespace bench
