#pragma once

#include <algorithm>

#include "../../base/utf.hpp"
#include "../../store/block_content.hpp"
#include "../../store/bulk_load.hpp"

namespace crdt::detail {

// Without the instruction for it, which not every target has, compilers call a function.
[[nodiscard]] inline std::uint32_t count_bits(std::uint64_t word) noexcept {
    word -= word >> 1 & 0x5555555555555555U;
    word = (word & 0x3333333333333333U) + (word >> 2 & 0x3333333333333333U);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fU;
    return static_cast<std::uint32_t>(word * 0x0101010101010101U >> 56);
}

ROPEWALK_INLINE bool BulkLoad::worthwhile() const noexcept {
    if (order_.size() < 64) return false;
    std::uint64_t clocks = 0;
    for (const std::uint32_t clock : known_) clocks += clock;
    return clocks / 8 <= std::uint64_t{update_.input.size()} * 8;
}

ROPEWALK_INLINE bool BulkLoad::run() noexcept {
    types_before_ = store_.types.types.size();
    seqs_before_ = store_.sequences.seqs.size();
    if (!allocate_bits()) return false;
    if (!make_runs() || !make_pieces() || !link() || !reserve_leaves()) {
        undo();
        return false;
    }
    delete_superseded();
    apply_deletes();
    for (std::uint32_t seq = 0; seq < store_.sequences.seqs.size(); ++seq) build(seq);
    return true;
}

// -- runs ----------------------------------------------------------------------------------------

ROPEWALK_INLINE bool BulkLoad::allocate_bits() noexcept {
    if (!bits_.resize(update_.clients.size())) return false;
    for (std::size_t slot = 0; slot < bits_.size(); ++slot) bits_[slot].clocks = known_[slot];
    std::size_t words = 0;
    for (Bits& bits : bits_) {
        bits.first_word = static_cast<std::uint32_t>(words);
        words += (std::size_t{bits.clocks} + 63) / 64;
    }
    return words <= 0x7fffffffU && words_.resize(words) && rank_.resize(words);
}

ROPEWALK_INLINE void BulkLoad::mark(WireId id, std::uint32_t ahead) noexcept {
    const Bits& bits = bits_[id.slot];
    const std::uint32_t clock = id.clock + ahead;
    if (clock < bits.clocks) {
        std::uint64_t& word = words_[bits.first_word + clock / 64];
        const std::uint64_t bit = std::uint64_t{1} << (clock & 63U);
        marked_ += (word & bit) == 0 ? 1 : 0;
        word |= bit;
    }
}

ROPEWALK_INLINE bool BulkLoad::make_runs() noexcept {
    for (const std::uint32_t i : order_) {
        const BlockView& block = update_.blocks[i];
        const std::uint32_t client = numbers_[block.slot];
        ClientLog& log = store_.clients[client];
        store_.touch(client);
        const std::uint32_t newest = log.newest();
        const bool behind = newest != kNone && block.origin.slot == block.slot &&
                            block.origin.clock + 1 == block.clock &&
                            block.right_origin == drafts_[newest].right;
        if (!store_.runs.reserve_more(1)) return false;
        Run& made = store_.runs.next();
        made = {};
        made.client = client;
        made.clock = block.clock;
        made.length = block.length;
        if (block.kind == ContentKind::gc) {
            if (newest != kNone && store_.runs[newest].kind == RunKind::gc) {
                store_.runs[newest].length += block.length;
                log.next_clock += block.length;
                continue;
            }
            made.seq = kNone;
            made.kind = RunKind::gc;
        } else if (block.kind == ContentKind::deleted) {
            ++deleted_blocks_;
            store_.change.deleted(client, block.clock, block.length);
            if (behind && hole_fits(store_, store_.runs[newest], block.length)) {
                add_hole(store_, store_.runs[newest], block.length);
                log.next_clock += block.length;
                continue;
            }
            made.kind = RunKind::deleted;
        } else {
            store_content(store_, update_, block, 0, made);
        }
        if (behind && content_continues(store_.runs[newest], made)) {
            store_.runs[newest].length += block.length;
            log.next_clock += block.length;
            continue;
        }
        if (!drafts_.push_back({block.origin, block.right_origin, i, kNone, kNone, kNone, kNone})) {
            return false;
        }
        store_.add_next_run();
        mark({block.slot, block.clock}, 0);
        if (made.kind == RunKind::gc) continue;
        if (block.origin.exists()) mark(block.origin, 1);
        if (block.right_origin.exists()) mark(block.right_origin, 0);
    }
    return true;
}

// -- pieces --------------------------------------------------------------------------------------

ROPEWALK_INLINE bool BulkLoad::make_pieces() noexcept {
    if (!pieces_.reserve(marked_) || !reserve_firsts()) return false;
    for (std::uint32_t slot = 0; slot < bits_.size(); ++slot) {
        const Bits& bits = bits_[slot];
        if (bits.clocks == 0) continue;
        const ClientLog& log = store_.clients[numbers_[slot]];
        const std::uint32_t* list = log.list();
        std::uint32_t begun = 0;  // runs of the list
        std::uint32_t first = 0;  // piece of the newest of them
        const std::uint32_t words = (bits.clocks + 63) / 64;
        for (std::uint32_t w = 0; w < words; ++w) {
            rank_[bits.first_word + w] = static_cast<std::uint32_t>(pieces_.size());
            for (std::uint64_t word = words_[bits.first_word + w]; word != 0; word &= word - 1) {
                const std::uint32_t clock =
                    w * 64 + static_cast<std::uint32_t>(__builtin_ctzll(word));
                const auto piece = static_cast<std::uint32_t>(pieces_.size());
                // Each run starts a piece. Nobody can foretell which pieces: no branch asks.
                const std::uint32_t following = begun < log.count ? begun : log.count - 1;
                const bool starts = store_.runs[list[following]].clock == clock;
                begun += starts ? 1 : 0;
                first = starts ? piece : first;
                const std::uint32_t number = list[begun - 1];
                drafts_[number].first = first;
                drafts_[number].last = piece;
                const Run& run = store_.runs[number];
                const std::uint32_t offset = clock - run.clock;
                if (piece > 0) {
                    Piece& before = pieces_[piece - 1];
                    before.end = starts ? before.end : offset;
                }
                pieces_.push_back_reserved({number, offset, run.length, piece + 1});
            }
        }
    }
    return true;
}

ROPEWALK_INLINE std::uint32_t BulkLoad::piece_of(WireId id) const noexcept {
    const std::uint32_t w = bits_[id.slot].first_word + id.clock / 64;
    const std::uint64_t upto = words_[w] & (~std::uint64_t{0} >> (63 - (id.clock & 63U)));
    return rank_[w] + count_bits(upto) - 1;
}

// -- order ---------------------------------------------------------------------------------------

// Sequences are made on the way.
ROPEWALK_INLINE bool BulkLoad::reserve_firsts() noexcept {
    while (first_.size() < store_.sequences.seqs.size()) {
        if (!first_.push_back(kNone)) return false;
    }
    return true;
}

// Where a block without neighbours belongs; kNone if that can hold nothing.
ROPEWALK_INLINE std::uint32_t BulkLoad::sequence_of(const Draft& draft) noexcept {
    const BlockView& block = update_.blocks[draft.head];
    std::uint32_t type = kNone;
    if (block.parent == ParentRef::root) {
        type = store_.root(update_.text(block.root));
    } else {
        const Run& parent = store_.runs[pieces_[piece_of(block.parent_item)].run];
        if (parent.kind != RunKind::type) return kNone;
        type = parent.data;
    }
    if (!block.has_key) return store_.types.types[type].list;
    return store_.types.add_key(type, store_.types.names.find(update_.text(block.key)));
}

ROPEWALK_INLINE bool BulkLoad::link() noexcept {
    for (std::uint32_t number = 0; number < drafts_.size(); ++number) {
        Run& run = store_.runs[number];
        if (run.kind == RunKind::gc) continue;
        Draft& draft = drafts_[number];
        std::uint32_t seq = kNone;
        bool lost = false;  // a neighbour or the parent was collected
        if (draft.origin.exists()) {
            draft.origin_piece = piece_of(draft.origin);
            const std::uint32_t origin_run = pieces_[draft.origin_piece].run;
            seq = store_.runs[origin_run].seq;
            lost = store_.runs[origin_run].kind == RunKind::gc;
            run.origin = {origin_run, pieces_[draft.origin_piece].end - 1};
        }
        if (draft.right.exists()) {
            draft.right_piece = piece_of(draft.right);
            const std::uint32_t right_run = pieces_[draft.right_piece].run;
            if (!draft.origin.exists()) seq = store_.runs[right_run].seq;
            lost = lost || store_.runs[right_run].kind == RunKind::gc;
            run.right = {right_run, pieces_[draft.right_piece].offset};
        }
        if (!draft.origin.exists() && !draft.right.exists()) {
            seq = sequence_of(draft);
            lost = seq == kNone;
            if (!reserve_firsts()) return false;
        }
        if (lost) {
            run.kind = RunKind::gc;
            run.seq = kNone;
            run.origin = run.right = {};
            continue;
        }
        run.seq = seq;
        std::uint32_t left = draft.origin_piece;
        if (after(left, seq) != draft.right_piece &&
            !scan(draft, seq, store_.clients[run.client].id, left)) {
            return false;
        }
        // The pieces of the run in a row, behind `left`.
        std::uint32_t& before = left == kNone ? first_[seq] : pieces_[left].next;
        pieces_[draft.last].next = before;
        before = draft.first;
        if (run.kind == RunKind::format) store_.note_format(seq);
        // Yjs cuts at both origins.
        if (run.origin.exists()) {
            store_.break_pair_text(store_.runs[run.origin.run], run.origin.offset + 1);
        }
        if (run.right.exists())
            store_.break_pair_text(store_.runs[run.right.run], run.right.offset);
    }
    return true;
}

// As Integrator::scan, with marks on the pieces in place of sets. False: too many conflicts.
ROPEWALK_INLINE bool BulkLoad::scan(const Draft& draft,
                                    std::uint32_t seq,
                                    std::uint64_t client,
                                    std::uint32_t& left) noexcept {
    if (seen_.empty() && (!seen_.resize(pieces_.size()) || !conflict_.resize(pieces_.size()))) {
        return false;
    }
    ++scans_;
    ++conflicts_;
    const std::uint64_t most = std::uint64_t{pieces_.size()} * 256;
    for (std::uint32_t at = after(left, seq); at != kNone && at != draft.right_piece;
         at = pieces_[at].next) {
        if (++steps_ > most) return false;
        seen_[at] = scans_;
        conflict_[at] = conflicts_;
        const std::uint32_t number = pieces_[at].run;
        const Draft& other = drafts_[number];
        const std::uint32_t before =
            pieces_[at].offset > 0 ? at - 1 : other.origin_piece;  // of the unit in front of it
        if (before == draft.origin_piece) {
            if (store_.clients[store_.runs[number].client].id < client) {
                left = at;
                ++conflicts_;
            } else if (other.right_piece == draft.right_piece) {
                break;
            }
        } else if (before != kNone && seen_[before] == scans_) {
            if (conflict_[before] != conflicts_) {
                left = at;
                ++conflicts_;
            }
        } else {
            break;
        }
    }
    return true;
}

// -- deletions -----------------------------------------------------------------------------------

ROPEWALK_INLINE void BulkLoad::apply_deletes() noexcept {
    const auto delete_in = [this](std::uint32_t number, std::uint32_t offset, std::uint32_t end) {
        Run& run = store_.runs[number];
        if (run.kind <= RunKind::deleted) return;
        while (offset < end) {
            const auto [same, dead] = store_.content.stretch(run, offset, end - offset);
            if (!dead) {
                store_.content.set_deleted(run, offset, same);
                store_.change.deleted(run.client, run.clock + offset, same);
                if (run.kind == RunKind::type) store_.kill_type(run.data);
            }
            offset += same;
        }
    };
    for (const DeleteRange& range : update_.deletes) {
        const Bits& bits = bits_[range.slot];
        const std::uint32_t end =
            range.clock + range.length < bits.clocks ? range.clock + range.length : bits.clocks;
        for (std::uint32_t clock = range.clock; clock < end;) {
            const std::uint32_t number = pieces_[piece_of({range.slot, clock})].run;
            const Run& run = store_.runs[number];
            const std::uint32_t stop = end < run.end_clock() ? end : run.end_clock();
            delete_in(number, clock - run.clock, stop - run.clock);
            clock = stop;
        }
    }
}

// Of a key only the last item stays.
ROPEWALK_INLINE void BulkLoad::delete_superseded() noexcept {
    for (std::uint32_t seq = 0; seq < store_.sequences.seqs.size(); ++seq) {
        if (store_.sequences.seqs[seq].key == kNone) continue;
        for (std::uint32_t at = first_[seq]; at != kNone; at = pieces_[at].next) {
            Run& run = store_.runs[pieces_[at].run];
            const std::uint32_t offset = pieces_[at].offset;
            std::uint32_t count = pieces_[at].end - offset;
            if (pieces_[at].next == kNone) {
                // The pieces of one block are one item; a run of several sets is several items,
                // one unit each.
                count -= 1;
            }
            for (std::uint32_t i = 0; i < count; ++i) {
                if (store_.content.deleted(run, offset + i)) continue;
                store_.content.set_deleted(run, offset + i, 1);
                store_.change.deleted(run.client, run.clock + offset + i, 1);
                if (run.kind == RunKind::type) store_.kill_type(run.data);
            }
        }
    }
}

// -- leaves --------------------------------------------------------------------------------------

ROPEWALK_INLINE bool BulkLoad::reserve_leaves() noexcept {
    // A piece is one entry and one more for each change of its delete state: at most two for each
    // range, and for keys one a unit.
    const std::uint64_t entries =
        pieces_.size() + update_.deletes.size() * 2 + std::uint64_t{deleted_blocks_} * 2;
    const std::uint32_t seqs = store_.sequences.seqs.size();
    // A list of more than four entries fills its leaves but the last, one of more than a leaf has
    // inner nodes, fewer than a sixth of its leaves and one.
    std::uint64_t rooted = 0;
    for (std::uint32_t seq = 0; seq < seqs; ++seq) rooted += first_[seq] != kNone ? 1 : 0;
    const auto lists_of = [&](std::uint64_t length) {
        return rooted < entries / length ? rooted : entries / length;
    };
    const std::uint64_t small = lists_of(1);
    const std::uint64_t leaves = entries / kFilledLeaf + 1 + lists_of(kSmallLeaf + 1);
    const std::uint64_t inner = leaves / 6 + 1 + lists_of(kFilledLeaf + 1);
    if (leaves > 0x7fffffffU) return false;
    return level_.reserve(static_cast<std::size_t>(leaves + rooted)) &&
           store_.sequences.nodes.reserve(static_cast<std::uint32_t>(small),
                                          static_cast<std::uint32_t>(leaves),
                                          static_cast<std::uint32_t>(inner));
}

ROPEWALK_INLINE void BulkLoad::build(std::uint32_t seq) noexcept {
    if (first_[seq] == kNone) return;
    Sequences& sequences = store_.sequences;
    level_.clear();
    // A short list starts in a small leaf and moves to a large one when that is full.
    std::uint32_t node = sequences.nodes.take_leaf(kSmallLeaf);
    Leaf* leaf = &sequences.nodes.leaf(node);
    Measure total;
    const auto finish_leaf = [&] {
        total += leaf->measure;
        level_.push_back_reserved(node);
    };
    for (std::uint32_t at = first_[seq]; at != kNone; at = pieces_[at].next) {
        const std::uint32_t number = pieces_[at].run;
        const Run& run = store_.runs[number];
        const std::uint32_t end = pieces_[at].end;
        for (std::uint32_t offset = pieces_[at].offset; offset < end;) {
            const auto [count, dead] = store_.content.stretch(run, offset, end - offset);
            const bool hidden = dead || !run.countable();
            if (leaf->count > 0) {
                Span& last = leaf->spans[leaf->count - 1];
                if (last.run == number && last.hidden() == hidden) {
                    last.bits += count;
                    if (!hidden) {
                        leaf->measure += store_.content.measure_appended(run, offset, count);
                    }
                    offset += count;
                    continue;
                }
            }
            store_.break_pair_text(run, offset);
            if (leaf->count == leaf->capacity && leaf->capacity == kSmallLeaf) {
                const std::uint32_t large = sequences.nodes.take_leaf(kLargeLeaf);
                Leaf& bigger = sequences.nodes.leaf(large);
                bigger.count = leaf->count;
                bigger.measure = leaf->measure;
                std::memcpy(bigger.spans, leaf->spans, leaf->count * sizeof(Span));
                sequences.nodes.give_back_leaf(node);
                node = large;
                leaf = &bigger;
            } else if (leaf->count == kFilledLeaf) {
                const std::uint32_t next = sequences.nodes.take_leaf(kLargeLeaf);
                leaf->next = next;
                finish_leaf();
                Leaf& following = sequences.nodes.leaf(next);
                following.prev = node;
                node = next;
                leaf = &following;
            }
            leaf->spans[leaf->count++] = {number, offset, hidden ? count | Span::kHidden : count};
            if (!hidden) leaf->measure += store_.content.measure(run, offset, count);
            offset += count;
        }
    }
    finish_leaf();
    sequences.adopt(seq, level_, total);
}

// -- giving up -----------------------------------------------------------------------------------

ROPEWALK_INLINE void BulkLoad::undo() noexcept {
    for (const std::uint32_t number : numbers_) {
        ClientLog& log = store_.clients[number];
        log.count = 0;
        log.next_clock = 0;
    }
    store_.runs.truncate(0);
    store_.content.cells.truncate(0);
    store_.types.truncate(types_before_, seqs_before_);
    store_.change.deletions.clear();
    store_.change.deleted_any = false;
}

}  // namespace crdt::detail
