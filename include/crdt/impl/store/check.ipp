#pragma once

#include "../../store/check.hpp"

namespace crdt::detail {

ROPEWALK_INLINE const char* Checker::run() noexcept {
    store_.settle();
    store_.sequences.settle();
    if (!covered_.resize(store_.runs.size())) return nullptr;  // no memory to look
    if (const char* broken = clients()) return broken;
    for (std::uint32_t seq = 0; seq < store_.sequences.seqs.size(); ++seq) {
        if (const char* broken = sequence(seq)) return broken;
        if (const char* broken = formats(seq)) return broken;
    }
    if (const char* broken = runs()) return broken;
    for (std::uint32_t type = 0; type < store_.types.types.size(); ++type) {
        if (const char* broken = keys(type)) return broken;
    }
    return nullptr;
}

ROPEWALK_INLINE const char* Checker::clients() noexcept {
    std::uint64_t runs = 0;
    for (std::uint32_t i = 0; i < store_.clients.size(); ++i) {
        const ClientLog& log = store_.clients[i];
        std::uint32_t next = 0;
        for (std::uint32_t k = 0; k < log.count; ++k) {
            const Run& run = store_.runs[log.list()[k]];
            if (run.client != i) return "a client lists another's run";
            if (run.clock != next) return "the clocks of a client have a gap or overlap";
            if (run.length == 0) return "a run is empty";
            next = run.end_clock();
        }
        if (next != log.next_clock) return "a client's next clock is not the end of its last run";
        runs += log.count;
    }
    return runs == store_.runs.size() ? nullptr : "a run belongs to no client";
}

ROPEWALK_INLINE const char* Checker::runs() noexcept {
    for (std::uint32_t i = 0; i < store_.runs.size(); ++i) {
        const Run& run = store_.runs[i];
        if (run.kind == RunKind::gc) {
            if (run.seq != kNone || covered_[i] != 0) return "a collected run stands in a sequence";
            continue;
        }
        if (covered_[i] != run.length) return "R3: the spans of a run do not cover it";
        if (run.origin.exists() && (run.origin.run >= store_.runs.size() ||
                                    run.origin.offset >= store_.runs[run.origin.run].length)) {
            return "an origin does not exist";
        }
        if (run.right.exists() && run.right.run >= store_.runs.size()) {
            return "a right origin does not exist";
        }
    }
    return nullptr;
}

ROPEWALK_INLINE const char* Checker::sequence(std::uint32_t seq) noexcept {
    const Seq& list = store_.sequences.seqs[seq];
    seq_ = seq;
    if (list.root == kNone) {
        const bool bare = list.first == kNone && list.last == kNone && list.measure.none();
        return bare ? nullptr : "S1: a sequence without nodes counts something";
    }
    Measure total;
    std::uint32_t leaf = kNone;  // the last one met, left to right
    if (const char* broken = node(list.root, list.height, kRootTag | seq, total, leaf)) {
        return broken;
    }
    if (leaf != list.last || store_.sequences.nodes.leaf(leaf).next != kNone) {
        return "S1: the last leaf of a sequence is another";
    }
    return total == list.measure ? nullptr : "S2: the measure of a sequence is wrong";
}

ROPEWALK_INLINE const char* Checker::formats(std::uint32_t seq) noexcept {
    const FormatLists* lists = store_.formats.find(seq);
    auto mark = lists == nullptr ? SortedChunks<Mark>::Iterator() : lists->in_order.begin();
    std::size_t living = 0;
    std::size_t ends = 0;
    for (std::uint32_t node = store_.sequences.seqs[seq].first; node != kNone;
         node = store_.sequences.nodes.leaf(node).next) {
        const Leaf& leaf = store_.sequences.nodes.leaf(node);
        for (std::uint32_t i = 0; i < leaf.count; ++i) {
            const Run& run = store_.runs[leaf.spans[i].run];
            if (run.kind != RunKind::format) continue;
            if (!store_.sequences.seqs[seq].formats) return "a sequence with marks does not say so";
            if (lists == nullptr || store_.content.deleted(run, 0)) continue;
            if (living == lists->in_order.size() || mark->run != leaf.spans[i].run ||
                mark->key != store_.content.format_key(run)) {
                return "F1, F2: the marks of a sequence are others";
            }
            ++mark;
            ++living;
            ends += FormatValue{kNone, store_.content.rich_value(run)}.is_null() ? 1 : 0;
        }
    }
    if (lists == nullptr) return nullptr;
    if (lists->in_order.size() != living || lists->by_key.size() != living ||
        lists->ends.size() != ends) {
        return "F1: a list of marks has others";
    }
    for (const SortedChunks<Mark>* list : {&lists->by_key, &lists->ends}) {
        Mark before;
        for (const Mark& at : *list) {
            const bool ascends = !before.exists() || before.key < at.key ||
                                 (before.key == at.key &&
                                  store_.sequences.precedes(store_.sequences.find(before.unit()),
                                                            store_.sequences.find(at.unit())));
            if (!ascends) return "F2: marks by key are out of order";
            before = at;
        }
    }
    return nullptr;
}

// As deep as the tree.
ROPEWALK_INLINE const char* Checker::node(std::uint32_t number,
                                          std::uint32_t level,
                                          std::uint32_t parent,
                                          Measure& total,
                                          std::uint32_t& last) noexcept {
    Sequences& sequences = store_.sequences;
    if (level == 0) {
        const Leaf& here = sequences.nodes.leaf(number);
        if (here.parent != parent) return "S1: a leaf names another parent";
        if (here.prev != last) return "S1: the chain of leaves is broken";
        if (last == kNone ? sequences.seqs[seq_].first != number
                          : sequences.nodes.leaf(last).next != number) {
            return "S1: the chain of leaves is broken";
        }
        last = number;
        return leaf(number, total);
    }
    const Inner& inner = sequences.nodes.inner(number);
    if (inner.parent != parent) return "S1: an inner node names another parent";
    if (inner.level != level) return "S1: an inner node is at another level";
    if (inner.count < 2 || inner.count > kFanout) return "S1: an inner node has too few children";
    for (std::uint32_t i = 0; i < inner.count; ++i) {
        Measure below;
        if (const char* broken = node(inner.child[i], level - 1, number, below, last)) {
            return broken;
        }
        if (!(below == inner.measure(i))) return "S2: the measure of a child is wrong";
        total += below;
    }
    return nullptr;
}

ROPEWALK_INLINE const char* Checker::leaf(std::uint32_t number, Measure& total) noexcept {
    const Leaf& leaf = store_.sequences.nodes.leaf(number);
    if (leaf.count == 0 || leaf.count > leaf.capacity) return "S1: a leaf is empty or too full";
    for (std::uint32_t i = 0; i < leaf.count; ++i) {
        const Span& span = leaf.spans[i];
        if (span.run >= store_.runs.size()) return "a span of no run";
        const Run& run = store_.runs[span.run];
        if (run.seq != seq_) return "R2: a span stands in another sequence than its run";
        if (span.length() == 0 || span.end() > run.length) return "a span reaches past its run";
        if (span.offset != covered_[span.run]) return "S4: the spans of a run are out of order";
        covered_[span.run] = span.end();
        if (i > 0) {
            const Span& before = leaf.spans[i - 1];
            if (before.run == span.run && before.hidden() == span.hidden()) {
                return "S4: two spans should be one";
            }
        }
        for (std::uint32_t at = span.offset; at < span.end();) {
            const std::uint32_t same = store_.content.same_state(run, at, span.end() - at);
            if ((store_.content.deleted(run, at) || !run.countable()) != span.hidden()) {
                return "a span and its delete bits disagree";
            }
            at += same;
        }
        if (store_.sequences.index.built() &&
            store_.sequences.index.leaf_of(run, span.offset) != number) {
            return "S3: the index names another leaf";
        }
        if (!span.hidden()) {
            total += store_.content.measure(run, span.offset, span.length());
        }
    }
    if (!summary_holds(leaf)) return "S5: a leaf does not hold the siblings it tells of";
    return leaf.measure == total ? nullptr : "S2: the measure of a leaf is wrong";
}

ROPEWALK_INLINE bool Checker::summary_holds(const Leaf& leaf) const noexcept {
    const Summary& told = leaf.summary;
    if (told.state != Summary::State::siblings) return true;
    const auto id = [this](std::uint32_t client) { return store_.clients[client].id; };
    bool highest_is_here = false;
    for (std::uint32_t i = 0; i < leaf.count; ++i) {
        const Span& span = leaf.spans[i];
        const Run& run = store_.runs[span.run];
        highest_is_here = highest_is_here || run.client == told.highest;
        if (span.offset > 0) {
            if (i == 0 || leaf.spans[i - 1].run != span.run) return false;
        } else if (run.origin != told.origin || id(run.client) > id(told.highest) ||
                   (told.one_right && run.right != told.right)) {
            return false;
        }
    }
    return highest_is_here;
}

ROPEWALK_INLINE const char* Checker::keys(std::uint32_t type) noexcept {
    const TypeRecord& record = store_.types.types[type];
    for (std::uint32_t seq = record.first_key; seq != kNone;
         seq = store_.sequences.seqs[seq].next_key) {
        const Seq& key = store_.sequences.seqs[seq];
        if (key.type != type) return "a key belongs to another type";
        if (store_.types.find_key(type, key.key) != seq) return "a key cannot be found";
        if (key.first == kNone) continue;
        // Only the last item may be alive, or a part of one that was made of several units and cut:
        // no editor makes such items, Yjs takes them.
        for (std::uint32_t leaf = key.first; leaf != kNone;) {
            const Leaf& here = store_.sequences.nodes.leaf(leaf);
            for (std::uint32_t i = 0; i < here.count; ++i) {
                const bool last = here.next == kNone && i + 1 == here.count;
                if (!last && !here.spans[i].hidden() &&
                    store_.runs[here.spans[i].run].length == 1) {
                    return "a key has a living value that is not the last";
                }
            }
            leaf = here.next;
        }
    }
    return nullptr;
}

}  // namespace crdt::detail
