#pragma once

#include <algorithm>

#include "../../storage/pages.hpp"

namespace crdt::detail {

ROPEWALK_INLINE std::uint8_t* put_hash(std::uint8_t* p, const Hash128& hash) noexcept {
    for (int i = 7; i >= 0; --i) *p++ = static_cast<std::uint8_t>(hash.high >> (8 * i));
    for (int i = 7; i >= 0; --i) *p++ = static_cast<std::uint8_t>(hash.low >> (8 * i));
    return p;
}

[[nodiscard]] inline bool is_hash(const std::uint8_t* p, const Hash128& hash) noexcept {
    std::uint8_t bytes[16];
    put_hash(bytes, hash);
    return std::memcmp(p, bytes, sizeof bytes) == 0;
}

ROPEWALK_INLINE Status Pages::open(const ByteSource& source,
                                   const PageCompression* compression) noexcept {
    source_ = &source;
    compression_ = compression;
    std::uint8_t prelude[kPreludeSize];
    if (source.size() < kPreludeSize) {
        // What is cut within the magic is not known to be ours.
        std::uint8_t start[sizeof kContainerMagic];
        if (source.size() < sizeof start) return Error{ErrorCode::not_ours, 0};
        ROPEWALK_CHECK(source.read(0, start));
        const bool ours = std::memcmp(start, kContainerMagic, sizeof start) == 0;
        return Error{ours ? ErrorCode::damaged : ErrorCode::not_ours, 0};
    }
    ROPEWALK_CHECK(source.read(0, prelude));
    if (std::memcmp(prelude, kContainerMagic, sizeof kContainerMagic) != 0) {
        return Error{ErrorCode::not_ours, 0};
    }
    header_size_ = get_u32(prelude + 8);
    const std::uint32_t directory = get_u32(prelude + 12);
    const std::uint64_t front = kPreludeSize + std::uint64_t{header_size_} + directory;
    if (front > source.size() || directory % kPageEntrySize != 0) {
        return Error{ErrorCode::damaged, 8};
    }
    ROPEWALK_TRY(front_, source.range(0, front, held_));
    const Hash128 hash = hash128(front_.subspan(kPreludeSize), get_u64(front_.data() + 8));
    // Compared with what is kept: it may have been read twice.
    if (std::memcmp(front_.data(), prelude, kPreludeSize) != 0 ||
        !is_hash(front_.data() + 16, hash)) {
        return Error{ErrorCode::damaged, 16};
    }
    pages_ = static_cast<std::uint32_t>(directory / kPageEntrySize);
    end_ = front;
    if (!verified_.resize((pages_ + 63) / 64)) return ErrorCode::out_of_memory;
    return {};
}

ROPEWALK_INLINE Status Pages::add(std::uint64_t kind,
                                  std::uint64_t compression,
                                  std::uint64_t size) noexcept {
    constexpr Error kBroken{ErrorCode::damaged, kPreludeSize};
    if (kind == 0 || size > std::uint64_t{pages_ - described_} * kPageSize) return kBroken;
    Section section;
    section.compression = static_cast<std::uint8_t>(compression);
    section.size = size;
    section.offset = end_;
    section.first_page = described_;
    std::uint64_t left = size;
    for (std::uint32_t i = 0; i < section.pages(); ++i) {
        const std::uint64_t plain = std::min<std::uint64_t>(left, kPageSize);
        const std::uint32_t stored = stored_size(described_ + i);
        if (stored > plain || (compression == 0 && stored != plain)) return kBroken;
        section.stored += stored;
        left -= plain;
    }
    described_ += section.pages();
    end_ += section.stored;
    if (kind >= kSectionKinds) {
        return unknown_.push_back(section) ? Status{} : ErrorCode::out_of_memory;
    }
    if (compression > 0xff) return kBroken;
    Section& place = sections_[kind];
    if (place.offset != 0) return kBroken;
    place = section;
    return {};
}

ROPEWALK_INLINE Status Pages::seal() noexcept {
    if (described_ != pages_) return Error{ErrorCode::damaged, kPreludeSize};
    // Shorter: cut. Longer: other bytes than those that were written.
    if (end_ != source_->size()) return Error{ErrorCode::damaged, std::min(end_, source_->size())};
    return {};
}

ROPEWALK_INLINE BytePart Pages::place_of(SectionKind kind,
                                         std::uint64_t offset,
                                         std::uint64_t size) const noexcept {
    const Section& part = section(kind);
    if (offset >= part.size || size == 0) return {part.offset, 0};
    size = std::min(size, part.size - offset);
    const auto first = static_cast<std::uint32_t>(offset / kPageSize);
    const auto last = static_cast<std::uint32_t>((offset + size - 1) / kPageSize);
    BytePart place{part.offset, 0};
    if (part.compression == 0) {
        place.offset += std::uint64_t{first} * kPageSize;
        const std::uint64_t end = (std::uint64_t{last} + 1) * kPageSize;
        place.size = std::min(end, part.size) - std::uint64_t{first} * kPageSize;
        return place;
    }
    for (std::uint32_t i = 0; i < first; ++i) place.offset += stored_size(part.first_page + i);
    for (std::uint32_t i = first; i <= last; ++i) place.size += stored_size(part.first_page + i);
    return place;
}

ROPEWALK_INLINE ByteView Pages::in_place() const noexcept {
    for (const Section& section : sections_) {
        if (section.compression != 0) return {};
    }
    return source_->view(0, end_);
}

ROPEWALK_INLINE bool Pages::is_sound(std::uint32_t page, ByteView stored) const noexcept {
    return is_hash(entry(page) + 4, hash128(stored));
}

ROPEWALK_INLINE std::uint64_t Pages::page_offset(std::uint32_t page) const noexcept {
    std::uint64_t offset = kPreludeSize + header_size_ + std::uint64_t{pages_} * kPageEntrySize;
    for (std::uint32_t i = 0; i < page; ++i) offset += stored_size(i);
    return offset;
}

ROPEWALK_INLINE Status Pages::verify_at(std::uint32_t page,
                                        std::uint64_t offset,
                                        PageScratch& scratch) const noexcept {
    ROPEWALK_TRY(const ByteView stored, source_->range(offset, stored_size(page), scratch.stored));
    return is_sound(page, stored) ? Status{} : Status{Error{ErrorCode::damaged, offset}};
}

ROPEWALK_INLINE Status Pages::verify(std::uint32_t page, PageScratch& scratch) const noexcept {
    return verify_at(page, page_offset(page), scratch);
}

ROPEWALK_INLINE Status Pages::verify_all() const noexcept {
    PageScratch scratch;
    std::uint64_t offset = page_offset(0);
    for (std::uint32_t page = 0; page < pages_; ++page) {
        ROPEWALK_CHECK(verify_at(page, offset, scratch));
        offset += stored_size(page);
    }
    return {};
}

ROPEWALK_INLINE Result<ByteView> Pages::range_of(const Section& section,
                                                 std::uint64_t offset,
                                                 std::uint64_t size,
                                                 PageScratch& scratch) const noexcept {
    if (size == 0) return ByteView{};
    if (offset > section.size || size > section.size - offset) {
        return Error{ErrorCode::damaged, section.offset};
    }
    const auto first = static_cast<std::uint32_t>(offset / kPageSize);
    const auto last = static_cast<std::uint32_t>((offset + size - 1) / kPageSize);
    std::uint64_t at = section.offset;
    if (section.compression == 0) {
        at += std::uint64_t{first} * kPageSize;
    } else {
        for (std::uint32_t i = 0; i < first; ++i) at += stored_size(section.first_page + i);
    }
    std::uint64_t stored = 0;
    for (std::uint32_t i = first; i <= last; ++i) stored += stored_size(section.first_page + i);
    const std::uint64_t start = std::uint64_t{first} * kPageSize;
    const std::uint64_t plain =
        std::min(section.size - start, std::uint64_t{last - first + 1} * kPageSize);
    ROPEWALK_TRY(ByteView bytes, source_->range(at, stored, scratch.stored));
    const bool in_place = bytes.data() != scratch.stored.data();
    if (section.compression != 0) {
        if (compression_ == nullptr || compression_->number() != section.compression) {
            return ErrorCode::newer_format;
        }
        scratch.plain.clear();
        if (!scratch.plain.storage().reserve_exactly(static_cast<std::size_t>(plain))) {
            return ErrorCode::out_of_memory;
        }
        scratch.plain.storage().set_size(static_cast<std::size_t>(plain));
    }
    std::size_t from = 0;
    for (std::uint32_t i = first; i <= last; ++i) {
        const std::uint32_t page = section.first_page + i;
        const ByteView one = bytes.subspan(from, stored_size(page));
        if (!in_place || !was_verified(page)) {
            if (!is_sound(page, one)) return Error{ErrorCode::damaged, at + from};
            if (in_place) verified_[page / 64] |= std::uint64_t{1} << (page % 64);
        }
        if (section.compression != 0) {
            const std::size_t to = std::size_t{i - first} * kPageSize;
            const std::size_t wanted = std::min<std::size_t>(scratch.plain.size() - to, kPageSize);
            const std::span<std::uint8_t> room(scratch.plain.data() + to, wanted);
            if (one.size() == wanted) {
                std::memcpy(room.data(), one.data(), wanted);
            } else if (!compression_->decompress(one, room)) {
                return Error{ErrorCode::damaged, at + from};
            }
        }
        from += one.size();
    }
    if (section.compression != 0) bytes = scratch.plain.view();
    return bytes.subspan(static_cast<std::size_t>(offset - start), static_cast<std::size_t>(size));
}

ROPEWALK_INLINE Status PageWindow::move(std::uint64_t offset, std::uint64_t size) noexcept {
    const Section& section = pages_.section(kind_);
    if (offset > section.size || size > section.size - offset) {
        return Error{ErrorCode::damaged, section.offset};
    }
    // Whole pages: they have to be read anyway.
    const std::uint64_t from = offset / kPageSize * kPageSize;
    const std::uint64_t pages = (offset + size - from + kPageSize - 1) / kPageSize;
    const std::uint64_t end = std::min(section.size, from + pages * kPageSize);
    bytes_ = {};
    ROPEWALK_TRY(bytes_, pages_.range(kind_, from, end - from, scratch_));
    from_ = from;
    return {};
}

}  // namespace crdt::detail
