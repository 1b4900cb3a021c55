// What XML types have beside a list of children and attributes.
#include "border.hpp"

namespace ropewalk {

// An element or fragment, or a text with its formats as tags.
RW_EXPORT(rw_xml_string)
std::uint32_t rw_xml_string(Document* document, std::uint32_t type, std::uint32_t text) {
    crdt::Bytes& out = out_bytes();
    const crdt::Status printed = text != 0
                                     ? document->handle<crdt::XmlText>(type).append_xml_to(out)
                                     : document->handle<crdt::XmlFragment>(type).append_to(out);
    return printed.ok() ? out_done() : answer(printed);
}

// Of an element or a hook.
RW_EXPORT(rw_type_name) std::uint32_t rw_type_name(Document* document, std::uint32_t type) {
    const crdt::detail::Store& store = document->store();
    Out out;
    out.raw(crdt::as_bytes(crdt::detail::element_name(store, type)));
    return out.done();
}

// The visible sibling in front of or behind the item that holds a type.
RW_EXPORT(rw_sibling)
std::uint32_t rw_sibling(Document* document, std::uint32_t type, std::uint32_t behind) {
    crdt::detail::Store& store = document->store();
    const crdt::detail::RunPos at = behind != 0 ? crdt::detail::sibling_behind(store, type)
                                                : crdt::detail::sibling_before(store, type);
    Out out;
    if (at.exists()) out.value(crdt::detail::Access::value(&store, at));
    return out.done();
}

}  // namespace ropewalk
