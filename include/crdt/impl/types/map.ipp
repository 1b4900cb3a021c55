#pragma once

#include "../../types/map.hpp"

namespace crdt {

ROPEWALK_INLINE Status Map::set(std::string_view key, const Content& content) const noexcept {
    return write([&] { return detail::set_entry(*store_, type_, key, content); });
}

ROPEWALK_INLINE Status Map::erase(std::string_view key) const noexcept {
    return write([&] { return detail::erase_entry(*store_, type_, key); });
}

ROPEWALK_INLINE Status Map::clear() const noexcept {
    return write([&]() -> Status {
        for (std::uint32_t seq = store_->types.types[type_].first_key; seq != detail::kNone;
             seq = store_->sequences.seqs[seq].next_key) {
            ROPEWALK_CHECK(store_->erase_key(seq));
        }
        return {};
    });
}

ROPEWALK_INLINE std::size_t Map::size() const noexcept {
    std::size_t count = 0;
    for_each([&](std::string_view, Value) { ++count; });
    return count;
}

ROPEWALK_INLINE Value Map::get(std::string_view key) const noexcept {
    if (readable() == detail::kNone) return {};
    return Value{store_, detail::find_entry(*store_, type_, key)};
}

}  // namespace crdt
