// A document in a file, or in any other bytes, that is read without being opened: the text of each
// root in one piece, the state vector, and what another replica lacks, straight from the packed
// form. docs/formats/container.md has it to the byte.
#pragma once

#include <cstdint>
#include <string_view>

#include "../base/bytes.hpp"
#include "../base/result.hpp"
#include "../codec/state_vector.hpp"
#include "../codec/update_v2.hpp"
#include "byte_store.hpp"
#include "history_reader.hpp"
#include "page_compression.hpp"
#include "pages.hpp"
#include "parts_source.hpp"

namespace crdt {

// Where a part of a text is put that cannot be read in place.
using detail::PageScratch;

// Moves. The source must outlive it, and so must the compression, which only a container that was
// written with one needs. One thread at a time: what was verified is remembered.
//
// Whatever is read is compared with its checksum first: `damaged` tells where in the file other
// bytes are than those that were written. Checksums detect damage and not forgery: bytes that were
// made up are refused or read within their bounds, but may tell of a text that is not that of their
// history.
class Container {
public:
    // Reads the header and the checksums of the pages, and nothing else.
    [[nodiscard]] static Result<Container> open(
        const ByteSource& source, const PageCompression* compression = nullptr) noexcept;

    // -- the text ---------------------------------------------------------------------------------

    // Bytes of UTF-8; 0 where there is no such root, or one without text.
    [[nodiscard]] Result<std::uint64_t> text_size(std::string_view root) const noexcept;
    // A part of it, in place where the bytes of the container are, else in `scratch`. The part is
    // cut off at the end of the text; its edges need not be those of characters.
    [[nodiscard]] Result<ByteView> text(std::string_view root,
                                        std::uint64_t offset,
                                        std::uint64_t size,
                                        detail::PageScratch& scratch) const noexcept;
    // Appends all of it.
    Status text_of(std::string_view root, Bytes& out) const noexcept;

    // -- the history ------------------------------------------------------------------------------

    [[nodiscard]] Result<StateVector> state_vector() const noexcept;
    // Appends the V1 update that brings a replica with `known` up to this history.
    Status diff(const StateVector& known, Bytes& out) const noexcept;
    // Whether `parts`, which this was opened from, has all that diff(known) reads. If not, it is
    // asked for as much of that as can be told from what is there: who fetches it and asks again
    // has three questions at most, but for what no plan foresees.
    [[nodiscard]] Result<bool> plan_diff(const StateVector& known,
                                         const PartsSource& parts) const noexcept;
    // Appends the whole history. V1, or where it has content that only V2 can say, V2.
    Status unpack(Bytes& out) const noexcept;
    [[nodiscard]] UpdateFormat unpack_format() const noexcept {
        return (flags_ & detail::kFlagExact) != 0 ? UpdateFormat::v2 : UpdateFormat::v1;
    }

    // The whole history as blocks, where it is text alone and read in place: see HistorySource.
    [[nodiscard]] bool unpack_blocks(detail::DecodedUpdate& out) const noexcept;

    // -- the file ---------------------------------------------------------------------------------

    // What its writer has put beside the document under this name; nothing, if there is none. Good
    // as long as the container.
    [[nodiscard]] ByteView note(std::string_view name) const noexcept;
    [[nodiscard]] std::uint32_t pages() const noexcept { return pages_.page_count(); }
    // Where a section lies in the file, for who fetches bytes ahead of their use (PartsSource).
    [[nodiscard]] BytePart place_of(detail::SectionKind kind) const noexcept {
        return {pages_.section(kind).offset, pages_.section(kind).stored};
    }
    // Compares page number `page`, in the order of the file, with its checksum.
    Status verify_page(std::uint32_t page) const noexcept;
    // All of them, and whether the history can be read to its end.
    Status verify() const noexcept;
    // Of clients that have inserted something, and of all they have.
    [[nodiscard]] std::uint32_t clients() const noexcept;
    [[nodiscard]] std::uint64_t units() const noexcept { return units_; }
    // Has what is deleted lost its content?
    [[nodiscard]] bool collected() const noexcept { return (flags_ & detail::kFlagCollected) != 0; }
    // Do parts wait for others that have not arrived?
    [[nodiscard]] bool has_waiting() const noexcept {
        return pages_.section(detail::SectionKind::waiting).size > 0;
    }

private:
    friend class JoinAnswer;

    // Where sections of records are put that cannot be read in place.
    struct Tables : detail::HistoryTables {
        detail::PageScratch scratch[3];
    };
    struct RootText {
        std::uint64_t at = 0;
        std::uint64_t size = 0;
    };

    Container() noexcept = default;
    Status read_header() noexcept;
    Status open_tables(Tables& tables) const noexcept;
    [[nodiscard]] Result<RootText> find(std::string_view root) const noexcept;
    // Is an update in V1 written as the history is read?
    [[nodiscard]] bool is_plain() const noexcept {
        return !has_waiting() && (flags_ & detail::kFlagExact) == 0;
    }
    Status write(const StateVector& known, UpdateFormat format, Bytes& out) const noexcept;

    detail::Pages pages_;
    std::uint64_t format_ = 0;
    std::uint64_t flags_ = 0;
    std::uint64_t units_ = 0;
    std::uint64_t notes_ = 0;  // where in the header, which is not read twice for them
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/container.ipp"
#endif
