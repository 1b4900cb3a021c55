#pragma once

#include <algorithm>

#include "../../base/sort.hpp"
#include "../../storage/log_scan.hpp"

namespace crdt {

namespace detail {

class LogScanner {
public:
    LogScanner(const ByteSource& source, const ScanOptions& options) noexcept
        : source_(source), options_(options), size_(source.size()) {}

    Result<LogScan> run() noexcept {
        ROPEWALK_CHECK(read_head());
        ROPEWALK_CHECK(read_records());
        if (!out_.head_found && !anything_sound_) return ErrorCode::not_ours;
        ROPEWALK_CHECK(look_for_what_is_missing());
        return std::move(out_);
    }

private:
    // A damaged file may be nothing but places that are wrong; the first ones are enough to know.
    static constexpr std::size_t kMaxFindings = 4096;
    static constexpr std::uint64_t kChunk = 1U << 16;

    Status find(const Finding& finding) noexcept {
        if (out_.findings.size() >= kMaxFindings) {
            ++out_.more_findings;
            return {};
        }
        return out_.findings.push_back(finding) ? ErrorCode::ok : ErrorCode::out_of_memory;
    }

    Status read_head() noexcept {
        bool newer = false;
        const std::uint64_t head_end = std::min(size_, kFirstRecord);
        ROPEWALK_TRY(const ByteView area, source_.range(0, head_end, chunk_));
        for (std::size_t i = 0; i < kSlotOffsets.size(); ++i) {
            const std::size_t at = kSlotOffsets[i];
            const ByteView slot = at < area.size()
                                      ? area.subspan(at, std::min(kSlotSize, area.size() - at))
                                      : ByteView{};
            const Result<LogHead> read = decode_slot(slot);
            // Slots take turns, so that one in the place of the other shows.
            if (!read.ok() || read->written % 2 != i) {
                newer |= !read.ok() && read.error().code == ErrorCode::newer_format;
                bad_slots_[i] = true;
                continue;
            }
            if (out_.head_found && read->written < out_.head.written) continue;
            out_.head = *read;
            out_.head_found = true;
        }
        if (newer && !out_.head_found) return ErrorCode::newer_format;
        for (std::size_t i = 0; i < kSlotOffsets.size(); ++i) {
            const std::uint64_t at = kSlotOffsets[i];
            if (bad_slots_[i]) ROPEWALK_CHECK(find({Finding::Kind::head, at, kSlotSize}));
            // Nothing is written behind a slot, and what is there after all was not ours.
            const std::uint64_t end = i == 0 ? kSlotOffsets[1] : kFirstRecord;
            for (std::uint64_t k = at + kSlotSize; k < std::min(end, head_end); ++k) {
                if (area[static_cast<std::size_t>(k)] == 0) continue;
                ROPEWALK_CHECK(find({Finding::Kind::head, k, end - k}));
                break;
            }
        }
        document_known_ = out_.head_found;
        return {};
    }

    Status read_records() noexcept {
        hash_budget_ = 4 * size_ + (1U << 20);
        std::uint64_t at = kFirstRecord;
        out_.end = std::min(size_, kFirstRecord);
        while (at < size_) {
            if (options_.progress != nullptr) options_.progress->at(at, size_);
            RecordHeader header;
            std::uint64_t inside = at + 1;  // where to look on if nothing sound begins here
            ROPEWALK_TRY(const bool sound, read_record(at, header, inside));
            if (sound) {
                ROPEWALK_CHECK(take(at, header));
                at += kRecordHeaderSize + header.length;
                continue;
            }
            std::uint64_t next = size_;
            ROPEWALK_CHECK(next_header(inside, next));
            Finding bad{Finding::Kind::record, at, next - at, highest_ + 1, highest_};
            if (next == size_) bad.kind = Finding::Kind::tail;
            if (at == kFirstRecord) bad.kind = Finding::Kind::snapshot;
            open_finding_ = out_.findings.size() < kMaxFindings ? out_.findings.size() : kNone;
            ROPEWALK_CHECK(find(bad));
            at = next;
        }
        if (options_.progress != nullptr) options_.progress->at(size_, size_);
        return {};
    }

