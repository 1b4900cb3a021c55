#pragma once

#include <algorithm>

#include "../../storage/document_log.hpp"

namespace crdt {

namespace detail {

using HeadArea = std::array<std::uint8_t, kFirstRecord>;

// Everything in front of the first record, both slots written.
inline HeadArea head_area(LogHead& head) noexcept {
    HeadArea area{};
    for (int i = 0; i < 2; ++i) {
        ++head.written;
        const SlotBytes slot = encode_slot(head);
        std::memcpy(area.data() + kSlotOffsets[head.written % 2], slot.data(), slot.size());
    }
    return area;
}

inline RecordHeader header_of(const LogHead& head,
                              RecordKind kind,
                              std::uint64_t sequence,
                              std::uint64_t length) noexcept {
    return {kind, length, sequence, head.document, head.generation, head.epoch};
}

inline RecordKind record_kind(SnapshotKind kind) noexcept {
    return kind == SnapshotKind::update ? RecordKind::snapshot_update
                                        : RecordKind::snapshot_container;
}

}  // namespace detail

ROPEWALK_INLINE Result<Bytes> DocumentLog::first_content(detail::LogHead head,
                                                         const LogSnapshot& snapshot) noexcept {
    head.epoch = snapshot.epoch;
    head.acknowledged = std::max(head.acknowledged, snapshot.sequence);
    head.size = detail::kFirstRecord + detail::kRecordHeaderSize + snapshot.bytes.size();
    const detail::HeadArea area = detail::head_area(head);
    const detail::RecordHeaderBytes header =
        detail::encode_record_header(detail::header_of(head, detail::record_kind(snapshot.kind),
                                                       snapshot.sequence, snapshot.bytes.size()),
                                     snapshot.bytes);
    Bytes content;
    if (!content.reserve(static_cast<std::size_t>(head.size)) || !content.append(ByteView(area)) ||
        !content.append(ByteView(header)) || !content.append(snapshot.bytes)) {
        return ErrorCode::out_of_memory;
    }
    return content;
}

ROPEWALK_INLINE Status DocumentLog::open(ByteStore& store,
                                         LogScan scan,
                                         Durability durability) noexcept {
    const std::lock_guard held(mutex_);
    store_ = &store;
    head_ = scan.head;
    head_.closed = false;
    head_.durability = durability;
    snapshot_sequence_ = scan.snapshot_sequence;
    entries_ = std::move(scan.entries);
    last_ = scan.last_sequence;
    // Whether what was found is durable by now nobody knows, so the first sync asks for it again.
    durable_ = std::min(last_, snapshot_sequence_);
    return {};
}

ROPEWALK_INLINE std::uint64_t DocumentLog::last_sequence() const noexcept {
    const std::lock_guard held(mutex_);
    return last_;
}
ROPEWALK_INLINE std::uint32_t DocumentLog::generation() const noexcept {
    const std::lock_guard held(mutex_);
    return head_.generation;
}
ROPEWALK_INLINE std::uint32_t DocumentLog::epoch() const noexcept {
    const std::lock_guard held(mutex_);
    return head_.epoch;
}
ROPEWALK_INLINE std::uint64_t DocumentLog::document() const noexcept {
    const std::lock_guard held(mutex_);
    return head_.document;
}
ROPEWALK_INLINE std::uint64_t DocumentLog::updates() const noexcept {
    const std::lock_guard held(mutex_);
    return entries_.size();
}
ROPEWALK_INLINE std::uint64_t DocumentLog::update_bytes() const noexcept {
    const std::lock_guard held(mutex_);
    std::uint64_t sum = 0;
    for (const LogEntry& entry : entries_) sum += detail::kRecordHeaderSize + entry.size;
    return sum;
}

ROPEWALK_INLINE Status DocumentLog::begin_reading(detail::Vec<LogEntry>& entries) const noexcept {
    const std::lock_guard held(mutex_);
    if (!entries.reserve(entries_.size())) return ErrorCode::out_of_memory;
    for (const LogEntry& entry : entries_) entries.push_back_reserved(entry);
    ++readers_;
    return {};
}
ROPEWALK_INLINE void DocumentLog::end_reading() const noexcept {
    const std::lock_guard held(mutex_);
    --readers_;
    changed_.notify_all();
}

ROPEWALK_INLINE Result<ByteView> DocumentLog::read_update(const LogEntry& entry,
                                                          Bytes& scratch) const noexcept {
    const std::uint64_t at = entry.offset - detail::kRecordHeaderSize;
    const std::uint64_t size = entry.size + detail::kRecordHeaderSize;
    ROPEWALK_TRY(const ByteView record, store_->range(at, size, scratch));
    const ByteView payload = record.subspan(detail::kRecordHeaderSize);
    if (!detail::payload_agrees(record, payload)) return Error{ErrorCode::damaged, at};
    return payload;
}

// requires: mutex_ held, as by the next two
ROPEWALK_INLINE Status DocumentLog::write_record(ByteView update, std::uint64_t sequence) noexcept {
    if (failed_) return ErrorCode::store_failed;
    if (sequence == 0) return ErrorCode::limit_exceeded;  // 2^64 updates, says the file
    if (!entries_.reserve_more(1)) return ErrorCode::out_of_memory;
    const detail::RecordHeaderBytes header = detail::encode_record_header(
        detail::header_of(head_, detail::RecordKind::update, sequence, update.size()), update);
    // One call of the system for a keystroke; what is large is not copied.
    constexpr std::size_t kLarge = 1U << 16;
    record_.clear();
    if (update.size() <= kLarge && record_.append(ByteView(header)) && record_.append(update)) {
        ROPEWALK_CHECK(store_->append({record_.view()}));
    } else {
        ROPEWALK_CHECK(store_->append({ByteView(header), update}));
    }
    entries_.push_back_reserved({store_->size() - update.size(), update.size(), sequence});
    last_ = sequence;
    return {};
}

ROPEWALK_INLINE Status DocumentLog::write_head() noexcept {
    detail::LogHead next = head_;
    ++next.written;
    const detail::SlotBytes slot = detail::encode_slot(next);
    const Status written = store_->overwrite(detail::kSlotOffsets[next.written % 2], slot);
    if (!written) {
        failed_ = true;
        return written;
    }
    head_ = next;
    return {};
}

ROPEWALK_INLINE Status DocumentLog::sync_up_to(std::unique_lock<std::mutex>& held,
                                               std::uint64_t sequence) noexcept {
    while (durable_ < sequence) {
        if (failed_) return ErrorCode::store_failed;
        if (syncing_) {
            changed_.wait(held);
            continue;
        }
        // This thread syncs for all that have appended by now; those that come meanwhile find
        // syncing_ set, and one of them is the next.
        syncing_ = true;
        const std::uint64_t reached = last_;
        const std::uint64_t size = store_->size();
        held.unlock();
        const Status synced = store_->sync();
        held.lock();
        syncing_ = false;
        changed_.notify_all();
        if (!synced) {
            failed_ = true;
            return synced;
        }
        durable_ = reached;
        head_.acknowledged = std::max(head_.acknowledged, reached);
        head_.size = size;
        ROPEWALK_CHECK(write_head());
    }
    return {};
}

ROPEWALK_INLINE Result<std::uint64_t> DocumentLog::append(ByteView update) noexcept {
    const std::lock_guard held(mutex_);
    const std::uint64_t sequence = last_ + 1;
    ROPEWALK_CHECK(write_record(update, sequence));
    return sequence;
}

ROPEWALK_INLINE Status DocumentLog::sync() noexcept {
    std::unique_lock held(mutex_);
    return sync_up_to(held, last_);
}

ROPEWALK_INLINE Result<std::uint64_t> DocumentLog::commit(ByteView update) noexcept {
    std::unique_lock held(mutex_);
    const std::uint64_t sequence = last_ + 1;
    ROPEWALK_CHECK(write_record(update, sequence));
    if (head_.durability == Durability::survives_power_loss) {
        ROPEWALK_CHECK(sync_up_to(held, sequence));
    } else {
        head_.acknowledged = sequence;
        head_.size = store_->size();
        ROPEWALK_CHECK(write_head());
    }
    return sequence;
}

// The records behind a sequence, as they will stand behind the next snapshot.
ROPEWALK_INLINE Status DocumentLog::later_updates(std::uint64_t behind,
                                                  const detail::LogHead& head,
                                                  Bytes& records,
                                                  detail::Vec<LogEntry>& entries) const noexcept {
    Bytes scratch;
    for (const LogEntry& entry : entries_) {
        if (entry.sequence <= behind) continue;
        ROPEWALK_TRY(const ByteView update, read_update(entry, scratch));
        const detail::RecordHeaderBytes header = detail::encode_record_header(
            detail::header_of(head, detail::RecordKind::update, entry.sequence, update.size()),
            update);
        const std::uint64_t offset = records.size() + header.size();
        if (!records.append(ByteView(header)) || !records.append(update) ||
            !entries.push_back({offset, update.size(), entry.sequence})) {
            return ErrorCode::out_of_memory;
        }
    }
    return {};
}

ROPEWALK_INLINE Status DocumentLog::replace(const LogSnapshot& snapshot) noexcept {
    std::unique_lock held(mutex_);
    changed_.wait(held, [&] { return !syncing_ && readers_ == 0; });
    if (failed_) return ErrorCode::store_failed;
    if (snapshot.sequence > last_ || snapshot.sequence < snapshot_sequence_) {
        return Error{ErrorCode::invalid_argument, snapshot.sequence};
    }
    detail::LogHead next = head_;
    ++next.generation;
    next.epoch = snapshot.epoch;
    Bytes records;
    detail::Vec<LogEntry> entries;
    ROPEWALK_CHECK(later_updates(snapshot.sequence, next, records, entries));
    // The ids of updates that are left would mean something else.
    if (next.epoch != head_.epoch && !entries.empty()) return ErrorCode::invalid_argument;
    const detail::RecordHeaderBytes header =
        detail::encode_record_header(detail::header_of(next, detail::record_kind(snapshot.kind),
                                                       snapshot.sequence, snapshot.bytes.size()),
                                     snapshot.bytes);
    const std::uint64_t log_at =
        detail::kFirstRecord + detail::kRecordHeaderSize + snapshot.bytes.size();
    for (LogEntry& entry : entries) entry.offset += log_at;
    next.acknowledged = last_;
    next.size = log_at + records.size();
    const detail::HeadArea area = detail::head_area(next);
    const Status swapped =
        store_->swap({ByteView(area), ByteView(header), snapshot.bytes, records.view()});
    if (!swapped) {
        failed_ = swapped.error().code == ErrorCode::store_failed;
        return swapped;
    }
    head_ = next;
    snapshot_sequence_ = snapshot.sequence;
    entries_ = std::move(entries);
    durable_ = last_;
    return {};
}

ROPEWALK_INLINE Status DocumentLog::close() noexcept {
    std::unique_lock held(mutex_);
    ROPEWALK_CHECK(sync_up_to(held, last_));
    changed_.wait(held, [&] { return !syncing_; });
    if (failed_) return ErrorCode::store_failed;
    head_.closed = true;
    head_.acknowledged = last_;
    head_.size = store_->size();
    ROPEWALK_CHECK(write_head());
    const Status synced = store_->sync();
    failed_ = !synced.ok();
    return synced;
}

}  // namespace crdt
