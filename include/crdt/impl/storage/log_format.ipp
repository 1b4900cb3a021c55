#pragma once

#include "../../base/hash.hpp"
#include "../../storage/log_format.hpp"

namespace crdt::detail {

inline constexpr std::uint8_t kLogVersion = 1;

template <class T>
inline void put_little(std::uint8_t* at, T value) noexcept {
    for (std::size_t i = 0; i < sizeof(T); ++i) at[i] = static_cast<std::uint8_t>(value >> (8 * i));
}
template <class T>
inline T get_little(const std::uint8_t* at) noexcept {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(T{at[i]} << (8 * i));
    return value;
}

// Of both forms: 3 letters, a version, bytes of which `check` are behind the rest.
inline ErrorCode check_form(ByteView bytes, const char* letters, std::size_t check) noexcept {
    if (bytes.size() < 64) return ErrorCode::unexpected_end;
    if (std::memcmp(bytes.data(), letters, 3) != 0) return ErrorCode::not_ours;
    if (get_little<std::uint64_t>(bytes.data() + check) != hash64(bytes.first(check))) {
        return ErrorCode::damaged;
    }
    return bytes[3] == kLogVersion ? ErrorCode::ok : ErrorCode::newer_format;
}

ROPEWALK_INLINE SlotBytes encode_slot(const LogHead& head) noexcept {
    SlotBytes slot{'R', 'W', 'D', kLogVersion};
    slot[4] = static_cast<std::uint8_t>(head.durability);
    slot[5] = head.closed ? 1 : 0;
    put_little(slot.data() + 8, head.document);
    put_little(slot.data() + 16, head.generation);
    put_little(slot.data() + 20, head.epoch);
    put_little(slot.data() + 24, head.written);
    put_little(slot.data() + 32, head.acknowledged);
    put_little(slot.data() + 40, head.size);
    put_little(slot.data() + 56, hash64(ByteView(slot).first(56)));
    return slot;
}

ROPEWALK_INLINE Result<LogHead> decode_slot(ByteView slot) noexcept {
    if (const ErrorCode bad = check_form(slot, "RWD", 56); bad != ErrorCode::ok) return bad;
    const bool known = (slot[4] == 1 || slot[4] == 2) && slot[5] <= 1;
    if (!known) return ErrorCode::newer_format;
    LogHead head;
    head.durability = static_cast<Durability>(slot[4]);
    head.closed = slot[5] == 1;
    head.document = get_little<std::uint64_t>(slot.data() + 8);
    head.generation = get_little<std::uint32_t>(slot.data() + 16);
    head.epoch = get_little<std::uint32_t>(slot.data() + 20);
    head.written = get_little<std::uint64_t>(slot.data() + 24);
    head.acknowledged = get_little<std::uint64_t>(slot.data() + 32);
    head.size = get_little<std::uint64_t>(slot.data() + 40);
    return head;
}

ROPEWALK_INLINE RecordHeaderBytes encode_record_header(const RecordHeader& header,
                                                       ByteView payload) noexcept {
    RecordHeaderBytes bytes{'R', 'W', 'L', kLogVersion, static_cast<std::uint8_t>(header.kind)};
    put_little(bytes.data() + 8, header.length);
    put_little(bytes.data() + 16, header.sequence);
    put_little(bytes.data() + 24, header.document);
    put_little(bytes.data() + 32, header.generation);
    put_little(bytes.data() + 36, header.epoch);
    const std::uint64_t check = hash64(ByteView(bytes).first(40));
    put_little(bytes.data() + 40, check);
    const Hash128 hash = hash128(payload, check);
    put_little(bytes.data() + 48, hash.low);
    put_little(bytes.data() + 56, hash.high);
    return bytes;
}

ROPEWALK_INLINE Result<RecordHeader> decode_record_header(ByteView bytes) noexcept {
    if (const ErrorCode bad = check_form(bytes, "RWL", 40); bad != ErrorCode::ok) return bad;
    if (bytes[4] < 1 || bytes[4] > 3) return ErrorCode::newer_format;
    RecordHeader header;
    header.kind = static_cast<RecordKind>(bytes[4]);
    header.length = get_little<std::uint64_t>(bytes.data() + 8);
    header.sequence = get_little<std::uint64_t>(bytes.data() + 16);
    header.document = get_little<std::uint64_t>(bytes.data() + 24);
    header.generation = get_little<std::uint32_t>(bytes.data() + 32);
    header.epoch = get_little<std::uint32_t>(bytes.data() + 36);
    return header;
}

ROPEWALK_INLINE bool payload_agrees(ByteView header, ByteView payload) noexcept {
    const Hash128 hash = hash128(payload, get_little<std::uint64_t>(header.data() + 40));
    return hash.low == get_little<std::uint64_t>(header.data() + 48) &&
           hash.high == get_little<std::uint64_t>(header.data() + 56);
}

}  // namespace crdt::detail
