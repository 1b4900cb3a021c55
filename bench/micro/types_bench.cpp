// Text, Array and Map on documents of a size: one transaction, many edits; times are per edit.
#include <benchmark/benchmark.h>

#include <crdt/doc/doc.hpp>
#include <string>
#include <vector>

#include "../support/gap_buffer.hpp"
#include "../support/random.hpp"

namespace {

using bench::Random;

std::string letters(std::size_t count) {
    std::string text(count, '\0');
    Random random(1);
    for (char& c : text) c = static_cast<char>('a' + random.below(26));
    return text;
}

std::vector<std::uint32_t> places(std::uint32_t count, std::uint32_t length, std::uint32_t growth) {
    std::vector<std::uint32_t> places(count);
    Random random(2);
    for (std::uint32_t i = 0; i < count; ++i) places[i] = random.below(length + i * growth + 1);
    return places;
}

// What one iteration did was `edits` edits.
void count_edits(benchmark::State& state, std::uint32_t edits) {
    state.counters["per_edit"] = benchmark::Counter(
        edits, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    state.SetItemsProcessed(state.iterations() * edits);
}

void BM_gap_typing(benchmark::State& state) {
    const std::string text = letters(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        bench::GapBuffer buffer;
        for (std::size_t i = 0; i < text.size(); ++i) buffer.replace(i, 0, {&text[i], 1});
        benchmark::DoNotOptimize(buffer);
    }
    count_edits(state, static_cast<std::uint32_t>(text.size()));
}
BENCHMARK(BM_gap_typing)->Arg(100'000);

void BM_types_text_typing(benchmark::State& state) {
    const std::string letters_to_type = letters(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        crdt::Doc doc(crdt::ClientId{1});
        const crdt::Text text = doc.text("text");
        const crdt::Transaction open = doc.transact();
        for (std::uint32_t i = 0; i < letters_to_type.size(); ++i) {
            text.insert(i, std::string_view(&letters_to_type[i], 1));
        }
    }
    count_edits(state, static_cast<std::uint32_t>(letters_to_type.size()));
}
BENCHMARK(BM_types_text_typing)->Arg(100'000);

void BM_types_text_typing_emoji(benchmark::State& state) {
    for (auto _ : state) {
        crdt::Doc doc(crdt::ClientId{1});
        const crdt::Text text = doc.text("text");
        const crdt::Transaction open = doc.transact();
        for (std::uint32_t i = 0; i < state.range(0); ++i) text.insert(2 * i, "\U0001f600");
    }
    count_edits(state, static_cast<std::uint32_t>(state.range(0)));
}
BENCHMARK(BM_types_text_typing_emoji)->Arg(100'000);

// Into a text of that length, as many characters again.
void BM_types_text_random_insert(benchmark::State& state) {
    const auto length = static_cast<std::uint32_t>(state.range(0));
    const std::string base = letters(length);
    const std::vector<std::uint32_t> at = places(length, length, 1);
    for (auto _ : state) {
        state.PauseTiming();
        crdt::Doc doc(crdt::ClientId{1});
        const crdt::Text text = doc.text("text");
        text.insert(0, base);
        state.ResumeTiming();
        const crdt::Transaction open = doc.transact();
        for (const std::uint32_t i : at) text.insert(i, "x");
    }
    count_edits(state, length);
}
BENCHMARK(BM_types_text_random_insert)->Arg(1'000)->Arg(30'000)->Arg(1'000'000);

// Half of the characters of a text, one by one.
void BM_types_text_random_erase(benchmark::State& state) {
    const auto length = static_cast<std::uint32_t>(state.range(0));
    const std::string base = letters(length);
    std::vector<std::uint32_t> at(length / 2);
    Random random(3);
    for (std::uint32_t i = 0; i < at.size(); ++i) at[i] = random.below(length - i);
    for (auto _ : state) {
        state.PauseTiming();
        crdt::Doc doc(crdt::ClientId{1});
        const crdt::Text text = doc.text("text");
        text.insert(0, base);
        state.ResumeTiming();
        const crdt::Transaction open = doc.transact();
        for (const std::uint32_t i : at) text.erase(i, 1);
    }
    count_edits(state, length / 2);
}
BENCHMARK(BM_types_text_random_erase)->Arg(1'000)->Arg(30'000)->Arg(1'000'000);

void BM_types_array_push(benchmark::State& state) {
    for (auto _ : state) {
        crdt::Doc doc(crdt::ClientId{1});
        const crdt::Array array = doc.array("list");
        const crdt::Transaction open = doc.transact();
        for (std::int64_t i = 0; i < state.range(0); ++i) array.push(i);
    }
    count_edits(state, static_cast<std::uint32_t>(state.range(0)));
}
BENCHMARK(BM_types_array_push)->Arg(1'000)->Arg(100'000);

void BM_types_array_get(benchmark::State& state) {
    const auto size = static_cast<std::uint32_t>(state.range(0));
    crdt::Doc doc(crdt::ClientId{1});
    const crdt::Array array = doc.array("list");
    {
        const crdt::Transaction open = doc.transact();
        Random random(4);
        for (std::uint32_t i = 0; i < size; ++i) array.insert(random.below(i + 1), {i});
    }
    const std::vector<std::uint32_t> at = places(1'000, size - 1, 0);
    for (auto _ : state) {
        for (const std::uint32_t i : at) {
            benchmark::DoNotOptimize(array.get(i).value().any().as_number());
        }
    }
    count_edits(state, 1'000);
}
BENCHMARK(BM_types_array_get)->Arg(1'000)->Arg(100'000);

std::vector<std::string> keys(std::uint32_t count) {
    std::vector<std::string> keys;
    for (std::uint32_t i = 0; i < count; ++i) keys.push_back("key" + std::to_string(i));
    return keys;
}

// Each key set twice.
void BM_types_map_set(benchmark::State& state) {
    const std::vector<std::string> names = keys(static_cast<std::uint32_t>(state.range(0)));
    for (auto _ : state) {
        crdt::Doc doc(crdt::ClientId{1});
        const crdt::Map map = doc.map("map");
        const crdt::Transaction open = doc.transact();
        for (int round = 0; round < 2; ++round) {
            for (const std::string& name : names) map.set(name, round);
        }
    }
    count_edits(state, 2 * static_cast<std::uint32_t>(names.size()));
}
BENCHMARK(BM_types_map_set)->Arg(10)->Arg(10'000);

void BM_types_map_get(benchmark::State& state) {
    const std::vector<std::string> names = keys(static_cast<std::uint32_t>(state.range(0)));
    crdt::Doc doc(crdt::ClientId{1});
    const crdt::Map map = doc.map("map");
    for (const std::string& name : names) map.set(name, 1);
    for (auto _ : state) {
        for (const std::string& name : names) benchmark::DoNotOptimize(map.get<int>(name));
    }
    count_edits(state, static_cast<std::uint32_t>(names.size()));
}
BENCHMARK(BM_types_map_get)->Arg(10)->Arg(10'000);

}  // namespace
