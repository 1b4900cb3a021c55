#pragma once

#include "../../storage/diff_plan.hpp"
#include "../../storage/packed_update.hpp"

namespace crdt::detail {

ROPEWALK_INLINE void DiffPlan::want(SectionKind kind,
                                    std::uint64_t offset,
                                    std::uint64_t size) noexcept {
    const BytePart part = pages_.place_of(kind, offset, size);
    if (parts_.has(part)) return;
    parts_.want(part);
    there_ = false;
}

ROPEWALK_INLINE bool DiffPlan::has_tables() noexcept {
    for (const SectionKind kind : {SectionKind::roots, SectionKind::clients, SectionKind::chunks}) {
        want_all(kind);
    }
    return there_;
}

// All chunks with units of a client from this one on.
ROPEWALK_INLINE Status DiffPlan::want_history(const HistoryTables& tables,
                                              std::uint32_t client,
                                              std::uint32_t from) noexcept {
    const std::uint32_t count = tables.chunk_count();
    if (count == 0) return Error{ErrorCode::damaged, 0};
    const std::uint32_t first = tables.chunk_of(client, from);
    std::uint32_t end = first + 1;
    while (end < count && !tables.begins_behind(end, client, tables.units(client) - 1)) ++end;
    const std::uint64_t at = tables.chunk(first, 2);
    const std::uint64_t to =
        end < count ? tables.chunk(end, 2) : pages_.section(SectionKind::history).size;
    if (at > to) return Error{ErrorCode::damaged, 0};
    want(SectionKind::history, at, to - at);
    return {};
}

ROPEWALK_INLINE Status DiffPlan::want_text(HistoryReader& reader,
                                           std::uint32_t from,
                                           std::uint32_t to) noexcept {
    for (std::uint32_t cut = from - reader.stretch().clock;; cut = 0) {
        ROPEWALK_CHECK(reader.plan_text(cut, [&](std::uint64_t offset, std::uint64_t size) {
            want(SectionKind::text, offset, size);
        }));
        if (reader.stretch().end() >= to) return {};
        ROPEWALK_CHECK(reader.next());
    }
}

ROPEWALK_INLINE Result<bool> DiffPlan::run(const HistoryTables& tables,
                                           const StateVector& known) noexcept {
    want_all(SectionKind::deletes);
    want_all(SectionKind::waiting);
    std::uint64_t units = 0;
    std::uint64_t all = 0;
    const auto from_of = [&](std::uint32_t i) noexcept {
        return raw(known.get(static_cast<ClientId>(tables.client(i))));
    };
    for (std::uint32_t i = 0; i < tables.client_count(); ++i) {
        all += tables.units(i);
        if (from_of(i) < tables.units(i)) units += tables.units(i) - from_of(i);
    }
    if (reads_all(units, all)) {
        want_all(SectionKind::history);
        want_all(SectionKind::text);
        return there_;
    }
    for (std::uint32_t i = 0; i < tables.client_count(); ++i) {
        if (from_of(i) < tables.units(i)) ROPEWALK_CHECK(want_history(tables, i, from_of(i)));
    }
    if (!there_) return false;
    HistoryReader reader(pages_, tables);
    for (std::uint32_t i = 0; i < tables.client_count(); ++i) {
        if (from_of(i) >= tables.units(i)) continue;
        ROPEWALK_CHECK(reader.seek(i, from_of(i)));
        ROPEWALK_CHECK(want_text(reader, from_of(i), tables.units(i)));
    }
    return there_;
}

}  // namespace crdt::detail
