// Writes the history of a container: structs of an update, by client and clock, become rows.
#pragma once

#include "../codec/columns_v2.hpp"
#include "../codec/writer.hpp"
#include "../update/update_block.hpp"
#include "document_order.hpp"
#include "name_table.hpp"
#include "packed_numbers.hpp"

namespace crdt::detail {

class HistoryWriter {
public:
    HistoryWriter(DocumentOrder& order, bool collected) noexcept;

    // One client after the other, in the order of `order.clients()`; false: memory is exhausted.
    [[nodiscard]] bool begin_client(std::uint32_t client) noexcept;
    // All its structs, Skips and what waits excepted.
    Status add(const UpdateBlock& block) noexcept;
    void end_client() noexcept;
    Status finish() noexcept;

    // The sections.
    [[nodiscard]] const Bytes& clients() const noexcept { return clients_; }
    [[nodiscard]] const Bytes& chunks() const noexcept { return chunks_; }
    [[nodiscard]] const Bytes& history() const noexcept { return history_; }
    [[nodiscard]] const Bytes& deletes() const noexcept { return deletes_; }
    [[nodiscard]] Status write_roots(Bytes& out) noexcept;
    [[nodiscard]] bool is_exact() const noexcept { return exact_; }

private:
    [[nodiscard]] Writer& column(Column c) noexcept { return out_[static_cast<std::size_t>(c)]; }
    [[nodiscard]] bool is_dead(const UpdateBlock& block) noexcept;
    [[nodiscard]] bool joins(const UpdateBlock& block, unsigned kind, bool dead) const noexcept;
    [[nodiscard]] UnitRef ref_of(const UpdateId& id) const noexcept;
    void begin_row(const UpdateBlock& block, unsigned kind) noexcept;
    void end_row() noexcept;
    void put_ref(Column to, UnitRef unit, bool is_right) noexcept;
    void put_parent(const UpdateBlock& block) noexcept;
    void put_content(const UpdateBlock& block, unsigned kind) noexcept;
    Status put_text(const UpdateBlock& block, bool dead) noexcept;
    void put_piece(std::uint32_t units, std::uint32_t bytes, std::uint64_t at) noexcept;
    void end_piece() noexcept;
    void put_state(bool dead, std::uint32_t units) noexcept;
    void begin_chunk() noexcept;
    void end_chunk() noexcept;
    [[nodiscard]] bool pack_columns() noexcept;
    [[nodiscard]] std::uint32_t name(ByteView bytes) noexcept;

    DocumentOrder& order_;
    NameTable names_;
    Vec<std::uint32_t> root_names_;  // of the roots of `order_`
    Bytes clients_, chunks_, history_, deletes_;
    bool collected_;
    bool exact_ = false;
    bool ok_ = true;

    // The client.
    std::uint32_t client_ = 0;
    std::uint32_t structs_ = 0;
    Vec<Deletion> ranges_;
    std::size_t range_ = 0;  // the first one that does not end in front of what is written
    std::size_t span_ = 0;   // of order_.spans(): the same

    // The chunk.
    Bytes columns_[kColumns];
    Writer out_[kColumns];
    bool packed_[kColumns] = {};
    Vec<std::uint64_t> numbers_;  // of the column that is being packed
    RleWriter heads_;
    std::uint32_t rows_ = 0;
    std::uint32_t stretches_ = 0;
    [[nodiscard]] bool is_chunk_full() const noexcept {
        return rows_ == kRowsInChunk || stretches_ >= kStretchesInChunk;
    }
    RecentUnits recent_;
    bool state_ = false;  // of the units counted in same_: deleted?
    std::uint64_t same_ = 0;
    std::uint64_t piece_at_ = 0;
    std::uint32_t piece_units_ = 0;
    std::uint32_t piece_bytes_ = 0;
    std::uint64_t text_end_ = 0;

    // The row.
    bool open_ = false;
    unsigned kind_ = 0;
    unsigned head_ = 0;
    bool dead_ = false;  // of its last block
    std::uint32_t length_ = 0;
    std::uint32_t end_ = 0;
    UnitRef origin_;
    UpdateId right_;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/history_writer.ipp"
#endif
