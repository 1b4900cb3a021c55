// A module as literals and copies of what came before, each decision with chances of its own: as in
// LZMA, but for where a byte stands in its instruction (Instructions). Chances are told apart by
// that instead of by the position, and the distance of a copy counts only places of the same kind.
//
// Who packs and who unpacks run the same code. `Coder::bit` and `Coder::direct` write what they are
// given, or answer what they read.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "coder.hpp"
#include "instructions.hpp"

namespace packing {

constexpr std::uint32_t kLeastCopy = 2;
constexpr std::uint32_t kMostCopy = 17 + 256;

// Symbols by a code in which frequent ones are short, so that they take few decisions.
struct Tree {
    static constexpr std::uint32_t kLongest = 15;
    std::uint8_t length[256];  // 0: does not occur
    std::uint16_t code[256];
    std::uint16_t next[256][2];  // an inner node, or 256 + a symbol; 0 is the root

    // False: the lengths are of no tree in which every way ends.
    bool build() {
        std::uint32_t filled = 0;
        for (const std::uint8_t bits : length) filled += bits > 0 ? 1U << (kLongest - bits) : 0;
        if (filled != 1U << kLongest) return false;
        std::uint32_t nodes = 1;
        std::uint32_t free = 0;
        for (auto& way : next) way[0] = way[1] = 256;
        for (std::uint32_t bits = 1; bits <= kLongest; ++bits, free <<= 1) {
            for (std::uint32_t symbol = 0; symbol < 256; ++symbol) {
                if (length[symbol] != bits) continue;
                code[symbol] = static_cast<std::uint16_t>(free);
                std::uint32_t node = 0;
                for (std::uint32_t i = bits - 1; i > 0; --i) {
                    std::uint16_t& way = next[node][free >> i & 1];
                    if (way >= 256) way = static_cast<std::uint16_t>(nodes++);
                    node = way;
                }
                next[node][free & 1] = static_cast<std::uint16_t>(256 + symbol);
                ++free;
            }
        }
        return true;
    }
};

// The three trees of a module.
struct Trees {
    Tree opcode;
    Tree other;
    Tree slot;  // how many bits a distance has, and the first two of them

    // False: what was read are no trees.
    template <class Coder>
    bool code(Coder& coder) {
        for (Tree* tree : {&opcode, &other, &slot}) {
            Chance used[2] = {kEven, kEven};
            Chance lengths[16];
            for (Chance& chance : lengths) chance = kEven;
            std::uint32_t was = 0;
            for (std::uint8_t& length : tree->length) {
                was = coder.bit(used[was], length != 0) ? 1 : 0;
                std::uint32_t node = 1;
                for (std::uint32_t bit = 8; was != 0 && bit > 0; bit >>= 1) {
                    node = node << 1 | (coder.bit(lengths[node], (length & bit) != 0) ? 1U : 0U);
                }
                length = static_cast<std::uint8_t>(was != 0 ? node & 15 : 0);
            }
            if (!tree->build()) return false;
        }
        return true;
    }
};

// What was done last, and the byte distances of the last copies.
struct Past {
    std::uint8_t state = 0;  // 0-6 after a literal, 7-11 after a copy
    std::uint32_t last[4] = {1, 1, 1, 1};

    bool copied() const { return state >= 7; }
    void literal() { state = state < 4 ? 0 : (state < 10 ? state - 3 : state - 6); }
    void copy(std::uint8_t after_literal, std::uint8_t after_copy) {
        state = copied() ? after_copy : after_literal;
    }
    void bring_forward(std::uint32_t which, std::uint32_t distance) {
        for (; which > 0; --which) last[which] = last[which - 1];
        last[0] = distance;
    }
};

// Again: from one of the last distances.
enum class Step : std::uint8_t { kLiteral, kAgain, kCopy };

// Nothing but chances, and all even at first.
struct Chances {
    Chance is_copy[12][kPlaces];
    Chance is_one[12][kPlaces];
    Chance is_again[12];
    Chance is_older[12];
    Chance is_third[2];
    Chance literal[kPlaces][3][256];
    Chance slot[kPlaces][4][64];
    Chance low[12][16];
    Chance lowest[16];
    Chance length[2][512];

    Chances() {
        auto* const all = reinterpret_cast<Chance*>(this);
        for (std::uint32_t i = 0; i < sizeof(*this) / sizeof(Chance); ++i) all[i] = kEven;
    }
};

class Strands {
public:
    Trees trees;

