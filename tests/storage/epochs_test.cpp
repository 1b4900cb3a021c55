// T7 and T8 for epochs: a person types and erases, compacts and renumbers; the machine stops at any
// moment, by kill -9 or for want of power. Whoever comes next finds the text as it was
// acknowledged, or a little further, in one epoch or the next: nothing lost, nothing doubled.
// ROPEWALK_KILLS and ROPEWALK_IMAGES: how many (10, 50).
#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <random>
#include <thread>

#include "support/counts.hpp"
#include "support/simulated_disk.hpp"
#include "support/temporary_folder.hpp"
#include "support/typist.hpp"

using crdt::DocumentFile;
using support::SimulatedDisk;

namespace {

// Everything that was typed stands in one text, behind what was erased at once.
class Writer {
public:
    explicit Writer(DocumentFile& file) : file_(file), doc_(support::read_file(file)) {
        text_ = doc_.text("t").to_string();
        become();
    }
    [[nodiscard]] const std::string& text() const { return text_; }

    // One letter more, and then it is acknowledged.
    [[nodiscard]] bool type() {
        const char one = support::letter(text_.size());
        const crdt::StateVector before = doc_.state_vector().value();
        doc_.text("t").append(std::string(1, one) + "-");
        doc_.text("t").erase(doc_.text("t").length() - 1, 1);
        text_ += one;
        return file_.commit(doc_.encode_state_as_update(before).value()).ok();
    }
    [[nodiscard]] bool renumber(std::uint64_t seed) {
        if (!file_.renumber(seed).ok()) return false;
        doc_ = support::read_file(file_);
        become();
        return doc_.text("t").to_string() == text_;
    }

private:
    // Who comes back after a crash must not go on under the clocks of what was lost.
    void become() {
        doc_.set_client(crdt::ClientId{1 + (std::uint64_t{file_.log().generation()} << 20) +
                                       file_.log().last_sequence()});
    }

    DocumentFile& file_;
    crdt::Doc doc_;
    std::string text_;
};

// Types, compacts and renumbers `steps` times; `acknowledge` is told how many letters are safe.
template <class F>
bool work(DocumentFile& file, std::mt19937_64& random, std::uint64_t steps, F&& acknowledge) {
    Writer writer(file);
    for (std::uint64_t i = 0; i < steps; ++i) {
        const std::uint64_t what = random() % 12;
        bool done = false;
        if (what == 0) {
            done = file.compact().ok();
        } else if (what == 1) {
            done = writer.renumber(random());
        } else {
            done = writer.type();
        }
        if (!done) return false;
        acknowledge(writer.text().size());
    }
    return true;
}

// The file as the next one finds it.
std::string check_file(DocumentFile& file, std::uint64_t acknowledged) {
    CHECK_FALSE(file.report().damaged);
    crdt::Doc doc = support::read_file(file);
    CHECK_FALSE(doc.has_pending());
    std::string text = doc.text("t").to_string();
    CHECK(text.size() >= acknowledged);
    CHECK(text == support::typed_text(text.size()));
    for (std::uint32_t epoch = 1; epoch <= file.log().epoch(); ++epoch) {
        const auto map = file.map_into(epoch);
        REQUIRE_MESSAGE(map.ok(), map.error().message());
        CHECK(map->to_epoch() == epoch);
    }
    return text;
}

void lose_power_once(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const std::uint64_t work_seed = random();
    constexpr std::uint64_t kSteps = 25;
    const auto run = [&](SimulatedDisk& disk, std::uint64_t& acknowledged) {
        std::mt19937_64 same(work_seed);
        const auto file = DocumentFile::open(disk, "d.rope", {.document = seed}).value();
        REQUIRE(work(*file, same, kSteps, [&](std::uint64_t size) { acknowledged = size; }));
    };
    std::uint64_t moments = 0;
    std::uint64_t acknowledged = 0;
    {
        SimulatedDisk rehearsal;
        rehearsal.before_write = [&] { ++moments; };
        run(rehearsal, acknowledged);
    }
    std::uint64_t left = random() % moments;
    bool checked = false;
    acknowledged = 0;
    SimulatedDisk disk;
    disk.before_write = [&] {
        if (left-- != 0) return;
        checked = true;
        SimulatedDisk image;
        disk.crash(random, image);
        if (!image.exists("d.rope")) {
            CHECK(acknowledged == 0);
            return;
        }
        const auto file = DocumentFile::open(image, "d.rope", {.document = seed}).value();
        const std::string found = check_file(*file, acknowledged);
        // And goes on from there.
        std::mt19937_64 more(seed);
        std::uint64_t size = 0;
        REQUIRE(work(*file, more, 12, [&](std::uint64_t now) { size = now; }));
        CHECK(check_file(*file, size).size() >= found.size());
    };
    run(disk, acknowledged);
    CHECK(checked);
}

// Works until it is killed. Only an exit says that something went wrong.
[[noreturn]] void be_the_victim(const std::string& path, int journal, std::uint64_t seed) {
    crdt::PosixFiles files;
    auto opened = DocumentFile::open(files, path, {.document = 6});
    if (!opened.ok()) ::_exit(2);
    std::mt19937_64 random(seed);
    static_cast<void>(work(**opened, random, ~std::uint64_t{0}, [&](std::uint64_t size) {
        if (::write(journal, &size, sizeof size) != sizeof size) ::_exit(4);
    }));
    ::_exit(3);
}

}  // namespace

