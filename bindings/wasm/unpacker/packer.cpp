// Packs a module as text, which unpacker.cpp makes the module of again. It has time.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "history.hpp"
#include "parse.hpp"
#include "strands.hpp"
#include "writer.hpp"

namespace packing {
namespace {

using Often = std::vector<std::uint64_t>;

struct Branch {
    std::uint64_t weight;
    int left;
    int right;
};

void give_depths(Tree& tree, const std::vector<Branch>& branches, int branch, std::uint32_t depth) {
    if (branch < 256) {
        tree.length[branch] = static_cast<std::uint8_t>(std::min(depth, 255U));
        return;
    }
    give_depths(tree, branches, branches[branch].left, depth + 1);
    give_depths(tree, branches, branches[branch].right, depth + 1);
}

// Code lengths by Huffman's algorithm, each symbol that occurs counting at least `least`.
void give_lengths(Tree& tree, const Often& often, std::uint64_t least) {
    std::vector<Branch> branches;
    std::vector<int> live;
    for (int symbol = 0; symbol < 256; ++symbol) {
        tree.length[symbol] = 0;
        branches.push_back({std::max(often[symbol], least), -1, -1});
        if (often[symbol] > 0) live.push_back(symbol);
    }
    const auto heavier = [&](int a, int b) { return branches[a].weight > branches[b].weight; };
    while (live.size() > 1) {
        std::stable_sort(live.begin(), live.end(), heavier);
        const int right = live.back();
        live.pop_back();
        const int left = live.back();
        live.back() = static_cast<int>(branches.size());
        branches.push_back({branches[left].weight + branches[right].weight, left, right});
    }
    give_depths(tree, branches, live[0], 0);
}

void plant(Tree& tree, Often often) {
    for (int symbol = 0; symbol < 2; ++symbol)
        often[symbol] = std::max<std::uint64_t>(often[symbol], 1);
    std::uint64_t least = 1;
    do {
        give_lengths(tree, often, least);
        least *= 2;
    } while (*std::max_element(tree.length, tree.length + 256) > Tree::kLongest);
}

// What the tokens of the last attempt want of the trees; none is the first.
void plant(Trees& trees, const Source& source, const std::vector<Token>& tokens) {
    Often opcode(256);
    Often other(256);
    Often slot(256);
    const auto literal = [&](std::uint32_t at, std::uint64_t weight) {
        (source.is_opcode[at] ? opcode : other)[source.bytes[at]] += weight;
    };
    for (std::uint32_t at = 0; at < source.size(); ++at) literal(at, 1);
    for (int i = 0; i < 64; ++i) slot[i] = 1;
    std::uint32_t at = 0;
    for (const Token& token : tokens) {
        if (token.step == Step::kLiteral) literal(at, 100);
        if (token.step == Step::kCopy) {
            slot[Strands::slot_of(source.rank[at] - 1 - source.rank[token.from])] += 100;
        }
        at += token.length;
    }
    plant(trees.opcode, opcode);
    plant(trees.other, other);
    plant(trees.slot, slot);
}

std::string write(Strands& strands, const Source& source, const std::vector<Token>& tokens) {
    Writer writer;
    strands.trees.code(writer);
    History(nullptr, nullptr, source.size()).code_counts(writer, source.counts.data());
    Past past;
    std::uint32_t at = 0;
    for (const Token& token : tokens) {
        code_token(writer, strands, source, past, at, token);
        at += token.length;
    }
    return writer.finish();
}

constexpr int kAttempts = 5;

std::string pack(std::vector<std::uint8_t> module) {
    const Source source(std::move(module));
    auto prices = std::make_unique<Strands>();
    plant(prices->trees, source, {});
    for (Tree* tree : {&prices->trees.opcode, &prices->trees.other, &prices->trees.slot})
        tree->build();
    std::string best;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        const std::vector<Token> tokens = parse(source, *prices);
        auto strands = std::make_unique<Strands>();
        plant(strands->trees, source, tokens);
        std::string text = write(*strands, source, tokens);
        if (attempt == 0 || text.size() < best.size()) best = std::move(text);
        prices = std::move(strands);
    }
    return best;
}

std::vector<std::uint8_t> given;
std::string text;

}  // namespace
}  // namespace packing

extern "C" __attribute__((export_name("room"))) std::uint8_t* room(std::uint32_t size) {
    packing::given.resize(size);
    return packing::given.data();
}
extern "C" __attribute__((export_name("pack"))) std::uint32_t pack() {
    packing::text = packing::pack(std::move(packing::given));
    return static_cast<std::uint32_t>(packing::text.size());
}
extern "C" __attribute__((export_name("text"))) const char* text() { return packing::text.data(); }
