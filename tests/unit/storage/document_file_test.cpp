#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "support/simulated_disk.hpp"
#include "support/temporary_folder.hpp"
#include "support/typist.hpp"

using crdt::DocumentFile;
using crdt::Durability;
using crdt::ErrorCode;
using crdt::FileOptions;
using support::SimulatedDisk;
using support::TemporaryFolder;
using support::typed;

namespace {

std::string text_in(const DocumentFile& file, std::uint64_t client = 1) {
    crdt::Doc doc = support::read_file(file);
    return support::text_of_client(doc, client);
}
std::unique_ptr<DocumentFile> open(crdt::FileSystem& disk, const FileOptions& options = {}) {
    return DocumentFile::open(disk, "d.rope", options).value();
}

}  // namespace

TEST_CASE("a file is created, written, closed and opened again") {
    SimulatedDisk disk;
    {
        const auto file = open(disk, {.document = 7});
        CHECK(file->report().created);
        CHECK(text_in(*file).empty());
        for (std::uint64_t i = 0; i < 5; ++i) CHECK(file->commit(typed(1, i)).ok());
        CHECK(file->close().ok());
    }
    const auto file = open(disk);
    CHECK_FALSE(file->report().created);
    CHECK(file->report().closed);
    CHECK(file->report().findings.empty());
    CHECK(text_in(*file) == support::typed_text(5));
    CHECK(file->log().updates() == 5);
}

TEST_CASE("compaction keeps the document, the file before, and what is committed afterwards") {
    SimulatedDisk disk;
    const auto file = open(disk, {.document = 7});
    for (std::uint64_t i = 0; i < 200; ++i) REQUIRE(file->commit(typed(1, i)).ok());
    const std::uint64_t before = file->size();
    REQUIRE(file->compact().ok());
    CHECK(file->size() < before / 2);
    CHECK(file->log().updates() == 0);
    CHECK(disk.content("d.rope.previous").size() == before);
    REQUIRE(file->commit(typed(1, 200)).ok());
    CHECK(text_in(*file) == support::typed_text(201));
    CHECK(file->log().generation() == 2);
}

TEST_CASE("a compacted document can be read without being opened, and edited all the same") {
    SimulatedDisk disk;
    const auto file = open(disk, {.document = 7, .lazy = true});
    for (std::uint64_t i = 0; i < 30; ++i) REQUIRE(file->commit(typed(1, i)).ok());
    CHECK(file->unopened().value() == nullptr);
    REQUIRE(file->compact().ok());
    auto source = file->unopened().value();
    REQUIRE(source != nullptr);
    // What it reads stays while the file is replaced.
    REQUIRE(file->compact().ok());
    crdt::Doc doc(crdt::DocOptions{.client = crdt::ClientId{9}}, std::move(source));
    CHECK(support::text_of_client(doc, 1) == support::typed_text(30));
    REQUIRE(doc.apply(typed(1, 30)).ok());
    CHECK(support::text_of_client(doc, 1) == support::typed_text(31));
    REQUIRE(file->commit(typed(1, 30)).ok());
    CHECK(file->unopened().value() == nullptr);
}

TEST_CASE("there is one writer at a time, and as many readers as like") {
    SimulatedDisk disk;
    const auto file = open(disk, {.document = 7});
    REQUIRE(file->commit(typed(1, 0)).ok());
    CHECK(DocumentFile::open(disk, "d.rope").error().code == ErrorCode::in_use);
    const auto reader = open(disk, {.read_only = true});
    CHECK(text_in(*reader) == support::typed_text(1));
    CHECK(reader->commit(typed(2, 0)).error().code == ErrorCode::read_only);
    CHECK(reader->compact().error().code == ErrorCode::read_only);
    CHECK(reader->close().ok());
    CHECK_FALSE(disk.exists("d.rope.new"));
}