    // Whether a sound record begins at `at`. Else `inside` is where the next can begin.
    Result<bool> read_record(std::uint64_t at,
                             RecordHeader& header,
                             std::uint64_t& inside) noexcept {
        if (size_ - at < kRecordHeaderSize) return false;
        ROPEWALK_TRY(const ByteView bytes, source_.range(at, kRecordHeaderSize, small_));
        const Result<RecordHeader> read = decode_record_header(bytes);
        if (!read.ok()) {
            if (read.error().code == ErrorCode::newer_format) return ErrorCode::newer_format;
            return false;
        }
        header = *read;
        const std::uint64_t behind = at + kRecordHeaderSize;
        inside = behind;
        if (header.length > size_ - behind) return false;
        if (header.kind == RecordKind::snapshot_container && !options_.check_containers) {
            return true;
        }
        ROPEWALK_TRY(const ByteView payload, source_.range(behind, header.length, payload_));
        if (payload_agrees(bytes, payload)) return true;
        // Bytes may have been cut out of the payload, so what follows is looked for within it. Not
        // without end: headers inside payloads inside payloads would make that quadratic.
        if (hash_budget_ < header.length) {
            inside = behind + header.length;
        } else {
            hash_budget_ -= header.length;
        }
        return false;
    }

    // The first place from `from` on where the header of a record of this document is.
    Status next_header(std::uint64_t from, std::uint64_t& found) noexcept {
        while (from < size_ && size_ - from >= kRecordHeaderSize) {
            const std::uint64_t length = std::min(kChunk, size_ - from);
            ROPEWALK_TRY(const ByteView chunk, source_.range(from, length, chunk_));
            const std::uint64_t last = length - kRecordHeaderSize;  // where one can begin in here
            for (std::uint64_t k = 0; k <= last; ++k) {
                const void* const letter = std::memchr(chunk.data() + k, 'R', last - k + 1);
                if (letter == nullptr) break;
                k = static_cast<std::uint64_t>(static_cast<const std::uint8_t*>(letter) -
                                               chunk.data());
                const Result<RecordHeader> header =
                    decode_record_header(chunk.subspan(k, kRecordHeaderSize));
                if (!header.ok()) continue;
                if (document_known_ && header->document != out_.head.document) continue;
                found = from + k;
                return {};
            }
            from += last + 1;
        }
        return {};
    }

    Status take(std::uint64_t at, const RecordHeader& header) noexcept {
        const std::uint64_t size = kRecordHeaderSize + header.length;
        const auto not_taken = [&](Finding::Kind kind) {
            return find({kind, at, size, header.sequence, header.sequence});
        };
        if (!document_known_) {
            out_.head.document = header.document;
            document_known_ = true;
        }
        if (header.document != out_.head.document) {
            return not_taken(Finding::Kind::other_document);
        }
        if (!epoch_known_) {
            epoch_ = out_.head_found ? out_.head.epoch : header.epoch;
            epoch_known_ = true;
        }
        if (header.epoch != epoch_) return not_taken(Finding::Kind::other_epoch);
        anything_sound_ = true;
        out_.end = at + size;
        if (header.is_snapshot()) return take_snapshot(at, header);

        const LogEntry entry{at + kRecordHeaderSize, header.length, header.sequence};
        if (!out_.entries.push_back(entry)) return ErrorCode::out_of_memory;
        if (header.sequence <= highest_) {
            disordered_ = true;
            open_finding_ = kNone;
            ROPEWALK_CHECK(not_taken(Finding::Kind::out_of_order));
            return {};
        }
        // What could not be read in front of it were the updates between.
        if (open_finding_ != kNone) out_.findings[open_finding_].last = header.sequence - 1;
        open_finding_ = kNone;
        gaps_ |= header.sequence != highest_ + 1;
        highest_ = header.sequence;
        return {};
    }

    Status take_snapshot(std::uint64_t at, const RecordHeader& header) noexcept {
        if (at != kFirstRecord || out_.snapshot_found) {
            ROPEWALK_CHECK(find({Finding::Kind::out_of_order, at, kRecordHeaderSize + header.length,
                                 header.sequence, header.sequence}));
            if (out_.snapshot_found) return {};
        }
        out_.snapshot_found = true;
        out_.snapshot_kind = header.kind == RecordKind::snapshot_update ? SnapshotKind::update
                                                                        : SnapshotKind::container;
        out_.snapshot_offset = at + kRecordHeaderSize;
        out_.snapshot_size = header.length;
        out_.snapshot_sequence = header.sequence;
        out_.snapshot_generation = header.generation;
        highest_ = std::max(highest_, header.sequence);
        return {};
    }

