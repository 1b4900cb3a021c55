// What can be asked of a document as a whole: what it waits for, and its canonical form.
#include "document.hpp"
#include "errors.hpp"
#include "functions.hpp"
#include "values.hpp"

namespace ropewalk {

namespace {

py::object missing(const py::object& document) {
    DocObject* const doc = opened(document.ptr());
    const Entered entered(doc);
    return bytes_object(value_of(value_of(doc->doc->missing()).encode()).view());
}

crdt::IdSet pending_deletes(const py::object& document) {
    DocObject* const doc = opened(document.ptr());
    const Entered entered(doc);
    return value_of(doc->doc->pending_deletes());
}

bool has_pending(const py::object& document) {
    DocObject* const doc = opened(document.ptr());
    const Entered entered(doc);
    return doc->doc->has_pending();
}

py::object canonical(const py::object& document) {
    DocObject* const doc = opened(document.ptr());
    std::optional<crdt::Result<crdt::Bytes>> made;
    {
        const Entered entered(doc);
        without_gil([&] { made.emplace(doc->doc->encode_canonical()); });
    }
    return bytes_object(value_of(*std::move(made)).view());
}

}  // namespace

void add_document_state(py::module_& module) {
    module.def("_missing", &missing);
    module.def("_pending_deletes", &pending_deletes);
    module.def("_has_pending", &has_pending);
    module.def("_canonical", &canonical);
}

}  // namespace ropewalk
