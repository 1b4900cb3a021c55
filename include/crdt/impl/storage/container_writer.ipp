#pragma once

#include <algorithm>

#include "../../codec/msgpack.hpp"
#include "../../storage/container_writer.hpp"
#include "../../storage/history_writer.hpp"
#include "../../update/block_writer.hpp"
#include "../../update/exact_form.hpp"

namespace crdt {

namespace detail {

// Sections cut into pages.
class PagesWriter {
public:
    explicit PagesWriter(const PageCompression* compression) noexcept : compression_(compression) {}

    Status add(SectionKind kind, ByteView bytes) noexcept {
        const bool packed = compression_ != nullptr && !bytes.empty();
        sizes_[static_cast<std::size_t>(kind)] = bytes.size();
        compressions_[static_cast<std::size_t>(kind)] = packed ? compression_->number() : 0;
        for (std::size_t at = 0; at < bytes.size(); at += kPageSize) {
            const ByteView plain =
                bytes.subspan(at, std::min<std::size_t>(kPageSize, bytes.size() - at));
            ROPEWALK_CHECK(page(plain, packed));
        }
        return {};
    }
    Status finish(std::uint64_t flags,
                  std::uint64_t units,
                  std::span<const ContainerNote> notes,
                  Bytes& out) noexcept;

private:
    Status page(ByteView plain, bool packed) noexcept {
        ByteView stored = plain;
        scratch_.clear();
        if (packed) {
            if (!compression_->compress(plain, scratch_)) return ErrorCode::out_of_memory;
            if (scratch_.size() < plain.size()) stored = scratch_;
        }
        std::uint8_t entry[kPageEntrySize];
        put_hash(put_u32(entry, static_cast<std::uint32_t>(stored.size())), hash128(stored));
        const bool memory = directory_.append(entry) && pages_.append(stored);
        return memory ? Status{} : Status{ErrorCode::out_of_memory};
    }

    const PageCompression* compression_;
    std::uint64_t sizes_[kSectionKinds] = {};
    std::uint8_t compressions_[kSectionKinds] = {};
    Bytes directory_;
    Bytes pages_;
    Bytes scratch_;
};

ROPEWALK_INLINE Status PagesWriter::finish(std::uint64_t flags,
                                           std::uint64_t units,
                                           std::span<const ContainerNote> notes,
                                           Bytes& out) noexcept {
    Bytes header;
    MsgpackWriter pack(header);
    pack.map(notes.empty() ? 4 : 5);
    pack.text("format");
    pack.number(kContainerFormat);
    pack.text("flags");
    pack.number(flags);
    pack.text("units");
    pack.number(units);
    pack.text("sections");
    std::uint32_t sections = 0;
    for (const std::uint64_t size : sizes_) sections += size > 0 ? 1 : 0;
    pack.array(sections);
    for (std::size_t kind = 1; kind < kSectionKinds; ++kind) {
        if (sizes_[kind] == 0) continue;
        pack.array(3);
        pack.number(kind);
        pack.number(compressions_[kind]);
        pack.number(sizes_[kind]);
    }
    if (!notes.empty()) {
        pack.text("notes");
        pack.map(static_cast<std::uint32_t>(notes.size()));
        for (const ContainerNote& note : notes) {
            if (!is_valid_utf8(as_bytes(note.name))) return ErrorCode::invalid_utf8;
            pack.text(note.name);
            pack.bytes(note.bytes);
        }
    }
    if (!pack.ok()) return ErrorCode::out_of_memory;
    if (header.size() > 0xffffffffU || directory_.size() > 0xffffffffU) {
        return ErrorCode::limit_exceeded;
    }
    std::uint8_t prelude[kPreludeSize] = {};
    std::memcpy(prelude, kContainerMagic, sizeof kContainerMagic);
    put_u32(put_u32(prelude + 8, static_cast<std::uint32_t>(header.size())),
            static_cast<std::uint32_t>(directory_.size()));
    const std::size_t size = kPreludeSize + header.size() + directory_.size() + pages_.size();
    if (!out.storage().reserve_exactly(size) || !out.append(prelude) ||
        !out.append(header.view()) || !out.append(directory_.view()) ||
        !out.append(pages_.view())) {
        return ErrorCode::out_of_memory;
    }
    const ByteView checked{out.data() + kPreludeSize, header.size() + directory_.size()};
    put_hash(out.data() + 16, hash128(checked, get_u64(out.data() + 8)));
    return {};
}

// What waits, by itself, in the form of update/exact_form.hpp.
class WaitingWriter {
public:
    explicit WaitingWriter(std::uint64_t sections) noexcept
        : out_(bytes_.storage(), UpdateForm::exact) {
        out_.begin(sections);
    }
    void begin_section(std::uint64_t client, std::uint32_t clock, std::uint64_t structs) noexcept {
        out_.begin_section(client, clock, structs);
    }
    void add(const UpdateBlock& block) noexcept { out_.copy(block, 0); }
    void end_section() noexcept { out_.end_section(); }

