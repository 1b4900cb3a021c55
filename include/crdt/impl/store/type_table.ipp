#pragma once

#include "../../store/type_table.hpp"

namespace crdt::detail {

ROPEWALK_INLINE std::uint64_t Names::hash(std::string_view name) const noexcept {
    // Salted with where the table lies: nobody far away can choose names that collide.
    std::uint64_t sum = reinterpret_cast<std::uintptr_t>(this) ^ name.size();
    for (const char c : name) {
        sum = (sum ^ static_cast<std::uint8_t>(c)) * 0x9e3779b97f4a7c15U;
        sum ^= sum >> 29;
    }
    return sum ^ (sum >> 32);
}

ROPEWALK_INLINE std::uint32_t Names::find(std::string_view name) const noexcept {
    if (slots_.empty()) return kNone;
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash(name) & mask;; at = (at + 1) & mask) {
        if (slots_[at] == kNone || (*this)[slots_[at]] == name) return slots_[at];
    }
}

ROPEWALK_INLINE std::uint32_t Names::intern(std::string_view name) noexcept {
    const std::uint32_t known = find(name);
    if (known != kNone) return known;
    const auto place = [this](std::uint32_t number) {
        const std::size_t mask = slots_.size() - 1;
        std::size_t at = hash((*this)[number]) & mask;
        while (slots_[at] != kNone) at = (at + 1) & mask;
        slots_[at] = number;
    };
    if (!addresses_.reserve_more(1) ||
        !content_.values.reserve(ContentStore::stored_size(name.size()))) {
        return kNone;
    }
    if ((addresses_.size() + 1) * 4 > slots_.size() * 3) {
        const std::size_t size = slots_.empty() ? 8 : slots_.size() * 2;
        if (!slots_.resize(size)) return kNone;
        for (std::uint32_t& slot : slots_) slot = kNone;
        for (std::uint32_t i = 0; i < addresses_.size(); ++i) place(i);
    }
    addresses_.push_back_reserved(content_.store_value(as_bytes(name)));
    const auto number = static_cast<std::uint32_t>(addresses_.size() - 1);
    place(number);
    return number;
}

ROPEWALK_INLINE std::size_t TypeTable::slot_of(std::uint32_t type,
                                               std::uint32_t key) const noexcept {
    const std::size_t mask = key_slots_.size() - 1;
    std::uint64_t sum = (std::uint64_t{type} << 32 | key) * 0x9e3779b97f4a7c15U;
    std::size_t at = (sum ^ (sum >> 32)) & mask;
    while (key_slots_[at] != kNone) {
        const Seq& seq = sequences_.seqs[key_slots_[at]];
        if (seq.type == type && seq.key == key) break;
        at = (at + 1) & mask;
    }
    return at;
}

ROPEWALK_INLINE bool TypeTable::reserve(std::uint32_t types_more,
                                        std::uint32_t keys_more) noexcept {
    if (!types.reserve_more(types_more) || !roots_.reserve_more(types_more) ||
        !root_by_name_.reserve(names.size()) ||
        !sequences_.seqs.reserve_more(std::size_t{types_more} + keys_more)) {
        return false;
    }
    const std::size_t keys = std::size_t{keys_} + keys_more;
    if (keys * 4 <= key_slots_.size() * 3) return true;
    std::size_t size = key_slots_.empty() ? 8 : key_slots_.size();
    while (keys * 4 > size * 3) size *= 2;
    Vec<std::uint32_t> old = std::move(key_slots_);
    if (!key_slots_.resize(size)) {
        key_slots_ = std::move(old);
        return false;
    }
    for (std::uint32_t& slot : key_slots_) slot = kNone;
    for (const std::uint32_t seq : old) {
        if (seq == kNone) continue;
        key_slots_[slot_of(sequences_.seqs[seq].type, sequences_.seqs[seq].key)] = seq;
    }
    return true;
}

ROPEWALK_INLINE std::uint32_t TypeTable::add(TypeKind kind,
                                             std::uint32_t run,
                                             std::uint32_t name) noexcept {
    TypeRecord record;
    record.kind = kind;
    record.run = run;
    record.name = name;
    Seq list;
    list.type = types.size();
    record.list = sequences_.seqs.push_reserved(list);
    return types.push_reserved(record);
}

ROPEWALK_INLINE std::uint32_t TypeTable::add_key(std::uint32_t type, std::uint32_t key) noexcept {
    const std::size_t slot = slot_of(type, key);
    if (key_slots_[slot] != kNone) return key_slots_[slot];
    Seq made;
    made.type = type;
    made.key = key;
    const std::uint32_t seq = sequences_.seqs.push_reserved(made);
    TypeRecord& record = types[type];
    if (record.first_key == kNone) {
        record.first_key = seq;
    } else {
        sequences_.seqs[record.last_key].next_key = seq;
    }
    record.last_key = seq;
    key_slots_[slot] = seq;
    ++keys_;
    return seq;
}

ROPEWALK_INLINE std::uint32_t TypeTable::find_key(std::uint32_t type,
                                                  std::uint32_t key) const noexcept {
    return key_slots_.empty() ? kNone : key_slots_[slot_of(type, key)];
}

ROPEWALK_INLINE std::uint32_t TypeTable::find_root(std::string_view name) const noexcept {
    const std::uint32_t number = names.find(name);
    return number < root_by_name_.size() ? root_by_name_[number] : kNone;
}

ROPEWALK_INLINE std::uint32_t TypeTable::add_root(std::uint32_t name) noexcept {
    const std::uint32_t type = add(TypeKind::undefined, kNone, name);
    roots_.push_back_reserved(type);
    while (root_by_name_.size() <= name) root_by_name_.push_back_reserved(kNone);
    root_by_name_[name] = type;
    return type;
}

ROPEWALK_INLINE void TypeTable::truncate(std::uint32_t types_kept,
                                         std::uint32_t seqs_kept) noexcept {
    while (!roots_.empty() && roots_.back() >= types_kept) {
        root_by_name_[types[roots_.back()].name] = kNone;
        roots_.pop_back();
    }
    types.truncate(types_kept);
    sequences_.seqs.truncate(seqs_kept);
    for (std::uint32_t i = 0; i < types_kept; ++i) {
        types[i].first_key = types[i].last_key = kNone;
        types[i].dead = false;
        sequences_.seqs[types[i].list].formats = false;
        sequences_.seqs[types[i].list].tidied = false;
    }
    for (std::uint32_t& slot : key_slots_) slot = kNone;
    keys_ = 0;
}

}  // namespace crdt::detail
