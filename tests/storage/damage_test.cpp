// T10: any change of a stored file is found; nothing wrong is ever read, and what is read is as
// much as can be. ROPEWALK_DAMAGES: how many (500).
#include <doctest/doctest.h>

#include <random>

#include "support/counts.hpp"
#include "support/simulated_disk.hpp"
#include "support/typist.hpp"

using crdt::DocumentFile;
using support::SimulatedDisk;
using Content = SimulatedDisk::Content;

namespace {

constexpr std::uint64_t kBefore = 40;  // letters in the snapshot
constexpr std::uint64_t kAfter = 60;   // letters in the log

struct Files {
    Content current;
    Content previous;
};

// A file with a snapshot, a log and a file before it, closed.
Files sound_files() {
    SimulatedDisk disk;
    auto file = DocumentFile::open(disk, "d.rope", {.document = 9}).value();
    for (std::uint64_t i = 0; i < kBefore + kAfter; ++i) {
        REQUIRE(file->commit(support::typed(1, i)).ok());
        if (i + 1 == kBefore) REQUIRE(file->compact().ok());
    }
    REQUIRE(file->close().ok());
    return {disk.content("d.rope"), disk.content("d.rope.previous")};
}

std::string damage(Content& bytes, std::mt19937_64& random) {
    const Content before = bytes;
    std::string what;
    const auto at = [&](std::size_t size) {
        // Half of them where the records are: the area of the head is long and mostly empty.
        const std::size_t from = random() % 2 == 0 ? 0 : std::min<std::size_t>(4032, size - 1);
        return from + random() % (size - from);
    };
    while (bytes == before) {
        bytes = before;
        const std::size_t size = bytes.size();
        const std::size_t from = at(size);
        const std::size_t length = 1 + random() % std::min<std::size_t>(size - from, 700);
        const auto begin = bytes.begin() + static_cast<long>(from);
        const auto end = begin + static_cast<long>(length);
        switch (random() % 7) {
            case 0:
                what = "flip";
                *begin ^= static_cast<std::uint8_t>(1U << (random() % 8));
                break;
            case 1:
                what = "cut the end";
                bytes.resize(from);
                break;
            case 2:
                what = "zero";
                std::fill(begin, end, std::uint8_t{0});
                break;
            case 3: {
                what = "swap";
                const std::size_t other = at(size);
                const std::size_t both = std::min({length, size - other, size - from});
                std::swap_ranges(begin, begin + static_cast<long>(both),
                                 bytes.begin() + static_cast<long>(other));
                break;
            }
            case 4: {
                what = "repeat";
                const Content part(begin, end);
                bytes.insert(end, part.begin(), part.end());
                break;
            }
            case 5:
                what = "take out";
                bytes.erase(begin, end);
                break;
            default:
                what = "noise";
                for (auto byte = begin; byte != end; ++byte) {
                    *byte = static_cast<std::uint8_t>(random());
                }
        }
        what += " at " + std::to_string(from) + ", " + std::to_string(length);
    }
    return what;
}

bool is_prefix_of_typed(const std::string& text) {
    return text == support::typed_text(text.size());
}

// Whether some file beside it has these bytes, or the file itself still has.
bool kept(const SimulatedDisk& disk, const Content& bytes) {
    for (const std::string& path : disk.paths()) {
        if (disk.content(path) == bytes) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("T10: every damage of a file is found, and never costs more than it must") {
    const Files sound = sound_files();
    {
        SimulatedDisk disk;
        disk.put("d.rope", sound.current);
        REQUIRE(crdt::verify_file(disk, "d.rope").value().sound());
    }
    const std::uint64_t count = support::wanted("ROPEWALK_DAMAGES", 500);
    std::uint64_t complete = 0;
    for (std::uint64_t seed = 1; seed <= count; ++seed) {
        std::mt19937_64 random(seed);
        Content hurt = sound.current;
        const std::string what = damage(hurt, random);
        CAPTURE(seed);
        CAPTURE(what);
        SimulatedDisk disk;
        disk.put("d.rope", hurt);
        disk.put("d.rope.previous", sound.previous);

        // 1 It is seen, by who only looks.
        const auto scan = crdt::verify_file(disk, "d.rope");
        CHECK((!scan.ok() || !scan->sound()));

        // 2 With the file before nothing but the damaged updates is missing.
        auto opened = DocumentFile::open(disk, "d.rope", {.create = false});
        REQUIRE_MESSAGE(opened.ok(), opened.error().message());
        const auto file = *std::move(opened);
        CHECK_FALSE((file->report().findings.empty() && !file->report().from_previous));
        crdt::Doc doc = support::read_file(*file);
        const std::string text = support::text_of_client(doc, 1);
        CHECK(is_prefix_of_typed(text));
        CHECK(text.size() >= kBefore);
        complete += text.size() == kBefore + kAfter ? 1U : 0U;

        // 3 Nothing takes the place of damaged bytes before they are elsewhere, too.
        REQUIRE(file->commit(support::typed(2, 0)).ok());
        REQUIRE(file->compact().ok());
        REQUIRE(file->close().ok());
        if (file->report().damaged) CHECK((kept(disk, hurt) || !file->report().set_aside.empty()));
        const auto after = crdt::verify_file(disk, "d.rope");
        REQUIRE(after.ok());
        CHECK(after->sound());
    }
    MESSAGE(count, " damages: all found; in ", complete, " of them nothing was missing");
}

TEST_CASE("T10: without the file before, a lost snapshot is an error and never an empty document") {
    const Files sound = sound_files();
    const std::uint64_t count = support::wanted("ROPEWALK_DAMAGES", 500) / 5;
    std::uint64_t refused = 0;
    for (std::uint64_t seed = 1; seed <= count; ++seed) {
        std::mt19937_64 random(seed + 1'000'000);
        Content hurt = sound.current;
        const std::string what = damage(hurt, random);
        CAPTURE(seed);
        CAPTURE(what);
        SimulatedDisk disk;
        disk.put("d.rope", hurt);
        auto opened = DocumentFile::open(disk, "d.rope");
        if (opened.ok()) {
            crdt::Doc doc = support::read_file(**opened);
            const std::string text = support::text_of_client(doc, 1);
            CHECK(is_prefix_of_typed(text));
            CHECK(text.size() >= kBefore);
            continue;
        }
        ++refused;
        CHECK(disk.content("d.rope") == hurt);
        // Who asks for what is left gets that.
        auto salvaged = DocumentFile::open(disk, "d.rope", {.create = false, .salvage = true});
        if (!salvaged.ok()) continue;
        CHECK((*salvaged)->report().salvaged);
        CHECK(kept(disk, hurt));
        crdt::Doc doc = support::read_file(**salvaged);
        CHECK(is_prefix_of_typed(support::text_of_client(doc, 1)));
    }
    CHECK(refused > 0);
    MESSAGE(count, " damages, of which ", refused, " cost the snapshot: refused");
}

TEST_CASE("T10: a container of several megabytes: what was not changed is all that is ever read") {
    // Half of it text, half of it what people have done to it.
    crdt::Doc doc = support::document(1);
    std::mt19937_64 random(3);
    std::string words;
    for (int i = 0; i < 1'500'000; ++i) words += static_cast<char>('a' + random() % 26);
    doc.text("t").insert(0, words);
    for (int i = 0; i < 20'000; ++i) {
        doc.text("t").insert(static_cast<std::uint32_t>(random() % 1'000'000), "x");
    }
    const crdt::Bytes sound = crdt::write_container(doc.encode_state_as_update().value()).value();
    const Content bytes(sound.begin(), sound.end());
    REQUIRE(bytes.size() > 1'500'000);
    const std::uint64_t count = support::wanted("ROPEWALK_LARGE_DAMAGES", 20);
    const std::string text = doc.text("t").to_string();
    std::uint64_t read = 0;
    for (std::uint64_t seed = 1; seed <= count; ++seed) {
        std::mt19937_64 damaging(seed + 2'000'000);
        Content hurt = bytes;
        const std::string what = damage(hurt, damaging);
        CAPTURE(seed);
        CAPTURE(what);
        const crdt::ViewSource source(crdt::ByteView(hurt.data(), hurt.size()));
        const auto container = crdt::Container::open(source);
        if (!container.ok()) continue;
        CHECK_FALSE(container->verify().ok());
        // Where only the history is hurt the text can still be read, and is the right one.
        crdt::Bytes out;
        if (!container->text_of("t", out).ok()) continue;
        CHECK(crdt::as_text(out) == text);
        ++read;
    }
    MESSAGE(count, " damages of ", bytes.size(), " bytes: all found; the text was whole in ", read);
}
