#pragma once

#include "../../doc/event.hpp"

namespace crdt {

ROPEWALK_INLINE std::u16string EventOp::to_u16string() const {
    std::u16string units;
    if (!is_text()) return units;
    units.reserve(length());
    for (std::uint32_t i = 0; i < record_->count; ++i) {
        const detail::InsertedUnits& stretch = detail_->stretches[record_->first + i];
        const detail::Run& run = store_->runs[stretch.run];
        if (run.kind == detail::RunKind::utf16) {
            units.append(store_->content.utf16(run, stretch.offset), stretch.count);
            continue;
        }
        const std::uint8_t* from = store_->content.ascii(run, stretch.offset);
        for (std::uint32_t k = 0; k < stretch.count; ++k) units.push_back(from[k]);
    }
    return units;
}

ROPEWALK_INLINE std::uint32_t EventOp::erased_length(Unit unit) const noexcept {
    if (!is_erase() || unit == Unit::utf16) return length();
    detail::Measure sum;
    for (std::uint32_t i = 0; i < record_->count; ++i) {
        const detail::InsertedUnits& stretch = detail_->stretches[record_->first + i];
        sum += store_->content.measure(store_->runs[stretch.run], stretch.offset, stretch.count);
    }
    return unit == Unit::utf8 ? sum.units + sum.extra : sum.units - sum.pairs;
}

ROPEWALK_INLINE ValueKind Event::kind() const noexcept {
    return detail::value_kind(store()->types.types[type()].kind);
}

ROPEWALK_INLINE EventPath Event::path() const noexcept {
    if (type() == current_) return {store(), nullptr, 0};
    const detail::EventDetail* found = change_->path_of(*record_);
    if (found == nullptr) return {store(), nullptr, 0};
    std::size_t from = 0;
    while (from < found->path.size() && found->path[from].from != current_) ++from;
    return {store(), found->path.data() + from, found->path.size() - from};
}

ROPEWALK_INLINE bool TransactionEvent::changed_within(const SharedType& type) const noexcept {
    if (type.store_ != &change_->store || type.type_ >= SharedType::kFirstError) return false;
    return change_->changed_within(type.type_);
}

ROPEWALK_INLINE Result<IdSet> TransactionEvent::inserted() const noexcept {
    return change_->inserted_ids();
}

ROPEWALK_INLINE Result<IdSet> TransactionEvent::deleted() const noexcept {
    return change_->deleted_ids();
}

}  // namespace crdt
