// A history as an order of units: what both kinds of compaction read, and no document.
#pragma once

#include <memory>

#include "../base/sort.hpp"
#include "../store/apply.hpp"
#include "../store/store.hpp"

namespace crdt::detail {

// Nobody writes in it, so any client id does for its own.
inline constexpr ClientId kNobody{kMaxClientId};

// Applies an update to a history that nobody listens to.
[[nodiscard]] Status add_to_history(Store& store, ByteView update, UpdateFormat format) noexcept;
// The same of one that is decoded already.
[[nodiscard]] Status add_to_history(Store& store, const DecodedUpdate& update) noexcept;

// Whether a run stands nowhere: it was collected, or lay in a type that is deleted.
[[nodiscard]] inline bool is_nowhere(const Store& store, const Run& run) noexcept {
    return run.kind == RunKind::gc || run.seq == kNone ||
           store.types.types[store.sequences.seqs[run.seq].type].dead;
}

// Goes through all that lives, in the order in which a new epoch numbers it: root by root in the
// order of their names; of each type its list and then its keys in the order of their names; types
// inside it when all that stood before them in this order is done.
//
//   living(run, offset, limit, lives) -> count   how many units, at most `limit`, are alike
//   visit(seq, run, offset, count) -> bool       false: memory is exhausted
//
// requires: store.settle()
template <class Living, class Visit>
[[nodiscard]] Status walk_living(Store& store, Living&& living, Visit&& visit) noexcept {
    Vec<std::uint32_t> queue;  // types
    Vec<std::uint32_t> keys;   // sequences
    const auto name = [&](std::uint32_t number) { return store.types.names[number]; };
    for (const std::uint32_t root : store.types.roots()) {
        if (!queue.push_back(root)) return ErrorCode::out_of_memory;
    }
    sort(queue.begin(), queue.end(), [&](std::uint32_t a, std::uint32_t b) {
        return name(store.types.types[a].name) < name(store.types.types[b].name);
    });
    const auto sequence = [&](std::uint32_t seq) {
        const Sequences& sequences = store.sequences;
        for (Place at = sequences.begin(seq); at.leaf != kNone; at = sequences.next(at)) {
            const Span span = sequences.span(at);
            for (std::uint32_t offset = span.offset; offset < span.end();) {
                bool lives = false;
                const std::uint32_t count = living(span.run, offset, span.end() - offset, lives);
                if (lives) {
                    if (!visit(seq, span.run, offset, count)) return false;
                    const Run& run = store.runs[span.run];
                    if (run.kind == RunKind::type && !queue.push_back(run.data)) return false;
                }
                offset += count;
            }
        }
        return true;
    };
    for (std::size_t next = 0; next < queue.size(); ++next) {
        const TypeRecord type = store.types.types[queue[next]];
        if (!sequence(type.list)) return ErrorCode::out_of_memory;
        keys.clear();
        for (std::uint32_t key = type.first_key; key != kNone;
             key = store.sequences.seqs[key].next_key) {
            if (!keys.push_back(key)) return ErrorCode::out_of_memory;
        }
        sort(keys.begin(), keys.end(), [&](std::uint32_t a, std::uint32_t b) {
            return name(store.sequences.seqs[a].key) < name(store.sequences.seqs[b].key);
        });
        for (const std::uint32_t key : keys) {
            if (!sequence(key)) return ErrorCode::out_of_memory;
        }
    }
    return {};
}

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/old_history.ipp"
#endif
