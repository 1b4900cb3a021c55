// Putting contents into a list or under a key: checked and reserved as a whole, then written.
#pragma once

#include <span>

#include "../store/store.hpp"
#include "content.hpp"

namespace crdt::detail {

// What writing some contents will take at most.
struct ContentNeeds {
    std::size_t items = 0;
    std::size_t types = 0;
    std::size_t keys = 0;
    std::size_t elements = 0;
    std::size_t values = 0;  // bytes
    std::size_t text = 0;    // bytes
};

// Adds up what `content` takes. Errors: invalid_utf8, invalid_argument, nesting_too_deep.
[[nodiscard]] Status measure_content(Store& store,
                                     const Content& content,
                                     std::uint32_t depth,
                                     ContentNeeds& needs) noexcept;
// All of it can then be written without a failing allocation.
[[nodiscard]] Status reserve_content(Store& store, const ContentNeeds& needs) noexcept;

// Both of these, for a list. Typing has to find its place again.
[[nodiscard]] Status prepare_contents(Store& store, std::span<const Content> contents) noexcept;

// requires: measured and reserved. `position` as in Store::insert_item.
Status write_contents(Store& store,
                      std::uint32_t type,
                      std::uint32_t position,
                      std::span<const Content> contents) noexcept;
Status fill_type(Store& store, RunPos item, const Content& content) noexcept;
[[nodiscard]] Store::NewItem item_of(const Store& store,
                                     const Content& content,
                                     ByteView& element) noexcept;
// The same directly behind a unit of the type's list, deleted or not.
Status write_contents_behind(Store& store,
                             std::uint32_t type,
                             RunPos left,
                             std::span<const Content> contents) noexcept;
Status write_entry(Store& store,
                   std::uint32_t type,
                   std::string_view key,
                   const Content& content) noexcept;

// Of formatted text; bodies in rich_content.ipp.
// Whether everything in a delta can be written, and what it takes.
[[nodiscard]] Status measure_delta(Store& store,
                                   const Delta& delta,
                                   std::uint32_t depth,
                                   ContentNeeds& needs) noexcept;
// requires: measured; an open change
Status write_delta(Store& store, std::uint32_t type, const Delta& delta, bool sanitize) noexcept;

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/types/insert_content.ipp"
#include "delta.hpp"
#endif
