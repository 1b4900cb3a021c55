// Numbers that are the same on every machine and in every run.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace bench {

// SplitMix64.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }
    // 0 .. limit-1. requires: 0 < limit < 2^32
    std::uint32_t below(std::uint64_t limit) {
        return static_cast<std::uint32_t>(((next() >> 32) * limit) >> 32);
    }
    // first .. last
    std::uint32_t between(std::uint32_t first, std::uint32_t last) {
        return first + below(std::uint64_t{last} - first + 1);
    }
    bool chance(double probability) {
        return static_cast<double>(next() >> 11) < probability * 9007199254740992.0;
    }
    template <class T>
    void shuffle(std::vector<T>& items) {
        for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
    }

private:
    std::uint64_t state_;
};

}  // namespace bench
