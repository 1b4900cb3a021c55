// Whole documents over recorded writing.
#include <benchmark/benchmark.h>

#include <deque>
#include <string>

#include "../support/replay.hpp"
#include "../support/timing.hpp"
#include "trace_benchmarks.hpp"

namespace bench {
namespace {

// A trace and what is made of it, each part when it is first needed.
struct Subject {
    Trace trace;
    crdt::Bytes encoded;
    Updates updates;

    const crdt::Bytes& bytes() {
        if (encoded.empty()) {
            crdt::Doc doc(crdt::ClientId{1});
            replay(doc, trace);
            encoded = doc.encode_state_as_update().value();
        }
        return encoded;
    }
    const Updates& keystrokes() {
        if (updates.ends.empty()) updates = keystroke_updates(trace);
        return updates;
    }
};

void count_edits(benchmark::State& state, const Subject& subject) {
    const auto edits = static_cast<double>(subject.trace.patches.size());
    state.counters["edits"] =
        benchmark::Counter(edits, benchmark::Counter::kIsIterationInvariantRate);
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                            static_cast<std::int64_t>(subject.trace.pool.size()));
}

// f(watch) says when it has finished by returning watch.ns(): what it then destroys is not timed.
template <class F>
void time_iterations(benchmark::State& state, const Subject& subject, F&& f) {
    for (auto _ : state) state.SetIterationTime(f(Stopwatch()) / 1e9);
    count_edits(state, subject);
}

void gap_replay(benchmark::State& state, Subject& subject) {
    time_iterations(state, subject, [&](const Stopwatch& watch) {
        GapBuffer buffer;
        replay(buffer, subject.trace);
        keep(buffer);
        return watch.ns();
    });
}

void doc_replay(benchmark::State& state, Subject& subject) {
    time_iterations(state, subject, [&](const Stopwatch& watch) {
        crdt::Doc doc(crdt::ClientId{1});
        replay(doc, subject.trace);
        return watch.ns();
    });
}

void doc_keystrokes(benchmark::State& state, Subject& subject) {
    std::size_t bytes = 0;
    time_iterations(state, subject, [&](const Stopwatch& watch) {
        crdt::Doc doc(crdt::ClientId{1});
        const crdt::Subscription told = doc.on_update(
            [&](crdt::ByteView update, const crdt::Origin&) noexcept { bytes += update.size(); });
        replay_keystrokes(doc, subject.trace);
        keep(bytes);
        return watch.ns();
    });
}

void doc_apply(benchmark::State& state, Subject& subject) {
    const Updates& updates = subject.keystrokes();
    time_iterations(state, subject, [&](const Stopwatch& watch) {
        crdt::Doc doc(crdt::ClientId{2});
        updates.for_each([&](crdt::ByteView update) { doc.apply(update); });
        return watch.ns();
    });
}

void doc_load(benchmark::State& state, Subject& subject) {
    const crdt::Bytes& bytes = subject.bytes();
    time_iterations(state, subject, [&](const Stopwatch& watch) {
        crdt::Doc doc(crdt::ClientId{2});
        doc.apply(bytes);
        keep(doc.text(kRoot).to_string());
        return watch.ns();
    });
}

void doc_encode(benchmark::State& state, Subject& subject) {
    crdt::Doc doc(crdt::ClientId{1});
    replay(doc, subject.trace);
    time_iterations(state, subject, [&](const Stopwatch& watch) {
        const crdt::Result<crdt::Bytes> bytes = doc.encode_state_as_update();
        keep(bytes);
        return watch.ns();
    });
}

void doc_to_string(benchmark::State& state, Subject& subject) {
    crdt::Doc doc(crdt::ClientId{1});
    replay(doc, subject.trace);
    time_iterations(state, subject, [&](const Stopwatch& watch) {
        keep(doc.text(kRoot).to_string());
        return watch.ns();
    });
}

}  // namespace

void register_trace_benchmarks() {
    static std::deque<Subject> subjects;  // addresses stay while it grows
    for (const Recording& recording : recordings().sequential) {
        Subject& subject = subjects.emplace_back(Subject{to_trace(recording), {}, {}});
        const auto add = [&](const char* name, void (*run)(benchmark::State&, Subject&)) {
            benchmark::RegisterBenchmark(
                (name + ("/" + recording.name)).c_str(),
                [run, &subject](benchmark::State& state) { run(state, subject); })
                ->Unit(benchmark::kMicrosecond)
                ->UseManualTime();
        };
        add("BM_gap_replay", gap_replay);
        add("BM_doc_replay", doc_replay);
        add("BM_doc_keystrokes", doc_keystrokes);
        add("BM_doc_apply", doc_apply);
        add("BM_doc_load", doc_load);
        add("BM_doc_encode", doc_encode);
        add("BM_doc_to_string", doc_to_string);
    }
}

}  // namespace bench
