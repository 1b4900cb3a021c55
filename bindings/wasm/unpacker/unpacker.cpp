// Unpacks the module that the script carries: a raw LZMA stream, made by tools/pack.py. A module of
// its own, 1.6 kB, because JavaScript that runs only once runs slowly.
//
// lc bits of the byte before choose among the probabilities of literals; the position chooses
// nothing (lp and pb are 0). Input that ends early reads as zeros: who calls knows the size.
#include <cstdint>

namespace {

using Odds = std::uint16_t;  // that a bit is 0, of 2048

// Where the probabilities of each kind of decision begin; those of a state are 16 apart.
enum Place : std::uint32_t {
    kIsMatch = 0,
    kIsRep = 192,
    kIsRep0 = 204,
    kIsRep1 = 216,
    kIsRep2 = 228,
    kIsLong = 240,
    kSlots = 432,    // [length][64]
    kSpecial = 688,  // distances that have few bits beyond their slot
    kAlign = 804,
    kLengths = 820,  // of matches: choice, choice, short, middle, long
    kRepLengths = 1334,
    kLiterals = 1848,  // [context][768]
};
constexpr std::uint32_t kMostLc = 4;

Odds odds[kLiterals + (0x300U << kMostLc)];
const std::uint8_t* in;
const std::uint8_t* in_end;
std::uint32_t range;
std::uint32_t code;

void next_byte() {
    range <<= 8;
    code = code << 8 | (in < in_end ? *in++ : 0U);
}

std::uint32_t bit(std::uint32_t place) {
    Odds& odd = odds[place];
    const std::uint32_t bound = (range >> 11) * odd;
    const bool one = code >= bound;
    if (one) {
        range -= bound;
        code -= bound;
        odd = static_cast<Odds>(odd - (odd >> 5));
    } else {
        range = bound;
        odd = static_cast<Odds>(odd + ((2048 - odd) >> 5));
    }
    if (range < 1U << 24) next_byte();
    return one ? 1 : 0;
}

std::uint32_t tree(std::uint32_t place, std::uint32_t bits) {
    std::uint32_t node = 1;
    for (std::uint32_t i = 0; i < bits; ++i) node = node << 1 | bit(place + node);
    return node - (1U << bits);
}

std::uint32_t reversed(std::uint32_t place, std::uint32_t bits) {
    std::uint32_t node = 1;
    std::uint32_t value = 0;
    for (std::uint32_t i = 0; i < bits; ++i) {
        const std::uint32_t one = bit(place + node);
        node = node << 1 | one;
        value |= one << i;
    }
    return value;
}

std::uint32_t length_of(std::uint32_t place) {
    if (bit(place) == 0) return 2 + tree(place + 2, 3);
    if (bit(place + 1) == 0) return 10 + tree(place + 130, 3);
    return 18 + tree(place + 258, 8);
}

std::uint32_t distance_of(std::uint32_t length) {
    const std::uint32_t slot = tree(kSlots + ((length < 5 ? length - 2 : 3) << 6), 6);
    if (slot < 4) return slot;
    const std::uint32_t bits = (slot >> 1) - 1;
    const std::uint32_t base = (2 | (slot & 1)) << bits;
    if (slot < 14) return base + reversed(kSpecial + base - slot, bits);
    std::uint32_t direct = 0;
    for (std::uint32_t i = 4; i < bits; ++i) {
        range >>= 1;
        const bool one = code >= range;
        if (one) code -= range;
        direct = direct << 1 | (one ? 1U : 0U);
        if (range < 1U << 24) next_byte();
    }
    return base + (direct << 4) + reversed(kAlign, 4);
}

// After a copy the byte at the last distance is what the literal is not.
std::uint32_t literal(std::uint32_t place, bool copied, std::uint32_t there) {
    std::uint32_t node = 1;
    while (copied && node < 0x100) {
        there <<= 1;
        const std::uint32_t expected = there & 0x100;
        const std::uint32_t one = bit(place + 0x100 + expected + node);
        node = node << 1 | one;
        copied = expected >> 8 == one;
    }
    while (node < 0x100) node = node << 1 | bit(place + node);
    return node & 0xff;
}

}  // namespace

// False: a distance leads out of what there is.
extern "C" __attribute__((export_name("unpack"))) bool unpack(const std::uint8_t* packed,
                                                              std::uint32_t packed_size,
                                                              std::uint8_t* out,
                                                              std::uint32_t size,
                                                              std::uint32_t lc) {
    for (Odds& odd : odds) odd = 1024;
    in = packed + 1;  // the first byte of a range coder is always zero
    in_end = packed + packed_size;
    range = 0;
    code = 0;
    for (int i = 0; i < 4; ++i) next_byte();
    range = 0xffffffffU;

    std::uint32_t state = 0;  // 0-6 after a literal, 7-11 after a copy
    std::uint32_t last[4] = {};
    for (std::uint32_t to = 0; to < size;) {
        if (bit(kIsMatch + (state << 4)) == 0) {
            const std::uint32_t before = to == 0 ? 0U : out[to - 1];
            if (state >= 7 && last[0] >= to) return false;
            out[to] = static_cast<std::uint8_t>(literal(kLiterals + 0x300 * (before >> (8 - lc)),
                                                        state >= 7,
                                                        state >= 7 ? out[to - last[0] - 1] : 0U));
            ++to;
            state = state < 4 ? 0 : (state < 10 ? state - 3 : state - 6);
            continue;
        }
        std::uint32_t length = 1;
        if (bit(kIsRep + state) == 0) {
            last[3] = last[2];
            last[2] = last[1];
            last[1] = last[0];
            length = length_of(kLengths);
            last[0] = distance_of(length);
            state = state < 7 ? 7 : 10;
        } else {
            bool one = false;
            if (bit(kIsRep0 + state) == 0) {
                one = bit(kIsLong + (state << 4)) == 0;
            } else {
                std::uint32_t which = 1;
                if (bit(kIsRep1 + state) != 0) which = 2 + bit(kIsRep2 + state);
                const std::uint32_t distance = last[which];
                for (; which > 0; --which) last[which] = last[which - 1];
                last[0] = distance;
            }
            if (one) {
                state = state < 7 ? 9 : 11;
            } else {
                length = length_of(kRepLengths);
                state = state < 7 ? 8 : 11;
            }
        }
        if (last[0] >= to) return false;
        for (; length > 0 && to < size; --length, ++to) out[to] = out[to - last[0] - 1];
    }
    return true;
}

extern "C" std::uint8_t __heap_base;
// Where there is room for both.
extern "C" __attribute__((export_name("room"))) std::uint8_t* room() { return &__heap_base; }
