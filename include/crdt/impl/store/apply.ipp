#pragma once

#include "../../codec/varint.hpp"
#include "../../store/apply.hpp"
#include "../../store/block_content.hpp"
#include "../../store/bulk_load.hpp"

namespace crdt::detail {

ROPEWALK_INLINE Status Store::apply(ByteView update, UpdateFormat format) noexcept {
    if (const Error error = decode_update(format, update, limits, decoded);
        error.code != ErrorCode::ok) {
        return error;
    }
    return apply_decoded();
}

ROPEWALK_INLINE Status Store::apply_decoded() noexcept {
    disarm();
    const Status status = Apply(*this, decoded, scratch).run();
    decoded.trim();
    scratch.trim();
    return status;
}

// What most updates are. `done` stays false where it is anything more.
ROPEWALK_HOT ROPEWALK_INLINE Status Apply::keystroke(bool& done) noexcept {
    constexpr std::size_t kClients = 4;
    constexpr std::size_t kRanges = 4;
    const std::size_t blocks = update_.blocks.size();
    if (blocks > 1 || update_.clients.size() > kClients || update_.deletes.size() > kRanges ||
        !store_.pending.empty()) {
        return {};
    }
    std::uint32_t numbers[kClients];
    for (std::size_t i = 0; i < update_.clients.size(); ++i) {
        numbers[i] = store_.clients.find(update_.clients[i]);
        if (numbers[i] == kNone) return {};
    }
    for (const DeleteRange& range : update_.deletes) {
        if (range.clock + range.length > store_.clients[numbers[range.slot]].next_clock) return {};
    }
    if (blocks == 1) {
        const BlockView& block = update_.blocks[0];
        const auto known = [&](WireId id) {
            return !id.exists() || id.clock < store_.clients[numbers[id.slot]].next_clock;
        };
        ClientLog& log = store_.clients[numbers[block.slot]];
        if (block.kind != ContentKind::string || block.parent != ParentRef::inherit ||
            block.clock != log.next_clock || !known(block.origin) || !known(block.right_origin)) {
            return {};
        }
        const std::size_t text =
            block.is_ascii() ? block.content.size : std::size_t{block.length} * 2 + 1;
        if (!store_.runs.reserve_more(1) || !log.reserve_more(1) ||
            !store_.content.reserve_text(log, text) || !store_.change.touched.reserve_more(1)) {
            return ErrorCode::out_of_memory;
        }
    }
    // An item of a key may delete the one before it and itself.
    const std::size_t changes = blocks * 3 + update_.deletes.size() * 2;
    if (!store_.sequences.reserve_changes(static_cast<std::uint32_t>(changes))) {
        return ErrorCode::out_of_memory;
    }
    done = true;
    if (blocks == 1) Integrator{store_, update_, numbers}.integrate(update_.blocks[0]);
    for (const DeleteRange& range : update_.deletes) delete_range(numbers[range.slot], range);
    if (ROPEWALK_UNLIKELY(store_.change.next_dead != kNone)) store_.delete_all_dead();
    return {};
}

ROPEWALK_INLINE Status Apply::run() noexcept {
    bool done = false;
    const Status quick = keystroke(done);
    if (done || !quick.ok()) return quick;
    store_.scratch.clear();
    const std::uint32_t clients_before = store_.clients.size();
    Status status = number_clients();
    if (status.ok()) status = plan();
    bool loaded = false;
    if (status.ok() && store_.runs.size() == 0 && parked_.empty()) status = load(loaded);
    if (status.ok() && !loaded) {
        status =
            reserve(order_.size(), std::uint64_t{order_.size()} * 2 + update_.deletes.size() * 2);
    }
    if (!status.ok()) {
        // Clients met for the first time are named by nothing yet.
        if (store_.own == kNone || store_.own < clients_before) {
            store_.clients.truncate(clients_before);
        }
        return status;
    }
    if (!loaded) write();
    park_deletes();
    if (!store_.pending.empty()) unpark();
    return {};
}

// A whole document into an empty one. Without `loaded` the other way is still open.
ROPEWALK_INLINE Status Apply::load(bool& loaded) noexcept {
    BulkLoad bulk(store_, update_, order_, numbers_, known_);
    if (!bulk.worthwhile()) return {};
    ROPEWALK_CHECK(reserve(0, 0));
    for (const std::uint32_t number : numbers_) {
        if (number == store_.own && store_.clients[number].next_clock == 0) {
            for (const std::uint32_t i : order_) {
                if (numbers_[update_.blocks[i].slot] == number) store_.change.own_was_remote = true;
            }
        }
    }
    loaded = bulk.run();
    if (!loaded) store_.change.own_was_remote = false;
    return {};
}

ROPEWALK_INLINE Status Apply::number_clients() noexcept {
    const std::size_t count = update_.clients.size();
    if (!numbers_.reserve(count) || !known_.reserve(count) || !needs_.reserve(count)) {
        return ErrorCode::out_of_memory;
    }
    for (const ClientId id : update_.clients) {
        const std::uint32_t number = store_.clients.number_of(id);
        if (number == kNone) return ErrorCode::out_of_memory;
        numbers_.push_back_reserved(number);
        known_.push_back_reserved(store_.clients[number].next_clock);
        needs_.push_back_reserved({});
        if (id == store_.own_id) store_.own = number;
    }
    return {};
}

// -- plan ----------------------------------------------------------------------------------------

// The first unit that a block needs and that is not known.
ROPEWALK_INLINE Apply::Lack Apply::lack_of(const BlockView& block) const noexcept {
    if (block.clock > known(block.slot)) return {block.slot, block.clock - 1};
    const auto lacks = [this](WireId id) {
        return id.slot != kNoSlot && id.clock >= known_[id.slot];
    };
    // Also where the block, or its head, is known and its origin no longer matters: as in Yjs.
    if (lacks(block.origin)) return {block.origin.slot, block.origin.clock};
    if (lacks(block.right_origin)) return {block.right_origin.slot, block.right_origin.clock};
    if (block.parent == ParentRef::item && lacks(block.parent_item)) {
        return {block.parent_item.slot, block.parent_item.clock};
    }
    return {};
}

ROPEWALK_INLINE Status Apply::plan() noexcept {
    const std::size_t slots = update_.clients.size();
    const std::size_t blocks = update_.blocks.size();
    if (!section_of_.reserve(slots) || !sections_.reserve(update_.sections.size()) ||
        !stack_.reserve(update_.sections.size()) || !order_.reserve(blocks)) {
        return ErrorCode::out_of_memory;
    }
    for (std::size_t i = 0; i < slots; ++i) section_of_.push_back_reserved(kNone);
    for (const ClientSection& section : update_.sections) {
        section_of_[section.slot] = static_cast<std::uint32_t>(sections_.size());
        sections_.push_back_reserved(
            {section.slot, section.first, section.first + section.count, false, false});
    }
    for (std::uint32_t i = 0; i < sections_.size(); ++i) {
        ROPEWALK_CHECK(plan_section(i));
    }
    for (const ApplyScratch::Section& section : sections_) {
        for (std::uint32_t i = section.next; i < section.end; ++i) {
            const BlockView& block = update_.blocks[i];
            if (block.kind == ContentKind::skip) continue;
            if (!parked_.push_back(i)) return ErrorCode::out_of_memory;
        }
    }
    return {};
}

// Goes through a section, and first through those that it needs: with a stack of its own, since
// its depth is the sender's choice.
ROPEWALK_HOT ROPEWALK_INLINE Status Apply::plan_section(std::uint32_t first) noexcept {
    if (sections_[first].blocked) return {};
    stack_.clear();
    stack_.push_back_reserved(first);
    sections_[first].open = true;
    while (!stack_.empty()) {
        const std::uint32_t number = stack_.back();
        ApplyScratch::Section& section = sections_[number];
        bool waits = false;
        while (section.next < section.end) {
            const BlockView& block = update_.blocks[section.next];
            const std::uint32_t end = block.clock + block.length;
            if (block.kind == ContentKind::skip) {
                ++section.next;
                continue;
            }
            const Lack lack = lack_of(block);
            if (lack.slot != kNoSlot) {
                const std::uint32_t other = section_of_[lack.slot];
                waits = other != kNone && !sections_[other].open && !sections_[other].blocked &&
                        sections_[other].next < sections_[other].end;
                if (waits) {
                    sections_[other].open = true;
                    stack_.push_back_reserved(other);
                } else {
                    section.blocked = true;
                }
                break;
            }
            if (end > known(block.slot)) {
                if (!count(block)) return ErrorCode::out_of_memory;
                order_.push_back_reserved(section.next);
                known_[block.slot] = end;
            } else if (block.parent == ParentRef::root &&
                       store_.root(update_.text(block.root)) == kNone) {
                return ErrorCode::out_of_memory;  // Yjs knows every root that it has read of
            }
            ++section.next;
        }
        if (waits) continue;
        section.open = false;
        stack_.pop_back();
    }
    return {};
}

// -- reserve -------------------------------------------------------------------------------------

// What a block that was taken will need.
ROPEWALK_INLINE bool Apply::count(const BlockView& block) noexcept {
    ApplyScratch::Needs& needs = needs_[block.slot];
    ++needs.runs;
    if (ROPEWALK_LIKELY(block.kind == ContentKind::string)) {
        needs.text += block.is_ascii() ? block.content.size : std::size_t{block.length} * 2 + 1;
    } else if (block.kind == ContentKind::deleted) {
        if (block.length <= kLargestHole) needs.text += std::size_t{block.length} * 2;
    } else if (!count_content(block)) {
        return false;
    }
    return ROPEWALK_LIKELY(block.parent == ParentRef::inherit) || count_parent(block);
}

ROPEWALK_INLINE bool Apply::count_content(const BlockView& block) noexcept {
    const std::size_t size = block.content.size;
    switch (block.kind) {
        case ContentKind::any:
            // Canonical forms of numbers may be longer; a stored size takes up to 5 bytes.
            totals_.values += block.is_canonical() ? size + std::size_t{block.length} * 5
                                                   : size * 6 + std::size_t{block.length} * 15;
            totals_.cells += block.length;
            return true;
        case ContentKind::json:
            // Each text is kept with its value.
            totals_.values += ContentStore::rich_size(size) + std::size_t{block.length} * 32;
            totals_.cells += block.length;
            return true;
        case ContentKind::type: {
            ++totals_.types;
            const std::uint8_t* bytes = update_.input.data() + block.content.offset;
            const auto kind = static_cast<TypeKind>(get_var_uint(bytes));
            if (kind != TypeKind::xml_element && kind != TypeKind::xml_hook) return true;
            const auto name = static_cast<std::size_t>(get_var_uint(bytes));
            return store_.types.names.intern(as_text({bytes, name})) != kNone;
        }
        case ContentKind::embed:
            totals_.values += ContentStore::rich_size(size, block.has_any_value());
            return true;
        case ContentKind::format: {
            totals_.values += ContentStore::rich_size(size, block.has_any_value());
            const std::uint8_t* bytes = update_.input.data() + block.content.offset;
            const auto key = static_cast<std::size_t>(get_var_uint(bytes));
            return store_.types.names.intern(as_text({bytes, key})) != kNone;
        }
        default:
            totals_.values += size + 5;
            return true;
    }
}

ROPEWALK_INLINE bool Apply::count_parent(const BlockView& block) noexcept {
    if (block.parent == ParentRef::root) {
        const std::string_view name = update_.text(block.root);
        if (store_.types.find_root(name) == kNone) {
            ++totals_.roots;
            if (store_.types.names.intern(name) == kNone) return false;
        }
    }
    if (!block.has_key) return true;
    ++totals_.keys;
    return store_.types.names.intern(update_.text(block.key)) != kNone;
}

ROPEWALK_INLINE Status Apply::reserve(std::size_t runs, std::uint64_t changes) noexcept {
    const auto [cells, values, types, keys, roots] = totals_;
    bool memory = true;
    for (std::size_t slot = 0; slot < needs_.size() && memory; ++slot) {
        if (needs_[slot].runs == 0) continue;
        ClientLog& log = store_.clients[numbers_[slot]];
        memory = log.reserve_more(needs_[slot].runs) &&
                 store_.content.reserve_text(log, needs_[slot].text);
    }
    if (changes > 0x7fffffffU) return ErrorCode::limit_exceeded;
    const std::uint64_t empty = store_.sequences.empty_sequences() + types + keys + roots;
    const auto small = static_cast<std::uint32_t>(
        empty < order_.size() ? empty : static_cast<std::uint64_t>(order_.size()));
    if (!memory || !store_.runs.reserve_more(runs) || !store_.content.cells.reserve_more(cells) ||
        !store_.content.values.reserve(values) || !store_.types.reserve(types + roots, keys) ||
        !store_.change.touched.reserve_more(update_.sections.size()) ||
        (changes > 0 && (!store_.sequences.nodes.reserve(small, 0, 0) ||
                         !store_.sequences.reserve_changes(static_cast<std::uint32_t>(changes))))) {
        return ErrorCode::out_of_memory;
    }
    return reserve_parking();
}

ROPEWALK_INLINE Status Apply::reserve_parking() noexcept {
    std::size_t bytes = 0;
    for (const std::uint32_t i : parked_) bytes += Pending::parked_size(update_.blocks[i]);
    const Limits& limits = store_.limits;
    if ((limits.pending_bytes != 0 && bytes > limits.pending_bytes) ||
        (limits.pending_structs != 0 && parked_.size() > limits.pending_structs)) {
        return ErrorCode::limit_exceeded;
    }
    std::uint32_t deletions = 0;
    for (const DeleteRange& range : update_.deletes) {
        deletions += range.clock + range.length > known(range.slot) ? 1 : 0;
    }
    if (parked_.empty() && deletions == 0) return {};
    if (!store_.pending.reserve(static_cast<std::uint32_t>(parked_.size()), bytes, deletions)) {
        return ErrorCode::out_of_memory;
    }
    for (std::size_t i = 0; i < parked_.size();) {
        const std::uint32_t slot = update_.blocks[parked_[i]].slot;
        std::size_t end = i;
        while (end < parked_.size() && update_.blocks[parked_[end]].slot == slot) ++end;
        if (!store_.pending.reserve_group(store_.clients[numbers_[slot]],
                                          static_cast<std::uint32_t>(end - i))) {
            return ErrorCode::out_of_memory;
        }
        i = end;
    }
    return {};
}

// -- write ---------------------------------------------------------------------------------------

ROPEWALK_INLINE void Apply::write() noexcept {
    Integrator integrator{store_, update_, numbers_.data()};
    for (const std::uint32_t i : order_) integrator.integrate(update_.blocks[i]);
    for (const std::uint32_t i : parked_) {
        const BlockView& block = update_.blocks[i];
        store_.pending.park(store_.clients[numbers_[block.slot]], block, update_);
    }
    for (const DeleteRange& range : update_.deletes) delete_range(numbers_[range.slot], range);
}

// What of a range is known.
ROPEWALK_INLINE void Apply::delete_range(std::uint32_t client, const DeleteRange& range) noexcept {
    const std::uint32_t next = store_.clients[client].next_clock;
    const std::uint32_t end = range.clock + range.length < next ? range.clock + range.length : next;
    for (std::uint32_t clock = range.clock; clock < end;) {
        const RunPos unit = store_.resolve_near(client, clock);
        const Run& run = store_.runs[unit.run];
        const std::uint32_t stop = end < run.end_clock() ? end : run.end_clock();
        store_.delete_units(unit.run, unit.offset, stop - clock);
        clock = stop;
    }
}

// Deletions of units that have not arrived wait; so do nested types for what they held.
ROPEWALK_INLINE void Apply::park_deletes() noexcept {
    for (const DeleteRange& range : update_.deletes) {
        const std::uint32_t client = numbers_[range.slot];
        const std::uint32_t end = range.clock + range.length;
        const std::uint32_t next = store_.clients[client].next_clock;
        if (end <= next) continue;
        const std::uint32_t from = range.clock > next ? range.clock : next;
        store_.pending.park_deletion(store_.clients, {client, from, end - from});
    }
    if (store_.change.next_dead != kNone) store_.delete_all_dead();
}

// Everything parked that the clients of this update have been waited for, and what that frees.
ROPEWALK_INLINE void Apply::unpark() noexcept {
    // A work list of clients that have progressed or whose groups are new.
    Vec<std::uint32_t> arrived;
    for (const std::uint32_t number : numbers_) {
        if (!arrived.push_back(number)) return;
        if (store_.pending.has_blocks(store_.clients[number])) {
            static_cast<void>(unpark_one(number));
        }
    }
    bool due = false;
    while (!arrived.empty()) {
        const std::uint32_t client = arrived.back();
        due = due || Pending::is_due(store_.clients[client]);
        const std::uint32_t woken = store_.pending.wake(store_.clients, client);
        if (woken == kNone) {
            arrived.pop_back();
            continue;
        }
        if (!unpark_one(woken)) continue;
        if (!arrived.push_back(woken)) return;
    }
    if (!due) return;
    store_.pending.take_deletions(store_.clients, [this](const Deletion& deletion) {
        if (!store_.sequences.reserve_changes(2)) return false;  // again with the next update
        delete_range(deletion.client, {0, deletion.clock, deletion.length});
        return true;
    });
    if (store_.change.next_dead != kNone) store_.delete_all_dead();
}

// Integrates the parked blocks of one client until one lacks something; false: there was none.
ROPEWALK_INLINE bool Apply::unpark_one(std::uint32_t client) noexcept {
    bool progress = false;
    DecodedUpdate decoded;
    ApplyScratch scratch;
    while (store_.pending.has_blocks(store_.clients[client])) {
        const ParkedBlock parked = store_.pending.first(store_.clients[client]);
        const ByteView bytes = store_.pending.bytes_of(parked);
        if (decode_parked(bytes, store_.limits, decoded).code != ErrorCode::ok) break;
        scratch.clear();
        Apply single(store_, decoded, scratch);
        if (!single.number_clients().ok() || !single.plan().ok()) break;
        if (scratch.order.empty() && scratch.parked.empty()) {
            store_.pending.drop_first(store_.clients[client]);  // it is known by now
            continue;
        }
        if (scratch.order.empty()) {
            const Lack lack = single.lack_of(decoded.blocks[0]);
            store_.pending.wait(store_.clients, client, scratch.numbers[lack.slot], lack.clock);
            break;
        }
        scratch.parked.clear();
        if (!single.reserve(1, 4).ok()) break;
        Integrator integrator{store_, decoded, scratch.numbers.data()};
        integrator.integrate(decoded.blocks[0]);
        store_.pending.drop_first(store_.clients[client]);
        progress = true;
    }
    return progress;
}

}  // namespace crdt::detail
