// Which literals and copies make up a module at the least cost, as the chances of the last attempt
// price them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "instructions.hpp"
#include "strands.hpp"
#include "writer.hpp"

namespace packing {

// A module, and for each byte what stands there.
struct Source {
    std::vector<std::uint8_t> bytes;
    std::vector<std::uint8_t> place;
    std::vector<bool> is_opcode;
    std::vector<std::uint32_t> rank;  // how many of its kind of place are before
    std::vector<std::uint32_t> counts = std::vector<std::uint32_t>(kPlaces);

    explicit Source(std::vector<std::uint8_t> module) : bytes(std::move(module)) {
        Instructions instructions;
        for (const std::uint8_t byte : bytes) {
            place.push_back(static_cast<std::uint8_t>(instructions.place()));
            is_opcode.push_back(instructions.is_opcode());
            rank.push_back(counts[place.back()]++);
            instructions.step(byte);
        }
    }
    std::uint32_t size() const { return static_cast<std::uint32_t>(bytes.size()); }
    std::uint32_t common(std::uint32_t at, std::uint32_t from) const {
        const std::uint32_t most = std::min(kMostCopy, size() - at);
        std::uint32_t length = 0;
        while (length < most && bytes[at + length] == bytes[from + length]) ++length;
        return length;
    }
};

struct Token {
    Step step = Step::kLiteral;
    std::uint32_t length = 1;
    std::uint32_t which = 0;
    std::uint32_t from = 0;  // of a copy: where it begins
};

// Writes, or prices, one token; `past` is what comes after it.
template <class Coder>
void code_token(Coder& coder,
                Strands& strands,
                const Source& source,
                Past& past,
                std::uint32_t at,
                const Token& token) {
    const std::uint32_t place = source.place[at];
    strands.step(coder, past, place, token.step);
    if (token.step == Step::kLiteral) {
        const std::uint8_t there =
            past.copied() ? source.bytes[at - past.last[0]] : std::uint8_t{0};
        strands.literal(coder, past.copied(), place, source.is_opcode[at], there, source.bytes[at]);
        past.literal();
    } else if (token.step == Step::kCopy) {
        strands.length(coder, false, token.length);
        strands.distance(coder, token.length, place, source.rank[at] - 1 - source.rank[token.from]);
        past.bring_forward(3, at - token.from);
        past.copy(7, 10);
    } else {
        strands.which(coder, past, token.which);
        if (token.which == 0) strands.one_byte(coder, past, place, token.length == 1);
        if (token.length > 1) strands.length(coder, true, token.length);
        past.bring_forward(token.which, past.last[token.which]);
        if (token.length == 1) {
            past.copy(9, 11);
        } else {
            past.copy(8, 11);
        }
    }
}

// For each length the nearest place of the same kind from where so many bytes are the same.
class Finder {
public:
    explicit Finder(const Source& source) : source_(source) {
        for (auto& heads : heads_) heads.assign(1U << kBits, kNone);
        for (auto& before : before_) before.assign(source.size(), kNone);
    }

    struct Found {
        std::uint32_t length;
        std::uint32_t from;
    };
    // Lengths ascend.
    const std::vector<Found>& find(std::uint32_t at) {
        found_.clear();
        std::uint32_t best = kLeastCopy - 1;
        for (std::uint32_t bytes = 2; bytes <= 3; ++bytes) {
            if (at + bytes > source_.size()) continue;
            std::uint32_t depth = bytes == 2 ? 4 : 400;
            std::uint32_t from = heads_[bytes - 2][hash(at, bytes)];
            for (; from != kNone && depth-- > 0 && best < kEnough;
                 from = before_[bytes - 2][from]) {
                const std::uint32_t length = source_.common(at, from);
                if (length <= best || source_.place[from] != source_.place[at]) continue;
                best = length;
                found_.push_back({length, from});
            }
        }
        return found_;
    }
    void add(std::uint32_t at) {
        for (std::uint32_t bytes = 2; bytes <= 3; ++bytes) {
            if (at + bytes > source_.size()) continue;
            std::uint32_t& head = heads_[bytes - 2][hash(at, bytes)];
            before_[bytes - 2][at] = head;
            head = at;
        }
    }

private:
    static constexpr std::uint32_t kBits = 16;
    static constexpr std::uint32_t kEnough = 64;
    static constexpr std::uint32_t kNone = 0xffffffffU;

    std::uint32_t hash(std::uint32_t at, std::uint32_t bytes) const {
        std::uint32_t key = source_.place[at];
        for (std::uint32_t i = 0; i < bytes; ++i) key = key << 8 | source_.bytes[at + i];
        return key * 0x9e3779b1U >> (32 - kBits);
    }

    const Source& source_;
    std::vector<std::uint32_t> heads_[2];
    std::vector<std::uint32_t> before_[2];
    std::vector<Found> found_;
};

// Of longer copies only whole ones are looked at.
constexpr std::uint32_t kEach = 32;

inline std::vector<Token> parse(const Source& source, Strands& strands) {
    struct Way {
        float cost = 1e30F;
        Token token;
        Past past;
    };
    std::vector<Way> ways(source.size() + 1);
    ways[0].cost = 0;
    Pricer pricer;
    Finder finder(source);
    const auto offer = [&](std::uint32_t at, const Token& token, float cost, const Past& past) {
        Way& way = ways[at + token.length];
        if (cost < way.cost) way = {cost, token, past};
    };
    const auto priced = [&](std::uint32_t at, const Token& token) {
        Past past = ways[at].past;
        code_token(pricer, strands, source, past, at, token);
        offer(at, token, ways[at].cost + pricer.take(), past);
    };
    for (std::uint32_t at = 0; at < source.size(); ++at) {
        const Past past = ways[at].past;
        priced(at, {});
        for (std::uint32_t which = 0; which < 4; ++which) {
            if (past.last[which] > at) continue;
            const std::uint32_t most = source.common(at, at - past.last[which]);
            if (which == 0 && most > 0) priced(at, {Step::kAgain, 1, 0, 0});
            for (std::uint32_t length = kLeastCopy; length <= most; ++length) {
                if (length < kEach || length == most) priced(at, {Step::kAgain, length, which, 0});
            }
        }
        std::uint32_t length = kLeastCopy;
        for (const auto& [most, from] : finder.find(at)) {
            for (; length <= most; ++length) {
                if (length < kEach || length == most) priced(at, {Step::kCopy, length, 0, from});
            }
        }
        finder.add(at);
    }
    std::vector<Token> tokens;
    for (std::uint32_t at = source.size(); at > 0; at -= tokens.back().length) {
        tokens.push_back(ways[at].token);
    }
    std::reverse(tokens.begin(), tokens.end());
    return tokens;
}

}  // namespace packing
