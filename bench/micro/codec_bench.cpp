// Bytes to plain values and back, with no document.
#include <benchmark/benchmark.h>

#include <crdt/codec/any.hpp>
#include <crdt/codec/reader.hpp>
#include <crdt/codec/update_v1.hpp>
#include <crdt/codec/writer.hpp>
#include <vector>

#include "../support/random.hpp"
#include "../support/replay.hpp"

namespace {

constexpr std::uint32_t kCount = 4'096;

// Numbers of up to `bits` bits, each length of them alike often.
std::vector<std::uint64_t> numbers(std::int64_t bits) {
    std::vector<std::uint64_t> numbers(kCount);
    bench::Random random(1);
    for (std::uint64_t& number : numbers) {
        const std::uint32_t length = random.between(1, static_cast<std::uint32_t>(bits));
        number = random.next() >> (64 - length);
    }
    return numbers;
}

void finish(benchmark::State& state, std::size_t bytes) {
    state.SetItemsProcessed(state.iterations() * kCount);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void BM_codec_write_var_uint(benchmark::State& state) {
    const std::vector<std::uint64_t> values = numbers(state.range(0));
    crdt::Bytes out;
    for (auto _ : state) {
        out.clear();
        crdt::detail::Writer writer(out);
        for (const std::uint64_t value : values) writer.var_uint(value);
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
    finish(state, out.size());
}
BENCHMARK(BM_codec_write_var_uint)->Arg(7)->Arg(21)->Arg(53);

void BM_codec_read_var_uint(benchmark::State& state) {
    crdt::Bytes bytes;
    crdt::detail::Writer writer(bytes);
    for (const std::uint64_t value : numbers(state.range(0))) writer.var_uint(value);
    for (auto _ : state) {
        crdt::detail::Reader reader(bytes);
        std::uint64_t sum = 0;
        while (!reader.at_end()) sum += reader.var_uint();
        benchmark::DoNotOptimize(sum);
    }
    finish(state, bytes.size());
}
BENCHMARK(BM_codec_read_var_uint)->Arg(7)->Arg(21)->Arg(53);

// A record such as applications keep in maps.
crdt::Any record() {
    using crdt::Any;
    return Any::object({{"id", "5e3c1f0a"},
                        {"title", "Terms of delivery"},
                        {"done", false},
                        {"weight", 0.375},
                        {"position", 1'234'567},
                        {"tags", Any::array({"contract", "draft", "2024"})},
                        {"owner", Any::object({{"name", "Ada"}, {"level", 3}})}});
}

void BM_codec_make_any(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(record());
}
BENCHMARK(BM_codec_make_any);

void BM_codec_decode_any(benchmark::State& state) {
    const crdt::Any value = record();
    const crdt::ByteView bytes = value.view().encoded();
    for (auto _ : state) benchmark::DoNotOptimize(crdt::Any::decode(bytes));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(BM_codec_decode_any);

void BM_codec_find_in_any(benchmark::State& state) {
    const crdt::Any value = record();
    for (auto _ : state) benchmark::DoNotOptimize(value.view().find("owner")->find("level"));
}
BENCHMARK(BM_codec_find_in_any);

// The update that holds a whole recording, decoded and not applied.
void BM_codec_decode_update(benchmark::State& state) {
    const bench::Trace trace =
        bench::to_trace(bench::recordings().sequential[bench::recordings().main]);
    crdt::Doc doc(crdt::ClientId{1});
    bench::replay(doc, trace);
    const crdt::Bytes bytes = doc.encode_state_as_update().value();
    crdt::detail::DecodedUpdate decoded;
    for (auto _ : state) {
        decoded.clear();
        benchmark::DoNotOptimize(crdt::detail::decode_update_v1(bytes, {}, decoded));
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(decoded.blocks.size()));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(BM_codec_decode_update)->Unit(benchmark::kMicrosecond);

}  // namespace
