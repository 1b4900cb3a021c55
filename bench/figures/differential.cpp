// How many of 2,000 random histories end differently here and in Yjs. The test that knows is a
// script; its last line is "N seeds, M differ". ROPEWALK_SEEDS asks for another number.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "../support/script.hpp"
#include "figures.hpp"

namespace bench {
void measure_differential(Figures& figures) {
    unsigned long seeds = 2000;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads
    if (const char* asked = std::getenv("ROPEWALK_SEEDS"); asked != nullptr) {
        seeds = std::strtoul(asked, nullptr, 10);
    }
    const std::string script = repository_file("tests/differential/run.sh");
    if (!figures.check(!script.empty(), "differential: tests/differential/run.sh is not here")) {
        return;
    }
    unsigned long ran = 0;
    unsigned long differing = 0;
    bool told = false;
    const std::string command = "sh '" + script + "' " + std::to_string(seeds);
    // It fails when seeds differ, which a line has told.
    static_cast<void>(run_command(command, [&](const char* line) {
        // NOLINTNEXTLINE(cert-err34-c): both numbers are the script's own
        told = std::sscanf(line, "%lu seeds, %lu differ", &ran, &differing) == 2 || told;
    }));
    if (!figures.check(told && ran == seeds, "differential: the test did not finish")) {
        return;
    }
    // The histories are of all types; once they were of some, under the shorter name.
    figures.add("differential.differing", static_cast<double>(differing), "seeds");
    figures.add("differential.all_types.differing", static_cast<double>(differing), "seeds");
}

}  // namespace bench
