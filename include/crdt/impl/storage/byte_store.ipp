#pragma once

#include <cstring>
#include <limits>

#include "../../storage/byte_store.hpp"

namespace crdt {

namespace detail {

// Whether [offset, offset + size) lies within `whole` bytes; no sum of them can overflow.
inline bool lies_within(std::uint64_t offset, std::uint64_t size, std::uint64_t whole) noexcept {
    return offset <= whole && size <= whole - offset;
}

inline ByteView part_of(ByteView bytes, std::uint64_t offset, std::uint64_t size) noexcept {
    if (!lies_within(offset, size, bytes.size())) return {};
    return bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

inline Status copy_part(ByteView bytes,
                        std::uint64_t offset,
                        std::span<std::uint8_t> into) noexcept {
    if (!lies_within(offset, into.size(), bytes.size())) {
        return Error{ErrorCode::unexpected_end, bytes.size()};
    }
    if (!into.empty()) std::memcpy(into.data(), bytes.data() + offset, into.size());
    return {};
}

}  // namespace detail

ROPEWALK_INLINE Result<ByteView> ByteSource::range(std::uint64_t offset,
                                                   std::uint64_t size,
                                                   Bytes& scratch) const noexcept {
    if (size == 0) return ByteView{};
    if (const ByteView in_place = view(offset, size); !in_place.empty()) return in_place;
    // Before anything is allocated: a length that came from damaged bytes must not ask for memory.
    const std::uint64_t whole = this->size();
    if (!detail::lies_within(offset, size, whole)) return Error{ErrorCode::unexpected_end, whole};
    scratch.clear();
    if (size > std::numeric_limits<std::size_t>::max() ||
        !scratch.reserve(static_cast<std::size_t>(size))) {
        return ErrorCode::out_of_memory;
    }
    scratch.storage().set_size(static_cast<std::size_t>(size));
    if (const Status status = read(offset, {scratch.data(), scratch.size()}); !status) {
        scratch.clear();
        return status.error();
    }
    return scratch.view();
}

ROPEWALK_INLINE Status ViewSource::read(std::uint64_t offset,
                                        std::span<std::uint8_t> into) const noexcept {
    return detail::copy_part(bytes_, offset, into);
}
ROPEWALK_INLINE ByteView ViewSource::view(std::uint64_t offset, std::uint64_t size) const noexcept {
    return detail::part_of(bytes_, offset, size);
}

ROPEWALK_INLINE Status PartSource::read(std::uint64_t offset,
                                        std::span<std::uint8_t> into) const noexcept {
    if (!detail::lies_within(offset, into.size(), size_)) {
        return Error{ErrorCode::unexpected_end, size_};
    }
    return whole_->read(offset_ + offset, into);
}
ROPEWALK_INLINE ByteView PartSource::view(std::uint64_t offset, std::uint64_t size) const noexcept {
    if (!detail::lies_within(offset, size, size_)) return {};
    return whole_->view(offset_ + offset, size);
}

ROPEWALK_INLINE Status MemoryStore::read(std::uint64_t offset,
                                         std::span<std::uint8_t> into) const noexcept {
    return detail::copy_part(bytes_, offset, into);
}
ROPEWALK_INLINE ByteView MemoryStore::view(std::uint64_t offset,
                                           std::uint64_t size) const noexcept {
    return detail::part_of(bytes_, offset, size);
}
ROPEWALK_INLINE Status MemoryStore::append(std::span<const ByteView> parts) noexcept {
    std::size_t more = 0;
    for (const ByteView part : parts) more += part.size();
    if (!bytes_.storage().reserve_more(more)) return ErrorCode::out_of_memory;
    for (const ByteView part : parts) {
        if (!bytes_.append(part)) return ErrorCode::out_of_memory;  // reserved: does not happen
    }
    return {};
}
ROPEWALK_INLINE Status MemoryStore::overwrite(std::uint64_t offset, ByteView bytes) noexcept {
    if (!detail::lies_within(offset, bytes.size(), bytes_.size())) {
        return Error{ErrorCode::index_out_of_range, bytes_.size()};
    }
    if (!bytes.empty()) std::memcpy(bytes_.data() + offset, bytes.data(), bytes.size());
    return {};
}
ROPEWALK_INLINE Status MemoryStore::cut(std::uint64_t size) noexcept {
    if (size > bytes_.size()) return Error{ErrorCode::index_out_of_range, bytes_.size()};
    bytes_.truncate(static_cast<std::size_t>(size));
    return {};
}
ROPEWALK_INLINE Status MemoryStore::swap(std::span<const ByteView> parts) noexcept {
    MemoryStore other;
    ROPEWALK_CHECK(other.append(parts));
    bytes_ = std::move(other.bytes_);
    return {};
}

}  // namespace crdt
