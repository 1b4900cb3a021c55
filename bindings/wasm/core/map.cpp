// Values by key: of maps, and attributes of elements and texts.
#include "border.hpp"

namespace ropewalk {

// A key, then a content. report.made: a type or sub-document that was put in.
RW_EXPORT(rw_map_set)
std::uint32_t rw_map_set(Document* document,
                         std::uint32_t type,
                         std::uint32_t key_size,
                         std::uint32_t size,
                         std::uint32_t transaction) {
    if (!room(0)) return no_room();
    const std::string_view key = in_text(key_size);
    const auto content = In(in_begin() + key_size, in_begin() + size).content();
    if (!content.ok()) return answer(content.error());
    const auto map = document->handle<crdt::Map>(type);
    return write(document, transaction, [&] {
        const crdt::Status put = map.set(key, *content);
        if (put.ok() && content->kind() != crdt::Content::Kind::any) note_made(map.get(key));
        return put;
    });
}
RW_EXPORT(rw_map_erase)
std::uint32_t rw_map_erase(Document* document,
                           std::uint32_t type,
                           std::uint32_t key_size,
                           std::uint32_t transaction) {
    return write(document, transaction,
                 [&] { return document->handle<crdt::Map>(type).erase(in_text(key_size)); });
}
RW_EXPORT(rw_map_clear) std::uint32_t rw_map_clear(Document* document, std::uint32_t type) {
    return answer(document->handle<crdt::Map>(type).clear());
}
RW_EXPORT(rw_map_size) std::uint32_t rw_map_size(Document* document, std::uint32_t type) {
    return static_cast<std::uint32_t>(document->handle<crdt::Map>(type).size());
}
// Nothing in `out` where there is none.
RW_EXPORT(rw_map_get)
std::uint32_t rw_map_get(Document* document, std::uint32_t type, std::uint32_t key_size) {
    const crdt::Value value = document->handle<crdt::Map>(type).get(in_text(key_size));
    Out out;
    if (value.exists()) out.value(value);
    return out.done();
}
RW_EXPORT(rw_map_entries) std::uint32_t rw_map_entries(Document* document, std::uint32_t type) {
    Out out;
    document->handle<crdt::Map>(type).for_each([&](std::string_view key, const crdt::Value& value) {
        out.key(document->store(), key);
        out.value(value);
    });
    return out.done();
}

}  // namespace ropewalk
