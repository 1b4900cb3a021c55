// Reads the history of a container stretch by stretch, from any client and clock on, without
// building anything: a cursor in each column.
#pragma once

#include <algorithm>
#include <utility>

#include "../base/result.hpp"
#include "../codec/columns_v2.hpp"
#include "history_columns.hpp"
#include "packed_numbers.hpp"

namespace crdt::detail {

// The small sections, of fixed records: read in place.
struct HistoryTables {
    ByteView clients;
    ByteView chunks;
    ByteView roots;
    std::uint64_t flags = 0;
    std::uint64_t format = kContainerFormat;

    [[nodiscard]] bool collected() const noexcept { return (flags & kFlagCollected) != 0; }
    [[nodiscard]] std::uint32_t client_count() const noexcept {
        return static_cast<std::uint32_t>(clients.size() / kClientSize);
    }
    [[nodiscard]] std::uint64_t client(std::uint32_t i) const noexcept {
        return get_u64(clients.data() + i * kClientSize);
    }
    [[nodiscard]] std::uint32_t units(std::uint32_t i) const noexcept {
        return get_u32(clients.data() + i * kClientSize + 8);
    }
    [[nodiscard]] std::uint32_t structs(std::uint32_t i) const noexcept {
        return get_u32(clients.data() + i * kClientSize + 12);
    }
    [[nodiscard]] std::uint32_t deleted_ranges(std::uint32_t i) const noexcept {
        return get_u32(clients.data() + i * kClientSize + 16);
    }
    [[nodiscard]] std::uint32_t chunk_count() const noexcept {
        return static_cast<std::uint32_t>(chunks.size() / kChunkSize);
    }
    // 0: client, 1: clock, 2: place in history, 3: place in deletes
    [[nodiscard]] std::uint32_t chunk(std::uint32_t i, std::uint32_t field) const noexcept {
        return get_u32(chunks.data() + i * kChunkSize + 4 * field);
    }
    // The last chunk that does not begin behind a unit. requires: there is a chunk
    [[nodiscard]] std::uint32_t chunk_of(std::uint32_t client, std::uint32_t clock) const noexcept {
        std::uint32_t low = 0;
        std::uint32_t high = chunk_count();
        while (high - low > 1) {
            const std::uint32_t middle = low + (high - low) / 2;
            (begins_behind(middle, client, clock) ? high : low) = middle;
        }
        return low;
    }
    [[nodiscard]] bool begins_behind(std::uint32_t i,
                                     std::uint32_t client,
                                     std::uint32_t clock) const noexcept {
        const std::uint32_t at = chunk(i, 0);
        return at != client ? at > client : chunk(i, 1) > clock;
    }
    // Names, and roots with their texts:
    //   names (4), roots (4), roots: see kRootSize, ends of the names (4 each), the names
    [[nodiscard]] std::uint32_t name_count() const noexcept {
        return roots.empty() ? 0 : get_u32(roots.data());
    }
    [[nodiscard]] std::uint32_t root_count() const noexcept {
        return roots.empty() ? 0 : get_u32(roots.data() + 4);
    }
    [[nodiscard]] std::uint32_t root(std::uint32_t i, std::uint32_t field) const noexcept {
        return get_u32(roots.data() + 8 + i * kRootSize + 4 * field);
    }
    // False: there is none.
    [[nodiscard]] bool name(std::uint64_t i, ByteView& name) const noexcept;

    // Whether the records contradict one another, as far as that can be said without the history.
    Status check() const noexcept;
};

// A part of a text in `text`.
struct TextPart {
    std::uint64_t at = 0;
    std::uint32_t units = 0;
    std::uint32_t bytes = 0;
};

class HistoryReader {
public:
    // Units that are alike: one struct of V1.
    struct Stretch {
        std::uint32_t clock = 0;
        std::uint32_t length = 0;
        unsigned kind = 0;  // as kRowKind; deleted where it has no content
        bool dead = false;
        UnitRef origin;
        UnitRef right;
        std::uint32_t root = kNoSlot;  // with parent_item for those that have neither of both
        UnitRef parent_item;
        bool has_key = false;
        std::uint32_t key = 0;
        ByteView content;

        [[nodiscard]] std::uint32_t end() const noexcept { return clock + length; }
    };

    HistoryReader(const Pages& pages, const HistoryTables& tables) noexcept
        : tables_(tables),
          history_(pages, SectionKind::history),
          deletes_(pages, SectionKind::deletes),
          text_(pages, SectionKind::text) {}

    // For who will read most of it.
    Status open_all() noexcept;
    // The next stretch is the one with this unit. requires: there is such a unit
    Status seek(std::uint32_t client, std::uint32_t clock) noexcept;
    // The stretch at hand. requires: seek() or next() was ok
    [[nodiscard]] const Stretch& stretch() const noexcept { return stretch_; }
    // Moves to the next stretch of the client. requires: the one at hand is not its last
    Status next() noexcept;

