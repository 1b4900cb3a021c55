// A document in a file: opened, edited through its log, compacted. The file is a snapshot and the
// updates since (docs/formats/log.md); beside it there may be
//
//   <path>.previous       the file before the last compaction: another way to the same state,
//                         should the snapshot be damaged
//   <path>.epoch-<n>      what leads from the ids of the epoch before into epoch n
//   <path>.damaged-<n>    bytes that were not what had been written, moved there before anything
//                         took their place
//
//     crdt::PosixFiles files;
//     auto file = crdt::DocumentFile::open(files, "notes.rope", {.document = random}).value();
//     file->for_each([&](crdt::ByteView update) { return doc.apply(update); });
//     file->commit(update);      // what doc.on_update() tells
//     file->compact();
//
// Knows updates, never a live document. Any thread may commit; one at a time compacts.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "../codec/limits.hpp"
#include "../store/history_source.hpp"
#include "document_log.hpp"
#include "epoch_map.hpp"
#include "files/file_store.hpp"

namespace crdt {

struct FileOptions {
    bool create = true;  // where there is no file
    bool read_only = false;
    Durability durability = Durability::survives_power_loss;
    bool keep_previous = true;
    // Tells the records of this document from those of another; for a file that is created. 64
    // random bits, which the caller draws: the engine has no randomness.
    std::uint64_t document = 0;
    // Also opens a file whose snapshot is lost, with what is left. What is there then is not the
    // document as it was, so nobody gets it without asking.
    bool salvage = false;
    // The checksum over the whole snapshot is not compared, so that opening touches a few pages of
    // it. Each page has its own, which is compared when it is read; but a page that is damaged is
    // then found too late for the file before to take its place.
    bool lazy = false;
    Limits limits = {};  // of each update
    Progress* progress = nullptr;
};

// What was found at opening, and done about it.
struct FileReport {
    bool created = false;
    bool closed = true;  // by the last writer; else it ended before
    detail::Vec<Finding> findings;
    std::uint64_t more_findings = 0;
    bool damaged = false;        // more than what a crash leaves
    bool from_previous = false;  // the snapshot was lost, and the file before it has led here
    bool salvaged = false;       // the snapshot was lost, and nothing has replaced it
    Bytes set_aside;             // the path of the last file with what was found damaged, or empty
};

class DocumentFile {
public:
    // in_use while another writer has it; damaged if there is no sound snapshot, here or in the
    // file before; not_ours, newer_format, or what the system says.
    //
    // A writer moves a tail that is no whole record into a file of its own and goes on in front of
    // it. Damage in the middle stays where it is until the next compaction, which keeps a copy of
    // the whole file. Reading changes nothing at all.
    [[nodiscard]] static Result<std::unique_ptr<DocumentFile>> open(
        FileSystem& files, std::string_view path, const FileOptions& options = {}) noexcept;

    DocumentFile(const DocumentFile&) = delete;
    DocumentFile& operator=(const DocumentFile&) = delete;
    // Not close(): what was not committed has no acknowledgement either.
    ~DocumentFile() = default;

    [[nodiscard]] const FileReport& report() const noexcept { return report_; }
    [[nodiscard]] const DocumentLog& log() const noexcept { return log_; }
    [[nodiscard]] std::string_view path() const noexcept { return store_.path(); }
    [[nodiscard]] std::uint64_t size() const noexcept { return store_.size(); }
    [[nodiscard]] std::uint64_t snapshot_size() const noexcept { return snapshot_.size; }

    // Calls `each` with every update of the document, the snapshot first; it answers a Status and
    // must not write here.
    template <class F>
    Status for_each(F&& each) const noexcept {
        ROPEWALK_CHECK(each_of_base(
            [](void* to, ByteView update) -> Status { return (*static_cast<F*>(to))(update); },
            &each));
        return log_.for_each(each);
    }
    // The document as a history that is not unpacked, for Doc(options, source): text, state vector
    // and diffs come straight from the file. Nothing if there are updates behind the snapshot, or
    // no container yet: then for_each() is the way.
    [[nodiscard]] Result<std::unique_ptr<HistorySource>> unopened() const noexcept;
    // The whole document as one update of version 1; deleted content is left out.
    [[nodiscard]] Result<Bytes> merged() const noexcept;

