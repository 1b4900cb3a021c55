#include <doctest/doctest.h>

#include <array>
#include <crdt/storage/document_log.hpp>
#include <string>
#include <vector>

using crdt::as_bytes;
using crdt::as_text;
using crdt::Bytes;
using crdt::ByteView;
using crdt::DocumentLog;
using crdt::Durability;
using crdt::ErrorCode;
using crdt::Finding;
using crdt::LogScan;
using crdt::MemoryStore;
using crdt::scan_log;

namespace {

constexpr std::array<std::uint8_t, 2> kEmpty = {0, 0};
constexpr std::uint64_t kDocument = 77;

void begin(crdt::ByteStore& store, std::uint64_t document = kDocument) {
    crdt::detail::LogHead head;
    head.document = document;
    head.generation = 1;
    const Bytes content = DocumentLog::first_content(head, {.bytes = kEmpty}).value();
    REQUIRE(store.append({content.view()}).ok());
}
// A store with the updates "u1", "u2"...
void fill(crdt::ByteStore& store, int updates, Durability durability) {
    begin(store);
    DocumentLog log;
    REQUIRE(log.open(store, scan_log(store).value(), durability).ok());
    for (int i = 1; i <= updates; ++i) {
        REQUIRE(log.commit(as_bytes("u" + std::to_string(i))).value() ==
                static_cast<std::uint64_t>(i));
    }
}
std::vector<std::string> updates_of(const DocumentLog& log) {
    std::vector<std::string> all;
    REQUIRE(log.for_each([&](ByteView update) -> crdt::Status {
                   all.emplace_back(as_text(update));
                   return {};
               })
                .ok());
    return all;
}
std::vector<std::string> updates_of(crdt::ByteStore& store) {
    DocumentLog log;
    REQUIRE(log.open(store, scan_log(store).value(), Durability::survives_kill).ok());
    return updates_of(log);
}
MemoryStore copy_of(const MemoryStore& store) {
    Bytes bytes;
    REQUIRE(store.bytes().clone_into(bytes));
    return MemoryStore(std::move(bytes));
}
std::vector<Finding::Kind> kinds(const LogScan& scan) {
    std::vector<Finding::Kind> all;
    for (const Finding& finding : scan.findings) all.push_back(finding.kind);
    return all;
}

constexpr std::uint64_t kRecordBytes = 64 + 2;  // of an update "u1"
constexpr std::uint64_t kLogAt = 4096 + 2;      // behind an empty snapshot
using Kinds = std::vector<Finding::Kind>;
using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("what was committed is found again, in order, under every durability") {
    for (const Durability durability :
         {Durability::survives_kill, Durability::survives_power_loss}) {
        MemoryStore store;
        fill(store, 3, durability);
        const LogScan scan = scan_log(store).value();
        CHECK(scan.sound());
        CHECK(scan.head.acknowledged == 3);
        CHECK(scan.head.durability == durability);
        CHECK(scan.last_sequence == 3);
        CHECK(updates_of(store) == Strings{"u1", "u2", "u3"});
    }
}

TEST_CASE("bytes behind the last whole record are a tail, and nothing acknowledged is missing") {
    MemoryStore store;
    fill(store, 2, Durability::survives_kill);
    const std::uint64_t end = store.size();
    REQUIRE(store.append({as_bytes("RWL\x01 and no more")}).ok());
    const LogScan scan = scan_log(store).value();
    CHECK(kinds(scan) == Kinds{Finding::Kind::tail});
    CHECK_FALSE(scan.damaged());
    CHECK(scan.end == end);
    CHECK(scan.entries.size() == 2);
}

TEST_CASE("a cut between two records is noticed, for the head knows what was acknowledged") {
    MemoryStore store;
    fill(store, 3, Durability::survives_kill);
    REQUIRE(store.cut(store.size() - kRecordBytes).ok());
    const LogScan scan = scan_log(store).value();
    CHECK(kinds(scan) == Kinds{Finding::Kind::lost_end});
    CHECK(scan.damaged());
    CHECK(scan.findings[0].first == 3);
    CHECK(scan.findings[0].last == 3);
    CHECK(scan.findings[0].message() == "the end is missing: update 3 had been acknowledged");
    // Its number is not given to another update.
    DocumentLog log;
    REQUIRE(log.open(store, scan_log(store).value(), Durability::survives_kill).ok());
    CHECK(log.commit(as_bytes("u4")).value() == 4);
    CHECK(kinds(scan_log(store).value()) == Kinds{Finding::Kind::missing});
}

TEST_CASE("a damaged record in the middle is named, and all others are read") {
    MemoryStore store;
    fill(store, 3, Durability::survives_kill);
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{20}, std::uint64_t{65}}) {
        MemoryStore hurt = copy_of(store);
        const std::uint64_t place = kLogAt + kRecordBytes + at;
        REQUIRE(hurt.overwrite(place, as_bytes("#")).ok());
        const LogScan scan = scan_log(hurt).value();
        REQUIRE(kinds(scan) == Kinds{Finding::Kind::record});
        CHECK(scan.findings[0].offset == kLogAt + kRecordBytes);
        CHECK(scan.findings[0].size == kRecordBytes);
        CHECK(scan.findings[0].first == 2);
        CHECK(scan.findings[0].last == 2);
        CHECK(updates_of(hurt) == Strings{"u1", "u3"});
    }
}

