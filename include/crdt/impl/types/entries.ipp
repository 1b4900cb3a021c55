#pragma once

#include "../../base/utf.hpp"
#include "../../types/entries.hpp"
#include "../../types/insert_content.hpp"

namespace crdt::detail {

ROPEWALK_INLINE Status set_entry(Store& store,
                                 std::uint32_t type,
                                 std::string_view key,
                                 const Content& content) noexcept {
    if (!is_valid_utf8(as_bytes(key))) return ErrorCode::invalid_utf8;
    ContentNeeds needs;
    needs.keys = 1;
    if (store.types.names.intern(key) == kNone) return ErrorCode::out_of_memory;
    ROPEWALK_CHECK(measure_content(store, content, 0, needs));
    store.disarm();
    ROPEWALK_CHECK(reserve_content(store, needs));
    return write_entry(store, type, key, content);
}

ROPEWALK_INLINE Status erase_entry(Store& store,
                                   std::uint32_t type,
                                   std::string_view key) noexcept {
    const std::uint32_t name = store.types.names.find(key);
    if (name == kNone) return {};
    const std::uint32_t seq = store.types.find_key(type, name);
    return seq == kNone ? Status{} : store.erase_key(seq);
}

ROPEWALK_INLINE RunPos find_entry(Store& store, std::uint32_t type, std::string_view key) noexcept {
    const std::uint32_t name = store.types.names.find(key);
    if (name == kNone) return {};
    const std::uint32_t seq = store.types.find_key(type, name);
    return seq == kNone ? RunPos{} : store.value_of(seq);
}

}  // namespace crdt::detail
