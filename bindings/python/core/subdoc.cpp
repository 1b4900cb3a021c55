// Documents in documents: which Doc of Python's stands for which place in the outer document.
#include "content.hpp"
#include "errors.hpp"
#include "functions.hpp"

namespace ropewalk {

namespace {

// Places that were deleted are forgotten when there are twice as many as were left last time.
void forget_deleted(DocObject* doc) {
    std::vector<py::object> forgotten;  // last: that may run anything
    std::erase_if(doc->subdocs.places, [&](auto& one) {
        if (one.second.place.alive()) return false;
        forgotten.push_back(py::reinterpret_steal<py::object>(one.second.object));
        return true;
    });
    doc->subdocs.enough = 2 * doc->subdocs.places.size() + 16;
}

PyObject* find(DocObject* doc, const crdt::Subdoc& subdoc) {
    const auto [first, last] = doc->subdocs.places.equal_range(std::string(subdoc.guid()));
    for (auto one = first; one != last; ++one) {
        if (one->second.place == subdoc) return one->second.object;
    }
    return nullptr;
}

void load(const py::object& document) {
    DocObject* const inner = opened(document.ptr());
    if (inner->outer == nullptr) return;
    const py::object outer = shared(inner->outer);
    const Writing writing(as_doc(outer.ptr()));
    if (inner->place.alive()) check(inner->place.load());
    writing.done();
}

// The place gets another Doc when it is asked for the next time.
void destroy(const py::object& document) {
    DocObject* const inner = opened(document.ptr());
    if (inner->outer == nullptr) return;
    const py::object kept = shared(inner->outer);
    DocObject* const outer = as_doc(kept.ptr());
    const Writing writing(outer);
    if (inner->place.alive()) check(inner->place.destroy());
    std::erase_if(outer->subdocs.places, [&](auto& one) {
        if (one.second.object != document.ptr()) return false;
        Py_DECREF(one.second.object);
        return true;
    });
    inner->place = {};
    Py_CLEAR(inner->outer);
    writing.done();
}

// None: it is in no document.
py::object should_load(const py::object& document) {
    DocObject* const inner = opened(document.ptr());
    if (inner->outer == nullptr) return py::none();
    const py::object outer = shared(inner->outer);
    const Entered entered(as_doc(outer.ptr()));
    if (!inner->place.alive()) return py::none();
    return py::bool_(inner->place.should_load());
}

}  // namespace

void add_subdocs(py::module_& module) {
    module.def("_load", &load);
    module.def("_destroy", &destroy);
    module.def("_should_load", &should_load);
}

void adopt_subdoc(DocObject* doc, const crdt::Subdoc& subdoc, PyObject* object) {
    if (!subdoc.exists()) raise(PyExc_RuntimeError, "what was inserted is no document");
    if (find(doc, subdoc) != nullptr) return;
    if (doc->subdocs.places.size() >= doc->subdocs.enough) forget_deleted(doc);
    doc->subdocs.places.emplace(std::string(subdoc.guid()), Subdocs::Entry{subdoc, object});
    Py_INCREF(object);
    DocObject* const inner = as_doc(object);
    // Who is in several documents belongs to the one that took it last.
    if (inner->outer != &doc->ob_base || !inner->place.alive()) {
        inner->place = subdoc;
        Py_XSETREF(inner->outer, Py_NewRef(&doc->ob_base));
    }
}

py::object subdoc_object(DocObject* doc, const crdt::Subdoc& subdoc) {
    if (PyObject* const known = find(doc, subdoc); known != nullptr) return shared(known);
    const py::object outer = shared(&doc->ob_base);
    py::object made =
        outer.attr("_new_subdoc")(to_python(subdoc.guid()), py::bool_(subdoc.collect()),
                                  py::bool_(subdoc.auto_load()), to_python(subdoc.meta()));
    adopt_subdoc(doc, subdoc, made.ptr());
    return made;
}

}  // namespace ropewalk
