// Contestants take turns (A B A B ...), so that a slow moment of the machine meets all of them;
// the best round of each counts.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

namespace bench {

class Stopwatch {
public:
    [[nodiscard]] double ns() const {
        return std::chrono::duration<double, std::nano>(Clock::now() - start_).count();
    }

private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
};

// Runs once and returns the nanoseconds of the part that counts; making the data and looking at
// the result stay outside of it.
using Contestant = std::function<double()>;

struct Timing {
    double best = 0;    // ns
    double median = 0;  // ns
};

// At least `least` rounds, then more while `seconds` last.
struct Rounds {
    std::size_t least = 9;
    std::size_t most = 150;
    double seconds = 1.5;
};

inline std::vector<Timing> in_turns(const std::vector<Contestant>& contestants,
                                    Rounds rounds = {}) {
    std::vector<std::vector<double>> times(contestants.size());
    const Stopwatch total;
    for (std::size_t round = 0;
         round < rounds.least || (round < rounds.most && total.ns() < rounds.seconds * 1e9);
         ++round) {
        for (std::size_t i = 0; i < contestants.size(); ++i) times[i].push_back(contestants[i]());
    }
    std::vector<Timing> timings;
    for (std::vector<double>& all : times) {
        std::sort(all.begin(), all.end());
        timings.push_back({all.front(), all[all.size() / 2]});
    }
    return timings;
}

// The optimiser must assume that somebody looks at the value.
template <class T>
void keep(const T& value) {
    asm volatile("" : : "g"(&value) : "memory");
}

}  // namespace bench
