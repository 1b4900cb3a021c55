#include "shared_type.hpp"

#include <array>

#include "content.hpp"
#include "errors.hpp"
#include "values.hpp"

namespace ropewalk {

PyTypeObject* shared_type = nullptr;

namespace {

constexpr std::size_t kKinds = static_cast<std::size_t>(crdt::ValueKind::embed) + 1;
std::array<PyObject*, kKinds> classes{};

PyObject* make(PyTypeObject* type, PyObject*, PyObject*) noexcept {
    PyObject* const made = type->tp_alloc(type, 0);
    if (made == nullptr) return nullptr;
    auto* self = as_shared(made);
    self->doc = self->prelim = nullptr;
    self->store = nullptr;
    self->type = crdt::detail::kNone;
    return made;
}

void dealloc(PyObject* object) noexcept {
    PyObject_GC_UnTrack(object);
    Py_CLEAR(as_shared(object)->doc);
    Py_CLEAR(as_shared(object)->prelim);
    PyTypeObject* const type = Py_TYPE(object);
    type->tp_free(object);
    Py_DECREF(type);
}

int traverse(PyObject* object, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(as_shared(object)->doc);
    Py_VISIT(as_shared(object)->prelim);
    return 0;
}

// The document stays: a handle without it would be one to nowhere. Documents break cycles.
int clear(PyObject* object) {
    Py_CLEAR(as_shared(object)->prelim);
    return 0;
}

PyObject* get_doc(PyObject* object, void*) noexcept {
    return answered([&] { return Py_NewRef(&document_of(as_shared(object))->ob_base); });
}

PyObject* get_prelim(PyObject* object, void*) noexcept {
    PyObject* const prelim = as_shared(object)->prelim;
    return Py_NewRef(prelim == nullptr ? Py_None : prelim);
}

int set_prelim(PyObject* object, PyObject* value, void*) noexcept {
    PyObject* const start = value == nullptr || value == Py_None ? nullptr : Py_NewRef(value);
    Py_XSETREF(as_shared(object)->prelim, start);
    return 0;
}

PyObject* is_prelim(PyObject* object, void*) noexcept {
    return PyBool_FromLong(as_shared(object)->prelim != nullptr);
}

PyObject* is_integrated(PyObject* object, void*) noexcept {
    return PyBool_FromLong(as_shared(object)->doc != nullptr);
}

// The same type of the same document, whatever object stands for it.
PyObject* same_type(PyObject* a, PyObject* b) noexcept {
    if (!is_shared(b)) return PyBool_FromLong(0);
    auto* one = as_shared(a);
    auto* other = as_shared(b);
    const bool same = one == other || (one->doc != nullptr && one->store == other->store &&
                                       one->type == other->type);
    return PyBool_FromLong(static_cast<long>(same));
}

PyObject* compare(PyObject* a, PyObject* b, int operation) noexcept {
    if ((operation != Py_EQ && operation != Py_NE) || !is_shared(b)) Py_RETURN_NOTIMPLEMENTED;
    PyObject* const same = same_type(a, b);
    if (operation == Py_EQ) return same;
    PyObject* const other = Py_NewRef(same == Py_True ? Py_False : Py_True);
    Py_DECREF(same);
    return other;
}

// Of what it stands for. Before that there is none: it would change.
Py_hash_t hash(PyObject* object) noexcept {
    auto* self = as_shared(object);
    Py_hash_t mixed = -1;
    static_cast<void>(done([&] {
        static_cast<void>(document_of(self));
        const std::size_t address = reinterpret_cast<std::uintptr_t>(self->store) >> 4U;
        mixed = static_cast<Py_hash_t>(address ^ (std::size_t{self->type} * 0x9e3779b97f4a7c15U));
        if (mixed == -1) mixed = -2;
    }));
    return mixed;
}

PyObject* get_integrated(PyObject* object, void*) noexcept {
    return answered([&] {
        static_cast<void>(document_of(as_shared(object)));
        return Py_NewRef(object);
    });
}

PyMethodDef methods[] = {
    {"_is_same", &same_type, METH_O,
     "_is_same($self, other)\n--\n\nWhether both stand for one type of one document."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef attributes[] = {
    {"doc", &get_doc, nullptr, "The document that this belongs to.", nullptr},
    {"_prelim", &get_prelim, &set_prelim, "What it will start with.", nullptr},
    {"prelim", &get_prelim, nullptr, "What it will start with, until it is in a document.",
     nullptr},
    {"integrated", &get_integrated, nullptr, "This, if it is in a document; else raises.", nullptr},
    {"is_prelim", &is_prelim, nullptr, "Whether it waits for a document with a content.", nullptr},
    {"is_integrated", &is_integrated, nullptr, "Whether it is in a document.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>("What all shared types have in common.")},
                       {Py_tp_new, reinterpret_cast<void*>(&make)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(&dealloc)},
                       {Py_tp_traverse, reinterpret_cast<void*>(&traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(&clear)},
                       {Py_tp_richcompare, reinterpret_cast<void*>(&compare)},
                       {Py_tp_hash, reinterpret_cast<void*>(&hash)},
                       {Py_tp_methods, methods},
                       {Py_tp_getset, attributes},
                       {0, nullptr}};

PyType_Spec spec = {"ropewalk._core.SharedType", sizeof(SharedObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};

}  // namespace

void raise_not_integrated() { raise(PyExc_RuntimeError, "Not integrated in a document yet"); }

void attach(SharedObject* self, DocObject* doc, const crdt::SharedType& type) {
    // Events hand out types that have been deleted: each use of them says so.
    if (const crdt::Status status = type.check();
        !status.ok() && status.error().code != crdt::ErrorCode::deleted_type) {
        raise(status.error());
    }
    Py_XSETREF(self->doc, Py_NewRef(&doc->ob_base));
    Py_CLEAR(self->prelim);
    self->store = crdt::detail::Access::store(type);
    self->type = crdt::detail::Access::type(type);
}

void take_over_methods(PyTypeObject* type) {
    for (Py_ssize_t i = 1; i < PyTuple_GET_SIZE(type->tp_mro); ++i) {
        auto* const base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(type->tp_mro, i));
        if (base == &PyBaseObject_Type || base->tp_methods == nullptr) continue;
        for (PyMethodDef* method = base->tp_methods; method->ml_name != nullptr; ++method) {
            const py::object found =
                owned(PyObject_GetAttrString(reinterpret_cast<PyObject*>(type), method->ml_name));
            if (!Py_IS_TYPE(found.ptr(), &PyMethodDescr_Type) ||
                PyDescr_TYPE(found.ptr()) != base) {
                continue;  // the class has one of its own
            }
            const py::object own = owned(PyDescr_NewMethod(type, method));
            if (PyObject_SetAttrString(reinterpret_cast<PyObject*>(type), method->ml_name,
                                       own.ptr()) != 0) {
                throw py::error_already_set();
            }
        }
    }
}

void set_class(crdt::ValueKind kind, PyObject* type) {
    if (PyType_Check(type) == 0) raise(PyExc_TypeError, "a class was expected");
    Py_XSETREF(classes[static_cast<std::size_t>(kind)], Py_NewRef(type));
    take_over_methods(reinterpret_cast<PyTypeObject*>(type));
}

py::object object_of(DocObject* doc, crdt::ValueKind kind, const crdt::SharedType& type) {
    auto* cls = reinterpret_cast<PyTypeObject*>(classes[static_cast<std::size_t>(kind)]);
    if (cls == nullptr)
        raise(PyExc_TypeError, "a shared type of a kind that Python has no name for");
    py::object made = owned(cls->tp_alloc(cls, 0));
    auto* self = as_shared(made.ptr());
    self->doc = self->prelim = nullptr;
    attach(self, doc, type);
    return made;
}

py::object object_of(DocObject* doc, const crdt::Value& value) {
    using crdt::ValueKind;
    const ValueKind kind = value.kind();
    switch (kind) {
        case ValueKind::absent:
            return py::none();
        case ValueKind::any:
            // Text in a list, which no program has put there.
            if (const char16_t unit = value.character(); unit != 0) {
                const bool half = (unit & 0xf800U) == 0xd800U;
                return owned(PyUnicode_FromOrdinal(half ? 0xfffd : unit));
            }
            [[fallthrough]];
        case ValueKind::embed: {
            const Walking walking(doc);
            return to_python(value.any());
        }
        case ValueKind::binary:
            return bytes_object(value.binary());
        case ValueKind::text:
            return object_of(doc, kind, value.text());
        case ValueKind::array:
            return object_of(doc, kind, value.array());
        case ValueKind::map:
            return object_of(doc, kind, value.map());
        case ValueKind::xml_element:
            return object_of(doc, kind, value.xml_element());
        case ValueKind::xml_fragment:
            return object_of(doc, kind, value.xml_fragment());
        case ValueKind::xml_text:
            return object_of(doc, kind, value.xml_text());
        case ValueKind::xml_hook:
            return object_of(doc, kind, value.xml_hook());
        case ValueKind::document:
            return subdoc_object(doc, value.document());
    }
    return py::none();
}

void add_shared_type(py::module_& module) {
    shared_type = add_type(module, spec);
    module.def("_set_class", [](const char* kind, py::object type) {
        if (kind == std::string_view("doc") && PyType_Check(type.ptr()) != 0) {
            return take_over_methods(reinterpret_cast<PyTypeObject*>(type.ptr()));
        }
        using crdt::ValueKind;
        const std::pair<const char*, ValueKind> kinds[] = {
            {"text", ValueKind::text},
            {"array", ValueKind::array},
            {"map", ValueKind::map},
            {"xml_element", ValueKind::xml_element},
            {"xml_fragment", ValueKind::xml_fragment},
            {"xml_hook", ValueKind::xml_hook},
            {"xml_text", ValueKind::xml_text}};
        for (const auto& [name, value] : kinds) {
            if (std::string_view(name) == kind) set_class(value, type.ptr());
        }
    });
}

}  // namespace ropewalk
