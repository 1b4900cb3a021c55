#pragma once

#include "../../base/utf.hpp"
#include "../../types/insert_content.hpp"
#include "../../types/map.hpp"

namespace crdt {

ROPEWALK_INLINE Status Map::set(std::string_view key, const Content& content) const noexcept {
    return write([&]() -> Status {
        if (!detail::is_valid_utf8(as_bytes(key))) return ErrorCode::invalid_utf8;
        detail::ContentNeeds needs;
        needs.keys = 1;
        if (store_->types.names.intern(key) == detail::kNone) return ErrorCode::out_of_memory;
        ROPEWALK_CHECK(detail::measure_content(*store_, content, 0, needs));
        store_->disarm();
        ROPEWALK_CHECK(detail::reserve_content(*store_, needs));
        return detail::write_entry(*store_, type_, key, content);
    });
}

ROPEWALK_INLINE Status Map::erase(std::string_view key) const noexcept {
    return write([&]() -> Status {
        const std::uint32_t name = store_->types.names.find(key);
        if (name == detail::kNone) return {};
        const std::uint32_t seq = store_->types.find_key(type_, name);
        return seq == detail::kNone ? Status{} : store_->erase_key(type_, seq);
    });
}

ROPEWALK_INLINE Status Map::clear() const noexcept {
    return write([&]() -> Status {
        for (std::uint32_t seq = store_->types.types[type_].first_key; seq != detail::kNone;
             seq = store_->sequences.seqs[seq].next_key) {
            ROPEWALK_CHECK(store_->erase_key(type_, seq));
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
    const std::uint32_t name = store_->types.names.find(key);
    if (name == detail::kNone) return {};
    const std::uint32_t seq = store_->types.find_key(type_, name);
    if (seq == detail::kNone) return {};
    return Value{store_, store_->value_of(seq)};
}

}  // namespace crdt
