// Shared types as Python objects: a document and a handle, or, before they are put into a document,
// what they will start with.
#pragma once

#include "document.hpp"

namespace ropewalk {

struct SharedObject {
    PyObject ob_base;
    PyObject* doc = nullptr;     // the Doc; nullptr while it is preliminary
    PyObject* prelim = nullptr;  // what it starts with; nullptr if nothing, or if it has a document
    crdt::detail::Store* store = nullptr;
    std::uint32_t type = crdt::detail::kNone;
};

extern PyTypeObject* shared_type;

[[nodiscard]] inline SharedObject* as_shared(PyObject* object) noexcept {
    return reinterpret_cast<SharedObject*>(object);
}
[[nodiscard]] inline bool is_shared(PyObject* object) noexcept {
    return PyObject_TypeCheck(object, shared_type) != 0;
}

[[noreturn]] void raise_not_integrated();
// The document of a type that has one; else raises.
[[nodiscard]] inline DocObject* document_of(SharedObject* self) {
    if (self->doc == nullptr) [[unlikely]]
        raise_not_integrated();
    return as_doc(self->doc);
}
// The engine's handle: T is crdt::Text, crdt::Array, ...
template <class T>
[[nodiscard]] T handle(const SharedObject* self) noexcept {
    return crdt::detail::Access::handle<T>(self->store, self->type);
}
// Gives an object its place in a document.
void attach(SharedObject* self, DocObject* doc, const crdt::SharedType& type);

// Gives a class of Python's the native methods that it inherits as its own: CPython calls a method
// faster by the class that it was made for than by one derived from that.
void take_over_methods(PyTypeObject* type);
// Objects of the classes that Python has made of the native ones, by what they stand for.
void set_class(crdt::ValueKind kind, PyObject* type);
[[nodiscard]] py::object object_of(DocObject* doc,
                                   crdt::ValueKind kind,
                                   const crdt::SharedType& type);
// A value of the document as Python sees it: plain, or a shared type.
[[nodiscard]] py::object object_of(DocObject* doc, const crdt::Value& value);

void add_shared_type(py::module_& module);
void add_text(py::module_& module);
void add_array(py::module_& module);
void add_map(py::module_& module);
void add_xml(py::module_& module);
void add_xml_hook(py::module_& module);

}  // namespace ropewalk
