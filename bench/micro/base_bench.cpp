// Text in its two encodings.
#include <benchmark/benchmark.h>

#include <crdt/base/utf.hpp>
#include <string>

#include "../support/random.hpp"
#include "../support/unicode.hpp"

namespace {

enum Script : std::int64_t { kAscii, kCjk, kEmoji };

// range(0): characters, range(1): Script
std::string text_for(const benchmark::State& state) {
    std::string text;
    bench::Random random(1);
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        switch (state.range(1)) {
            case kAscii:
                bench::append_utf8(text, U'a' + random.below(26));
                break;
            case kCjk:
                bench::append_utf8(text, 0x4e00 + random.below(3'000));
                break;
            default:
                bench::append_utf8(text, 0x1f600 + random.below(80));
        }
    }
    return text;
}

void finish(benchmark::State& state, const std::string& text) {
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void BM_base_scan_utf8(benchmark::State& state) {
    const std::string text = text_for(state);
    for (auto _ : state) benchmark::DoNotOptimize(crdt::detail::scan_utf8(crdt::as_bytes(text)));
    finish(state, text);
}
BENCHMARK(BM_base_scan_utf8)->ArgsProduct({{1, 16, 65'536}, {kAscii, kCjk, kEmoji}});

void BM_base_utf8_to_utf16(benchmark::State& state) {
    const std::string text = text_for(state);
    std::u16string out(text.size(), u'\0');
    for (auto _ : state) {
        benchmark::DoNotOptimize(crdt::detail::utf8_to_utf16(crdt::as_bytes(text), out.data()));
        benchmark::ClobberMemory();
    }
    finish(state, text);
}
BENCHMARK(BM_base_utf8_to_utf16)->ArgsProduct({{1, 16, 65'536}, {kAscii, kCjk, kEmoji}});

void BM_base_utf16_to_utf8(benchmark::State& state) {
    const std::string text = text_for(state);
    std::u16string units(text.size(), u'\0');
    const char16_t* const end = crdt::detail::utf8_to_utf16(crdt::as_bytes(text), units.data());
    const auto count = static_cast<std::size_t>(end - units.data());
    std::string out(3 * count, '\0');
    auto* const bytes = reinterpret_cast<std::uint8_t*>(out.data());
    for (auto _ : state) {
        benchmark::DoNotOptimize(crdt::detail::utf16_to_utf8(units.data(), count, bytes));
        benchmark::ClobberMemory();
    }
    finish(state, text);
}
BENCHMARK(BM_base_utf16_to_utf8)->ArgsProduct({{16, 65'536}, {kAscii, kCjk, kEmoji}});

}  // namespace
