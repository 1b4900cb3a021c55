// [log.md] the vectors of docs/formats/log.md, byte by byte.
#include <doctest/doctest.h>

#include <crdt/storage/log_format.hpp>
#include <string>

using crdt::as_bytes;
using crdt::ByteView;
using crdt::Durability;
using crdt::ErrorCode;
using namespace crdt::detail;

namespace {

std::string hex(ByteView bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

const LogHead kHead{.document = 0x1122334455667788,
                    .generation = 3,
                    .epoch = 1,
                    .written = 9,
                    .acknowledged = 42,
                    .size = 5000,
                    .durability = Durability::survives_power_loss,
                    .closed = true};
const RecordHeader kRecord{.kind = RecordKind::update,
                           .length = 2,
                           .sequence = 43,
                           .document = 0x1122334455667788,
                           .generation = 3,
                           .epoch = 1};

}  // namespace

TEST_CASE("[log.md] a slot of the head, as bytes") {
    const SlotBytes slot = encode_slot(kHead);
    CHECK(hex(slot) ==
          "5257440102010000"
          "8877665544332211"
          "0300000001000000"
          "0900000000000000"
          "2a00000000000000"
          "8813000000000000"
          "0000000000000000"
          "1c6dc060c5064f0b");
    const LogHead back = decode_slot(slot).value();
    CHECK(back.document == kHead.document);
    CHECK(back.generation == 3);
    CHECK(back.epoch == 1);
    CHECK(back.written == 9);
    CHECK(back.acknowledged == 42);
    CHECK(back.size == 5000);
    CHECK(back.durability == Durability::survives_power_loss);
    CHECK(back.closed);
}

TEST_CASE("[log.md] the header of a record, as bytes") {
    const std::uint8_t payload[] = {0, 0};
    const RecordHeaderBytes header = encode_record_header(kRecord, payload);
    CHECK(hex(header) ==
          "52574c0103000000"
          "0200000000000000"
          "2b00000000000000"
          "8877665544332211"
          "0300000001000000"
          "0c8d539932ebe68b"
          "658512c5f37be5dfade82b0441184107");
    const RecordHeader back = decode_record_header(header).value();
    CHECK(back.kind == RecordKind::update);
    CHECK(back.length == 2);
    CHECK(back.sequence == 43);
    CHECK(back.document == kRecord.document);
    CHECK(back.generation == 3);
    CHECK(back.epoch == 1);
    CHECK(payload_agrees(header, payload));
    CHECK_FALSE(payload_agrees(header, ByteView(payload).first(1)));
}

TEST_CASE("any changed bit of a slot or a header is noticed") {
    const std::uint8_t payload[] = {0, 0};
    for (std::size_t bit = 0; bit < 512; ++bit) {
        SlotBytes slot = encode_slot(kHead);
        RecordHeaderBytes header = encode_record_header(kRecord, payload);
        slot[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        header[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        CHECK_FALSE(decode_slot(slot).ok());
        CHECK_FALSE((decode_record_header(header).ok() && payload_agrees(header, payload)));
    }
}

TEST_CASE("what is no form of ours, cut, or newer says so") {
    CHECK(decode_slot(as_bytes("RWD")).error().code == ErrorCode::unexpected_end);
    const std::string other(64, 'x');
    CHECK(decode_slot(as_bytes(other)).error().code == ErrorCode::not_ours);
    CHECK(decode_record_header(as_bytes(other)).error().code == ErrorCode::not_ours);
    // The letters, the version and the check at the end are promised to all versions.
    LogHead unknown = kHead;
    unknown.durability = static_cast<Durability>(9);
    CHECK(decode_slot(encode_slot(unknown)).error().code == ErrorCode::newer_format);
    RecordHeader kind = kRecord;
    kind.kind = static_cast<RecordKind>(9);
    CHECK(decode_record_header(encode_record_header(kind, {})).error().code ==
          ErrorCode::newer_format);
}