TEST_CASE("a record that was taken out, that stands twice, or elsewhere is named") {
    MemoryStore store;
    fill(store, 3, Durability::survives_kill);
    const std::string all(as_text(store.bytes()));
    const auto made_of = [&](std::initializer_list<int> records) {
        std::string bytes = all.substr(0, kLogAt);
        for (const int i : records) {
            bytes +=
                all.substr(kLogAt + static_cast<std::uint64_t>(i - 1) * kRecordBytes, kRecordBytes);
        }
        Bytes made;
        REQUIRE(made.append(bytes));
        return MemoryStore(std::move(made));
    };
    MemoryStore without = made_of({1, 3});
    CHECK(kinds(scan_log(without).value()) == Kinds{Finding::Kind::missing});
    MemoryStore twice = made_of({1, 2, 2, 3});
    CHECK(kinds(scan_log(twice).value()) ==
          Kinds{Finding::Kind::out_of_order, Finding::Kind::repeated});
    CHECK(updates_of(twice) == Strings{"u1", "u2", "u3"});
    MemoryStore swapped = made_of({2, 1, 3});
    CHECK(kinds(scan_log(swapped).value()) == Kinds{Finding::Kind::out_of_order});
    CHECK(updates_of(swapped) == Strings{"u1", "u2", "u3"});
}

TEST_CASE("a record of another document or another epoch is not read") {
    MemoryStore store;
    fill(store, 1, Durability::survives_kill);
    MemoryStore other;
    begin(other, kDocument + 1);
    DocumentLog log;
    REQUIRE(log.open(other, scan_log(other).value(), Durability::survives_kill).ok());
    REQUIRE(log.commit(as_bytes("u2")).ok());
    REQUIRE(store.append({other.view(kLogAt, kRecordBytes)}).ok());
    CHECK(kinds(scan_log(store).value()) == Kinds{Finding::Kind::other_document});

    MemoryStore renumbered;
    fill(renumbered, 1, Durability::survives_kill);
    const std::string record(as_text(renumbered.view(kLogAt, kRecordBytes)));
    DocumentLog next;
    REQUIRE(next.open(renumbered, scan_log(renumbered).value(), Durability::survives_kill).ok());
    REQUIRE(next.replace({.bytes = kEmpty, .sequence = 1, .epoch = 1}).ok());
    REQUIRE(renumbered.append({as_bytes(record)}).ok());
    CHECK(kinds(scan_log(renumbered).value()) == Kinds{Finding::Kind::other_epoch});
    CHECK(updates_of(renumbered).empty());
}

TEST_CASE("one slot of the head serves for the other; with both gone the records still speak") {
    MemoryStore store;
    fill(store, 3, Durability::survives_kill);
    REQUIRE(store.overwrite(10, as_bytes("#")).ok());
    CHECK(kinds(scan_log(store).value()) == Kinds{Finding::Kind::head});
    CHECK(updates_of(store).size() == 3);
    REQUIRE(store.overwrite(2058, as_bytes("#")).ok());
    CHECK(kinds(scan_log(store).value()) == Kinds{Finding::Kind::head, Finding::Kind::head});
    CHECK(updates_of(store).size() == 3);
    // Whoever writes next repairs it.
    DocumentLog log;
    REQUIRE(log.open(store, scan_log(store).value(), Durability::survives_kill).ok());
    REQUIRE(log.commit(as_bytes("u4")).ok());
    REQUIRE(log.commit(as_bytes("u5")).ok());
    CHECK(scan_log(store).value().sound());
}

