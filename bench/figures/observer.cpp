// What it costs that somebody wants to know that a text changed, and no more than that.
#include <algorithm>

#include "../support/replay.hpp"
#include "figures.hpp"

namespace bench {

// Keystroke by keystroke, with and without, in turns; the best of each.
void measure_observer(Figures& figures) {
    constexpr int kRounds = 15;
    const Trace& trace = figures.main_trace();
    const std::size_t count = trace.transaction_ends.size();
    const auto time = [&](bool observed) {
        crdt::Doc doc(crdt::ClientId{1});
        std::size_t calls = 0;
        crdt::Subscription told;
        if (observed) {
            told = doc.text(kRoot).observe([&](const crdt::TextEvent&) noexcept { ++calls; });
        }
        const Stopwatch watch;
        replay_keystrokes(doc, trace);
        const double ns = watch.ns();
        figures.check(!observed || calls == count, "observer: called once each");
        return ns / static_cast<double>(count);
    };
    double with = time(true);
    double without = time(false);
    for (int i = 1; i < kRounds; ++i) {
        with = std::min(with, time(true));
        without = std::min(without, time(false));
    }
    figures.add("observer.keystroke_ns", with - without, "ns");
}

}  // namespace bench