    // The text of a stretch of kind string: parts whose units are `length` together. Before next()
    // each is taken once, or none is.
    Status take_text(std::uint32_t& units, TextPart& part) noexcept;
    [[nodiscard]] Result<ByteView> text(const TextPart& part) noexcept {
        return text_.at(part.at, part.bytes);
    }
    // Passes over `units` units of it, 0 < units < length. `half`: that ends inside a character,
    // all of which was passed.
    Status skip_text(std::uint32_t units, bool& half) noexcept;
    // want(offset, bytes) of what is looked at by skipping the first `cut` units of the text and
    // taking the others, or somewhat more. Takes all of it without a look at it.
    template <class Want>
    Status plan_text(std::uint32_t cut, Want&& want) noexcept;

private:
    struct Cursor {
        const std::uint8_t* p = nullptr;
        const std::uint8_t* end = nullptr;
        bool is_packed = false;
        PackedNumbers packed{};
        [[nodiscard]] ROPEWALK_ALWAYS_INLINE bool number(std::uint64_t& value) noexcept {
            return is_packed ? packed.read(value) : read_var_uint(p, end, value);
        }
    };
    struct Piece {
        std::uint64_t at = 0;
        std::uint32_t units = 0;
        std::uint32_t extra = 0;  // bytes beyond one for each unit
        // Of a wide one, at its front: they were passed, and nobody has looked where they end.
        std::uint32_t passed = 0;
        [[nodiscard]] std::uint32_t bytes() const noexcept { return units + extra; }
    };
    // A part of a piece.
    struct Window {
        std::uint32_t from = 0;
        std::uint32_t size = 0;
    };

    [[nodiscard]] Cursor& column(Column c) noexcept {
        return columns_[static_cast<std::size_t>(c)];
    }
    [[nodiscard]] static Error broken() noexcept { return {ErrorCode::damaged, 0}; }
    Status open_chunk(std::uint32_t chunk) noexcept;
    Status read_row() noexcept;
    Status read_stretch() noexcept;
    Status skip_stretch() noexcept;
    Status next_piece() noexcept;
    Status take_wide_text(std::uint32_t& units, TextPart& part) noexcept;
    [[nodiscard]] Window window(std::uint32_t units) const noexcept;
    Status measure(std::uint32_t units, std::uint32_t& bytes, bool& half) noexcept;
    Status settle() noexcept;
    void cut_piece(std::uint32_t units, std::uint32_t bytes) noexcept;
    void cut_piece_unseen(std::uint32_t units) noexcept;
    [[nodiscard]] bool read_length() noexcept;
    [[nodiscard]] bool read_parent() noexcept;
    [[nodiscard]] bool read_own(std::uint64_t number, bool is_right, UnitRef& ref) noexcept;
    [[nodiscard]] bool read_ref(Column from, bool is_right, UnitRef& ref) noexcept;
    [[nodiscard]] bool read_other(std::uint64_t number, UnitRef& ref) noexcept;
    [[nodiscard]] bool read_content() noexcept;

    const HistoryTables& tables_;
    PageWindow history_;
    PageWindow deletes_;
    PageWindow text_;

    // The chunk.
    std::uint32_t chunk_ = kNoSlot;
    std::uint32_t end_client_ = 0;  // at which unit the next one begins
    std::uint32_t end_clock_ = 0;
    RleReader heads_;
    Cursor columns_[kColumns];
    PackedNumbers::Table tables_of_[kColumns];  // of those that are packed
    Cursor deletions_;
    RecentUnits recent_;
    std::uint32_t same_ = 0;  // units from here on that are all deleted, or none
    bool dead_ = true;        // which of both
    Piece piece_;             // what is left of the piece
    std::uint64_t text_end_ = 0;

    // The row and the stretch.
    std::uint32_t client_ = 0;
    std::uint32_t clock_ = 0;      // behind the stretch
    std::uint32_t row_left_ = 0;   // units behind the stretch
    std::uint32_t text_left_ = 0;  // units of the stretch whose text was not taken
    unsigned row_kind_ = 0;
    Stretch stretch_;
};

template <class Want>
Status HistoryReader::plan_text(std::uint32_t cut, Want&& want) noexcept {
    const auto want_edge = [&](std::uint32_t units) noexcept {
        if (piece_.extra == 0 || units == 0 || units >= piece_.units) return;
        const Window looked_at = window(units);
        want(piece_.at + looked_at.from, looked_at.size);
    };
    while (text_left_ > 0) {
        if (piece_.units == 0) ROPEWALK_CHECK(next_piece());
        want_edge(piece_.passed);
        cut_piece_unseen(std::exchange(piece_.passed, 0));
        const bool skips = cut > 0;
        const std::uint32_t units = std::min({skips ? cut : text_left_, text_left_, piece_.units});
        if (skips) {
            want_edge(units);
            cut -= units;
        } else {
            // Where a wide piece goes on is not known; who takes the one part takes the other.
            want(piece_.at, piece_.extra > 0 ? piece_.bytes() : units);
        }
        cut_piece_unseen(units);
        text_left_ -= units;
    }
    return {};
}

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/history_reader.ipp"
#endif
