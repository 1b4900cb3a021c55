// Reads a document's file from end to end and says what is sound in it and what is not. Nothing
// that does not agree with its checksum is ever given out; nothing is passed over without a
// finding. Time and memory are linear in the size of the file, whatever is in it.
#pragma once

#include <cstdint>
#include <string>

#include "../base/vec.hpp"
#include "byte_store.hpp"
#include "log_format.hpp"

namespace crdt {

// What is wrong with a place of a file, or with its whole.
struct Finding {
    enum class Kind : std::uint8_t {
        // A head slot is not what was written. The other one serves.
        head,
        // The snapshot is not what was written.
        snapshot,
        // A record, or bytes where one should be, are not what was written. Others follow.
        record,
        // The end: no record begins there. What a write leaves that did not finish.
        tail,
        // Updates that should be there, and nothing in their place.
        missing,
        // Updates that were acknowledged, from the end. Under survives_kill a loss of power may
        // have taken them, as that setting says.
        lost_end,
        // A sound record that stands where another should be. It is read all the same.
        out_of_order,
        // A sound record that is there twice. It is read once.
        repeated,
        // A sound record of another document. It is not read.
        other_document,
        // A sound record of this document's earlier file, whose ids mean something else now. It
        // is not read.
        other_epoch,
    };
    Kind kind = Kind::record;
    std::uint64_t offset = 0;  // of the bytes, and how many they are; 0 and 0 where there are none
    std::uint64_t size = 0;
    std::uint64_t first = 0;  // sequences that are concerned, as far as one knows
    std::uint64_t last = 0;

    // One sentence.
    [[nodiscard]] std::string message() const;
};

// An update that is sound.
struct LogEntry {
    std::uint64_t offset = 0;  // of its payload
    std::uint64_t size = 0;
    std::uint64_t sequence = 0;
};

struct LogScan {
    // The newest slot that is sound, else what the records say.
    detail::LogHead head;
    bool head_found = false;
    // The snapshot. Its checksum is compared where it is an update; a container has checksums of
    // its own, which are compared when its pages are touched.
    bool snapshot_found = false;
    SnapshotKind snapshot_kind = SnapshotKind::update;
    std::uint64_t snapshot_offset = 0;
    std::uint64_t snapshot_size = 0;
    std::uint64_t snapshot_sequence = 0;
    std::uint32_t snapshot_generation = 0;
    // The updates behind it, as they stand in the file.
    detail::Vec<LogEntry> entries;
    std::uint64_t last_sequence = 0;  // the highest that was seen
    std::uint64_t end = 0;            // of the last sound record
    detail::Vec<Finding> findings;    // by offset
    std::uint64_t more_findings = 0;  // that are not listed any more

    [[nodiscard]] bool sound() const noexcept { return findings.empty(); }
    // Is anything wrong but what a crash leaves: a tail that nobody was told of, and one of the two
    // slots half written?
    [[nodiscard]] bool damaged() const noexcept;
};

// Told how far a long work is; both in bytes.
class Progress {
public:
    Progress() = default;
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    virtual ~Progress() = default;
    virtual void at(std::uint64_t done, std::uint64_t of) noexcept = 0;
};

struct ScanOptions {
    bool check_containers = false;  // compare the checksum over a whole container, too
    Progress* progress = nullptr;
};

// not_ours where nothing in it was written by this library; newer_format; or the error of a source
// that cannot be read. Damage is no error here but a finding.
[[nodiscard]] Result<LogScan> scan_log(const ByteSource& source,
                                       const ScanOptions& options = {}) noexcept;

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/log_scan.ipp"
#endif
