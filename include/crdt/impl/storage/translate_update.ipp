#pragma once

#include "../../storage/translator.hpp"
#include "../../update/convert.hpp"

namespace crdt {

namespace detail {

ROPEWALK_INLINE Status Translator::open(ByteView update,
                                        UpdateFormat format,
                                        const Limits& limits) noexcept {
    if (const Error error = decode_update(format, update, limits, update_);
        error.code != ErrorCode::ok) {
        return error;
    }
    ROPEWALK_CHECK(ids_.open(store_));
    store_.limits = limits;
    ROPEWALK_CHECK(add_to_history(store_, update_));
    for (const ClientId client : update_.clients) {
        const std::uint32_t number = store_.clients.find(client);
        if (number != kNone && store_.pending.has_blocks(store_.clients[number])) {
            return ErrorCode::incomplete;
        }
    }
    return note_runs() ? Status{} : ErrorCode::out_of_memory;
}

// Which runs have pending units, and then where in their sequences they stand.
ROPEWALK_INLINE bool Translator::note_runs() noexcept {
    if (!plan_of_run_.resize(store_.runs.size()) || !slot_of_run_.resize(store_.runs.size())) {
        return false;
    }
    for (std::uint32_t& plan : plan_of_run_) plan = kNone;
    Vec<std::uint32_t> seqs;
    for (std::uint32_t number = 0; number < store_.clients.size(); ++number) {
        const ClientLog& log = store_.clients[number];
        for (std::uint32_t i = log.count; i-- > 0;) {
            const std::uint32_t at = log.list()[i];
            const Run& run = store_.runs[at];
            if (first_pending(run) == run.length) break;
            if (is_nowhere(store_, run)) continue;
            plan_of_run_[at] = static_cast<std::uint32_t>(plans_.size());
            if (!plans_.push_back({}) || !seqs.push_back(run.seq)) return false;
        }
    }
    sort(seqs.begin(), seqs.end(), std::less<>());
    for (std::size_t i = 0; i < seqs.size(); ++i) {
        if ((i == 0 || seqs[i] != seqs[i - 1]) && !place(seqs[i])) return false;
    }
    return true;
}

// Goes through a sequence from slot to slot.
ROPEWALK_INLINE bool Translator::place(std::uint32_t seq) noexcept {
    const Sequences& sequences = store_.sequences;
    is_key_ = sequences.seqs[seq].key != kNone;
    gap_ = {};
    left_ = {};
    ++slot_;
    for (Place at = sequences.begin(seq); at.leaf != kNone; at = sequences.next(at)) {
        const Span span = sequences.span(at);
        const Run& run = store_.runs[span.run];
        const std::uint32_t border =
            std::min(std::max(first_pending(run), span.offset), span.end());
        if (span.offset < border && !add_old(span.run, span.offset, border)) return false;
        if (border == span.end()) continue;
        slot_of_run_[span.run] = slot_;
        if (!nodes_.push_back({span.run, gap_.dead, left_})) return false;
    }
    return close_gap({});
}

// Units of the old epoch, some of which may have lived on: slots end here.
ROPEWALK_INLINE bool Translator::add_old(std::uint32_t number,
                                         std::uint32_t from,
                                         std::uint32_t to) noexcept {
    const Run& run = store_.runs[number];
    ++slot_;
    left_ = {number, to - 1};
    if (is_key_) {
        // What stands behind an entry of a key has replaced it, and has no ghosts.
        for (const Node& node : nodes_) {
            plans_[plan_of_run_[node.run]].lost = true;
            slot_of_run_[node.run] = 0;
        }
        nodes_.clear();
        gap_ = {};
    }
    std::uint32_t offset = from;
    const auto die = [&](std::uint32_t end) {
        if (offset == end || is_key_) return;
        if (gap_.dead == 0) gap_.first_dead = {number, offset};
        gap_.dead += end - offset;
    };
    for (const EpochIds::Living& living :
         ids_.living(run.client, run.clock + from, run.clock + to)) {
        const std::uint32_t first = std::max(run.clock + from, living.clock);
        const std::uint32_t last = std::min(run.clock + to, living.clock + living.length) - 1;
        die(first - run.clock);
        if (!close_gap(ids_.id_in(living, first))) return false;
        gap_.left = ids_.id_in(living, last);
        offset = last - run.clock + 1;
    }
    die(to);
    return true;
}

ROPEWALK_INLINE std::uint64_t Translator::ghost_client(RunPos unit, unsigned kind) const noexcept {
    const Run& run = store_.runs[unit.run];
    return ids_.ghost_client(ClientId{store_.clients[run.client].id}, run.clock + unit.offset,
                             kind);
}

// All that is pending in a gap is there, and all that was deleted.
ROPEWALK_INLINE bool Translator::close_gap(const UpdateId& right) noexcept {
    gap_.right = right;
    if (!nodes_.empty() && gap_.dead > 0) {
        ghost_client_ = ghost_client(gap_.first_dead, EpochIds::kGhost);
        if (!ghosts_.push_back(
                {ghost_client_, gap_.left, gap_.right, gap_.dead, gap_.first_dead.run})) {
            return false;
        }
    }
    for (const Node& node : nodes_) {
        if (!plan_node(node)) return false;
    }
    nodes_.clear();
    gap_ = {};
    return true;
}

ROPEWALK_INLINE bool Translator::plan_node(const Node& node) noexcept {
    const Run& run = store_.runs[node.run];
    const std::uint32_t slot = slot_of_run_[node.run];
    const auto is_here = [&](RunPos unit) {
        return is_pending(unit) && slot_of_run_[unit.run] == slot;
    };
    const std::uint32_t first = first_pending(run);
    const RunPos origin = first > 0 ? RunPos{node.run, first - 1} : run.origin;
    const UpdateId left = node.dead == 0 ? gap_.left : end_of_slot(node.dead - 1);
    const UpdateId right = node.dead == gap_.dead ? gap_.right : end_of_slot(node.dead);
    Plan& plan = plans_[plan_of_run_[node.run]];
    plan.right = is_here(run.right) ? new_id(run.right) : right;
    plan.left = left;
    if (is_here(origin)) {
        plan.left = new_id(origin);
    } else if (origin != node.left) {
        const std::uint64_t marker = ghost_client(node.left, EpochIds::kMarker);
        if (!ghosts_.push_back({marker, left, right, 1, node.run})) return false;
        plan.left = {marker, 0, true};
    }
    return true;
}

// -- writing --------------------------------------------------------------------------------------

ROPEWALK_INLINE NewParent Translator::parent_of(const Run& run) const noexcept {
    const Seq& seq = store_.sequences.seqs[run.seq];
    const TypeRecord& type = store_.types.types[seq.type];
    NewParent parent;
    if (type.run == kNone) {
        parent.root = as_bytes(store_.types.names[type.name]);
    } else {
        parent.item = new_id({type.run, 0});
    }
    parent.has_key = seq.key != kNone;
    if (parent.has_key) parent.key = as_bytes(store_.types.names[seq.key]);
    return parent;
}

ROPEWALK_INLINE Status Translator::write_client(std::uint32_t number, StructWriter& out) noexcept {
    const ClientLog& log = store_.clients[number];
    std::uint32_t first = log.count;
    while (first > 0) {
        const Run& run = store_.runs[log.list()[first - 1]];
        if (first_pending(run) == run.length) break;
        --first;
    }
    for (std::uint32_t i = first; i < log.count; ++i) {
        const std::uint32_t at = log.list()[i];
        const Run& run = store_.runs[at];
        const std::uint32_t begin = first_pending(run);
        const Plan* plan = plan_of_run_[at] == kNone ? nullptr : &plans_[plan_of_run_[at]];
        if (plan == nullptr || plan->lost) {
            out.add_gc(run.length - begin);
            continue;
        }
        UpdateId origin = plan->left;
        for (std::uint32_t offset = begin; offset < run.length;) {
            const auto [count, deleted] = store_.content.stretch(run, offset, run.length - offset);
            NewParent parent;
            if (!origin.exists && !plan->right.exists) parent = parent_of(run);
            out.add({at, offset}, count, deleted, origin, plan->right, parent);
            origin = out.last();
            offset += count;
        }
    }
    return {};
}

ROPEWALK_INLINE Status Translator::deletions(IdSet& out) noexcept {
    for (std::uint32_t number = 0; number < store_.clients.size(); ++number) {
        const ClientLog& log = store_.clients[number];
        const ClientId client = map_.translate_client(ClientId{log.id});
        const std::uint32_t known = ids_.known(number);
        for (std::uint32_t i = log.count; i-- > 0;) {
            const Run& run = store_.runs[log.list()[i]];
            const std::uint32_t begin = first_pending(run);
            if (begin == run.length) break;
            for (std::uint32_t offset = begin; offset < run.length;) {
                const auto [count, deleted] =
                    store_.content.stretch(run, offset, run.length - offset);
                if (deleted && !out.insert(client, Clock{run.clock + offset - known}, count)) {
                    return ErrorCode::out_of_memory;
                }
                offset += count;
            }
        }
    }
    for (const DeleteRange& range : update_.deletes) {
        const IdRange old{update_.clients[range.slot], Clock{range.clock}, range.length};
        if (!ids_.translate(old, out)) return ErrorCode::out_of_memory;
    }
    return {};
}

ROPEWALK_INLINE Status Translator::write(Bytes& out) noexcept {
    // A client that has written, or a ghost.
    struct Written {
        std::uint64_t client;
        std::uint32_t number;
        std::uint32_t ghost;
    };
    Vec<Written> sections;
    for (std::uint32_t number = 0; number < store_.clients.size(); ++number) {
        const ClientLog& log = store_.clients[number];
        if (log.next_clock <= ids_.known(number)) continue;
        const ClientId client = map_.translate_client(ClientId{log.id});
        if (!sections.push_back({raw(client), number, kNone})) return ErrorCode::out_of_memory;
    }
    for (std::uint32_t i = 0; i < ghosts_.size(); ++i) {
        if (!sections.push_back({ghosts_[i].client, 0, i})) return ErrorCode::out_of_memory;
    }
    sort(sections.begin(), sections.end(), [](const Written& a, const Written& b) {
        return a.client != b.client ? a.client > b.client : a.ghost < b.ghost;
    });
    IdSet deleted;
    StructWriter writer(store_, out);
    for (std::size_t i = 0; i < sections.size(); ++i) {
        const Written& section = sections[i];
        // Several may stand behind one marker.
        if (i > 0 && section.client == sections[i - 1].client) continue;
        writer.begin_section(section.client);
        if (section.ghost == kNone) {
            ROPEWALK_CHECK(write_client(section.number, writer));
            continue;
        }
        const Ghost& ghost = ghosts_[section.ghost];
        writer.add({ghost.run, 0}, ghost.length, true, ghost.left, ghost.right,
                   parent_of(store_.runs[ghost.run]));
        if (!deleted.insert(ClientId{ghost.client}, Clock{0}, ghost.length)) {
            return ErrorCode::out_of_memory;
        }
    }
    ROPEWALK_CHECK(deletions(deleted));
    return writer.finish(deleted);
}

}  // namespace detail

ROPEWALK_INLINE Result<Bytes> EpochMap::translate_update(ByteView update,
                                                         UpdateFormat format) const noexcept {
    Bytes out;
    {
        detail::Translator translator(*this);
        ROPEWALK_CHECK(translator.open(update, format, limits_));
        ROPEWALK_CHECK(translator.write(out));
    }
    if (format == UpdateFormat::v2) return out;
    Limits limits = limits_;
    limits.structs = 0xffffffffU;
    limits.update_bytes = 0;
    return convert(out, UpdateFormat::v2, UpdateFormat::v1, limits);
}

}  // namespace crdt
