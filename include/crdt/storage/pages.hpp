// The lower half of a container: sections in pages, each page with a checksum in a directory that
// has one itself. What the sections mean is not known here.
//
//   0    8   magic
//   8    4   size of the header        little-endian, as all numbers of this room
//   12   4   size of the directory
//   16   16  XXH3-128 of header and directory, high half first, each big-endian; the seed is
//            bytes 8 to 15
//   32       header, MessagePack
//            directory: for each page its stored size (4) and the XXH3-128 of its stored bytes (16)
//            the pages
//
// A page holds kPageSize plain bytes, the last one of a section what is left.
#pragma once

#include <cstdint>

#include "../base/bytes.hpp"
#include "../base/hash.hpp"
#include "../base/result.hpp"
#include "byte_store.hpp"
#include "page_compression.hpp"
#include "parts_source.hpp"

namespace crdt::detail {

inline constexpr std::uint8_t kContainerMagic[8] = {0x89, 'R', 'W', 'C', '\r', '\n', 0x1a, '\n'};
inline constexpr std::uint64_t kContainerFormat = 2;
inline constexpr std::size_t kPreludeSize = 32;
inline constexpr std::size_t kPageEntrySize = 20;
inline constexpr std::uint32_t kPageSize = 65536;

// In the order in which they are written: what a reader wants first comes first.
enum class SectionKind : std::uint8_t {
    roots = 1,  // names of roots and keys, where the text of each root is
    clients,    // ids and clocks
    text,       // what is visible, in document order
    chunks,     // where in `history` and `deletes` which clocks are
    history,    // how it came about
    deletes,    // what is deleted
    waiting,    // an update in V2: parts whose causes have not arrived
};
inline constexpr std::size_t kSectionKinds = 8;  // 0 is none

[[nodiscard]] inline std::uint32_t get_u32(const std::uint8_t* p) noexcept {
    return std::uint32_t{p[0]} | std::uint32_t{p[1]} << 8 | std::uint32_t{p[2]} << 16 |
           std::uint32_t{p[3]} << 24;
}
[[nodiscard]] inline std::uint64_t get_u64(const std::uint8_t* p) noexcept {
    return get_u32(p) | std::uint64_t{get_u32(p + 4)} << 32;
}
inline std::uint8_t* put_u32(std::uint8_t* p, std::uint32_t value) noexcept {
    for (int i = 0; i < 4; ++i) *p++ = static_cast<std::uint8_t>(value >> (8 * i));
    return p;
}
inline std::uint8_t* put_u64(std::uint8_t* p, std::uint64_t value) noexcept {
    return put_u32(put_u32(p, static_cast<std::uint32_t>(value)),
                   static_cast<std::uint32_t>(value >> 32));
}
// As a container has it: high half first, each big-endian.
std::uint8_t* put_hash(std::uint8_t* p, const Hash128& hash) noexcept;

struct Section {
    std::uint8_t compression = 0;  // 0: none
    std::uint64_t size = 0;        // plain bytes
    std::uint64_t offset = 0;      // of its first page in the file
    std::uint64_t stored = 0;      // bytes of its pages in the file
    std::uint32_t first_page = 0;  // in the directory

    [[nodiscard]] std::uint32_t pages() const noexcept {
        return static_cast<std::uint32_t>((size + kPageSize - 1) / kPageSize);
    }
};

// Where pages that cannot be read in place are put. One for each view that is used at a time.
struct PageScratch {
    Bytes stored;
    Bytes plain;
};

// Pages are verified when they are first read in place, and whenever they are read otherwise.
class Pages {
public:
    Pages() noexcept = default;

    // Reads and verifies header and directory. Both must outlive this.
    Status open(const ByteSource& source, const PageCompression* compression) noexcept;
    [[nodiscard]] ByteView header() const noexcept {
        return {front_.data() + kPreludeSize, header_size_};
    }
    // What the header says of a section. Sections come in the order of their pages.
    Status add(std::uint64_t kind, std::uint64_t compression, std::uint64_t size) noexcept;
    // All have been added.
    Status seal() noexcept;

