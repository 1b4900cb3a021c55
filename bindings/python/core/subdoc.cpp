// Documents in documents: which Doc of Python's stands for which place in the outer document.
#include "content.hpp"
#include "errors.hpp"

namespace ropewalk {

namespace {

// Places that were deleted are forgotten when there are twice as many as were left last time.
void forget_deleted(DocObject* doc) {
    std::erase_if(doc->subdocs.places, [](auto& one) {
        if (one.second.place.alive()) return false;
        Py_DECREF(one.second.object);
        return true;
    });
    doc->subdocs.enough = 2 * doc->subdocs.places.size() + 16;
}

PyObject* find(DocObject* doc, const crdt::Subdoc& subdoc) {
    const auto [first, last] =
        doc->subdocs.places.equal_range(std::string(subdoc.guid()));
    for (auto one = first; one != last; ++one) {
        if (one->second.place == subdoc) return one->second.object;
    }
    return nullptr;
}

}  // namespace

void adopt_subdoc(DocObject* doc, const crdt::Subdoc& subdoc, PyObject* object) {
    if (!subdoc.exists()) raise(PyExc_RuntimeError, "what was inserted is no document");
    if (find(doc, subdoc) != nullptr) return;
    if (doc->subdocs.places.size() >= doc->subdocs.enough) forget_deleted(doc);
    doc->subdocs.places.emplace(std::string(subdoc.guid()), Subdocs::Entry{subdoc, object});
    Py_INCREF(object);
}

py::object subdoc_object(DocObject* doc, const crdt::Subdoc& subdoc) {
    if (PyObject* const known = find(doc, subdoc); known != nullptr) return shared(known);
    const py::object outer = shared(&doc->ob_base);
    py::object made =
        outer.attr("_new_subdoc")(to_python(subdoc.guid()), py::bool_(subdoc.collect()));
    adopt_subdoc(doc, subdoc, made.ptr());
    return made;
}

}  // namespace ropewalk
