#include <algorithm>

#include "../support/replay.hpp"
#include "figures.hpp"

namespace bench {
namespace {

constexpr std::uint32_t kCopies = 100;

// Each copy behind the one before.
void append_copies(crdt::Doc& doc, const Trace& trace, std::uint32_t copies) {
    const crdt::Text text = doc.text(kRoot);
    const crdt::Transaction open = doc.transact();
    for (std::uint32_t copy = 0; copy < copies; ++copy) {
        const std::uint32_t shift = copy * trace.end_length;
        for (const Patch& patch : trace.patches) edit(text, trace, patch, shift);
    }
}

// Side by side: each copy takes `turn` patches, then the next one does.
// lengths[i]: of one copy before patch i.
void interleave_copies(crdt::Doc& doc,
                       const Trace& trace,
                       const std::vector<std::uint32_t>& lengths,
                       std::size_t turn) {
    const crdt::Text text = doc.text(kRoot);
    const crdt::Transaction open = doc.transact();
    for (std::size_t first = 0; first < trace.patches.size(); first += turn) {
        const std::size_t end = std::min(first + turn, trace.patches.size());
        for (std::uint32_t copy = 0; copy < kCopies; ++copy) {
            const std::uint32_t shift = copy * lengths[end];
            for (std::size_t i = first; i < end; ++i) edit(text, trace, trace.patches[i], shift);
        }
    }
}

std::vector<std::uint32_t> lengths_of(const Trace& trace) {
    std::vector<std::uint32_t> lengths{0};
    GapBuffer buffer;
    for (const Patch& patch : trace.patches) {
        buffer.replace(patch.at, patch.deleted, trace.inserted(patch));
        lengths.push_back(static_cast<std::uint32_t>(buffer.length()));
    }
    return lengths;
}

bool is_repeated(const crdt::Doc& doc, const std::string& content, std::uint32_t copies) {
    const std::string text = doc.text(kRoot).to_string();
    if (text.size() != content.size() * copies) return false;
    for (std::size_t at = 0; at < text.size(); at += content.size()) {
        if (text.compare(at, content.size(), content) != 0) return false;
    }
    return true;
}

}  // namespace

void measure_scale(Figures& figures) {
    const Trace& trace = figures.main_trace();
    const std::vector<std::uint32_t> lengths = lengths_of(trace);
    const auto timed = [&](std::uint32_t copies, const char* what, auto&& write) -> Contestant {
        return [&figures, &trace, copies, what, write] {
            const Stopwatch watch;
            crdt::Doc doc(crdt::ClientId{1});
            write(doc);
            const double ns = watch.ns();
            figures.check(is_repeated(doc, trace.end_content, copies), what);
            return ns;
        };
    };
    const Contestant one =
        timed(1, "scale: one copy", [&](crdt::Doc& doc) { append_copies(doc, trace, 1); });
    const auto measure = [&](const char* id, const Contestant& many) {
        if (!figures.wanted(id)) return;
        // one copy several times a round: it is short, and its best moment must be found too
        const std::vector<Timing> timings = in_turns({one, many, one, one}, {9, 9, 0});
        const double best_one = std::min({timings[0].best, timings[2].best, timings[3].best});
        figures.add(id, timings[1].best / (best_one * kCopies), "x");
    };
    measure("scale.x100_ratio", timed(kCopies, "scale: appended",
                                      [&](crdt::Doc& doc) { append_copies(doc, trace, kCopies); }));
    // With turns of one patch no two keystrokes of a copy have consecutive clocks: each is a run of
    // its own, in every engine that keeps Yjs's ids.
    const auto interleaved = [&](std::size_t turn) {
        return timed(kCopies, "scale: interleaved",
                     [&, turn](crdt::Doc& doc) { interleave_copies(doc, trace, lengths, turn); });
    };
    measure("scale.x100_interleaved_ratio", interleaved(1));
    measure("scale.x100_interleaved_ratio.turns_of_10", interleaved(10));
    measure("scale.x100_interleaved_ratio.turns_of_100", interleaved(100));
}

}  // namespace bench
