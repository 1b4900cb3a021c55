// Updates as values: merging, also with collection, and diffs, over what a document takes for it.
#include <algorithm>

#include <crdt/crdt.hpp>
#include "../support/heap_meter.hpp"

#include "../support/replay.hpp"
#include "figures.hpp"

namespace bench {
namespace {

constexpr std::uint32_t kCopies = 100;
constexpr double kMiB = 1024.0 * 1024.0;

// Updates one behind the other, each after its length.
class Segment {
public:
    void add(crdt::ByteView update) {
        std::uint8_t size[crdt::detail::kMaxVarUintSize];
        const std::uint8_t* const end = crdt::detail::put_var_uint(size, update.size());
        bytes_.insert(bytes_.end(), static_cast<const std::uint8_t*>(size), end);
        bytes_.insert(bytes_.end(), update.begin(), update.end());
    }
    [[nodiscard]] crdt::UpdateSegment view() const { return {crdt::ByteView(bytes_)}; }
    template <class F>
    void for_each(F&& f) const {
        const crdt::UpdateSegment all = view();
        crdt::ByteView update;
        for (std::size_t at = 0; at < all.bytes.size();) {
            if (all.framing(all.bytes, at, update)) f(update);
        }
    }

private:
    std::vector<std::uint8_t> bytes_;
};

// One client writes the recording again and again, each time behind what is there; a segment for
// each time.
std::vector<Segment> keystroke_log(const Trace& trace, std::uint32_t copies) {
    std::vector<Segment> log(copies);
    Segment* open = log.data();
    crdt::Doc doc(crdt::ClientId{1});
    const crdt::Subscription told = doc.on_update(
        [&](crdt::ByteView update, const crdt::Origin&) noexcept { open->add(update); });
    const crdt::Text text = doc.text(kRoot);
    for (std::uint32_t copy = 0; copy < copies; ++copy, ++open) {
        const std::uint32_t shift = copy * trace.end_length;
        std::uint32_t i = 0;
        for (const std::uint32_t end : trace.transaction_ends) {
            const crdt::Transaction one = doc.transact();
            for (; i < end; ++i) edit(text, trace, trace.patches[i], shift);
        }
    }
    return log;
}

crdt::Result<crdt::Bytes> collected(const std::vector<Segment>& log) {
    std::vector<crdt::UpdateSegment> segments;
    for (const Segment& segment : log) segments.push_back(segment.view());
    return crdt::merge_segments(segments, {.collect = true});
}

crdt::Bytes loaded_and_encoded(const std::vector<Segment>& log, bool& applied) {
    crdt::Doc doc(crdt::ClientId{2});
    for (const Segment& segment : log) {
        segment.for_each([&](crdt::ByteView update) { applied &= doc.apply(update).ok(); });
    }
    return doc.encode_state_as_update().value();
}

bool is_repeated(crdt::ByteView update, const Trace& trace, std::uint32_t copies) {
    crdt::Doc doc(crdt::ClientId{3});
    if (!doc.apply(update).ok()) return false;
    std::string expected;
    for (std::uint32_t copy = 0; copy < copies; ++copy) expected += trace.end_content;
    return !doc.has_pending() && doc.text(kRoot).to_string() == expected;
}

void measure_collect(Figures& figures) {
    const Trace& trace = figures.main_trace();
    double ns_of_one = 0;
    {
        const std::vector<Segment> log = keystroke_log(trace, 1);
        crdt::Bytes small;
        const std::vector<Timing> times =
            in_turns({[&] {
                          const Stopwatch watch;
                          small = collected(log).value();
                          return watch.ns();
                      },
                      [&] {
                          bool applied = true;
                          const Stopwatch watch;
                          const crdt::Bytes all = loaded_and_encoded(log, applied);
                          const double ns = watch.ns();
                          figures.check(applied, "merge.collect: updates apply");
                          return ns;
                      }});
        bool applied = true;
        const crdt::Bytes all = loaded_and_encoded(log, applied);
        figures.check(is_repeated(small, trace, 1), "merge.collect: text");
        ns_of_one = times[0].best;
        figures.add("merge.collect_vs_load_ratio", times[0].best / times[1].best, "x");
        figures.add("merge.collect_ms", times[0].best / 1e6, "ms");
        figures.add("merge.collect_bytes_ratio",
                    static_cast<double>(small.size()) / static_cast<double>(all.size()), "x");
    }
    const std::vector<Segment> log = keystroke_log(trace, kCopies);
    HeapUse use;
    crdt::Bytes small;
    double ns = 0;
    {
        const HeapMeter meter;
        const Stopwatch watch;
        small = collected(log).value();
        ns = watch.ns();
        use = meter.use();
    }
    figures.check(is_repeated(small, trace, kCopies), "merge.collect: text of all copies");
    figures.add("merge.collect_mib", static_cast<double>(use.most_bytes) / kMiB, "MiB");
    figures.add("merge.collect_x100_ratio", ns / (ns_of_one * kCopies), "x");
}

// About 10 MB, edited here and there: a whole document, and what was written to it since.
struct History {
    crdt::Bytes whole;
    crdt::Bytes before;
    crdt::Bytes since;
    crdt::StateVector half;  // of the clocks
};

History long_history(const Trace& trace) {
    constexpr std::size_t kSize = 10'000'000;
    History history;
    crdt::Doc doc(crdt::ClientId{1});
    const crdt::Text text = doc.text(kRoot);
    std::uint32_t copies = 0;
    const auto append = [&] {
        const crdt::Transaction open = doc.transact();
        const std::uint32_t shift = copies++ * trace.end_length;
        for (const Patch& patch : trace.patches) edit(text, trace, patch, shift);
    };
    append();
    const std::size_t size = doc.encode_state_as_update().value().size();
    while (size * copies < kSize * 9 / 10) append();
    history.before = doc.encode_state_as_update().value();
    const crdt::StateVector known = doc.state_vector().value();
    while (size * copies < kSize) append();
    history.since = doc.encode_state_as_update(known).value();
    history.whole = doc.encode_state_as_update().value();
    const crdt::Clock clock = known.get(crdt::ClientId{1});
    static_cast<void>(history.half.set(crdt::ClientId{1}, crdt::Clock{raw(clock) / 2}));
    return history;
}

const History& history_of(const Trace& trace) {
    static const History history = long_history(trace);
    return history;
}

// What takes `run` over loading the whole history.
template <class Run>
void add_load_ratio(Figures& figures, const std::string& id, const History& history, Run&& run) {
    const auto timed = [&](const std::string& what, auto work) -> Contestant {
        return [&figures, what, work] {
            const Stopwatch watch;
            const bool ok = work();
            const double ns = watch.ns();
            figures.check(ok, what);
            return ns;
        };
    };
    const std::vector<Timing> times = in_turns({timed(id + ": load",
                                                      [&] {
                                                          crdt::Doc doc(crdt::ClientId{2});
                                                          return doc.apply(history.whole).ok();
                                                      }),
                                                timed(id + ": result", run)},
                                               {.least = 3, .most = 9, .seconds = 3});
    figures.add(id + ".load_ratio", times[1].best / times[0].best, "x");
}

}  // namespace

void measure_merge(Figures& figures) {
    if (figures.wanted("merge.collect")) measure_collect(figures);
    if (!figures.wanted("merge.load_ratio")) return;
    const History& history = history_of(figures.main_trace());
    add_load_ratio(figures, "merge", history,
                   [&] { return crdt::merge({history.before, history.since}).ok(); });
    const crdt::Bytes merged = crdt::merge({history.before, history.since}).value();
    crdt::Doc doc(crdt::ClientId{2});
    figures.check(doc.apply(merged).ok() && doc.encode_state_as_update().value() == history.whole,
                  "merge: both halves make the whole");
}

void measure_diff(Figures& figures) {
    const History& history = history_of(figures.main_trace());
    add_load_ratio(figures, "diff", history,
                   [&] { return crdt::diff(history.whole, history.half).ok(); });
}

void measure_state_vector(Figures& figures) {
    const History& history = history_of(figures.main_trace());
    add_load_ratio(figures, "state_vector", history,
                   [&] { return crdt::state_vector_of(history.whole).ok(); });
}

}  // namespace bench
