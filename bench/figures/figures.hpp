// What the issues promise, measured: each figure has an id, a value and a unit.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../support/timing.hpp"
#include "../traces/trace.hpp"

namespace bench {

class Figures {
public:
    explicit Figures(std::string only) : only_(std::move(only)) {}

    // Is anything asked for whose id starts with this?
    [[nodiscard]] bool wanted(std::string_view prefix) const {
        return prefix.starts_with(only_) || only_.starts_with(prefix);
    }
    // Prints `id value unit` if it is asked for, and remembers it.
    void add(const std::string& id, double value, const char* unit);
    // A result that is wrong: said on stderr, and the program fails at its end. Returns `holds`.
    bool check(bool holds, const std::string& what);

    [[nodiscard]] bool failed() const { return !failures_.empty(); }
    // False if the file cannot be written.
    [[nodiscard]] bool write_json(const std::string& path) const;

    // The trace on which single figures are measured.
    [[nodiscard]] const Trace& main_trace();

private:
    struct Figure {
        std::string id;
        double value;
        const char* unit;
    };

    std::string only_;
    std::vector<Figure> figures_;
    std::vector<std::string> failures_;
    std::optional<Trace> main_trace_;
};

// One replay of the trace into a gap buffer.
[[nodiscard]] Contestant gap_replay(const Trace& trace);

// Contestant and gap buffer in turns.
struct AgainstGap {
    double ns = 0;
    double gap_ns = 0;
    [[nodiscard]] double ratio() const { return ns / gap_ns; }
};
[[nodiscard]] AgainstGap against_gap(const Trace& trace,
                                     const Contestant& contestant,
                                     Rounds rounds = {});

// `count` edits took `result.ns`: adds <id>.<what>_ns and <id>.gap_edits, the same as a multiple
// of one gap-buffer edit.
void add_per_edit(Figures& figures,
                  const std::string& id,
                  const char* what,
                  const AgainstGap& result,
                  std::size_t count,
                  const Trace& trace);

void measure_replay(Figures& figures);
void measure_keystroke(Figures& figures);
void measure_observer(Figures& figures);
void measure_load(Figures& figures);
void measure_apply(Figures& figures);
void measure_encode(Figures& figures);
void measure_v2(Figures& figures);
void measure_heap(Figures& figures);
void measure_scale(Figures& figures);
void measure_conflict(Figures& figures);
void measure_backwards(Figures& figures);
void measure_random(Figures& figures);
void measure_prepend(Figures& figures);
void measure_formats(Figures& figures);
void measure_unicode(Figures& figures);
void measure_differential(Figures& figures);
void measure_merge(Figures& figures);
void measure_diff(Figures& figures);
void measure_state_vector(Figures& figures);
void measure_container(Figures& figures);
void measure_compaction(Figures& figures);

}  // namespace bench
