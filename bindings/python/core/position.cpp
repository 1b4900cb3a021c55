// The native part of StickyIndex: a place that stays where it is while others edit.
#include "errors.hpp"
#include "events.hpp"
#include "functions.hpp"
#include "text.hpp"
#include "values.hpp"

namespace ropewalk {

namespace {

using crdt::RelativePosition;

bool is_text(crdt::detail::TypeKind kind) {
    return kind == crdt::detail::TypeKind::text || kind == crdt::detail::TypeKind::xml_text;
}

RelativePosition at(const py::object& sequence, const py::object& index, int association) {
    if (!is_shared(sequence.ptr())) raise(PyExc_TypeError, "a sequence was expected");
    auto* self = as_shared(sequence.ptr());
    DocObject* const doc = document_of(self);
    const Entered entered(doc);
    const auto type = handle<crdt::Text>(self);
    check(type.check());
    crdt::detail::Store& store = *self->store;
    check(store.open_history());
    const bool text = is_text(store.types.types[self->type].kind);
    std::size_t units = index_of(index.ptr(), "index");
    if (text && doc->unit != Unit::utf16) {
        const auto narrow = static_cast<std::uint32_t>(units < 0xffffffffU ? units : 0xffffffffU);
        units = value_of(store.to_units(self->type, narrow, doc->unit == Unit::utf8));
    }
    if (units > store.units(self->type)) {
        raise(crdt::Error{crdt::ErrorCode::index_out_of_range, units});
    }
    const RelativePosition made = type.position_at(
        units, association < 0 ? crdt::Association::before : crdt::Association::after);
    if (!made.exists()) throw std::bad_alloc();
    return made;
}

std::uint32_t index_in(const RelativePosition& self, const py::object& document) {
    DocObject* const doc = opened(document.ptr());
    const Entered entered(doc);
    const std::optional<crdt::Place> place = doc->doc->resolve(self);
    if (!place.has_value()) {
        raise(PyExc_RuntimeError,
              "the sticky index names something that this document does not know, or not any more");
    }
    const auto index = static_cast<std::uint32_t>(place->index);
    const crdt::detail::TypeKind kind = crdt::detail::Access::store(place->type)
                                            ->types.types[crdt::detail::Access::type(place->type)]
                                            .kind;
    return is_text(kind) ? in_unit_of(doc, place->type, index) : index;
}

// The shared type, the index and the association; None where the document does not know the place.
py::object resolve(const RelativePosition& self, const py::object& document, bool follow_undone) {
    DocObject* const doc = opened(document.ptr());
    const Entered entered(doc);
    const std::optional<crdt::Place> place = doc->doc->resolve(self, follow_undone);
    if (!place.has_value()) return py::none();
    const crdt::detail::Store* const store = crdt::detail::Access::store(place->type);
    const crdt::detail::TypeKind kind =
        store->types.types[crdt::detail::Access::type(place->type)].kind;
    const auto index = static_cast<std::uint32_t>(place->index);
    return py::make_tuple(object_of(doc, crdt::detail::value_kind(kind), place->type),
                          is_text(kind) ? in_unit_of(doc, place->type, index) : index,
                          static_cast<int>(place->association));
}

}  // namespace

void add_sticky_index(py::module_& module) {
    py::class_<RelativePosition>(module, "StickyIndex")
        .def_static("at", &at)
        .def_static("decode",
                    [](const py::object& data) {
                        return value_of(RelativePosition::decode(BytesOf(data.ptr()).view()));
                    })
        .def_static("from_json",
                    [](const py::str& json) {
                        return value_of(RelativePosition::from_json(key_of(json.ptr())));
                    })
        .def("encode",
             [](const RelativePosition& self) {
                 return bytes_object(value_of(self.encode()).view());
             })
        .def("to_json",
             [](const RelativePosition& self) {
                 return to_python(crdt::as_text(value_of(self.to_json()).view()));
             })
        .def("index_in", &index_in)
        .def("resolve", &resolve)
        .def("association",
             [](const RelativePosition& self) { return static_cast<int>(self.association()); })
        .def("__eq__", [](const RelativePosition& a, const RelativePosition& b) { return a == b; });
}

}  // namespace ropewalk