TEST_CASE("who has closed a file reads on, and another one writes") {
    const TemporaryFolder folder;
    const std::string path = folder / "d.rope";
    crdt::PosixFiles system;
    SimulatedDisk simulated;
    for (crdt::FileSystem* disk :
         {static_cast<crdt::FileSystem*>(&system), static_cast<crdt::FileSystem*>(&simulated)}) {
        const auto first = DocumentFile::open(*disk, path).value();
        REQUIRE(first->commit(typed(1, 0)).ok());
        CHECK(DocumentFile::open(*disk, path).error().code == ErrorCode::in_use);
        REQUIRE(first->close().ok());
        CHECK(first->close().ok());
        const auto second = DocumentFile::open(*disk, path).value();
        CHECK(second->report().closed);
        CHECK(first->commit(typed(1, 1)).error().code == ErrorCode::read_only);
        CHECK(first->compact().error().code == ErrorCode::read_only);
        REQUIRE(second->commit(typed(1, 1)).ok());
        CHECK(text_in(*first) == support::typed_text(1));
        REQUIRE(second->compact().ok());
        CHECK(text_in(*first) == support::typed_text(1));
        CHECK(text_in(*second) == support::typed_text(2));
    }
}

TEST_CASE("what is not there is created only if that is wanted") {
    SimulatedDisk disk;
    CHECK(DocumentFile::open(disk, "d.rope", {.create = false}).error().code ==
          ErrorCode::not_found);
    CHECK(DocumentFile::open(disk, "d.rope", {.read_only = true}).error().code ==
          ErrorCode::not_found);
    disk.put("d.rope", {});
    CHECK(DocumentFile::open(disk, "d.rope").error().code == ErrorCode::not_ours);
    disk.put("d.rope", SimulatedDisk::Content(10'000, 'x'));
    CHECK(DocumentFile::open(disk, "d.rope").error().code == ErrorCode::not_ours);
    CHECK(disk.content("d.rope").size() == 10'000);
}

TEST_CASE("a tail that is no record is moved into a file beside it") {
    SimulatedDisk disk;
    {
        const auto file = open(disk, {.document = 7});
        REQUIRE(file->commit(typed(1, 0)).ok());
    }
    SimulatedDisk::Content torn = disk.content("d.rope");
    const std::size_t size = torn.size();
    torn.insert(torn.end(), {'R', 'W', 'L', 1, 9});
    disk.put("d.rope", torn);
    {
        // Who only reads leaves it there.
        const auto reader = open(disk, {.read_only = true});
        CHECK(reader->report().findings.size() == 1);
        CHECK(disk.content("d.rope").size() == torn.size());
    }
    const auto file = open(disk);
    CHECK(file->report().findings.size() == 1);
    CHECK_FALSE(file->report().damaged);
    CHECK_FALSE(file->report().closed);
    CHECK(crdt::as_text(file->report().set_aside) == "d.rope.damaged-1");
    CHECK(disk.content("d.rope").size() == size);
    CHECK(disk.content("d.rope.damaged-1") == SimulatedDisk::Content{'R', 'W', 'L', 1, 9});
    REQUIRE(file->commit(typed(1, 1)).ok());
    CHECK(text_in(*file) == support::typed_text(2));
}

TEST_CASE("every operation of the disk that can fail does so once, or from then on") {
    for (const bool for_good : {false, true}) {
        for (long n = 0;; ++n) {
            CAPTURE(n);
            CAPTURE(for_good);
            SimulatedDisk disk;
            disk.fail_in = n;
            disk.for_good = for_good;
            std::uint64_t acknowledged = 0;
            std::uint64_t typed_letters = 0;
            bool opened = false;
            bool failed = false;
            for (int session = 0; session < 2; ++session) {
                auto made = DocumentFile::open(disk, "d.rope", {.document = 7});
                if (!made.ok()) {
                    failed = true;
                    break;
                }
                opened = true;
                const auto file = *std::move(made);
                for (int i = 0; i < 4; ++i) {
                    // A letter that failed may be there or not, so nothing builds on it.
                    if (file->commit(typed(1, typed_letters)).ok()) {
                        acknowledged = ++typed_letters;
                    } else {
                        failed = true;
                        break;
                    }
                    if (i == 1 && !file->compact().ok()) failed = true;
                }
                if (!file->close().ok()) failed = true;
            }
            disk.fail_in = -1;
            disk.for_good = false;
            if (opened) {
                auto again = DocumentFile::open(disk, "d.rope", {.create = false});
                REQUIRE_MESSAGE(again.ok(), again.error().message());
                const std::string text = text_in(**again);
                CHECK(text.size() >= acknowledged);
                CHECK(text == support::typed_text(text.size()));
                CHECK_FALSE((*again)->report().damaged);
            }
            if (!failed) break;
        }
    }
}

TEST_CASE("after a failed sync nothing is acknowledged any more, until the file is opened again") {
    SimulatedDisk disk;
    auto file = open(disk, {.document = 7});
    REQUIRE(file->commit(typed(1, 0)).ok());
    disk.failure = ErrorCode::io_failed;
    disk.fail_in = 1;  // the record is written, and then
    CHECK(file->commit(typed(1, 1)).error().code == ErrorCode::io_failed);
    CHECK(file->commit(typed(1, 1)).error().code == ErrorCode::store_failed);
    CHECK(file->sync().error().code == ErrorCode::store_failed);
    CHECK(file->compact().error().code == ErrorCode::store_failed);
    file.reset();
    file = open(disk);
    CHECK(file->commit(typed(1, 2)).ok());
}

TEST_CASE("the files of the system: created, mapped, locked, replaced") {
    const TemporaryFolder folder;
    const std::string path = folder / "d.rope";
    crdt::PosixFiles files;
    {
        const auto file = DocumentFile::open(files, path, {.document = 7}).value();
        for (std::uint64_t i = 0; i < 50; ++i) REQUIRE(file->commit(typed(1, i)).ok());
        CHECK(DocumentFile::open(files, path).error().code == ErrorCode::in_use);
        REQUIRE(file->compact().ok());
        // The lock has gone over to the new file.
        CHECK(DocumentFile::open(files, path).error().code == ErrorCode::in_use);
        REQUIRE(file->commit(typed(1, 50)).ok());
        REQUIRE(file->close().ok());
    }
    CHECK(std::filesystem::exists(path + ".previous"));
    CHECK_FALSE(std::filesystem::exists(path + ".new"));
    const auto file = DocumentFile::open(files, path, {.read_only = true}).value();
    CHECK(text_in(*file) == support::typed_text(51));
    CHECK(crdt::verify_file(files, path).value().sound());
    crdt::FileStore store;
    REQUIRE(store.open(files, path, false).ok());
    CHECK(store.view(0, store.size()).size() == store.size());

    CHECK(DocumentFile::open(files, folder / "no/d.rope").error().code == ErrorCode::not_found);
    CHECK_FALSE(DocumentFile::open(files, std::string(5000, 'x')).ok());
    CHECK_FALSE(DocumentFile::open(files, std::string_view("a\0b", 3)).ok());
}

TEST_CASE("many threads that commit share their syncs, and each finds its updates again") {
    // Counts syncs, which are slow enough for others to come by.
    struct Slow final : crdt::ByteStore {
        using ByteStore::append;
        using ByteStore::swap;
        crdt::MemoryStore inner;
        std::atomic<int> syncs = 0;
        [[nodiscard]] std::uint64_t size() const noexcept override { return inner.size(); }
        crdt::Status read(std::uint64_t at, std::span<std::uint8_t> into) const noexcept override {
            return inner.read(at, into);
        }
        crdt::Status append(std::span<const crdt::ByteView> parts) noexcept override {
            return inner.append(parts);
        }
        crdt::Status overwrite(std::uint64_t at, crdt::ByteView bytes) noexcept override {
            return inner.overwrite(at, bytes);
        }
        crdt::Status cut(std::uint64_t to) noexcept override { return inner.cut(to); }
        crdt::Status sync() noexcept override {
            ++syncs;
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
            return {};
        }
        crdt::Status swap(std::span<const crdt::ByteView> parts) noexcept override {
            return inner.swap(parts);
        }
    };
    Slow store;
    crdt::detail::LogHead head;
    head.document = 7;
    const std::uint8_t empty[] = {0, 0};
    const crdt::Bytes content = crdt::DocumentLog::first_content(head, {.bytes = empty}).value();
    REQUIRE(store.append({content.view()}).ok());
    crdt::DocumentLog log;
    REQUIRE(log.open(store, crdt::scan_log(store).value(), Durability::survives_power_loss).ok());
    constexpr std::uint64_t kThreads = 8;
    constexpr std::uint64_t kEach = 25;
    std::vector<std::thread> threads;
    std::atomic<bool> failed = false;
    for (std::uint64_t client = 1; client <= kThreads; ++client) {
        threads.emplace_back([&, client] {
            for (std::uint64_t i = 0; i < kEach; ++i) {
                if (!log.commit(typed(client, i)).ok()) failed = true;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK_FALSE(failed);
    CHECK(store.syncs < static_cast<int>(kThreads * kEach / 2));
    crdt::Doc doc = support::document(0xffff);
    REQUIRE(log.for_each([&](crdt::ByteView update) { return doc.apply(update); }).ok());
    for (std::uint64_t client = 1; client <= kThreads; ++client) {
        CHECK(support::text_of_client(doc, client) == support::typed_text(kEach));
    }
}

namespace {

// Letters of several people behind one another in one text, and the updates that made them.
void type_and_erase(DocumentFile& file, crdt::Doc& doc, std::string_view letters) {
    const auto commit = [&](auto&& edit) {
        const crdt::StateVector before = doc.state_vector().value();
        edit(doc.text("t"));
        REQUIRE(file.commit(doc.encode_state_as_update(before).value()).ok());
    };
    for (const char letter : letters) {
        commit([&](const crdt::Text& text) { text.append(std::string_view(&letter, 1)); });
    }
    commit([&](const crdt::Text& text) { text.append("gone"); });
    commit([&](const crdt::Text& text) { text.erase(text.length() - 4, 4); });
}
std::string whole_text(const DocumentFile& file) {
    crdt::Doc doc = support::read_file(file);
    return doc.text("t").to_string();
}

}  // namespace

TEST_CASE("a file is renumbered: a new epoch without what was deleted, and the map beside it") {
    SimulatedDisk disk;
    auto file = open(disk);
    crdt::Doc doc = support::document(1);
    type_and_erase(*file, doc, "hello");
    crdt::Doc away = support::document(2);
    support::receive(away, support::update_of(doc));
    away.text("t").append(" world");

    CHECK(file->map_into(1).error().code == ErrorCode::not_found);
    const crdt::EpochMap map = file->renumber(3).value();
    CHECK(map.from_epoch() == 0);
    CHECK(map.to_epoch() == 1);
    CHECK(file->log().epoch() == 1);
    CHECK(file->log().updates() == 0);
    CHECK(whole_text(*file) == "hello");
    const crdt::EpochMap kept = file->map_into(1).value();
    CHECK(crdt::as_text(kept.encoded()) == crdt::as_text(map.encoded()));

    // What somebody brings back from the old epoch.
    const crdt::Bytes pending =
        away.encode_state_as_update(kept.old_state_vector().value()).value();
    REQUIRE(file->commit(kept.translate_update(pending).value()).ok());
    CHECK(whole_text(*file) == "hello world");
    REQUIRE(file->renumber(4).ok());
    REQUIRE(file->close().ok());
    file.reset();
    file = open(disk);
    CHECK(file->report().findings.empty());
    CHECK(file->log().epoch() == 2);
    CHECK(whole_text(*file) == "hello world");
    CHECK(file->map_into(1).ok());
    CHECK(file->map_into(2).ok());
}

TEST_CASE("a renumbered file survives the loss of its snapshot") {
    SimulatedDisk disk;
    {
        const auto file = open(disk, {.document = 4});
        crdt::Doc doc = support::document(1);
        type_and_erase(*file, doc, "hello");
        REQUIRE(file->renumber(3).ok());
        crdt::Doc next = support::read_file(*file);
        next.set_client(crdt::ClientId{9});
        type_and_erase(*file, next, " you");
        REQUIRE(file->close().ok());
    }
    SimulatedDisk::Content hurt = disk.content("d.rope");
    for (std::size_t i = 0; i < 64; ++i) hurt[crdt::detail::kFirstRecord + i] ^= 0x5aU;
    disk.put("d.rope", hurt);
    const auto file = open(disk);
    CHECK(file->report().from_previous);
    CHECK(file->log().epoch() == 1);
    CHECK(whole_text(*file) == "hello you");
}

TEST_CASE("renumbering changes nothing where it cannot be") {
    SimulatedDisk disk;
    {
        const auto file = open(disk);
        REQUIRE(file->commit(typed(1, 1)).ok());  // of which the unit in front is not here
        CHECK(file->renumber(1).error().code == ErrorCode::incomplete);
        REQUIRE(file->commit(typed(1, 0)).ok());
        // Whatever fails, and whenever, is an error of an epoch that did not begin, or none at all.
        for (long failing = 0;; ++failing) {
            disk.fail_in = failing;
            const bool done = file->renumber(1).ok();
            disk.fail_in = -1;
            CHECK(text_in(*file) == support::typed_text(2));
            if (done) break;
            if (file->commit(typed(2, 0)).ok()) CHECK(file->log().epoch() == 0);
            REQUIRE(failing < 100);
        }
    }
    const auto reader = open(disk, {.read_only = true});
    CHECK(reader->renumber(1).error().code == ErrorCode::read_only);
}
