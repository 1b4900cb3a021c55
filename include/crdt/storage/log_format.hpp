// The layout of a document's file, as docs/formats/log.md has it: a head of two slots, a record
// with a snapshot, and a record for each update since. Numbers are little-endian.
//
//        0  slot    64 bytes, written again and again
//     2048  slot    64 bytes, in turns with the first, so that one of them is whole at any moment
//     4032  record  of the snapshot; its payload begins at 4096, where a page can begin
//      ...  record  of an update, as often as there are updates
//
// On disk: a version may be added, this one does not change.
#pragma once

#include <array>
#include <cstdint>

#include "../base/bytes.hpp"
#include "../base/result.hpp"

namespace crdt {

// What an acknowledged update survives.
enum class Durability : std::uint8_t {  // on disk: append only
    // The end of the program, by kill -9 included, since the system has the bytes. A loss of power
    // may take the newest updates; what is left is a beginning of what was written.
    survives_kill = 1,
    // A loss of power as well: acknowledged is what the disk has confirmed (fsync).
    survives_power_loss = 2,
};

// What the payload of a snapshot is.
enum class SnapshotKind : std::uint8_t {
    update = 1,     // one update of version 1
    container = 2,  // a container (docs/formats/container.md)
};

namespace detail {

inline constexpr std::size_t kSlotSize = 64;
inline constexpr std::array<std::uint64_t, 2> kSlotOffsets = {0, 2048};
inline constexpr std::uint64_t kFirstRecord = 4032;
inline constexpr std::size_t kRecordHeaderSize = 64;
static_assert(kFirstRecord + kRecordHeaderSize == 4096);

using SlotBytes = std::array<std::uint8_t, kSlotSize>;
using RecordHeaderBytes = std::array<std::uint8_t, kRecordHeaderSize>;

// What is known of the file as a whole.
//    0  3  "RWD"          8  8  document          32  8  acknowledged sequence
//    3  1  version, 1    16  4  generation        40  8  size of the file up to there
//    4  1  durability    20  4  epoch             48  8  0
//    5  1  closed        24  8  number of the     56  8  XXH3-64 of bytes 0 to 55
//    6  2  0                    writing
struct LogHead {
    std::uint64_t document = 0;
    std::uint32_t generation = 0;  // of the snapshot: one more with each replacement
    std::uint32_t epoch = 0;       // whose ids the updates use
    std::uint64_t written = 0;     // counts writings of the head: the higher one is the newer
    std::uint64_t acknowledged = 0;
    std::uint64_t size = 0;
    Durability durability = Durability::survives_power_loss;
    bool closed = false;  // by its writer, with nothing left to write
};

enum class RecordKind : std::uint8_t {  // on disk: append only
    snapshot_update = 1,
    snapshot_container = 2,
    update = 3,
};

//    0  3  "RWL"          8  8  length of payload    32  4  generation
//    3  1  version, 1    16  8  sequence             36  4  epoch
//    4  1  kind          24  8  document             40  8  XXH3-64 of bytes 0 to 39
//    5  3  0             48  16 XXH3-128 of the payload, seeded with the XXH3-64 before it
struct RecordHeader {
    RecordKind kind = RecordKind::update;
    std::uint64_t length = 0;
    std::uint64_t sequence = 0;  // of a snapshot: of the last update that is in it
    std::uint64_t document = 0;
    std::uint32_t generation = 0;
    std::uint32_t epoch = 0;

    [[nodiscard]] bool is_snapshot() const noexcept { return kind != RecordKind::update; }
};

[[nodiscard]] SlotBytes encode_slot(const LogHead& head) noexcept;
// not_ours, damaged or newer_format where the bytes are no slot that this version reads.
[[nodiscard]] Result<LogHead> decode_slot(ByteView slot) noexcept;

[[nodiscard]] RecordHeaderBytes encode_record_header(const RecordHeader& header,
                                                     ByteView payload) noexcept;
// Says nothing of the payload. Errors as above.
[[nodiscard]] Result<RecordHeader> decode_record_header(ByteView header) noexcept;
// Whether the payload is the one that the header was written for.
[[nodiscard]] bool payload_agrees(ByteView header, ByteView payload) noexcept;

}  // namespace detail
}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/log_format.ipp"
#endif
