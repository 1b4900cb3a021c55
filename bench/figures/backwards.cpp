// Everything arrives in the wrong order: 4,000 updates of one client, the newest first. All of them
// wait until the last one, which is the first, has come.
#include <algorithm>
#include <string>
#include <vector>

#include "../support/random.hpp"
#include "../support/replay.hpp"
#include "figures.hpp"

namespace bench {
namespace {

constexpr std::uint32_t kUpdates = 4000;

struct Writing {
    const char* name;
    std::vector<crdt::Bytes> updates;  // the newest first
    std::string text;
};

// One character each, where `place` says for a text of that length.
template <class Place>
Writing written(const char* name, Place&& place) {
    Writing all{name, {}, {}};
    crdt::Doc doc(crdt::ClientId{7});
    const auto told = doc.on_update([&](crdt::ByteView update, const crdt::Origin&) noexcept {
        all.updates.emplace_back();
        static_cast<void>(all.updates.back().append(update));
    });
    for (std::uint32_t i = 0; i < kUpdates; ++i) {
        doc.text(kRoot).insert(place(i), std::string(1, static_cast<char>('a' + i % 26)));
    }
    std::reverse(all.updates.begin(), all.updates.end());
    all.text = doc.text(kRoot).to_string();
    return all;
}

}  // namespace

void measure_backwards(Figures& figures) {
    Random random(4);
    std::vector<Writing> shapes;
    shapes.push_back(written("typed", [](std::uint32_t i) { return i; }));
    shapes.push_back(written("prepended", [](std::uint32_t) { return 0U; }));
    shapes.push_back(written("scattered", [&](std::uint32_t i) {
        return static_cast<std::uint32_t>(random.between(0, i));
    }));
    double worst = 0;
    for (const Writing& writing : shapes) {
        const std::vector<Timing> timings = in_turns({[&] {
            crdt::Doc doc(crdt::ClientId{2});
            bool applied = true;
            const Stopwatch watch;
            for (const crdt::Bytes& update : writing.updates) applied &= doc.apply(update).ok();
            const double ns = watch.ns();
            figures.check(
                applied && !doc.has_pending() && doc.text(kRoot).to_string() == writing.text,
                std::string("backwards: ") + writing.name);
            return ns;
        }});
        figures.add(std::string("backwards.updates_ms.") + writing.name, timings[0].best / 1e6,
                    "ms");
        worst = std::max(worst, timings[0].best / 1e6);
    }
    figures.add("backwards.updates_ms", worst, "ms");
}

}  // namespace bench
