// figures [--only=prefix] [--json=file]: every figure, one a line, as `id value unit`.
#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include "figures.hpp"

namespace {

struct Group {
    const char* prefix;
    void (*measure)(bench::Figures&);
};

constexpr std::array kGroups{
    Group{"replay.", &bench::measure_replay},
    Group{"keystroke.", &bench::measure_keystroke},
    Group{"observer.", &bench::measure_observer},
    Group{"load.", &bench::measure_load},
    Group{"apply.", &bench::measure_apply},
    Group{"encode.", &bench::measure_encode},
    Group{"v2.", &bench::measure_v2},
    Group{"heap.", &bench::measure_heap},
    Group{"scale.", &bench::measure_scale},
    Group{"conflict.", &bench::measure_conflict},
    Group{"backwards.", &bench::measure_backwards},
    Group{"random.", &bench::measure_random},
    Group{"prepend.", &bench::measure_prepend},
    Group{"formats.", &bench::measure_formats},
    Group{"unicode.", &bench::measure_unicode},
    Group{"differential.", &bench::measure_differential},
    Group{"merge.", &bench::measure_merge},
    Group{"diff.", &bench::measure_diff},
    Group{"state_vector.", &bench::measure_state_vector},
    Group{"container.", &bench::measure_container},
    Group{"compact.", &bench::measure_compaction},
};

int run(int count, char** arguments) {
    std::string only;
    std::string json;
    for (int i = 1; i < count; ++i) {
        const std::string_view argument = arguments[i];
        if (argument.starts_with("--only=")) {
            only = argument.substr(7);
        } else if (argument.starts_with("--json=")) {
            json = argument.substr(7);
        } else {
            static_cast<void>(
                std::fprintf(stderr, "usage: figures [--only=prefix] [--json=file]\n"));
            return 2;
        }
    }
    const std::string& folder = bench::recordings().folder;
    static_cast<void>(std::fprintf(stderr, "figures: traces: %s\n",
                                   folder.empty() ? "none found; made up" : folder.c_str()));
    bench::Figures figures(only);
    bool any = false;
    for (const Group& group : kGroups) {
        if (!figures.wanted(group.prefix)) continue;
        any = true;
        group.measure(figures);
    }
    if (!any) {
        static_cast<void>(
            std::fprintf(stderr, "figures: no figure starts with %s\n", only.c_str()));
        return 2;
    }
    if (!json.empty() && !figures.write_json(json)) {
        static_cast<void>(std::fprintf(stderr, "figures: cannot write %s\n", json.c_str()));
        return 2;
    }
    return figures.failed() ? 1 : 0;
}

}  // namespace

int main(int count, char** arguments) try {
    return run(count, arguments);
} catch (const std::exception& error) {
    static_cast<void>(std::fprintf(stderr, "figures: %s\n", error.what()));
    return 2;
}