    Status look_for_what_is_missing() noexcept {
        if (disordered_) {
            ROPEWALK_CHECK(put_in_order());
        } else if (gaps_) {
            ROPEWALK_CHECK(find_gaps());
        }
        out_.last_sequence = highest_;
        if (!out_.head_found) {
            out_.head.epoch = epoch_;
            out_.head.generation = out_.snapshot_generation;
            return {};
        }
        if (out_.head.acknowledged > highest_) {
            out_.last_sequence = out_.head.acknowledged;
            ROPEWALK_CHECK(
                find({Finding::Kind::lost_end, size_, 0, highest_ + 1, out_.head.acknowledged}));
        }
        return {};
    }

    Status put_in_order() noexcept {
        Vec<LogEntry>& entries = out_.entries;
        sort(entries.begin(), entries.end(), [](const LogEntry& a, const LogEntry& b) {
            return a.sequence != b.sequence ? a.sequence < b.sequence : a.offset < b.offset;
        });
        std::size_t kept = 0;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (kept > 0 && entries[kept - 1].sequence == entries[i].sequence) {
                const LogEntry& twice = entries[i];
                ROPEWALK_CHECK(
                    find({Finding::Kind::repeated, twice.offset - kRecordHeaderSize,
                          kRecordHeaderSize + twice.size, twice.sequence, twice.sequence}));
                continue;
            }
            entries[kept++] = entries[i];
        }
        entries.truncate(kept);
        return find_gaps();
    }

    // Of updates in order; those that a damaged place explains are not named again.
    Status find_gaps() noexcept {
        std::uint64_t before = out_.snapshot_found ? out_.snapshot_sequence : 0;
        const std::size_t listed = out_.findings.size();
        std::size_t near = 0;  // findings are looked through once: their sequences rise
        for (const LogEntry& entry : out_.entries) {
            if (entry.sequence <= before) continue;
            const std::uint64_t first = before + 1;
            before = entry.sequence;
            if (entry.sequence == first) continue;
            const std::uint64_t last = entry.sequence - 1;
            while (near < listed && out_.findings[near].last < first) ++near;
            const bool explained = near < listed && out_.findings[near].first <= first &&
                                   last <= out_.findings[near].last;
            const bool no_base = !out_.snapshot_found && first == 1;
            if (explained || no_base) continue;
            ROPEWALK_CHECK(find({Finding::Kind::missing, entry.offset, 0, first, last}));
        }
        return {};
    }

    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    const ByteSource& source_;
    const ScanOptions& options_;
    const std::uint64_t size_;
    LogScan out_;
    Bytes chunk_;
    Bytes small_;
    Bytes payload_;
    std::array<bool, 2> bad_slots_{};
    std::uint64_t hash_budget_ = 0;
    std::uint64_t highest_ = 0;
    std::size_t open_finding_ = kNone;  // the damaged place that the next record's number explains
    std::uint32_t epoch_ = 0;
    bool document_known_ = false;
    bool epoch_known_ = false;
    bool anything_sound_ = false;
    bool disordered_ = false;
    bool gaps_ = false;
};

}  // namespace detail

ROPEWALK_INLINE Result<LogScan> scan_log(const ByteSource& source,
                                         const ScanOptions& options) noexcept {
    return detail::LogScanner(source, options).run();
}

ROPEWALK_INLINE bool LogScan::damaged() const noexcept {
    if (more_findings != 0) return true;
    return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
        if (finding.kind == Finding::Kind::head) return !head_found;
        return finding.kind != Finding::Kind::tail;
    });
}

ROPEWALK_INLINE std::string Finding::message() const {
    const auto number = [](std::uint64_t n) { return std::to_string(n); };
    const std::string place = "at byte " + number(offset) + ", " + number(size) + " bytes";
    std::string which;
    if (first != 0 && first <= last) {
        which = first == last ? "update " + number(first)
                              : "updates " + number(first) + " to " + number(last);
    }
    const std::string lost = which.empty() ? "" : "; " + which + " cannot be read";
    switch (kind) {
        case Kind::head:
            return place + ": the head is not what was written; its copy serves";
        case Kind::snapshot:
            return place + ": the snapshot is not what was written";
        case Kind::record:
            return place + ": not what was written" + lost;
        case Kind::tail:
            return place +
                   ": the end of the file is no whole record, as after a write that did "
                   "not finish";
        case Kind::missing:
            return which + (first == last ? " is" : " are") + " not there";
        case Kind::lost_end:
            return "the end is missing: " + which + " had been acknowledged";
        case Kind::out_of_order:
            return place + ": " + which + " does not belong here; it was read";
        case Kind::repeated:
            return place + ": " + which + " is there twice; it was read once";
        case Kind::other_document:
            return place + ": a record of another document; it was not read";
        case Kind::other_epoch:
            return place + ": a record of another epoch; it was not read";
    }
    return place;
}

}  // namespace crdt
