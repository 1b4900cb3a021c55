#pragma once

#include <algorithm>

#include "../../codec/msgpack.hpp"
#include "../../storage/container.hpp"
#include "../../storage/diff_plan.hpp"
#include "../../storage/packed_blocks.hpp"
#include "../../storage/packed_update.hpp"
#include "../../update/convert.hpp"
#include "../../update/diff.hpp"
#include "../../update/exact_form.hpp"
#include "../../update/merge.hpp"

namespace crdt {

// -- opening --------------------------------------------------------------------------------------

ROPEWALK_INLINE Result<Container> Container::open(const ByteSource& source,
                                                  const PageCompression* compression) noexcept {
    Container container;
    ROPEWALK_CHECK(container.pages_.open(source, compression));
    ROPEWALK_CHECK(container.read_header());
    return container;
}

ROPEWALK_INLINE Status Container::read_header() noexcept {
    detail::MsgpackReader in(pages_.header());
    bool has_sections = false;
    for (std::uint32_t left = in.map(); left > 0; --left) {
        const std::string_view key = in.text();
        if (key == "format") {
            format_ = in.number();
            if (in.ok() && format_ > detail::kContainerFormat) return ErrorCode::newer_format;
        } else if (key == "flags") {
            flags_ = in.number();
        } else if (key == "units") {
            units_ = in.number();
        } else if (key == "notes") {
            notes_ = in.offset();
            in.skip_value();
        } else if (key == "sections") {
            has_sections = true;
            for (std::uint32_t sections = in.array(); sections > 0; --sections) {
                const std::uint32_t fields = in.array();
                const std::uint64_t kind = in.number();
                const std::uint64_t compression = in.number();
                const std::uint64_t size = in.number();
                if (!in.ok() || fields != 3) return Error{ErrorCode::damaged, detail::kPreludeSize};
                ROPEWALK_CHECK(pages_.add(kind, compression, size));
            }
        } else {
            in.skip_value();  // of a newer writer, for who knows it
        }
    }
    if (!in.ok() || !in.at_end() || format_ == 0 || !has_sections) {
        return Error{ErrorCode::damaged, detail::kPreludeSize + in.offset()};
    }
    return pages_.seal();
}

ROPEWALK_INLINE Status Container::open_tables(Tables& tables) const noexcept {
    tables.flags = flags_;
    tables.format = format_;
    ROPEWALK_TRY(tables.clients, pages_.all(detail::SectionKind::clients, tables.scratch[0]));
    ROPEWALK_TRY(tables.chunks, pages_.all(detail::SectionKind::chunks, tables.scratch[1]));
    ROPEWALK_TRY(tables.roots, pages_.all(detail::SectionKind::roots, tables.scratch[2]));
    return tables.check();
}

// -- text -----------------------------------------------------------------------------------------

ROPEWALK_INLINE Result<Container::RootText> Container::find(std::string_view root) const noexcept {
    Tables tables;
    tables.flags = flags_;
    ROPEWALK_TRY(tables.roots, pages_.all(detail::SectionKind::roots, tables.scratch[2]));
    if (!tables.roots.empty() && tables.roots.size() < 8) return Error{ErrorCode::damaged, 0};
    const std::uint64_t least = std::uint64_t{tables.root_count()} * detail::kRootSize +
                                std::uint64_t{tables.name_count()} * 4;
    if (!tables.roots.empty() && least > tables.roots.size() - 8)
        return Error{ErrorCode::damaged, 0};
    for (std::uint32_t i = 0; i < tables.root_count(); ++i) {
        ByteView name;
        if (!tables.name(tables.root(i, 0), name)) return Error{ErrorCode::damaged, 0};
        if (as_text(name) != root) continue;
        const RootText text{tables.root(i, 1), tables.root(i, 2)};
        const std::uint64_t size = pages_.section(detail::SectionKind::text).size;
        if (text.at + text.size > size) return Error{ErrorCode::damaged, 0};
        return text;
    }
    return RootText{};
}

ROPEWALK_INLINE Result<std::uint64_t> Container::text_size(std::string_view root) const noexcept {
    ROPEWALK_TRY(const RootText text, find(root));
    return text.size;
}

ROPEWALK_INLINE Result<ByteView> Container::text(std::string_view root,
                                                 std::uint64_t offset,
                                                 std::uint64_t size,
                                                 detail::PageScratch& scratch) const noexcept {
    ROPEWALK_TRY(const RootText text, find(root));
    offset = std::min(offset, text.size);
    size = std::min(size, text.size - offset);
    return pages_.range(detail::SectionKind::text, text.at + offset, size, scratch);
}

ROPEWALK_INLINE Status Container::text_of(std::string_view root, Bytes& out) const noexcept {
    detail::PageScratch scratch;
    ROPEWALK_TRY(const ByteView bytes, text(root, 0, ~std::uint64_t{0}, scratch));
    if (!detail::is_valid_utf8(bytes)) return Error{ErrorCode::damaged, 0};
    if (!out.storage().reserve_exactly(out.size() + bytes.size())) return ErrorCode::out_of_memory;
    return out.append(bytes) ? Status{} : ErrorCode::out_of_memory;
}

// -- history --------------------------------------------------------------------------------------

ROPEWALK_INLINE std::uint32_t Container::clients() const noexcept {
    return static_cast<std::uint32_t>(pages_.section(detail::SectionKind::clients).size /
                                      detail::kClientSize);
}

ROPEWALK_INLINE Result<StateVector> Container::state_vector() const noexcept {
    detail::HistoryTables tables;
    detail::PageScratch scratch;
    ROPEWALK_TRY(tables.clients, pages_.all(detail::SectionKind::clients, scratch));
    StateVector vector;
    for (std::uint32_t i = 0; i < tables.client_count(); ++i) {
        const std::uint64_t id = tables.client(i);
        if (id > kMaxClientId || tables.units(i) > kMaxClock) return Error{ErrorCode::damaged, 0};
        if (!vector.set(ClientId{id}, Clock{tables.units(i)})) return ErrorCode::out_of_memory;
    }
    return vector;
}

ROPEWALK_INLINE Status Container::write(const StateVector& known,
                                        UpdateFormat format,
                                        Bytes& out) const noexcept {
    Tables tables;
    ROPEWALK_CHECK(open_tables(tables));
    if (format == UpdateFormat::v1 && is_plain()) {
        return detail::PackedUpdate(pages_, tables, out).write(known);
    }
    Bytes packed;
    ROPEWALK_CHECK(detail::PackedUpdate(pages_, tables, packed).write(known));
    ROPEWALK_TRY(Bytes all, detail::v2_of_exact(packed));
    packed = {};
    if (has_waiting()) {
        detail::PageScratch scratch;
        ROPEWALK_TRY(const ByteView waiting, pages_.all(detail::SectionKind::waiting, scratch));
        ROPEWALK_TRY(const Bytes rest, crdt::diff(waiting, known, UpdateFormat::v2));
        ROPEWALK_TRY(all, merge({all, rest}, {.format = UpdateFormat::v2}));
    }
    if (format == UpdateFormat::v1) {
        ROPEWALK_TRY(all, convert(all, UpdateFormat::v2, UpdateFormat::v1));
    }
    return out.append(all.view()) ? Status{} : ErrorCode::out_of_memory;
}

ROPEWALK_INLINE Status Container::diff(const StateVector& known, Bytes& out) const noexcept {
    const std::size_t before = out.size();
    const Status status = write(known, UpdateFormat::v1, out);
    if (!status.ok()) out.truncate(before);
    return status;
}

ROPEWALK_INLINE Result<bool> Container::plan_diff(const StateVector& known,
                                                  const PartsSource& parts) const noexcept {
    detail::DiffPlan plan(pages_, parts);
    if (!plan.has_tables()) return false;
    Tables tables;
    ROPEWALK_CHECK(open_tables(tables));
    return plan.run(tables, known);
}

ROPEWALK_INLINE Status Container::unpack(Bytes& out) const noexcept {
    const std::size_t before = out.size();
    const Status status = write({}, unpack_format(), out);
    if (!status.ok()) out.truncate(before);
    return status;
}

ROPEWALK_INLINE bool Container::unpack_blocks(detail::DecodedUpdate& out) const noexcept {
    Tables tables;
    if (has_waiting() || !open_tables(tables).ok()) return false;
    return detail::PackedBlocks(pages_, tables, out).run();
}

// -- the file -------------------------------------------------------------------------------------

ROPEWALK_INLINE ByteView Container::note(std::string_view name) const noexcept {
    if (notes_ == 0) return {};
    detail::MsgpackReader in(pages_.header().subspan(static_cast<std::size_t>(notes_)));
    for (std::uint32_t left = in.map(); left > 0; --left) {
        const bool wanted = in.text() == name;
        const ByteView bytes = in.bytes();
        if (wanted && in.ok()) return bytes;
    }
    return {};
}

ROPEWALK_INLINE Status Container::verify_page(std::uint32_t page) const noexcept {
    if (page >= pages_.page_count()) return ErrorCode::invalid_argument;
    detail::PageScratch scratch;
    return pages_.verify(page, scratch);
}

ROPEWALK_INLINE Status Container::verify() const noexcept {
    ROPEWALK_CHECK(pages_.verify_all());
    Bytes all;
    return unpack(all);
}

}  // namespace crdt
