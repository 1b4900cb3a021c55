// Shared types as text, as Yjs' toString() makes it: see XmlFragment::to_string().
#pragma once

#include "../base/bytes.hpp"
#include "../store/store.hpp"

namespace crdt::detail {

// Appends an element, a fragment, a text with tags, or what JavaScript says of the others. As deep
// as the document, without recursion. On failure `out` may hold a part.
[[nodiscard]] Status print_xml(Store& store, std::uint32_t type, Bytes& out) noexcept;

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/types/xml_print.ipp"
#endif
