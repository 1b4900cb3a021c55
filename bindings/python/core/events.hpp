// What observers are handed: views of a change, found out when they are looked at.
//
// While its observer is called an event asks the engine. One that somebody has kept is filled in
// when the observer returns, so that it tells the same for ever; of one that nobody kept, nothing
// that was not looked at is ever made.
#pragma once

#include "shared_type.hpp"

namespace ropewalk {

// f() makes the value that `slot` keeps.
template <class F>
PyObject* kept(PyObject*& slot, F&& f) {
    if (slot == nullptr) slot = f().release().ptr();
    return Py_NewRef(slot);
}

// An observer that may drop itself, or its listener, while it is called. Holds no reference: called
// only while the document is, and with the GIL.
[[nodiscard]] inline py::object callback_of(const Listener* listener) {
    return listener->callback == nullptr ? py::object() : shared(listener->callback);
}

// In units of the document: where in a type something is that stands `at` in UTF-16.
[[nodiscard]] std::uint32_t in_unit_of(const DocObject* doc,
                                       const crdt::SharedType& type,
                                       std::uint32_t at);

// TransactionEvent and SubdocsEvent; TextEvent, ArrayEvent, MapEvent and XmlEvent.
void add_document_events(py::module_& module);
void add_type_events(py::module_& module);

}  // namespace ropewalk
