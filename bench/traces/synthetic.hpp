// Documents that nobody wrote, for machines without recordings and for what no recording has.
// The same on every machine. They resemble writing: bursts of typing, corrections, jumps, pastes.
#pragma once

#include <vector>

#include "trace.hpp"

namespace bench {

enum class Script : std::uint8_t {
    ascii,
    european,   // ASCII with some accents, dashes and curly quotes
    emoji_cjk,  // Chinese characters, with an emoji now and then
};

struct Writer {
    const char* name;
    std::uint32_t edits;  // patches, about
    Script script;
    double jumps;           // of all bursts, those at another place
    double corrections;     // of all bursts, those that delete backwards
    double pastes;          // of all bursts, those that insert much at once
    std::uint32_t longest;  // burst of typing, in characters
    bool two_people;        // they take turns, each at an own place
    std::uint64_t seed;
};

[[nodiscard]] Recording write(const Writer& writer);

// One in the place of each recording.
[[nodiscard]] std::vector<Recording> synthetic_recordings();
// Emoji and Chinese characters.
[[nodiscard]] Recording synthetic_emoji_cjk();
// One letter in fifty has an accent or is a dash or quote.
[[nodiscard]] Recording synthetic_european();

}  // namespace bench
