// kill -9 at a random moment of a program that appends and compacts. What it has acknowledged is
// read from a pipe as it goes: the journal lies here, where the victim cannot write.
// ROPEWALK_KILLS: how many (10).
#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>
#include <thread>

#include "support/counts.hpp"
#include "support/temporary_folder.hpp"
#include "support/typist.hpp"

using crdt::DocumentFile;
using crdt::Durability;

namespace {

constexpr std::size_t kTypists = 4;
using Counts = std::array<std::uint64_t, kTypists>;

struct Acknowledged {
    std::uint32_t typist = 0;
    std::uint32_t letters = 0;
};

// Types with four hands and compacts with a fifth until it is killed. Only an exit says that
// something went wrong.
[[noreturn]] void be_the_victim(const std::string& path,
                                int journal,
                                const Counts& typed,
                                Durability durability,
                                std::uint64_t seed) {
    crdt::PosixFiles files;
    auto opened = DocumentFile::open(files, path, {.durability = durability, .document = 5});
    if (!opened.ok()) ::_exit(2);
    DocumentFile& file = **opened;
    std::array<std::thread, kTypists> hands;
    for (std::uint32_t i = 0; i < kTypists; ++i) {
        hands[i] = std::thread([&, i] {
            for (std::uint64_t letter = typed[i];; ++letter) {
                if (!file.commit(support::typed(i + 1, letter)).ok()) ::_exit(3);
                const Acknowledged line{i, static_cast<std::uint32_t>(letter + 1)};
                if (::write(journal, &line, sizeof line) != sizeof line) ::_exit(4);
            }
        });
    }
    std::mt19937_64 random(seed);
    for (;;) {
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 4000));
        if (!file.compact().ok()) ::_exit(5);
    }
}

}  // namespace

TEST_CASE("kill -9 while four threads commit and one compacts loses nothing acknowledged") {
    const support::TemporaryFolder folder;
    const std::uint64_t count = support::wanted("ROPEWALK_KILLS", 10);
    Counts acknowledged{};
    Counts found{};
    std::uint64_t acknowledgements = 0;
    for (std::uint64_t cycle = 1; cycle <= count; ++cycle) {
        CAPTURE(cycle);
        std::mt19937_64 random(cycle);
        std::array<int, 2> pipe{};
        REQUIRE(::pipe(pipe.data()) == 0);
        const Durability durability =
            cycle % 2 == 0 ? Durability::survives_kill : Durability::survives_power_loss;
        const pid_t victim = ::fork();
        REQUIRE(victim >= 0);
        if (victim == 0) {
            ::close(pipe[0]);
            be_the_victim(folder / "d.rope", pipe[1], found, durability, cycle);
        }
        ::close(pipe[1]);
        const auto end = std::chrono::steady_clock::now() +
                         std::chrono::microseconds(2'000 + random() % 120'000);
        std::thread killer([&] {
            std::this_thread::sleep_until(end);
            ::kill(victim, SIGKILL);
        });
        Acknowledged line;
        while (::read(pipe[0], &line, sizeof line) == sizeof line) {
            acknowledged[line.typist] = line.letters;
            ++acknowledgements;
        }
        ::close(pipe[0]);
        killer.join();
        int status = 0;
        REQUIRE(::waitpid(victim, &status, 0) == victim);
        REQUIRE_MESSAGE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL),
                        "the victim ended by itself");

        crdt::PosixFiles files;
        auto opened = DocumentFile::open(files, folder / "d.rope", {.document = 5});
        REQUIRE_MESSAGE(opened.ok(), opened.error().message());
        const auto file = *std::move(opened);
        CHECK_FALSE(file->report().damaged);
        crdt::Doc doc = support::read_file(*file);
        CHECK_FALSE(doc.has_pending());
        for (std::uint64_t i = 0; i < kTypists; ++i) {
            const std::string text = support::text_of_client(doc, i + 1);
            CHECK(text.size() >= acknowledged[i]);
            CHECK(text == support::typed_text(text.size()));
            found[i] = acknowledged[i] = text.size();
        }
    }
    // Tails that were set aside are all that may lie beside the file.
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        const std::string name = entry.path().filename().string();
        CHECK_MESSAGE((name == "d.rope" || name == "d.rope.previous" || name == "d.rope.new" ||
                       name.starts_with("d.rope.damaged-")),
                      name);
    }
    MESSAGE(count, " times killed, ", acknowledgements, " acknowledgements: none lost");
}
