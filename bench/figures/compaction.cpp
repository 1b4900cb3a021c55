// What is left of a million insertions at random places by fifty people, deleted in random order
// but for one in fifty: compacted and renumbered here, loaded by real Yjs beside its own bytes.
// ROPEWALK_INSERTS asks for another number; above two millions it is the engine alone.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <crdt/crdt.hpp>
#include <crdt/storage.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>

#include "../support/random.hpp"
#include "../support/script.hpp"
#include "figures.hpp"

namespace bench {
namespace {

constexpr std::uint32_t kClients = 50;
constexpr std::uint32_t kOneKeptOf = 50;
constexpr std::uint32_t kMostForYjs = 2'000'000;
constexpr int kTurns = 3;

std::uint32_t inserts() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads
    const char* const asked = std::getenv("ROPEWALK_INSERTS");
    return asked == nullptr ? 1'000'000
                            : static_cast<std::uint32_t>(std::strtoul(asked, nullptr, 10));
}

// Of this process: another that runs beside it does not count.
double cpu_ms() {
    std::timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

template <class F>
double best_of(int turns, F&& work) {
    double best = 0;
    for (int turn = 0; turn < turns; ++turn) {
        const double begin = cpu_ms();
        work();
        const double ms = cpu_ms() - begin;
        best = turn == 0 ? ms : std::min(best, ms);
    }
    return best;
}

crdt::Doc scattered(std::uint32_t count) {
    Random random(7);
    std::array<crdt::ClientId, kClients> clients{};
    for (crdt::ClientId& client : clients) client = crdt::ClientId{random.next() >> 32};
    crdt::Doc doc(clients[0]);
    const crdt::Text text = doc.text("t");
    for (std::uint32_t i = 0; i < count; ++i) {
        doc.set_client(clients[random.below(kClients)]);
        const char letter = static_cast<char>('a' + random.below(26));
        text.insert(random.below(i + 1), {&letter, 1});
    }
    for (std::uint32_t i = count; i > count / kOneKeptOf; --i) text.erase(random.below(i), 1);
    return doc;
}

class Folder {
public:
    Folder()
        : path_(std::filesystem::temp_directory_path() /
                ("ropewalk-compaction-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(path_);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    void put(const char* name, crdt::ByteView bytes) const {
        std::ofstream file(path_ / name, std::ios::binary);
        file << crdt::as_text(bytes);
    }
    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

// What bench/js/compaction.mjs tells: sizes and times of Yjs by name. Nothing, if it failed.
std::map<std::string, double> ask_yjs(const Folder& folder) {
    std::map<std::string, double> told;
    const std::string script = repository_file("bench/js/compaction.mjs");
    const bool ran =
        !script.empty() &&
        run_command("node '" + script + "' '" + folder.path() + "'", [&](const char* line) {
            std::array<char, 64> name{};
            double value = 0;
            // NOLINTNEXTLINE(cert-err34-c): our script
            if (std::sscanf(line, "%63s %lf", name.data(), &value) == 2) {
                told[name.data()] = value;
            }
        });
    if (!ran) told.clear();
    return told;
}

}  // namespace

void measure_compaction(Figures& figures) {
    const std::uint32_t count = inserts();
    crdt::Bytes history;
    std::string text;
    {
        const crdt::Doc doc = scattered(count);
        history = doc.encode_state_as_update().value();
        text = doc.text("t").to_string();
    }
    const Folder folder;
    folder.put("text", crdt::as_bytes(text));
    folder.put("history", history);
    figures.add("compact.inserts", count, "inserts");

    crdt::Bytes compacted;
    figures.add("compact.compact_ms",
                best_of(1,
                        [&] {
                            compacted =
                                crdt::compact(history, {.limits = {.structs = count + 1}}).value();
                        }),
                "ms");
    folder.put("compacted", compacted);
    const crdt::Bytes container =
        crdt::write_container(history, crdt::UpdateFormat::v1, {.limits = {.structs = count + 1}})
            .value();
    const auto container_size = static_cast<double>(container.size());
    figures.add("compact.container_bytes", container_size, "B");
    const crdt::ViewSource source(container);
    const double container_load = best_of(kTurns, [&] {
        crdt::Doc opened(crdt::DocOptions{.client = crdt::ClientId{1}},
                         crdt::ContainerSource::open(source).value());
        const bool edited = opened.text("t").insert(0, "x").ok();
        figures.check(edited && opened.text("t").to_string() == "x" + text, "compact: container");
    });
    figures.add("compact.container_load_ms", container_load, "ms");

    std::size_t map_size = 0;
    crdt::Bytes renumbered;
    figures.add(
        "compact.renumber_ms",
        best_of(
            1,
            [&] {
                crdt::Renumbered made =
                    crdt::renumber(history, {.seed = 5, .limits = {.structs = count + 1}}).value();
                map_size = made.map.encoded().size();
                renumbered = std::move(made.history);
            }),
        "ms");
    figures.add("compact.map_bytes", static_cast<double>(map_size), "B");
    folder.put("renumbered", renumbered);
    crdt::Doc fresh(crdt::ClientId{2});
    figures.check(fresh.apply(renumbered).ok() && fresh.text("t").to_string() == text,
                  "compact: renumbered");
    figures.add("compact.renumbered_bytes", static_cast<double>(renumbered.size()), "B");
    if (count > kMostForYjs) return;

    // Yjs applies all of them to the same text, or the script fails.
    std::map<std::string, double> yjs = ask_yjs(folder);
    if (!figures.check(!yjs.empty(), "compact: bench/js/compaction.mjs failed")) return;
    figures.add("compact.yjs_v2_bytes", yjs["v2_bytes"], "B");
    figures.add("compact.yjs_load_ms", yjs["load_ms"], "ms");
    figures.add("compact.v1_vs_yjs", static_cast<double>(compacted.size()) / yjs["v1_bytes"], "x");
    figures.add("compact.container_vs_yjs", container_size / yjs["v2_bytes"], "x");
    figures.add("compact.container_load_vs_yjs", container_load / yjs["load_ms"], "x");
    figures.add("compact.renumbered_vs_yjs",
                static_cast<double>(renumbered.size()) / yjs["v2_bytes"], "x");
    figures.add("compact.renumbered_load_vs_yjs", yjs["renumbered_load_ms"] / yjs["load_ms"], "x");
}

}  // namespace bench
