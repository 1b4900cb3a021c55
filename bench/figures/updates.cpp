// What goes over a connection and to disk: keystroke, apply, load, encode.
#include <algorithm>
#include <utility>

#include "../support/heap_meter.hpp"
#include "../support/replay.hpp"
#include "figures.hpp"

namespace bench {
namespace {

crdt::Doc replayed(const Trace& trace) {
    crdt::Doc doc(crdt::ClientId{1});
    replay(doc, trace);
    return doc;
}

bool holds_end(const crdt::Doc& doc, const Trace& trace) {
    return doc.text(kRoot).to_string() == trace.end_content;
}

}  // namespace

void measure_keystroke(Figures& figures) {
    const Trace& trace = figures.main_trace();
    std::size_t bytes = 0;
    std::size_t calls = 0;
    const auto type = [&](crdt::Doc& doc) {
        bytes = calls = 0;
        const crdt::Subscription told =
            doc.on_update([&](crdt::ByteView update, const crdt::Origin&) noexcept {
                bytes += update.size();
                ++calls;
            });
        const Stopwatch watch;
        replay_keystrokes(doc, trace);
        return watch.ns();
    };
    const std::size_t count = trace.transaction_ends.size();
    const AgainstGap result = against_gap(trace, [&] {
        crdt::Doc doc(crdt::ClientId{1});
        const double ns = type(doc);
        figures.check(calls == count, "keystroke: one update each");
        figures.check(holds_end(doc, trace), "keystroke: text");
        return ns;
    });
    add_per_edit(figures, "keystroke", "update", result, count, trace);

    const HeapMeter meter;
    crdt::Doc doc(crdt::ClientId{1});
    const std::int64_t before = meter.use().allocations;
    type(doc);
    const auto allocations = static_cast<double>(meter.use().allocations - before);
    // Pages and growing tables remain: far fewer than one in a hundred keystrokes.
    figures.check(allocations * 100 < static_cast<double>(count), "keystroke: allocations");
    figures.add("keystroke.allocations", allocations / static_cast<double>(count), "each");
    figures.add("keystroke.bytes", static_cast<double>(bytes) / static_cast<double>(count),
                "bytes");
}

void measure_apply(Figures& figures) {
    const Trace& trace = figures.main_trace();
    const Updates updates = keystroke_updates(trace);
    const AgainstGap result = against_gap(trace, [&] {
        crdt::Doc doc(crdt::ClientId{2});
        bool applied = true;
        const Stopwatch watch;
        updates.for_each([&](crdt::ByteView update) { applied &= doc.apply(update).ok(); });
        const double ns = watch.ns();
        figures.check(applied && holds_end(doc, trace), "apply: text");
        return ns;
    });
    add_per_edit(figures, "apply", "update", result, updates.ends.size(), trace);
}

void measure_load(Figures& figures) {
    const Trace& trace = figures.main_trace();
    const crdt::Bytes bytes = replayed(trace).encode_state_as_update().value();
    const AgainstGap result = against_gap(trace, [&] {
        const Stopwatch watch;
        crdt::Doc doc(crdt::ClientId{2});
        const bool applied = doc.apply(bytes).ok();
        const std::string text = doc.text(kRoot).to_string();
        const double ns = watch.ns();
        figures.check(applied && text == trace.end_content, "load: text");
        return ns;
    });
    figures.add("load.gap_ratio", result.ratio(), "x");
    figures.add("load.ms", result.ns / 1e6, "ms");
}

// Of the document that was edited and of one that was loaded; the slower one counts.
void measure_encode(Figures& figures) {
    const Trace& trace = figures.main_trace();
    const crdt::Doc edited = replayed(trace);
    const crdt::Bytes canonical = edited.encode_canonical().value();
    crdt::Doc loaded(crdt::ClientId{2});
    figures.check(loaded.apply(canonical).ok(), "encode: canonical bytes can be applied");

    double worst = 0;
    for (const crdt::Doc* const doc : {&edited, &std::as_const(loaded)}) {
        const AgainstGap result = against_gap(trace, [&] {
            const Stopwatch watch;
            const crdt::Result<crdt::Bytes> bytes = doc->encode_state_as_update();
            const double ns = watch.ns();
            figures.check(bytes.ok() && *bytes == canonical, "encode: bytes are canonical");
            return ns;
        });
        figures.add(doc == &edited ? "encode.gap_ratio.edited" : "encode.gap_ratio.loaded",
                    result.ratio(), "x");
        worst = std::max(worst, result.ratio());
    }
    figures.add("encode.gap_ratio", worst, "x");
    figures.add("encode.bytes", static_cast<double>(canonical.size()), "bytes");
}

// All that the document holds, over all UTF-16 units that were ever inserted.
void measure_heap(Figures& figures) {
    const Trace& trace = figures.main_trace();
    const crdt::Bytes bytes = replayed(trace).encode_state_as_update().value();
    const auto per_unit = [&](std::int64_t held) {
        return static_cast<double>(held) / static_cast<double>(trace.inserted_units);
    };
    const auto measure = [&](crdt::ClientId client, auto&& fill) {
        const HeapMeter meter;
        HeapUse use;
        {
            crdt::Doc doc(client);
            fill(doc);
            use = meter.use();
        }
        const std::int64_t left = meter.use().bytes;
        figures.check(left == 0, "heap: all returned");
        return use;
    };
    const HeapUse edited = measure(crdt::ClientId{1}, [&](crdt::Doc& doc) { replay(doc, trace); });
    const HeapUse loaded = measure(crdt::ClientId{2}, [&](crdt::Doc& doc) { doc.apply(bytes); });
    figures.add("heap.bytes_per_unit", per_unit(edited.bytes), "bytes");
    figures.add("heap.bytes_per_unit.most", per_unit(edited.most_bytes), "bytes");
    figures.add("heap.bytes_per_unit.loaded", per_unit(loaded.bytes), "bytes");
    figures.add("heap.bytes_per_unit.loading", per_unit(loaded.most_bytes), "bytes");
}

}  // namespace bench
