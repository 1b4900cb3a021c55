// Which parts of a container an answer needs, told before it is made: in few questions, where
// reading on until something is missing would ask for a page at a time.
#pragma once

#include "../codec/state_vector.hpp"
#include "history_reader.hpp"
#include "parts_source.hpp"

namespace crdt::detail {

// Asks `parts` for what PackedUpdate::write(known) reads and is not there: of the history when the
// tables are there, and of the text when the history is.
class DiffPlan {
public:
    // Memory besides: none, where the container is read in place.
    DiffPlan(const Pages& pages, const PartsSource& parts) noexcept
        : pages_(pages), parts_(parts) {}

    // Of tables and whole sections: whether all of them are there.
    [[nodiscard]] bool has_tables() noexcept;
    // requires: has_tables(). Whether all that is needed is there.
    Result<bool> run(const HistoryTables& tables, const StateVector& known) noexcept;

private:
    void want(SectionKind kind, std::uint64_t offset, std::uint64_t size) noexcept;
    void want_all(SectionKind kind) noexcept { want(kind, 0, pages_.section(kind).size); }
    Status want_history(const HistoryTables& tables,
                        std::uint32_t client,
                        std::uint32_t from) noexcept;
    Status want_text(HistoryReader& reader, std::uint32_t from, std::uint32_t to) noexcept;

    const Pages& pages_;
    const PartsSource& parts_;
    bool there_ = true;  // all that was wanted
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/diff_plan.ipp"
#endif
