// One character at a time, where no keystroke profits from the one before.
#include <algorithm>
#include <bit>

#include "../support/random.hpp"
#include "../support/replay.hpp"
#include "figures.hpp"

namespace bench {
namespace {

constexpr std::uint32_t kEdits = 1'000'000;

constexpr char letter(std::uint32_t i) { return static_cast<char>('a' + i % 26); }

// The text after `places[i]` received letter(i), one after the other, found backwards: the last
// insertion stands where it was made; the one before takes that free place of the final text.
// Free places are counted by a Fenwick tree.
std::string after_inserts(const std::string& base, const std::vector<std::uint32_t>& places) {
    const auto total = static_cast<std::uint32_t>(base.size() + places.size());
    std::vector<std::uint32_t> tree(total + 1);
    for (std::uint32_t i = 1; i <= total; ++i) tree[i] = i & (~i + 1);
    std::string text(total, '\0');
    for (std::size_t i = places.size(); i-- > 0;) {
        std::uint32_t at = 0;
        std::uint32_t left = places[i];
        for (std::uint32_t step = std::bit_floor(total); step > 0; step /= 2) {
            if (at + step <= total && tree[at + step] <= left) {
                at += step;
                left -= tree[at];
            }
        }
        text[at] = letter(static_cast<std::uint32_t>(i));
        for (std::uint32_t k = at + 1; k <= total; k += k & (~k + 1)) --tree[k];
    }
    std::size_t next = 0;
    for (char& c : text) {
        if (c == '\0') c = base[next++];
    }
    return text;
}

void measure(Figures& figures,
             const std::string& id,
             const std::string& base,
             const std::vector<std::uint32_t>& places) {
    const Trace& trace = figures.main_trace();
    const std::string end = after_inserts(base, places);
    const AgainstGap result =
        against_gap(trace,
                    [&] {
                        crdt::Doc doc(crdt::ClientId{1});
                        const crdt::Text text = doc.text(kRoot);
                        text.insert(0, base);
                        const Stopwatch watch;
                        {
                            const crdt::Transaction open = doc.transact();
                            for (std::uint32_t i = 0; i < places.size(); ++i) {
                                const char c = letter(i);
                                text.insert(places[i], std::string_view(&c, 1));
                            }
                        }
                        const double ns = watch.ns();
                        figures.check(text.to_string() == end, id + ": text");
                        return ns;
                    },
                    {9, 30, 3});
    add_per_edit(figures, id, "insert", result, places.size(), trace);
}

}  // namespace

// A million characters pasted at once, then a million single ones anywhere.
void measure_random(Figures& figures) {
    Random random(9);
    std::string base(kEdits, '\0');
    for (char& c : base) c = static_cast<char>('A' + random.below(26));
    std::vector<std::uint32_t> places(kEdits);
    for (std::uint32_t i = 0; i < kEdits; ++i) places[i] = random.below(kEdits + i + 1);
    measure(figures, "random", base, places);
}

void measure_prepend(Figures& figures) {
    measure(figures, "prepend", "", std::vector<std::uint32_t>(kEdits, 0));
}

}  // namespace bench