TEST_CASE("slots that have changed places, and bytes beside them, are noticed") {
    MemoryStore store;
    fill(store, 3, Durability::survives_kill);
    MemoryStore swapped = copy_of(store);
    REQUIRE(swapped.overwrite(0, store.view(2048, 64)).ok());
    REQUIRE(swapped.overwrite(2048, store.view(0, 64)).ok());
    CHECK(scan_log(swapped).value().damaged());
    REQUIRE(store.overwrite(3000, as_bytes("#")).ok());
    CHECK(kinds(scan_log(store).value()) == Kinds{Finding::Kind::head});
}

TEST_CASE("bytes of somebody else are not ours; a newer version is not touched") {
    MemoryStore store;
    CHECK(scan_log(store).error().code == ErrorCode::not_ours);
    REQUIRE(store.append({as_bytes(std::string(9000, 'x'))}).ok());
    CHECK(scan_log(store).error().code == ErrorCode::not_ours);
}

TEST_CASE("a snapshot takes the place of what is in it, and later updates stay") {
    MemoryStore store;
    fill(store, 3, Durability::survives_kill);
    DocumentLog log;
    REQUIRE(log.open(store, scan_log(store).value(), Durability::survives_power_loss).ok());
    CHECK(log.replace({.bytes = as_bytes("s"), .sequence = 4}).error().code ==
          ErrorCode::invalid_argument);
    REQUIRE(log.replace({.bytes = as_bytes("s"), .sequence = 2}).ok());
    CHECK(log.generation() == 2);
    CHECK(updates_of(log) == Strings{"u3"});
    REQUIRE(log.commit(as_bytes("u4")).ok());
    // No way back, and no ids of another epoch beside those that are left.
    CHECK_FALSE(log.replace({.bytes = as_bytes("s"), .sequence = 1}).ok());
    CHECK_FALSE(log.replace({.bytes = as_bytes("s"), .sequence = 3, .epoch = 1}).ok());
    const LogScan scan = scan_log(store).value();
    CHECK(scan.sound());
    CHECK(scan.snapshot_sequence == 2);
    CHECK(as_text(store.view(scan.snapshot_offset, scan.snapshot_size)) == "s");
    CHECK(updates_of(store) == Strings{"u3", "u4"});
}

TEST_CASE("closing says that nothing is left to write") {
    MemoryStore store;
    fill(store, 2, Durability::survives_kill);
    CHECK_FALSE(scan_log(store).value().head.closed);
    DocumentLog log;
    REQUIRE(log.open(store, scan_log(store).value(), Durability::survives_kill).ok());
    REQUIRE(log.close().ok());
    CHECK(scan_log(store).value().head.closed);
    CHECK(scan_log(store).value().sound());
    REQUIRE(log.commit(as_bytes("u3")).ok());
    CHECK(updates_of(store).size() == 3);
}

TEST_CASE("headers inside damaged payloads do not make reading quadratic") {
    // A payload full of headers whose own payloads reach to its end and are wrong, too.
    MemoryStore store;
    begin(store);
    std::string payload;
    constexpr std::uint64_t kHeaders = 20'000;
    for (std::uint64_t i = 0; i < kHeaders; ++i) {
        const crdt::detail::RecordHeader header{
            .length = (kHeaders - i - 1) * 64, .sequence = i, .document = kDocument};
        const auto bytes = crdt::detail::encode_record_header(header, as_bytes("wrong"));
        payload += as_text(bytes);
    }
    REQUIRE(store.append({as_bytes(payload)}).ok());
    const LogScan scan = scan_log(store).value();
    CHECK(scan.entries.size() <= 1);  // the last one is empty, and nothing else of it is sound
    CHECK(scan.damaged() == (scan.findings.size() > 1));
    CHECK_FALSE(scan.sound());
}
