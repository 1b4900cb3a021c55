#pragma once

#include <algorithm>
#include <array>
#include <new>

#include "../../codec/writer.hpp"
#include "../../storage/compact.hpp"
#include "../../storage/container_source.hpp"
#include "../../storage/container_writer.hpp"
#include "../../storage/document_file.hpp"
#include "../../storage/renumber.hpp"
#include "../../update/convert.hpp"
#include "../../update/merge.hpp"

namespace crdt {

namespace detail {

// An update of version 1 without structs and without deletions.
inline constexpr std::array<std::uint8_t, 2> kEmptyUpdate = {0, 0};

// A part of a file that nobody else has open.
class PartOfFile final : public ByteSource {
public:
    PartOfFile(std::unique_ptr<FileStore> file, std::uint64_t offset, std::uint64_t size) noexcept
        : file_(std::move(file)), part_(*file_, offset, size) {}
    [[nodiscard]] std::uint64_t size() const noexcept override { return part_.size(); }
    Status read(std::uint64_t offset, std::span<std::uint8_t> into) const noexcept override {
        return part_.read(offset, into);
    }
    [[nodiscard]] ByteView view(std::uint64_t offset, std::uint64_t size) const noexcept override {
        return part_.view(offset, size);
    }

private:
    std::unique_ptr<FileStore> file_;
    PartSource part_;
};

// A container stands where its record says that one is. If its bytes are something else by now,
// they are damaged, whatever they look like; the place counts from the beginning of the file.
inline Error of_snapshot(Error error, std::uint64_t offset) noexcept {
    const bool of_bytes = error.code == ErrorCode::damaged || error.code == ErrorCode::not_ours ||
                          error.code < ErrorCode::limit_exceeded;
    return of_bytes ? Error{ErrorCode::damaged, offset + error.offset} : error;
}

// The path of something that is kept beside the file, and of which there may be several.
inline Result<Bytes> beside(std::string_view path,
                            std::string_view suffix,
                            std::uint32_t number) noexcept {
    ROPEWALK_TRY(Bytes name, beside(path, suffix));
    std::array<char, 10> digits{};
    std::size_t at = digits.size();
    for (; number != 0; number /= 10) digits[--at] = static_cast<char>('0' + number % 10);
    if (!name.append(std::string_view(digits.data() + at, digits.size() - at))) {
        return ErrorCode::out_of_memory;
    }
    return name;
}

// Updates of a file, gathered one behind the other to be merged.
class Gathered {
public:
    static Status add(void* to, ByteView update) noexcept {
        Writer writer(static_cast<Gathered*>(to)->bytes_);
        writer.var_bytes(update);
        return writer.ok() ? ErrorCode::ok : ErrorCode::out_of_memory;
    }
    [[nodiscard]] Result<Bytes> merged(const Limits& limits) const noexcept {
        const std::array<UpdateSegment, 1> segments = {UpdateSegment{bytes_.view(), &frame_sized}};
        return merge_segments(segments, {.collect = true, .limits = limits});
    }

private:
    Bytes bytes_;
};

}  // namespace detail

ROPEWALK_INLINE Result<std::unique_ptr<DocumentFile>> DocumentFile::open(
    FileSystem& files, std::string_view path, const FileOptions& options) noexcept {
    std::unique_ptr<DocumentFile> file(new (std::nothrow) DocumentFile(files, options));
    if (file == nullptr) return ErrorCode::out_of_memory;
    ROPEWALK_CHECK(file->open_or_create(path));
    return file;
}

ROPEWALK_INLINE Status DocumentFile::open_or_create(std::string_view path) noexcept {
    const Status opened = store_.open(files_, path, !options_.read_only);
    if (!opened) {
        const bool absent = opened.error().code == ErrorCode::not_found;
        return absent && options_.create && !options_.read_only ? create(path) : opened;
    }
    Result<LogScan> scan =
        scan_log(store_, {.check_containers = !options_.lazy, .progress = options_.progress});
    if (!scan.ok() && scan.error().code != ErrorCode::not_ours) return scan.error();
    const Error foreign = scan.error();
    if (!scan.ok()) scan = LogScan{};
    report_.findings.reset();
    report_.closed = scan->head.closed;
    if (scan->snapshot_found) return take(*std::move(scan));
    const Status recovered = without_snapshot(*std::move(scan));
    // Where nothing is ours, that is what is wrong with it.
    const bool nothing = !recovered && recovered.error().code == ErrorCode::damaged;
    return nothing && foreign.code != ErrorCode::ok ? Status(foreign) : recovered;
}

ROPEWALK_INLINE Status DocumentFile::create(std::string_view path) noexcept {
    detail::LogHead head;
    head.document = options_.document;
    head.generation = 1;
    head.durability = options_.durability;
    ROPEWALK_TRY(const Bytes content,
                 DocumentLog::first_content(head, {.bytes = detail::kEmptyUpdate}));
    const std::array<ByteView, 1> parts = {content.view()};
    ROPEWALK_CHECK(store_.create(files_, path, parts));
    ROPEWALK_TRY(LogScan scan, scan_log(store_));
    report_.created = true;
    return take(std::move(scan));
}

ROPEWALK_INLINE DocumentFile::Base DocumentFile::base_of(const LogScan& scan) noexcept {
    return {scan.snapshot_kind, scan.snapshot_offset, scan.snapshot_size, scan.snapshot_found};
}

// Goes on with a file whose snapshot is sound.
ROPEWALK_INLINE Status DocumentFile::take(LogScan scan) noexcept {
    if (!options_.read_only && store_.size() > scan.end) {
        ROPEWALK_CHECK(set_aside(scan.end, store_.size()));
        ROPEWALK_CHECK(store_.cut(scan.end));
    }
    snapshot_ = base_of(scan);
    report_.damaged |= scan.damaged();
    keep_copy_ = scan.damaged();
    for (const Finding& finding : scan.findings) {
        if (!report_.findings.push_back(finding)) return ErrorCode::out_of_memory;
    }
    report_.more_findings += scan.more_findings;
    if (options_.keep_previous) {
        ROPEWALK_TRY(Bytes previous, detail::beside(store_.path(), ".previous"));
        store_.keep_old_as(std::move(previous));
    }
    return log_.open(store_, std::move(scan), options_.durability);
}

// The snapshot is lost. The file before it led to the same state, so with the updates that are
// sound here it is whole again; else there is what is left, for who asks for that.
ROPEWALK_INLINE Status DocumentFile::without_snapshot(LogScan scan) noexcept {
    Result<LogScan> previous = read_previous(scan);
    if (previous.ok()) {
        previous_scan_ = *std::move(previous);
        from_previous_ = report_.from_previous = true;
    } else if (!options_.salvage || (scan.entries.empty() && !scan.head_found)) {
        return ErrorCode::damaged;
    } else {
        report_.salvaged = true;
    }
    report_.damaged = true;
    scan.head.document = from_previous_ ? previous_scan_.head.document : scan.head.document;
    if (options_.read_only) return take(std::move(scan));

    detail::Gathered gathered;
    if (from_previous_) {
        ROPEWALK_CHECK(each_of(previous_, previous_scan_, &detail::Gathered::add, &gathered));
    }
    ROPEWALK_CHECK(each_of(store_, scan, &detail::Gathered::add, &gathered));
    ROPEWALK_TRY(const Bytes merged, gathered.merged(options_.limits));
    detail::LogHead head = scan.head;
    head.generation = std::max(head.generation, previous_scan_.head.generation) + 1;
    head.durability = options_.durability;
    const std::uint64_t last = std::max(scan.last_sequence, previous_scan_.last_sequence);
    const std::uint32_t epoch = from_previous_ ? previous_scan_.head.epoch : scan.head.epoch;
    for (const Finding& finding : scan.findings) {
        if (!report_.findings.push_back(finding)) return ErrorCode::out_of_memory;
    }
    from_previous_ = false;
    return swap_content({.bytes = merged.view(), .sequence = last, .epoch = epoch}, head);
}

// Not for log_.replace(): there is no log that could go on.
ROPEWALK_INLINE Status DocumentFile::swap_content(const LogSnapshot& snapshot,
                                                  detail::LogHead head) noexcept {
    ROPEWALK_CHECK(set_aside(0, store_.size()));
    head.closed = false;
    ROPEWALK_TRY(const Bytes content, DocumentLog::first_content(head, snapshot));
    ROPEWALK_CHECK(store_.swap({content.view()}));
    ROPEWALK_TRY(LogScan scan, scan_log(store_));
    return take(std::move(scan));
}

// The file before, if one can go on from it with what is left of this one.
ROPEWALK_INLINE Result<LogScan> DocumentFile::read_previous(const LogScan& scan) noexcept {
    ROPEWALK_TRY(const Bytes path, detail::beside(store_.path(), ".previous"));
    ROPEWALK_CHECK(previous_.open(files_, as_text(path), false));
    ROPEWALK_TRY(LogScan before, scan_log(previous_, {.check_containers = true}));
    const bool anything = scan.head_found || !scan.entries.empty();
    const bool same = !anything || (before.head.document == scan.head.document &&
                                    before.head.epoch == scan.head.epoch);
    if (!before.snapshot_found || !same) return ErrorCode::damaged;
    return before;
}

ROPEWALK_INLINE Status DocumentFile::set_aside(std::uint64_t from, std::uint64_t to) noexcept {
    if (from == to) return {};
    Bytes scratch;
    ROPEWALK_TRY(const ByteView bytes, store_.range(from, to - from, scratch));
    for (std::uint32_t number = 1;; ++number) {
        ROPEWALK_TRY(Bytes name, detail::beside(store_.path(), ".damaged-", number));
        const Status written = detail::write_durably(files_, as_text(name), bytes);
        if (written) {
            report_.set_aside = std::move(name);
            return {};
        }
        if (written.error().code != ErrorCode::in_use) return written;
    }
}

ROPEWALK_INLINE Status DocumentFile::each_of_snapshot(const FileStore& store,
                                                      const Base& base,
                                                      Each each,
                                                      void* to) const noexcept {
    if (!base.there) return {};
    if (base.kind == SnapshotKind::container) return each_of_container(store, base, each, to);
    Bytes scratch;
    ROPEWALK_TRY(const ByteView update, store.range(base.offset, base.size, scratch));
    return each(to, update);
}

ROPEWALK_INLINE Status DocumentFile::each_of_container(const FileStore& store,
                                                       const Base& base,
                                                       Each each,
                                                       void* to) const noexcept {
    const PartSource part(store, base.offset, base.size);
    const Result<Container> container = Container::open(part);
    if (!container.ok()) return detail::of_snapshot(container.error(), base.offset);
    Bytes update;
    if (const Status unpacked = container->unpack(update); !unpacked) {
        return detail::of_snapshot(unpacked.error(), base.offset);
    }
    if (container->unpack_format() == UpdateFormat::v1) return each(to, update.view());
    ROPEWALK_TRY(const Bytes v1, convert(update, UpdateFormat::v2, UpdateFormat::v1));
    return each(to, v1.view());
}

// Of a file that is not written to.
ROPEWALK_INLINE Status DocumentFile::each_of(const FileStore& store,
                                             const LogScan& scan,
                                             Each each,
                                             void* to) const noexcept {
    ROPEWALK_CHECK(each_of_snapshot(store, base_of(scan), each, to));
    Bytes scratch;
    for (const LogEntry& entry : scan.entries) {
        ROPEWALK_TRY(const ByteView update, store.range(entry.offset, entry.size, scratch));
        ROPEWALK_CHECK(each(to, update));
    }
    return {};
}

ROPEWALK_INLINE Status DocumentFile::each_of_base(Each each, void* to) const noexcept {
    if (from_previous_) ROPEWALK_CHECK(each_of(previous_, previous_scan_, each, to));
    return each_of_snapshot(store_, snapshot_, each, to);
}

ROPEWALK_INLINE Result<std::unique_ptr<HistorySource>> DocumentFile::unopened() const noexcept {
    const bool all_there = snapshot_.there && snapshot_.kind == SnapshotKind::container &&
                           !from_previous_ && log_.updates() == 0;
    if (!all_there) return std::unique_ptr<HistorySource>();
    // A store of its own: this one may be replaced while the document is not opened yet.
    std::unique_ptr<FileStore> again(new (std::nothrow) FileStore);
    if (again == nullptr) return ErrorCode::out_of_memory;
    ROPEWALK_CHECK(again->open(files_, store_.path(), false));
    std::unique_ptr<ByteSource> part(
        new (std::nothrow) detail::PartOfFile(std::move(again), snapshot_.offset, snapshot_.size));
    if (part == nullptr) return ErrorCode::out_of_memory;
    Result<std::unique_ptr<HistorySource>> source = ContainerSource::open(std::move(part));
    if (!source.ok()) return detail::of_snapshot(source.error(), snapshot_.offset);
    return source;
}

ROPEWALK_INLINE Result<Bytes> DocumentFile::merged() const noexcept {
    detail::Gathered gathered;
    ROPEWALK_CHECK(
        for_each([&](ByteView update) { return detail::Gathered::add(&gathered, update); }));
    return gathered.merged(options_.limits);
}

ROPEWALK_INLINE Status DocumentFile::compact() noexcept {
    if (options_.read_only) return ErrorCode::read_only;
    // Before the updates are gathered: what comes meanwhile stays in the log, and may be in both.
    const std::uint64_t last = log_.last_sequence();
    ROPEWALK_TRY(const Bytes whole, merged());
    if (keep_copy_) ROPEWALK_CHECK(set_aside(0, store_.size()));
    ROPEWALK_TRY(const Bytes small, crdt::compact(whole, {.limits = options_.limits}));
    ROPEWALK_TRY(const Bytes container,
                 write_container(small, UpdateFormat::v1, {.limits = options_.limits}));
    return replace_with(container, last, log_.epoch());
}

ROPEWALK_INLINE Status DocumentFile::replace_with(ByteView container,
                                                  std::uint64_t last,
                                                  std::uint32_t epoch) noexcept {
    ROPEWALK_CHECK(log_.replace(
        {.kind = SnapshotKind::container, .bytes = container, .sequence = last, .epoch = epoch}));
    snapshot_ = {SnapshotKind::container, detail::kFirstRecord + detail::kRecordHeaderSize,
                 container.size(), true};
    keep_copy_ = false;
    return {};
}

ROPEWALK_INLINE Result<EpochMap> DocumentFile::renumber(std::uint64_t seed,
                                                        std::span<const ClientId> taken) noexcept {
    if (options_.read_only) return ErrorCode::read_only;
    if (log_.epoch() == 0xffffffffU) return ErrorCode::limit_exceeded;
    const std::uint32_t epoch = log_.epoch() + 1;
    const std::uint64_t last = log_.last_sequence();
    ROPEWALK_TRY(const Bytes whole, merged());
    ROPEWALK_TRY(Renumbered made, crdt::renumber(whole, {.from_epoch = log_.epoch(),
                                                         .to_epoch = epoch,
                                                         .seed = seed,
                                                         .taken = taken,
                                                         .limits = options_.limits}));
    ROPEWALK_TRY(const Bytes container,
                 write_container(made.history, UpdateFormat::v1, {.limits = options_.limits}));
    if (log_.last_sequence() != last) return ErrorCode::in_use;
    if (keep_copy_) ROPEWALK_CHECK(set_aside(0, store_.size()));
    ROPEWALK_TRY(const Bytes path, detail::beside(store_.path(), ".epoch-", epoch));
    // One that is there is of an attempt that came to nothing: no file was ever of that epoch.
    const Status removed = files_.remove(as_text(path));
    if (!removed && removed.error().code != ErrorCode::not_found) return removed.error();
    ROPEWALK_CHECK(detail::write_durably(files_, as_text(path), made.map.encoded()));
    const Status replaced = replace_with(container, last, epoch);
    if (!replaced) {
        if (replaced.error().code != ErrorCode::invalid_argument) return replaced.error();
        static_cast<void>(files_.remove(as_text(path)));
        return ErrorCode::in_use;  // somebody has committed, which the log does not let go
    }
    // Once more, so that the file before is of this epoch, too: one of the old epoch could not be
    // gone on from, should this snapshot be damaged. The epoch has begun, whether that works or
    // not.
    static_cast<void>(replace_with(container, last, epoch));
    return std::move(made.map);
}

ROPEWALK_INLINE Result<EpochMap> DocumentFile::map_into(std::uint32_t epoch) const noexcept {
    if (epoch > log_.epoch()) return ErrorCode::not_found;  // of an attempt that came to nothing
    ROPEWALK_TRY(const Bytes path, detail::beside(store_.path(), ".epoch-", epoch));
    FileStore kept;
    ROPEWALK_CHECK(kept.open(files_, as_text(path), false));
    Bytes scratch;
    ROPEWALK_TRY(const ByteView bytes, kept.range(0, kept.size(), scratch));
    return EpochMap::decode(bytes, options_.limits);
}

ROPEWALK_INLINE Status DocumentFile::close() noexcept {
    if (options_.read_only) return {};
    ROPEWALK_CHECK(log_.close());
    options_.read_only = true;
    return store_.release();
}

ROPEWALK_INLINE Result<LogScan> verify_file(FileSystem& files,
                                            std::string_view path,
                                            Progress* progress) noexcept {
    FileStore store;
    ROPEWALK_CHECK(store.open(files, path, false));
    return scan_log(store, {.check_containers = true, .progress = progress});
}

}  // namespace crdt
