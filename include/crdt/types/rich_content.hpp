// How attributes, embeds and deltas get into the store. For Text and the types like it.
#pragma once

#include "../store/rich_edit.hpp"
#include "delta.hpp"
#include "insert_content.hpp"

namespace crdt::detail {

// Attributes as the store takes them: keys interned, values with their JSON text. Views into
// itself and into the attributes.
class PreparedAttributes {
public:
    // Errors: invalid_utf8, invalid_argument, out_of_memory.
    Status prepare(Store& store, const Attributes& attributes) noexcept;
    [[nodiscard]] std::span<const Attribute> list() const noexcept {
        return {list_.data(), list_.size()};
    }

private:
    Vec<Attribute> list_;
    Bytes json_;
};

// One value or new shared type at the cursor.
Status write_embed(Store& store,
                   RichEdit& edit,
                   const Content& content,
                   std::span<const Attribute> attributes) noexcept;

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/types/rich_content.ipp"
#endif
