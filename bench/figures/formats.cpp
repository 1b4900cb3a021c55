// Formats laid over one another, and one that is switched on and off: what walks the text for each
// takes quadratic time.
#include <algorithm>
#include <array>
#include <limits>

#include "../support/random.hpp"
#include "../support/replay.hpp"
#include "figures.hpp"

namespace bench {
namespace {

constexpr std::uint32_t kFormats = 8'000;
constexpr std::uint32_t kCharacters = 20'000;
constexpr int kTimes = 3;

// `edits` on a fresh text of `characters`: milliseconds, the best of some.
template <class Edit>
double best_ms(std::uint32_t characters, std::uint32_t edits, Edit&& edit) {
    double best = std::numeric_limits<double>::infinity();
    for (int i = 0; i < kTimes; ++i) {
        crdt::Doc doc(crdt::ClientId{1});
        const crdt::Text text = doc.text(kRoot);
        text.insert(0, std::string(characters, 'x'));
        Random random(11);
        const Stopwatch watch;
        for (std::uint32_t k = 0; k < edits; ++k) edit(text, random, k);
        best = std::min(best, watch.ns() / 1e6);
    }
    return best;
}

double overlap_ms(std::uint32_t scale) {
    const std::uint32_t characters = kCharacters * scale;
    return best_ms(characters, kFormats * scale,
                   [=](const crdt::Text& text, Random& random, std::uint32_t k) {
                       static constexpr std::array kKeys{"bold", "italic", "color", "link"};
                       const std::uint32_t from = random.below(characters);
                       const std::uint32_t count = 1 + random.below(characters - from);
                       text.format(from, count, {{kKeys[k % kKeys.size()], static_cast<int>(k)}});
                   });
}

double toggle_ms(std::uint32_t scale) {
    return best_ms(kCharacters, kFormats * scale,
                   [](const crdt::Text& text, Random&, std::uint32_t k) {
                       const crdt::Any value = k % 2 == 0 ? crdt::Any(true) : crdt::Any(nullptr);
                       text.format(100, 500, {{"bold", value}});
                   });
}

}  // namespace

void measure_formats(Figures& figures) {
    const double overlap = overlap_ms(1);
    figures.add("formats.overlap_ms", overlap, "ms");
    figures.add("formats.overlap_ms.doubling", overlap_ms(2) / overlap, "x");
    const double toggle = toggle_ms(1);
    figures.add("formats.toggle_ms", toggle, "ms");
    figures.add("formats.toggle_ms.doubling", toggle_ms(2) / toggle, "x");
}

}  // namespace bench