    [[nodiscard]] const Section& section(SectionKind kind) const noexcept {
        return sections_[static_cast<std::size_t>(kind)];
    }
    // Plain bytes, in place if they lie so, else in `scratch`. Good as long as that is not used
    // again. Errors: damaged, with the offset in the file; whatever the source has
    [[nodiscard]] Result<ByteView> range(SectionKind kind,
                                         std::uint64_t offset,
                                         std::uint64_t size,
                                         PageScratch& scratch) const noexcept {
        return range_of(section(kind), offset, size, scratch);
    }
    [[nodiscard]] Result<ByteView> all(SectionKind kind, PageScratch& scratch) const noexcept {
        return range_of(section(kind), 0, section(kind).size, scratch);
    }
    // Where in the file the pages are that a range of plain bytes needs.
    [[nodiscard]] BytePart place_of(SectionKind kind,
                                    std::uint64_t offset,
                                    std::uint64_t size) const noexcept;
    // The file in place, if no section is compressed and the source has it in one piece; else
    // nothing. Pages are verified by range() alone.
    [[nodiscard]] ByteView in_place() const noexcept;

    [[nodiscard]] std::uint32_t page_count() const noexcept { return pages_; }
    // Reads page number `page` of all, whatever it belongs to, and compares.
    Status verify(std::uint32_t page, PageScratch& scratch) const noexcept;
    // The same for all of them, in order.
    Status verify_all() const noexcept;
    // Of the file.
    [[nodiscard]] std::uint64_t page_offset(std::uint32_t page) const noexcept;

private:
    [[nodiscard]] Result<ByteView> range_of(const Section& section,
                                            std::uint64_t offset,
                                            std::uint64_t size,
                                            PageScratch& scratch) const noexcept;
    [[nodiscard]] const std::uint8_t* entry(std::uint32_t page) const noexcept {
        return front_.data() + kPreludeSize + header_size_ + std::size_t{page} * kPageEntrySize;
    }
    [[nodiscard]] std::uint32_t stored_size(std::uint32_t page) const noexcept {
        return get_u32(entry(page));
    }
    Status verify_at(std::uint32_t page, std::uint64_t offset, PageScratch& scratch) const noexcept;
    [[nodiscard]] bool is_sound(std::uint32_t page, ByteView stored) const noexcept;
    [[nodiscard]] bool was_verified(std::uint32_t page) const noexcept {
        return (verified_[page / 64] >> (page % 64) & 1U) != 0;
    }

    const ByteSource* source_ = nullptr;
    const PageCompression* compression_ = nullptr;
    Bytes held_;      // prelude, header and directory, unless they are read in place
    ByteView front_;  // the same
    std::uint32_t header_size_ = 0;
    std::uint32_t pages_ = 0;      // in the directory
    std::uint32_t described_ = 0;  // of them, by the sections so far
    std::uint64_t end_ = 0;        // in the file, of the sections so far
    Section sections_[kSectionKinds];
    Vec<Section> unknown_;                 // of a newer writer
    mutable Vec<std::uint64_t> verified_;  // a bit for each page
};

// A part of a section that is asked for again and again in places near one another.
class PageWindow {
public:
    PageWindow(const Pages& pages, SectionKind kind) noexcept : pages_(pages), kind_(kind) {}

    [[nodiscard]] std::uint64_t size() const noexcept { return pages_.section(kind_).size; }
    // Makes all of it at hand.
    Status open_all() noexcept { return move(0, pages_.section(kind_).size); }
    // Good until another part is asked for that is not at hand.
    [[nodiscard]] Result<ByteView> at(std::uint64_t offset, std::uint64_t size) noexcept {
        if (offset < from_ || offset + size > from_ + bytes_.size())
            ROPEWALK_CHECK(move(offset, size));
        return bytes_.subspan(static_cast<std::size_t>(offset - from_),
                              static_cast<std::size_t>(size));
    }

private:
    Status move(std::uint64_t offset, std::uint64_t size) noexcept;

    const Pages& pages_;
    SectionKind kind_;
    std::uint64_t from_ = 0;
    ByteView bytes_;
    PageScratch scratch_;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/pages.ipp"
#endif
