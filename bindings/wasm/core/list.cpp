// Arrays, and the children of XML elements and fragments.
#include "border.hpp"

namespace ropewalk {

// `count` contents in `in`. report.made: the last of them, if it is a type or a sub-document.
RW_EXPORT(rw_list_insert)
std::uint32_t rw_list_insert(Document* document,
                             std::uint32_t type,
                             std::uint32_t index,
                             std::uint32_t size,
                             std::uint32_t count) {
    std::vector<crdt::Content> contents;
    if (const auto read = In(size).contents(count, contents); !read.ok()) return answer(read);
    const auto list = document->handle<crdt::Array>(type);
    const crdt::Status put = list.insert(index, contents);
    if (put.ok() && !contents.empty()) note_made(list.get(index + contents.size() - 1));
    return answer(put);
}

// Behind the very last item, deleted ones included.
RW_EXPORT(rw_list_push)
std::uint32_t rw_list_push(Document* document,
                           std::uint32_t type,
                           std::uint32_t size,
                           std::uint32_t count) {
    std::vector<crdt::Content> contents;
    if (const auto read = In(size).contents(count, contents); !read.ok()) return answer(read);
    const auto list = document->handle<crdt::Array>(type);
    const crdt::Status put = list.push(contents);
    if (put.ok() && !contents.empty()) note_made(list.get(list.size() - 1));
    return answer(put);
}

// Directly behind the child that is this type.
RW_EXPORT(rw_list_insert_after)
std::uint32_t rw_list_insert_after(Document* document,
                                   std::uint32_t type,
                                   std::uint32_t child,
                                   std::uint32_t size,
                                   std::uint32_t count) {
    std::vector<crdt::Content> contents;
    if (const auto read = In(size).contents(count, contents); !read.ok()) return answer(read);
    const auto behind = document->handle<crdt::XmlFragment>(child);
    const crdt::Status put =
        document->handle<crdt::XmlFragment>(type).insert_after(behind, contents);
    if (put.ok() && contents.size() == 1) {
        crdt::detail::Store& store = document->store();
        crdt::detail::RunPos made = crdt::detail::sibling_behind(store, child);
        note_made(crdt::detail::Access::value(&store, made));
    }
    return answer(put);
}

RW_EXPORT(rw_list_erase)
std::uint32_t rw_list_erase(Document* document,
                            std::uint32_t type,
                            std::uint32_t index,
                            std::uint32_t count) {
    return answer(document->handle<crdt::Array>(type).erase(index, count));
}

RW_EXPORT(rw_list_size) std::uint32_t rw_list_size(Document* document, std::uint32_t type) {
    return static_cast<std::uint32_t>(document->handle<crdt::Array>(type).size());
}

RW_EXPORT(rw_list_get)
std::uint32_t rw_list_get(Document* document, std::uint32_t type, std::uint32_t index) {
    const auto value = document->handle<crdt::Array>(type).get(index);
    if (!value.ok()) return answer(value.error());
    Out out;
    out.value(*value);
    return out.done();
}

// Elements [from, to).
RW_EXPORT(rw_list_values)
std::uint32_t rw_list_values(Document* document,
                             std::uint32_t type,
                             std::uint32_t from,
                             std::uint32_t to) {
    Out out;
    const auto list = document->handle<crdt::Array>(type);
    if (!list.alive()) return out.done();
    crdt::detail::Store& store = document->store();
    if (const crdt::Status opened = store.open_history(); !opened.ok()) return answer(opened);
    store.settle();
    const std::uint32_t size = store.units(type);
    if (to > size) to = size;
    if (from >= to) return out.done();
    crdt::detail::Place at = store.sequences.seek(store.types.types[type].list, from);
    std::uint32_t skip = at.offset;
    for (std::uint32_t left = to - from; left > 0; at = store.sequences.next(at)) {
        const crdt::detail::Span& span = store.sequences.span(at);
        if (span.hidden()) continue;
        for (std::uint32_t i = skip; i < span.length() && left > 0; ++i, --left) {
            out.value(crdt::detail::Access::value(&store, {span.run, span.offset + i}));
        }
        skip = 0;
    }
    return out.done();
}

}  // namespace ropewalk
