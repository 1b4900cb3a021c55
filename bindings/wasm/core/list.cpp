// Arrays, and the children of XML elements and fragments.
#include "border.hpp"

namespace ropewalk {

namespace {

using crdt::detail::kNone;
using crdt::detail::Run;
using crdt::detail::RunKind;
using crdt::detail::Store;

// What is put into a list: plain values where they are, if it is nothing else, for there may be
// many and they become one item; else contents.
struct Elements {
    std::vector<crdt::ByteView> values;
    std::vector<crdt::Content> contents;

    [[nodiscard]] crdt::Status read(std::uint32_t size, std::uint32_t count) noexcept {
        if (read_values(size, count)) return {};
        values.clear();
        return In(size).contents(count, contents);
    }

private:
    // Whether all are values, encoded as a document keeps them.
    [[nodiscard]] bool read_values(std::uint32_t size, std::uint32_t count) noexcept {
        if (count == 0 || !room(count * sizeof(crdt::ByteView))) return false;
        values.reserve(count);
        const std::uint8_t* at = in_begin();
        for (const std::uint8_t* const end = at + size; at < end;) {
            const std::uint8_t* const from = at;
            // Numbers are right: JavaScript has written them.
            if (*at == crdt::detail::kTagInteger) {
                while (*++at > 0x7f) {
                }
                values.push_back({from, ++at});
                continue;
            }
            bool canonical = false;
            const crdt::Error error = crdt::detail::validate_any(at, end, {}, canonical);
            if (error.code != crdt::ErrorCode::ok || !canonical) return false;
            values.push_back({from, at});
        }
        return true;
    }
};

crdt::Status insert_values(Document* document,
                           std::uint32_t type,
                           std::uint32_t position,
                           const std::vector<crdt::ByteView>& values) noexcept {
    Store& store = document->store();
    if (const auto alive = document->handle<crdt::Array>(type).check(); !alive.ok()) return alive;
    ROPEWALK_CHECK(store.begin_change());
    Store::NewItem item;
    item.elements = values.data();
    item.count = static_cast<std::uint32_t>(values.size());
    crdt::Status put;
    if (position != kNone && position > store.units(type)) {
        put = crdt::Error{crdt::ErrorCode::index_out_of_range, position};
    } else {
        put = store.insert_item(type, position, item, nullptr);
    }
    const crdt::Status ended = store.end_change();
    return put.ok() ? ended : put;
}

}  // namespace

// `count` contents in `in`; index kNone: behind the very last item, deleted ones included.
// report.made: the last of them, if it is a type or a sub-document.
RW_EXPORT(rw_list_insert)
std::uint32_t rw_list_insert(Document* document,
                             std::uint32_t type,
                             std::uint32_t index,
                             std::uint32_t size,
                             std::uint32_t count,
                             std::uint32_t transaction) {
    Elements elements;
    if (const auto read = elements.read(size, count); !read.ok()) return answer(read);
    if (!elements.values.empty()) {
        return write(document, transaction,
                     [&] { return insert_values(document, type, index, elements.values); });
    }
    const auto list = document->handle<crdt::Array>(type);
    const auto& contents = elements.contents;
    return write(document, transaction, [&] {
        const crdt::Status put =
            index == kNone ? list.push(contents) : list.insert(index, contents);
        if (put.ok() && !contents.empty()) {
            note_made(list.get((index == kNone ? list.size() : index + contents.size()) - 1));
        }
        return put;
    });
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
        Store& store = document->store();
        crdt::detail::RunPos made = crdt::detail::sibling_behind(store, child);
        note_made(crdt::detail::Access::value(&store, made));
    }
    return answer(put);
}

RW_EXPORT(rw_list_erase)
std::uint32_t rw_list_erase(Document* document,
                            std::uint32_t type,
                            std::uint32_t index,
                            std::uint32_t count,
                            std::uint32_t transaction) {
    return write(document, transaction,
                 [&] { return document->handle<crdt::Array>(type).erase(index, count); });
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
    Store& store = document->store();
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
        const Run& run = store.runs[span.run];
        for (std::uint32_t i = skip; i < span.length() && left > 0; ++i, --left) {
            const crdt::ByteView value = run.kind == RunKind::any
                                             ? store.content.element(run, span.offset + i)
                                             : crdt::ByteView();
            // Objects are told with what they are known by.
            const bool simple = !value.empty() && value[0] != crdt::detail::kTagObject &&
                                value[0] != crdt::detail::kTagArray;
            if (simple) {
                out.raw(value);
            } else {
                out.value(crdt::detail::Access::value(&store, {span.run, span.offset + i}));
            }
        }
        skip = 0;
    }
    return out.done();
}

}  // namespace ropewalk
