#pragma once

#include "../../types/array.hpp"
#include "../../types/insert_content.hpp"

namespace crdt {

ROPEWALK_INLINE Status Array::insert_all(std::uint32_t position,
                                         std::span<const Content> contents) const noexcept {
    ROPEWALK_CHECK(detail::prepare_contents(*store_, contents));
    return detail::write_contents(*store_, type_, position, contents);
}

ROPEWALK_INLINE Status Array::insert(std::size_t index,
                                     std::span<const Content> contents) const noexcept {
    return write([&]() -> Status {
        if (index > store_->units(type_)) {
            return Error{ErrorCode::index_out_of_range, index};
        }
        return insert_all(static_cast<std::uint32_t>(index), contents);
    });
}

ROPEWALK_INLINE Status Array::push(std::span<const Content> contents) const noexcept {
    return write([&]() -> Status { return insert_all(detail::kNone, contents); });
}

ROPEWALK_INLINE Status Array::erase(std::size_t index, std::size_t count) const noexcept {
    return write([&]() -> Status {
        const std::uint32_t size = store_->units(type_);
        if (index > size) return Error{ErrorCode::index_out_of_range, index};
        if (count > size - index) {
            return Error{ErrorCode::index_out_of_range, detail::end_of(index, count)};
        }
        return store_->erase(type_, static_cast<std::uint32_t>(index),
                             static_cast<std::uint32_t>(count));
    });
}

ROPEWALK_INLINE std::size_t Array::size() const noexcept {
    return readable() == detail::kNone ? 0 : store_->units(type_);
}

ROPEWALK_INLINE Result<Value> Array::get(std::size_t index) const noexcept {
    ROPEWALK_CHECK(check());
    ROPEWALK_CHECK(store_->open_history());
    if (index >= store_->units(type_)) return Error{ErrorCode::index_out_of_range, index};
    const detail::Place at =
        store_->sequences.seek(store_->types.types[type_].list, static_cast<std::uint32_t>(index));
    const detail::Span& span = store_->sequences.span(at);
    return Value{store_, {span.run, span.offset + at.offset}};
}

}  // namespace crdt
