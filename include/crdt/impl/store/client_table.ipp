#pragma once

#include "../../base/sort.hpp"
#include "../../store/client_table.hpp"

namespace crdt::detail {

ROPEWALK_INLINE const Vec<std::uint32_t>* ClientTable::descending() const noexcept {
    if (order_is_stale_) {
        if (!order_.reserve(logs_.size())) return nullptr;
        order_.set_size(logs_.size());
        for (std::uint32_t i = 0; i < logs_.size(); ++i) order_[i] = i;
        sort(order_.begin(), order_.end(),
             [this](std::uint32_t a, std::uint32_t b) { return logs_[a].id > logs_[b].id; });
        order_is_stale_ = false;
    }
    return &order_;
}

}  // namespace crdt::detail
