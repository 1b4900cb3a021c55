// Promise: any bytes are refused or read as a document's file; what is read agrees with its
// checksums, and a writer goes on behind it without losing anything that could be read.
//
// The input is a file whose area of the head is packed: a byte that says how, two slots, records.
// With an odd first byte the checksums are repaired, or nothing behind them would be reached.
#include <crdt/base/hash.hpp>

#include "../tests/support/simulated_disk.hpp"
#include "../tests/support/typist.hpp"
#include "support.hpp"

namespace {

using crdt::ByteView;
using crdt::detail::kFirstRecord;
using crdt::detail::kRecordHeaderSize;
using crdt::detail::kSlotOffsets;
using crdt::detail::kSlotSize;
using Content = support::SimulatedDisk::Content;

void put(std::uint8_t* at, std::uint64_t value) {
    for (int i = 0; i < 8; ++i) at[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

Content unpacked(ByteView input) {
    Content file(kFirstRecord);
    for (const std::uint64_t at : kSlotOffsets) {
        const ByteView slot = input.first(std::min(kSlotSize, input.size()));
        std::copy(slot.begin(), slot.end(), file.begin() + static_cast<long>(at));
        input = input.subspan(slot.size());
    }
    file.insert(file.end(), input.begin(), input.end());
    return file;
}

void repair(Content& file) {
    for (const std::uint64_t at : kSlotOffsets) {
        std::uint8_t* const slot = file.data() + at;
        put(slot + 56, crdt::hash64(ByteView(slot, 56)));
    }
    for (std::uint64_t at = kFirstRecord; file.size() - at >= kRecordHeaderSize;) {
        std::uint8_t* const header = file.data() + at;
        const std::uint64_t rest = file.size() - at - kRecordHeaderSize;
        const std::uint64_t length = std::min<std::uint64_t>(header[8], rest);
        put(header + 8, length);
        const std::uint64_t check = crdt::hash64(ByteView(header, 40));
        put(header + 40, check);
        const crdt::Hash128 hash =
            crdt::hash128(ByteView(header + kRecordHeaderSize, length), check);
        put(header + 48, hash.low);
        put(header + 56, hash.high);
        at += kRecordHeaderSize + length;
    }
}

// The updates of a file, as they are.
crdt::Status updates_of(crdt::FileSystem& disk, std::vector<Content>& all) {
    auto file = crdt::DocumentFile::open(disk, "f", {.read_only = true});
    if (!file.ok()) return file.error();
    return (*file)->for_each([&](ByteView update) -> crdt::Status {
        all.emplace_back(update.begin(), update.end());
        return {};
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Content content = unpacked({data + 1, size - 1});
    if (data[0] % 2 == 1) repair(content);
    support::SimulatedDisk disk;
    disk.put("f", content);

    const auto scan = crdt::verify_file(disk, "f");
    if (scan.ok()) {
        for (const crdt::LogEntry& entry : scan->entries) {
            const ByteView header(content.data() + entry.offset - kRecordHeaderSize,
                                  kRecordHeaderSize);
            const ByteView payload(content.data() + entry.offset, entry.size);
            fuzz::require(crdt::detail::payload_agrees(header, payload), "what is read agrees");
        }
    }
    std::vector<Content> before;
    const crdt::Status read = updates_of(disk, before);
    fuzz::require(disk.content("f") == content, "reading changes nothing");

    // A writer that finds an update which is none refuses to compact, and changes nothing then.
    auto file = crdt::DocumentFile::open(disk, "f", {.create = false});
    if (!file.ok()) return 0;
    // A container is looked into only when it is read.
    const bool readable = read.ok();
    const crdt::ErrorCode code = read.error().code;
    fuzz::require(readable || code != crdt::ErrorCode::unexpected_end, "what was found is there");
    const crdt::Bytes update = support::typed(1, 0);
    if (!(*file)->commit(update).ok()) return 0;
    const bool compacted = (*file)->compact().ok();
    fuzz::require((*file)->close().ok(), "a file can be closed");
    file->reset();
    std::vector<Content> after;
    fuzz::require(!readable || updates_of(disk, after).ok(), "it opens again");
    if (readable && !compacted) {
        before.emplace_back(update.begin(), update.end());
        fuzz::require(after == before, "a writer goes on behind what was there");
    }
    return 0;
}
