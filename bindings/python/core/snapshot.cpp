// Snapshot: what a document looked like.
#include "errors.hpp"
#include "functions.hpp"
#include "id_sets.hpp"
#include "shared_type.hpp"
#include "text.hpp"
#include "values.hpp"

namespace ropewalk {

namespace {

using crdt::Snapshot;

crdt::Text text_of(const py::object& type, DocObject*& doc) {
    if (!is_shared(type.ptr())) raise(PyExc_TypeError, "a text was expected");
    doc = document_of(as_shared(type.ptr()));
    return handle<crdt::Text>(as_shared(type.ptr()));
}

Snapshot of(const py::object& document) {
    DocObject* const doc = opened(document.ptr());
    const Entered entered(doc);
    return value_of(Snapshot::of(*doc->doc));
}

Snapshot decode(const py::object& data, bool v2) {
    const BytesOf bytes(data.ptr());
    return value_of(v2 ? Snapshot::decode_v2(bytes.view()) : Snapshot::decode(bytes.view()));
}

py::object encode(const Snapshot& self, bool v2) {
    return bytes_object(value_of(v2 ? self.encode_v2() : self.encode()).view());
}

// The state becomes that of `into`, a document that nobody has used yet.
void restore(const Snapshot& self, const py::object& document, const py::object& into) {
    DocObject* const doc = opened(document.ptr());
    DocObject* const made = opened(into.ptr());
    if (doc == made) raise(PyExc_ValueError, "a snapshot is restored into a document of its own");
    const Entered entered(doc);
    const Writing writing(made);
    if (!made->doc->root_names().empty()) {
        raise(PyExc_ValueError, "a snapshot is restored into a new document");
    }
    auto restored = self.restore(
        *doc->doc, crdt::DocOptions{.client = made->doc->client(), .collect = made->collect});
    if (!restored.ok() && restored.error().code == crdt::ErrorCode::collected) {
        raise(PyExc_ValueError,
              "the document forgets what is deleted: snapshots of one with skip_gc=True can be "
              "restored");
    }
    *made->doc = value_of(std::move(restored));
    made->unit = doc->unit;
}

py::object text(const Snapshot& self, const py::object& type) {
    DocObject* doc = nullptr;
    const crdt::Text of = text_of(type, doc);
    crdt::Bytes utf8;
    const Entered entered(doc);
    check(self.append_to(of, utf8));
    return to_python(crdt::as_text(utf8.view()));
}

py::list differences(const Snapshot& self, const Snapshot& older, const py::object& type) {
    DocObject* doc = nullptr;
    const crdt::Text of = text_of(type, doc);
    py::list pieces;
    const Entered entered(doc);
    const Walking walking(doc);
    check(self.for_each_difference(
        of, older, [&](crdt::Difference difference, std::string_view utf8) {
            const char* const what = difference == crdt::Difference::added     ? "added"
                                     : difference == crdt::Difference::removed ? "removed"
                                                                               : "kept";
            pieces.append(py::make_tuple(what, to_python(utf8)));
        }));
    return pieces;
}

py::list to_delta(const Snapshot& self, const py::object& type, const Snapshot* older) {
    DocObject* doc = nullptr;
    const crdt::Text of = text_of(type, doc);
    const Entered entered(doc);
    const Walking walking(doc);
    return delta_object(doc, self.to_delta(of, older));
}

// Entries of a map, or attributes of a text or an XML element.
py::dict entries(const Snapshot& self, const py::object& type) {
    if (!is_shared(type.ptr())) raise(PyExc_TypeError, "a shared type was expected");
    DocObject* const doc = document_of(as_shared(type.ptr()));
    const auto of = handle<crdt::Text>(as_shared(type.ptr()));
    py::dict made;
    const Entered entered(doc);
    const Walking walking(doc);
    check(of.check());
    self.for_each_entry(of, [&](std::string_view key, const crdt::Value& value) {
        made[to_python(key)] = object_of(doc, value);
    });
    return made;
}

}  // namespace

void add_snapshot(py::module_& module) {
    py::class_<Snapshot>(module, "Snapshot")
        .def_static("of", &of)
        .def_static("decode", &decode)
        .def("encode", &encode)
        .def("restore", &restore)
        .def("text", &text)
        .def("differences", &differences)
        .def("to_delta", &to_delta)
        .def("entries", &entries)
        .def("contains_update",
             [](const Snapshot& self, const py::object& update) {
                 return value_of(self.contains_update(BytesOf(update.ptr()).view()));
             })
        .def("state",
             [](const Snapshot& self) {
                 return bytes_object(value_of(self.state_vector().encode()).view());
             })
        .def("deletions", [](const Snapshot& self) { return copy_of(self.deletions()); })
        .def("__eq__", [](const Snapshot& a, const Snapshot& b) { return a == b; });
}

}  // namespace ropewalk
