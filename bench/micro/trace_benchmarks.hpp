// BM_gap_<what>/<trace> is the limit, BM_doc_<what>/<trace> the engine: report.py divides them.
#pragma once

namespace bench {

// For every recording found, or made up: called once, before the benchmarks run.
void register_trace_benchmarks();

}  // namespace bench