    template <class Coder>
    Step step(Coder& coder, const Past& past, std::uint32_t place, Step given = Step::kLiteral) {
        const std::uint32_t state = past.state;
        if (!coder.bit(chances_.is_copy[state][place], given != Step::kLiteral))
            return Step::kLiteral;
        if (!coder.bit(chances_.is_again[state], given != Step::kCopy)) return Step::kCopy;
        return Step::kAgain;
    }

    // Which of the last distances; 0 has a copy of one byte, too.
    template <class Coder>
    std::uint32_t which(Coder& coder, const Past& past, std::uint32_t given = 0) {
        if (!coder.bit(chances_.is_older[past.state], given > 0)) return 0;
        if (!coder.bit(chances_.is_third[0], given > 1)) return 1;
        return coder.bit(chances_.is_third[1], given > 2) ? 3 : 2;
    }
    template <class Coder>
    bool one_byte(Coder& coder, const Past& past, std::uint32_t place, bool given = false) {
        return coder.bit(chances_.is_one[past.state][place], given);
    }

    // `there`: the byte at the last distance; after a copy it is not the one that comes.
    template <class Coder>
    std::uint8_t literal(Coder& coder,
                         bool copied,
                         std::uint32_t place,
                         bool is_opcode,
                         std::uint8_t there,
                         std::uint8_t given = 0) {
        const Tree& tree = is_opcode ? trees.opcode : trees.other;
        std::uint32_t expected = tree.code[there];
        std::uint32_t left = copied ? tree.length[there] : 0;
        std::uint32_t code = tree.code[given];
        std::uint32_t bits = tree.length[given];
        std::uint32_t node = 0;
        while (node < 256) {
            const std::uint32_t agree = left > 0 ? 1 + (expected >> (left - 1) & 1) : 0;
            const bool bit = coder.bit(chances_.literal[place][agree][node],
                                       bits > 0 && (code >> --bits & 1) != 0);
            left = agree == (bit ? 2U : 1U) ? left - 1 : 0;
            node = tree.next[node][bit ? 1 : 0];
        }
        return static_cast<std::uint8_t>(node - 256);
    }

    static std::uint32_t slot_of(std::uint32_t distance) {
        if (distance < 4) return distance;
        std::uint32_t bits = 31;
        while (distance >> bits == 0) --bits;
        return bits * 2 + (distance >> (bits - 1) & 1);
    }

    // From 0 on.
    template <class Coder>
    std::uint32_t distance(Coder& coder,
                           std::uint32_t length,
                           std::uint32_t place,
                           std::uint32_t given = 0) {
        std::uint32_t slot = slot_of(given);
        Chance* const chances = chances_.slot[place][length < 5 ? length - 2 : 3];
        std::uint32_t left = trees.slot.length[slot];
        const std::uint32_t code = trees.slot.code[slot];
        std::uint32_t node = 0;
        while (node < 256) {
            const bool bit = coder.bit(chances[node & 63], left > 0 && (code >> --left & 1) != 0);
            node = trees.slot.next[node][bit ? 1 : 0];
        }
        slot = node - 256;
        if (slot < 4) return slot;
        std::uint32_t bits = ((slot >> 1) - 1) & 31;
        std::uint32_t value = 2 | (slot & 1);
        while (bits > 4) {
            const std::uint32_t some = bits - 4 > 12 ? 12 : bits - 4;
            bits -= some;
            value = value << some | coder.direct(some, given >> bits & ((1U << some) - 1));
        }
        return value << bits |
               Strands::bits(coder, slot < 12 ? chances_.low[slot] : chances_.lowest, bits,
                             given & ((1U << bits) - 1));
    }

    template <class Coder>
    std::uint32_t length(Coder& coder, bool again, std::uint32_t given = kLeastCopy) {
        Chance* const chances = chances_.length[again ? 1 : 0];
        const std::uint32_t rest = given - kLeastCopy;
        if (!coder.bit(chances[0], rest >= 8))
            return kLeastCopy + bits(coder, chances + 8, 3, rest);
        if (!coder.bit(chances[1], rest >= 16)) {
            return kLeastCopy + 8 + bits(coder, chances + 16, 3, rest - 8);
        }
        return kLeastCopy + 16 + bits(coder, chances + 256, 8, rest - 16);
    }

private:
    template <class Coder>
    static std::uint32_t bits(Coder& coder,
                              Chance* chances,
                              std::uint32_t count,
                              std::uint32_t given) {
        std::uint32_t node = 1;
        for (std::uint32_t i = count; i-- > 0;) {
            node = node << 1 | (coder.bit(chances[node], (given >> i & 1) != 0) ? 1U : 0U);
        }
        return node - (1U << count);
    }

    Chances chances_;
};

}  // namespace packing
