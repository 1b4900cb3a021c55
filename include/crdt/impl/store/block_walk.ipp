#pragma once

#include "../../base/sort.hpp"
#include "../../store/block_walk.hpp"

namespace crdt::detail {

ROPEWALK_INLINE ContentKind BlockWalk::kind_of(const Run& run,
                                               bool dead,
                                               bool kept) const noexcept {
    if (run.kind == RunKind::gc) return ContentKind::gc;
    if (forget_ && dead && !kept) {
        // A document that keeps deleted content still has the items of deleted types.
        const std::uint32_t type = run.seq == kNone ? kNone : store_.sequences.seqs[run.seq].type;
        const bool inside_dead = type != kNone && store_.types.types[type].dead &&
                                 !(but_kept_ && store_.keeping.keeps_type(store_, type));
        return inside_dead ? ContentKind::gc : ContentKind::deleted;
    }
    switch (run.kind) {
        case RunKind::ascii:
        case RunKind::utf16:
            return ContentKind::string;
        case RunKind::any:
            return ContentKind::any;
        case RunKind::json:
            return ContentKind::json;
        case RunKind::binary:
            return ContentKind::binary;
        case RunKind::embed:
            return ContentKind::embed;
        case RunKind::format:
            return ContentKind::format;
        case RunKind::type:
            return ContentKind::type;
        case RunKind::document:
            return ContentKind::document;
        case RunKind::gc:
        case RunKind::deleted:
            break;
    }
    return ContentKind::deleted;
}

ROPEWALK_INLINE std::uint32_t BlockWalk::run_at(std::uint32_t client,
                                                std::uint32_t clock) const noexcept {
    const ClientLog& log = store_.clients[client];
    const std::uint32_t* list = log.list();
    if (store_.runs[log.newest()].clock <= clock) return log.count - 1;  // most often
    const RunPos unit = store_.resolve(client, clock);
    const std::uint32_t* at = std::lower_bound(
        list, list + log.count, unit.run, [this](std::uint32_t a, std::uint32_t b) {
            return store_.runs[a].clock < store_.runs[b].clock;
        });
    return static_cast<std::uint32_t>(at - list);
}

ROPEWALK_INLINE bool BlockWalk::deletions_of(std::uint32_t client, Vec<Deletion>& ranges) noexcept {
    ranges.clear();
    if (next_noted_ < noted_.size() && noted_[next_noted_].client == client) {
        const Noted& noted = noted_[next_noted_++];
        if (!ranges.reserve(noted.count)) return false;
        for (std::size_t i = 0; i < noted.count; ++i) {
            ranges.push_back_reserved(seen_[noted.first + i]);
        }
        return true;
    }
    const ClientLog& log = store_.clients[client];
    const std::uint32_t* list = log.list();
    for (std::uint32_t i = 0; i < log.count; ++i) {
        const Run& run = store_.runs[list[i]];
        for (std::uint32_t offset = 0; offset < run.length;) {
            const auto [count, dead] = store_.content.stretch(run, offset, run.length - offset);
            if (dead && !add_range(ranges, {client, run.clock + offset, count})) return false;
            offset += count;
        }
    }
    return true;
}

ROPEWALK_INLINE void BlockWalk::sort(Vec<WriteFrom>& from) noexcept {
    if (from.size() < 2) return;
    detail::sort(from.begin(), from.end(), [this](const WriteFrom& a, const WriteFrom& b) {
        return store_.clients[a.client].id > store_.clients[b.client].id;
    });
}

ROPEWALK_INLINE void BlockWalk::sort(Vec<Deletion>& deletions) noexcept {
    if (deletions.size() < 2) return;
    detail::sort(deletions.begin(), deletions.end(), [this](const Deletion& a, const Deletion& b) {
        if (a.client == b.client) return a.clock < b.clock;
        return store_.clients[a.client].id > store_.clients[b.client].id;
    });
    std::size_t kept = 0;
    for (std::size_t i = 1; i < deletions.size(); ++i) {
        Deletion& last = deletions[kept];
        const Deletion next = deletions[i];
        if (last.client == next.client && last.clock + last.length == next.clock) {
            last.length += next.length;
        } else {
            deletions[++kept] = next;
        }
    }
    deletions.truncate(kept + 1);
}

}  // namespace crdt::detail
