// A snapshot and the log of updates after it, in a ByteStore: what docs/formats/log.md describes.
//
// Promises:
//   1  What commit() has acknowledged is found by whoever opens the store later, as far as the
//      durability reaches that it was opened with.
//   2  What is found is what was written. Damage becomes findings, and is never given out.
//   3  replace() is one step: a crash at any moment leaves the old snapshot with its log or the new
//      one with what came after it. Nothing acknowledged is in neither.
// All functions may be called from any threads; many that commit share one sync.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "byte_store.hpp"
#include "log_scan.hpp"

namespace crdt {

// The snapshot of a store, wherever its bytes are.
struct LogSnapshot {
    SnapshotKind kind = SnapshotKind::update;
    ByteView bytes;
    std::uint64_t sequence = 0;  // of the last update that is in it
    std::uint32_t epoch = 0;
};

class DocumentLog {
public:
    DocumentLog() noexcept = default;

    // The content of a new store. Of the head: the document, 64 random bits that tell its records
    // from those of others; the generation; and the durability.
    [[nodiscard]] static Result<Bytes> first_content(detail::LogHead head,
                                                     const LogSnapshot& snapshot) noexcept;

    // Goes on with a store that was scanned. What is behind the end of the last sound record must
    // be gone. The store must outlive this.
    Status open(ByteStore& store, LogScan scan, Durability durability) noexcept;

    [[nodiscard]] std::uint64_t last_sequence() const noexcept;
    [[nodiscard]] std::uint32_t generation() const noexcept;
    [[nodiscard]] std::uint32_t epoch() const noexcept;
    [[nodiscard]] std::uint64_t document() const noexcept;
    [[nodiscard]] std::uint64_t updates() const noexcept;       // behind the snapshot
    [[nodiscard]] std::uint64_t update_bytes() const noexcept;  // of them, with their headers

    // Writes an update; the system has it when this returns. Answers its sequence.
    Result<std::uint64_t> append(ByteView update) noexcept;
    // All that was appended before survives a loss of power when this returns. Threads that call
    // it at the same time share a sync of the store.
    Status sync() noexcept;
    // append(), and what the durability asks for. This is the acknowledgement.
    Result<std::uint64_t> commit(ByteView update) noexcept;

    // Calls `each` with the bytes of every update behind the snapshot, good until it returns; it
    // answers a Status, and must not write here. Others may: what they append is not told.
    template <class F>
    Status for_each(F&& each) const noexcept;

    // Takes a snapshot that holds everything up to its sequence for the old one and the updates up
    // to there; later updates stay. Durable when this returns, under every durability.
    Status replace(const LogSnapshot& snapshot) noexcept;
    // Says in the head that nothing is left to write.
    Status close() noexcept;

private:
    // Between the two nothing is replaced.
    [[nodiscard]] Status begin_reading(detail::Vec<LogEntry>& entries) const noexcept;
    void end_reading() const noexcept;
    [[nodiscard]] Result<ByteView> read_update(const LogEntry& entry,
                                               Bytes& scratch) const noexcept;
    [[nodiscard]] Status write_record(ByteView update, std::uint64_t sequence) noexcept;
    [[nodiscard]] Status write_head() noexcept;
    [[nodiscard]] Status sync_up_to(std::unique_lock<std::mutex>& held,
                                    std::uint64_t sequence) noexcept;
    [[nodiscard]] Status later_updates(std::uint64_t behind,
                                       const detail::LogHead& head,
                                       Bytes& records,
                                       detail::Vec<LogEntry>& entries) const noexcept;

    mutable std::mutex mutex_;  // of all that follows; not held while the store syncs
    mutable std::condition_variable changed_;
    ByteStore* store_ = nullptr;
    detail::LogHead head_;
    std::uint64_t snapshot_sequence_ = 0;
    detail::Vec<LogEntry> entries_;
    std::uint64_t last_ = 0;
    std::uint64_t durable_ = 0;
    Bytes record_;  // scratch
    mutable std::size_t readers_ = 0;
    bool syncing_ = false;
    bool failed_ = false;
};

template <class F>
Status DocumentLog::for_each(F&& each) const noexcept {
    detail::Vec<LogEntry> entries;
    ROPEWALK_CHECK(begin_reading(entries));
    Bytes scratch;
    Status status;
    for (const LogEntry& entry : entries) {
        const Result<ByteView> payload = read_update(entry, scratch);
        status = payload.ok() ? each(*payload) : payload.status();
        if (!status) break;
    }
    end_reading();
    return status;
}

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/document_log.ipp"
#endif
