// A list as it was: its units by whether they are part of one state, or of either of two, of the
// document. What Yjs has as one item is told as one stretch where the answer is the same.
#pragma once

#include <cstdint>

#include "../base/id_set.hpp"
#include "../codec/state_vector.hpp"
#include "redo.hpp"
#include "store.hpp"

namespace crdt::detail {

// A state of a document: the ids that were known, and of these the deleted ones.
struct PastState {
    const StateVector& known;
    const IdSet& deleted;

    // Is this unit part of it? `count` is cut to the units for which the answer is the same.
    [[nodiscard]] bool shows(const Store& store, RunPos unit, std::uint32_t& count) const noexcept {
        const Run& run = store.runs[unit.run];
        const auto client = static_cast<ClientId>(store.clients[run.client].id);
        const std::uint32_t clock = run.clock + unit.offset;
        const std::uint32_t end = raw(known.get(client));
        if (clock >= end) return false;
        if (end - clock < count) count = end - clock;
        bool gone = false;
        count = deleted.same_from(client, static_cast<Clock>(clock), count, gone);
        return !gone;
    }
};

// Units of one run that one item holds or a part of it; `continues`: with the stretch told before,
// it would be one item and the answers are the same.
struct ShownUnits {
    RunPart part;
    bool now;
    bool before;
    bool continues;
};

// f(const ShownUnits&) in document order for what either state shows and is not collected.
// `before` may be nullptr. requires: settled
template <class F>
void for_each_shown(
    Store& store, std::uint32_t seq, const PastState& now, const PastState* before, F&& f) {
    ShownUnits last{{kNone, 0, 0}, false, false, false};
    bool last_dead = false;
    for (std::uint32_t node = store.sequences.seqs[seq].first; node != kNone;
         node = store.sequences.nodes.leaf(node).next) {
        const Leaf& leaf = store.sequences.nodes.leaf(node);
        for (std::uint32_t i = 0; i < leaf.count; ++i) {
            const Span span = leaf.spans[i];
            const Run& run = store.runs[span.run];
            for (std::uint32_t at = span.offset; at < span.end();) {
                const RunPos unit{span.run, at};
                const bool dead = store.content.deleted(run, at);
                std::uint32_t count = store.content.same_state(run, at, span.end() - at);
                ShownUnits shown{{span.run, at, count}, false, false, false};
                const bool held =
                    run.kind > RunKind::deleted &&
                    (!dead || !store.collect || store.keeping.keeps(store, unit, count));
                shown.now = held && now.shows(store, unit, count);
                shown.before = held && before != nullptr && before->shows(store, unit, count);
                shown.part.count = count;
                if (last.part.run != kNone && last_dead == dead && last.now == shown.now &&
                    last.before == shown.before) {
                    const RunPos end{last.part.run, last.part.offset + last.part.count - 1};
                    const Run& left = store.runs[end.run];
                    shown.continues = at > 0 ? end == RunPos{span.run, at - 1}
                                             : run.client == left.client &&
                                                   run.clock == left.clock + end.offset + 1 &&
                                                   run.origin == end && run.right == left.right &&
                                                   ((run.is_text() && left.is_text()) ||
                                                    (run.has_cells() && run.kind == left.kind));
                }
                if (shown.now || shown.before) f(shown);
                last = shown;
                last_dead = dead;
                at += count;
            }
        }
    }
}

// The value that a key had; none if it had none, or if that is collected.
[[nodiscard]] RunPos value_then(Store& store,
                                std::uint32_t key_seq,
                                const PastState& then) noexcept;

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/shown.ipp"
#endif
