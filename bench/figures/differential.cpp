// How many of 2,000 random histories end differently here and in Yjs. The test that knows is a
// script; its last line is "N seeds, M differ". ROPEWALK_SEEDS asks for another number.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "figures.hpp"

namespace bench {
namespace {

// tests/differential/run.sh of the repository that the current folder belongs to, or "".
std::string find_script() {
    namespace fs = std::filesystem;
    for (fs::path at = fs::current_path();; at = at.parent_path()) {
        const fs::path script = at / "tests" / "differential" / "run.sh";
        if (fs::exists(script)) return script.string();
        if (at == at.parent_path()) return {};
    }
}

// What the script says, line by line; false if it cannot be run.
template <class F>
bool run_script(const std::string& script, unsigned long seeds, F&& line) {
    const std::string command = "sh '" + script + "' " + std::to_string(seeds);
    std::FILE* const out = popen(command.c_str(), "r");  // NOLINT(cert-env33-c): our own script
    if (out == nullptr) return false;
    std::array<char, 4096> text{};
    while (std::fgets(text.data(), text.size(), out) != nullptr) line(text.data());
    pclose(out);  // fails when seeds differ, which the line has told
    return true;
}

}  // namespace

void measure_differential(Figures& figures) {
    unsigned long seeds = 2000;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads
    if (const char* asked = std::getenv("ROPEWALK_SEEDS"); asked != nullptr) {
        seeds = std::strtoul(asked, nullptr, 10);
    }
    const std::string script = find_script();
    if (!figures.check(!script.empty(), "differential: tests/differential/run.sh is not here")) {
        return;
    }
    unsigned long ran = 0;
    unsigned long differing = 0;
    bool told = false;
    const bool started = run_script(script, seeds, [&](const char* line) {
        // NOLINTNEXTLINE(cert-err34-c): both numbers are the script's own
        told = std::sscanf(line, "%lu seeds, %lu differ", &ran, &differing) == 2 || told;
    });
    if (!figures.check(started && told && ran == seeds, "differential: the test did not finish")) {
        return;
    }
    // The histories are of all types; once they were of some, under the shorter name.
    figures.add("differential.differing", static_cast<double>(differing), "seeds");
    figures.add("differential.all_types.differing", static_cast<double>(differing), "seeds");
}

}  // namespace bench