    // See DocumentLog: the system has it; it is durable; it is as safe as the durability says.
    Result<std::uint64_t> append(ByteView update) noexcept { return log_.append(update); }
    Status sync() noexcept { return log_.sync(); }
    Result<std::uint64_t> commit(ByteView update) noexcept { return log_.commit(update); }

    // Puts one snapshot in the place of snapshot and log. Commits go on while it is made and wait
    // while it is written. Ids stay; deleted content goes.
    Status compact() noexcept;
    // Begins a new epoch, in which nothing is left of what was deleted and every id is new: see
    // crdt::renumber() for what that asks of replicas, and for `seed` and `taken`. A document that
    // was read from the file before is of the old epoch and must not be committed from any more.
    //
    // All or nothing, whenever it is killed: the map is durable, as <path>.epoch-<n>, before the
    // file of the new epoch takes the place of the old one. in_use if somebody has committed
    // meanwhile, incomplete if something waits for changes that are not here: nothing has changed
    // then. Of the old epoch no snapshot is kept, not even as <path>.previous.
    Result<EpochMap> renumber(std::uint64_t seed, std::span<const ClientId> taken = {}) noexcept;
    // The map that led into this epoch: kept until somebody removes it. not_found if there is none.
    [[nodiscard]] Result<EpochMap> map_into(std::uint32_t epoch) const noexcept;
    // Says that nothing is left to write, so that a missing end is noticed, and lets the next
    // writer in. Nothing can be written here afterwards; it can be read as it was. No other thread
    // writes meanwhile. After an error it is still this one's file.
    Status close() noexcept;

private:
    struct Base {  // where the snapshot is
        SnapshotKind kind = SnapshotKind::update;
        std::uint64_t offset = 0;
        std::uint64_t size = 0;
        bool there = false;
    };
    using Each = Status (*)(void* to, ByteView update);

    DocumentFile(FileSystem& files, const FileOptions& options) noexcept
        : files_(files), options_(options) {}
    Status open_or_create(std::string_view path) noexcept;
    Status create(std::string_view path) noexcept;
    Status take(LogScan scan) noexcept;
    Status without_snapshot(LogScan scan) noexcept;
    Result<LogScan> read_previous(const LogScan& scan) noexcept;
    Status set_aside(std::uint64_t from, std::uint64_t to) noexcept;
    Status replace_with(ByteView container, std::uint64_t last, std::uint32_t epoch) noexcept;
    Status each_of_base(Each each, void* to) const noexcept;
    Status each_of(const FileStore& store, const LogScan& scan, Each each, void* to) const noexcept;
    Status each_of_snapshot(const FileStore& store,
                            const Base& base,
                            Each each,
                            void* to) const noexcept;
    Status each_of_container(const FileStore& store,
                             const Base& base,
                             Each each,
                             void* to) const noexcept;
    Status swap_content(const LogSnapshot& snapshot, detail::LogHead head) noexcept;
    static Base base_of(const LogScan& scan) noexcept;

    FileSystem& files_;
    FileOptions options_;
    FileStore store_;
    DocumentLog log_;
    Base snapshot_;
    FileReport report_;
    // The file before this one, where reading has to begin with it.
    FileStore previous_;
    LogScan previous_scan_;
    bool from_previous_ = false;
    bool keep_copy_ = false;  // of the whole file, damaged as it is, before it is replaced
};

// What is wrong with a file, with everything read and compared; it is not changed, and may be in
// use meanwhile. An empty list: nothing.
[[nodiscard]] Result<LogScan> verify_file(FileSystem& files,
                                          std::string_view path,
                                          Progress* progress = nullptr) noexcept;

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/document_file.ipp"
#endif
