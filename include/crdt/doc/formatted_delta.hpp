// The delta of a text with formats, as Yjs tells it. Yjs walks the whole text; here a walk goes
// from one changed piece to the next, and looks at the marks between two only while the formats
// there differ from what they were.
#pragma once

#include "../base/sorted_chunks.hpp"
#include "told_change.hpp"

namespace crdt::detail {

class FormattedDelta {
public:
    FormattedDelta(ToldChange& change, std::uint32_t type, EventDetail& detail) noexcept
        : change_(change),
          store_(change.store),
          type_(type),
          list_(store_.types.types[type].list),
          detail_(detail) {}
    // requires: the pieces of the type are found. False: memory is exhausted.
    [[nodiscard]] bool find() noexcept;

private:
    using Piece = ToldChange::Piece;
    using Formats = Vec<FormatRecord>;  // in the order in which Yjs met the keys
    enum class Open : std::uint8_t { none, insert, retain, erase };

    [[nodiscard]] FormatValue value_of(std::uint32_t run) const noexcept;
    [[nodiscard]] FormatValue value_in(const Formats& list, std::uint32_t key) const noexcept;
    [[nodiscard]] static bool set(Formats& list, std::uint32_t key, std::uint32_t run) noexcept;
    static void erase(Formats& list, std::uint32_t key) noexcept;
    [[nodiscard]] static bool copy(const Formats& from, Formats& to) noexcept;

    [[nodiscard]] bool read_formats(Place place) noexcept;
    [[nodiscard]] bool open(Open kind) noexcept;
    [[nodiscard]] bool close() noexcept;
    [[nodiscard]] bool keep_up_to(std::uint32_t position) noexcept;
    [[nodiscard]] bool text_piece(const Piece& piece) noexcept;
    [[nodiscard]] bool added_mark(std::uint32_t run) noexcept;
    [[nodiscard]] bool deleted_mark(std::uint32_t run) noexcept;
    [[nodiscard]] bool old_mark(std::uint32_t run) noexcept;
    [[nodiscard]] bool holds_from_here(std::uint32_t run) noexcept;
    [[nodiscard]] bool pass_over(std::uint32_t run) noexcept;
    [[nodiscard]] std::uint32_t held_behind(std::uint32_t run) const noexcept;

    ToldChange& change_;
    Store& store_;
    std::uint32_t type_;
    std::uint32_t list_;
    EventDetail& detail_;

    Formats now_;     // at this place, without those that are null
    Formats before_;  // what they were
    Formats differ_;  // what a kept unit has become
    // Marks that Yjs deletes now that somebody looks, by run: behind them holds what held in front
    // of them, which is equal but may be another object.
    struct PassedOver {
        std::uint32_t run;
        std::uint32_t held;
    };
    SortedChunks<PassedOver> passed_over_;
    Open open_ = Open::none;
    std::uint32_t count_ = 0;     // units of the operation that is open
    std::uint32_t first_ = 0;     // of its stretches
    std::size_t text_begin_ = 0;  // of its text
    std::uint32_t told_ = 0;      // visible units that have been passed
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/doc/formatted_delta.ipp"
#endif
