// T8: the power goes at any moment. An image is what was synced plus any part of the rest, torn at
// 512 bytes; a document opened from it has everything that was acknowledged, and no hole.
// ROPEWALK_IMAGES: how many (50).
#include <doctest/doctest.h>

#include <random>

#include "support/counts.hpp"
#include "support/simulated_disk.hpp"
#include "support/typist.hpp"

using crdt::DocumentFile;
using crdt::Durability;
using support::SimulatedDisk;

namespace {

using File = std::unique_ptr<DocumentFile>;

// One person types into a file; what he was told is safe stands outside of it.
struct Typist {
    std::uint64_t seed;
    Durability durability;
    SimulatedDisk disk;
    bool created = false;
    std::uint64_t typed = 0;
    std::uint64_t acknowledged = 0;

    void work(std::mt19937_64& random) {
        File file = DocumentFile::open(disk, "d.rope", {.durability = durability, .document = seed})
                        .value();
        created = true;
        const std::uint64_t letters = 5 + random() % 40;
        for (std::uint64_t i = 0; i < letters; ++i) {
            const crdt::Bytes update = support::typed(1, typed++);
            switch (random() % 12) {
                case 0:
                    REQUIRE(file->append(update).ok());
                    REQUIRE(file->sync().ok());
                    acknowledged = typed;
                    break;
                case 1:
                    REQUIRE(file->append(update).ok());
                    break;
                case 2:
                    REQUIRE(file->commit(update).ok());
                    REQUIRE(file->compact().ok());
                    acknowledged = typed;
                    break;
                default:
                    REQUIRE(file->commit(update).ok());
                    if (durability == Durability::survives_power_loss) acknowledged = typed;
            }
        }
        if (random() % 2 == 0) {
            REQUIRE(file->close().ok());
            acknowledged = typed;
        }
    }
};

// Opens an image as the next program would, twice, and goes on.
void check_image(const Typist& typist, SimulatedDisk& image) {
    const auto open = [&] {
        return DocumentFile::open(image, "d.rope", {.document = typist.seed});
    };
    if (!image.exists("d.rope")) {
        CHECK_FALSE(typist.created);
        return;
    }
    for (int again = 0; again < 2; ++again) {
        auto opened = open();
        REQUIRE_MESSAGE(opened.ok(), opened.error().message());
        const File file = *std::move(opened);
        crdt::Doc doc = support::read_file(*file);
        const std::string text = support::text_of_client(doc, 1);
        CHECK(text.size() >= typist.acknowledged);
        CHECK(text == support::typed_text(text.size()));
        if (again == 1) {
            CHECK(text.size() > typist.acknowledged);
            REQUIRE(file->compact().ok());
            CHECK(support::text_of_client(doc, 1) == text);
            continue;
        }
        // Whoever comes after a crash types on where he finds himself.
        REQUIRE(file->commit(support::typed(1, text.size())).ok());
    }
}

// Calls `work`, and has the power taken away at one moment of it.
void lose_power_once(Typist& typist, std::mt19937_64& random) {
    // Once to count the moments, once to stop at one of them.
    const std::uint64_t work_seed = random();
    std::uint64_t moments = 0;
    {
        Typist rehearsal{typist.seed, typist.durability, {}};
        rehearsal.disk.before_write = [&] { ++moments; };
        std::mt19937_64 same(work_seed);
        rehearsal.work(same);
        rehearsal.work(same);
    }
    std::uint64_t left = random() % moments;
    bool checked = false;
    const auto cut = [&] {
        SimulatedDisk image;
        typist.disk.crash(random, image);
        check_image(typist, image);
        checked = true;
    };
    typist.disk.before_write = [&] {
        if (left-- == 0) cut();
    };
    std::mt19937_64 same(work_seed);
    typist.work(same);
    typist.work(same);
    CHECK(checked);
}

}  // namespace

TEST_CASE("T8: after a loss of power everything acknowledged is there, and no hole") {
    const std::uint64_t count = support::wanted("ROPEWALK_IMAGES", 50);
    for (std::uint64_t seed = 1; seed <= count; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 random(seed);
        Typist typist{
            seed, seed % 4 == 0 ? Durability::survives_kill : Durability::survives_power_loss, {}};
        lose_power_once(typist, random);
    }
    MESSAGE(count, " images of a loss of power: all opened, nothing acknowledged missing");
}

TEST_CASE("T8: the test notices a file system that forgets to sync") {
    // The same with a disk whose sync does nothing: some images must lack what was acknowledged.
    struct Forgetful final : crdt::FileSystem {
        SimulatedDisk inner;
        crdt::Result<std::unique_ptr<crdt::File>> open(std::string_view path,
                                                       crdt::OpenMode mode) noexcept override {
            return inner.open(path, mode);
        }
        crdt::Status rename(std::string_view from, std::string_view to) noexcept override {
            return inner.rename(from, to);
        }
        crdt::Status link(std::string_view path, std::string_view another) noexcept override {
            return inner.link(path, another);
        }
        crdt::Status remove(std::string_view path) noexcept override { return inner.remove(path); }
        crdt::Status sync_folder(std::string_view) noexcept override { return {}; }
        bool is_at(const crdt::File& file, std::string_view path) const noexcept override {
            return inner.is_at(file, path);
        }
    };
    int lost = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Forgetful disk;
        std::mt19937_64 random(seed);
        File file = DocumentFile::open(disk, "d.rope", {.document = seed}).value();
        REQUIRE(file->commit(support::typed(1, 0)).ok());
        SimulatedDisk image;
        disk.inner.crash(random, image);
        if (!image.exists("d.rope")) ++lost;
    }
    CHECK(lost > 0);
}