TEST_CASE("T8: an epoch begins whole or not at all when the power goes") {
    const std::uint64_t count = support::wanted("ROPEWALK_IMAGES", 50);
    for (std::uint64_t seed = 1; seed <= count; ++seed) {
        CAPTURE(seed);
        lose_power_once(seed);
    }
    MESSAGE(count, " images of a loss of power among epochs: all opened, nothing lost or doubled");
}

TEST_CASE("kill -9 of one who types, compacts and renumbers loses and doubles nothing") {
    const support::TemporaryFolder folder;
    const std::uint64_t count = support::wanted("ROPEWALK_KILLS", 10);
    std::uint64_t acknowledged = 0;
    std::uint64_t acknowledgements = 0;
    std::uint32_t epoch = 0;
    for (std::uint64_t cycle = 1; cycle <= count; ++cycle) {
        CAPTURE(cycle);
        std::mt19937_64 random(cycle);
        std::array<int, 2> pipe{};
        REQUIRE(::pipe(pipe.data()) == 0);
        const pid_t victim = ::fork();
        REQUIRE(victim >= 0);
        if (victim == 0) {
            ::close(pipe[0]);
            be_the_victim(folder / "d.rope", pipe[1], cycle);
        }
        ::close(pipe[1]);
        const auto end = std::chrono::steady_clock::now() +
                         std::chrono::microseconds(2'000 + random() % 200'000);
        std::thread killer([&] {
            std::this_thread::sleep_until(end);
            ::kill(victim, SIGKILL);
        });
        std::uint64_t size = 0;
        while (::read(pipe[0], &size, sizeof size) == sizeof size) {
            acknowledged = size;
            ++acknowledgements;
        }
        ::close(pipe[0]);
        killer.join();
        int status = 0;
        REQUIRE(::waitpid(victim, &status, 0) == victim);
        REQUIRE_MESSAGE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL),
                        "the victim ended by itself");
        crdt::PosixFiles files;
        const auto file = DocumentFile::open(files, folder / "d.rope", {.document = 6}).value();
        acknowledged = check_file(*file, acknowledged).size();
        epoch = file->log().epoch();
    }
    MESSAGE(count, " times killed, ", acknowledgements, " acknowledgements, ", epoch,
            " epochs: none lost, none doubled");
}
