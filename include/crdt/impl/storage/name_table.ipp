#pragma once

#include "../../storage/name_table.hpp"

namespace crdt::detail {

ROPEWALK_INLINE std::size_t NameTable::slot_of(ByteView wanted) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = static_cast<std::size_t>(hash64(wanted)) & mask;
    while (slots_[slot] != 0 && as_text(name(slots_[slot] - 1)) != as_text(wanted)) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

ROPEWALK_INLINE bool NameTable::grow() noexcept {
    Vec<std::uint32_t> slots;
    if (!slots.resize(slots_.empty() ? 64 : 2 * slots_.size())) return false;
    slots_ = std::move(slots);
    for (std::uint32_t i = 0; i < count(); ++i) slots_[slot_of(name(i))] = i + 1;
    return true;
}

ROPEWALK_INLINE std::uint32_t NameTable::number_of(ByteView wanted) noexcept {
    if (2 * (ends_.size() + 1) > slots_.size() && !grow()) return kNone;
    const std::size_t slot = slot_of(wanted);
    if (slots_[slot] != 0) return slots_[slot] - 1;
    const std::size_t end = bytes_.size() + wanted.size();
    if (end > 0xfffffff0U || !bytes_.reserve_more(wanted.size()) || !ends_.reserve_more(1)) {
        return kNone;
    }
    if (!wanted.empty()) std::memcpy(bytes_.data() + bytes_.size(), wanted.data(), wanted.size());
    bytes_.set_size(end);
    ends_.push_back_reserved(static_cast<std::uint32_t>(end));
    slots_[slot] = count();
    return count() - 1;
}

}  // namespace crdt::detail
