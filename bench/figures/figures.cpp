#include "figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "../support/gap_buffer.hpp"
#include "../support/replay.hpp"

namespace bench {
namespace {

std::string to_text(double value) {
    char text[64];
    const char* format = value == std::floor(value) ? "%.0f"
                         : value < 0.1              ? "%.6f"
                         : value < 1000             ? "%.3f"
                                                    : "%.0f";
    static_cast<void>(std::snprintf(text, sizeof text, format, value));
    return text;
}

}  // namespace

void Figures::add(const std::string& id, double value, const char* unit) {
    if (!id.starts_with(only_)) return;
    figures_.push_back({id, value, unit});
    std::printf("%s %s %s\n", id.c_str(), to_text(value).c_str(), unit);
    static_cast<void>(std::fflush(stdout));
}

bool Figures::check(bool holds, const std::string& what) {
    // Each is said once, however many rounds meet it.
    if (!holds && std::find(failures_.begin(), failures_.end(), what) == failures_.end()) {
        failures_.push_back(what);
        static_cast<void>(std::fprintf(stderr, "figures: WRONG: %s\n", what.c_str()));
    }
    return holds;
}

// Ids, units and failures are our own words: nothing in them needs an escape.
bool Figures::write_json(const std::string& path) const {
    std::ofstream out(path);
    const bool synthetic = recordings().folder.empty();
    out << "{\n  \"traces\": \"" << (synthetic ? "synthetic" : "recorded") << "\",\n";
    out << "  \"figures\": [";
    const char* comma = "\n";
    for (const Figure& figure : figures_) {
        out << comma << "    {\"id\": \"" << figure.id << "\", \"value\": " << to_text(figure.value)
            << ", \"unit\": \"" << figure.unit << "\"}";
        comma = ",\n";
    }
    out << "\n  ],\n  \"failures\": [";
    comma = "";
    for (const std::string& failure : failures_) {
        out << comma << "\"" << failure << "\"";
        comma = ", ";
    }
    out << "]\n}\n";
    return static_cast<bool>(out.flush());
}

const Trace& Figures::main_trace() {
    if (!main_trace_) main_trace_ = to_trace(recordings().sequential[recordings().main]);
    return *main_trace_;
}

Contestant gap_replay(const Trace& trace) {
    return [&trace] {
        const Stopwatch watch;
        GapBuffer buffer;
        replay(buffer, trace);
        keep(buffer);
        return watch.ns();
    };
}

AgainstGap against_gap(const Trace& trace, const Contestant& contestant, Rounds rounds) {
    const std::vector<Timing> timings = in_turns({gap_replay(trace), contestant}, rounds);
    return {timings[1].best, timings[0].best};
}

void add_per_edit(Figures& figures,
                  const std::string& id,
                  const char* what,
                  const AgainstGap& result,
                  std::size_t count,
                  const Trace& trace) {
    const double ns = result.ns / static_cast<double>(count);
    const double gap_ns = result.gap_ns / static_cast<double>(trace.patches.size());
    figures.add(id + "." + what + "_ns", ns, "ns");
    figures.add(id + ".gap_edits", ns / gap_ns, "edits");
}

}  // namespace bench