    [[nodiscard]] Result<Bytes> finish(const DocumentOrder& order) noexcept {
        out_.end();
        IdSet deletes;
        for (const Deletion& deletion : order.waiting_deletions()) {
            if (!deletes.insert(ClientId{order.id_of(deletion)}, Clock{deletion.clock},
                                deletion.length)) {
                return ErrorCode::out_of_memory;
            }
        }
        if (!write_id_set_v1(deletes, out_.raw()) || !out_.ok()) return ErrorCode::out_of_memory;
        return v2_of_exact(bytes_);
    }

private:
    Bytes bytes_;
    BlockWriter out_;
};

// V1 has JSON texts and V2 has values, and neither can say all that the other can: what is written
// is V1, but where only V2 has the content.
[[nodiscard]] inline Status write_history(DocumentOrder& order,
                                          HistoryWriter& history,
                                          Bytes& waiting) noexcept {
    Bytes v1;
    Bytes exact;
    ROPEWALK_CHECK(order.encode(v1, exact));
    UpdateReader plain(v1, UpdateForm::v1, {.structs = 0xffffffffU});
    UpdateReader reader(exact, UpdateForm::exact, {.structs = 0xffffffffU});
    std::uint64_t sections = 0;
    if (!reader.begin_sections(sections)) return reader.error();
    if (!plain.begin_sections(sections)) return plain.error();
    WaitingWriter rest(sections);
    UpdateBlock block;
    UpdateBlock twin;
    for (; sections > 0; --sections) {
        if (!reader.begin_section()) return reader.error();
        if (!plain.begin_section()) return plain.error();
        const std::uint32_t client = order.find(reader.client());
        const std::uint32_t units = client == kNoSlot ? 0 : order.clients()[client].units;
        if (client != kNoSlot && !history.begin_client(client)) return ErrorCode::out_of_memory;
        bool waits = false;
        while (reader.structs_left() > 0) {
            const std::uint64_t left = reader.structs_left();
            if (!reader.next(block)) return reader.error();
            if (!plain.next(twin)) return plain.error();
            ROPEWALK_ASSERT(twin.clock == block.clock && twin.length == block.length,
                            "V1 and V2 have the same structs");
            if (block.clock < units) {
                ROPEWALK_CHECK(history.add(block.exact ? block : twin));
                continue;
            }
            if (!waits) rest.begin_section(reader.client(), block.clock, left);
            waits = true;
            rest.add(block);
        }
        if (waits) rest.end_section();
        if (client != kNoSlot) history.end_client();
    }
    ROPEWALK_CHECK(history.finish());
    if (!order.has_waiting()) return {};
    ROPEWALK_TRY(waiting, rest.finish(order));
    return {};
}

}  // namespace detail

ROPEWALK_INLINE Result<Bytes> write_container(ByteView update,
                                              UpdateFormat format,
                                              const ContainerOptions& options) noexcept {
    detail::DocumentOrder order;
    ROPEWALK_CHECK(order.open(update, format, options.collect, options.limits));
    detail::HistoryWriter history(order, options.collect);
    Bytes waiting;
    ROPEWALK_CHECK(detail::write_history(order, history, waiting));
    Bytes roots;
    ROPEWALK_CHECK(history.write_roots(roots));

    detail::PagesWriter pages(options.compression);
    ROPEWALK_CHECK(pages.add(detail::SectionKind::roots, roots));
    ROPEWALK_CHECK(pages.add(detail::SectionKind::clients, history.clients()));
    ROPEWALK_CHECK(pages.add(detail::SectionKind::text, order.text()));
    ROPEWALK_CHECK(pages.add(detail::SectionKind::chunks, history.chunks()));
    ROPEWALK_CHECK(pages.add(detail::SectionKind::history, history.history()));
    ROPEWALK_CHECK(pages.add(detail::SectionKind::deletes, history.deletes()));
    ROPEWALK_CHECK(pages.add(detail::SectionKind::waiting, waiting));
    std::uint64_t flags = options.collect ? detail::kFlagCollected : 0;
    if (history.is_exact() || !waiting.empty()) flags |= detail::kFlagExact;
    std::uint64_t units = 0;
    for (const detail::DocumentOrder::Client& client : order.clients()) units += client.units;
    Bytes out;
    ROPEWALK_CHECK(pages.finish(flags, units, options.notes, out));
    return out;
}

}  // namespace crdt
