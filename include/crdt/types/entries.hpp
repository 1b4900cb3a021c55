// Values by key: what a map, the attributes of an XML element and those of a text have in common.
#pragma once

#include <string_view>

#include "../store/store.hpp"
#include "content.hpp"

namespace crdt::detail {

// These two require an open change.
[[nodiscard]] Status set_entry(Store& store,
                               std::uint32_t type,
                               std::string_view key,
                               const Content& content) noexcept;
// Without effect where the key is absent.
[[nodiscard]] Status erase_entry(Store& store, std::uint32_t type, std::string_view key) noexcept;

// The living value, or none. requires: the history is open and settled
[[nodiscard]] RunPos find_entry(Store& store, std::uint32_t type, std::string_view key) noexcept;

// f(std::string_view key, RunPos) for each living value, in the order in which this replica met
// the keys.
template <class F>
void for_each_entry(Store& store, std::uint32_t type, F&& f) {
    for (std::uint32_t seq = store.types.types[type].first_key; seq != kNone;
         seq = store.sequences.seqs[seq].next_key) {
        const RunPos value = store.value_of(seq);
        if (value.exists()) f(store.types.names[store.sequences.seqs[seq].key], value);
    }
}

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/types/entries.ipp"
#endif
