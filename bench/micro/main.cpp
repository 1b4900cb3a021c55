// ropewalk_bench [Google Benchmark's options]: times, and in the JSON allocations and heap too.
// With --benchmark_out=file only the file is written: report.py makes the table of it.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

class Quiet : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>&) override {}
};

int run(int count, char** arguments) {
    // A repetition need not be long: the best of several counts. What is given later wins.
    std::string least = "--benchmark_min_time=0.05";
    std::vector<char*> all{arguments[0], least.data()};
    all.insert(all.end(), arguments + 1, arguments + count);
    bool to_file = false;
    for (const std::string_view argument : all) {
        to_file = to_file || argument.starts_with("--benchmark_out=");
    }
    count = static_cast<int>(all.size());
    benchmark::Initialize(&count, all.data());
    if (benchmark::ReportUnrecognizedArguments(count, all.data())) return 2;
    bench::register_trace_benchmarks();
    Memory memory;
    benchmark::RegisterMemoryManager(&memory);
    Quiet quiet;
    benchmark::RunSpecifiedBenchmarks(to_file ? &quiet : nullptr);
    benchmark::RegisterMemoryManager(nullptr);
    benchmark::Shutdown();
    return 0;
}

}  // namespace

int main(int count, char** arguments) try {
    return run(count, arguments);
} catch (const std::exception& error) {
    static_cast<void>(std::fprintf(stderr, "ropewalk_bench: %s\n", error.what()));
    return 2;
}
