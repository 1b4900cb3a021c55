// ropewalk_bench [Google Benchmark's options]: times, and in the JSON allocations and heap too.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <exception>
#include <optional>

#include "../support/heap_meter.hpp"
#include "trace_benchmarks.hpp"

namespace {

// Google Benchmark runs each benchmark once more for this, outside of the timing.
class Memory : public benchmark::MemoryManager {
public:
    void Start() override { meter_.emplace(); }
    void Stop(Result& result) override {
        result.num_allocs = meter_->use().allocations;
        result.max_bytes_used = meter_->use().most_bytes;
        meter_.reset();
    }
    void Stop(Result* result) override { Stop(*result); }

private:
    std::optional<bench::HeapMeter> meter_;
};

}  // namespace

int main(int count, char** arguments) try {
    benchmark::Initialize(&count, arguments);
    if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 2;
    bench::register_trace_benchmarks();
    Memory memory;
    benchmark::RegisterMemoryManager(&memory);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::RegisterMemoryManager(nullptr);
    benchmark::Shutdown();
    return 0;
} catch (const std::exception& error) {
    static_cast<void>(std::fprintf(stderr, "ropewalk_bench: %s\n", error.what()));
    return 2;
}
