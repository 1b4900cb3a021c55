#include "document.hpp"

#include "content.hpp"
#include "errors.hpp"
#include "shared_type.hpp"
#include "transaction.hpp"
#include "values.hpp"

namespace ropewalk {

PyTypeObject* doc_type = nullptr;

namespace {

// Smaller work is done before another thread could have the GIL.
constexpr std::size_t kLongInput = 2048;

// Doc(doc=document) is that document.
PyObject* make(PyTypeObject* type, PyObject*, PyObject* keywords) noexcept {
    return answered([&] {
        PyObject* const given =
            keywords == nullptr ? nullptr : PyDict_GetItemString(keywords, "doc");
        if (given != nullptr && given != Py_None) {
            if (PyObject_TypeCheck(given, type) == 0) {
                PyErr_Format(PyExc_TypeError, "doc is a %s, not a %s", type->tp_name,
                             Py_TYPE(given)->tp_name);
                throw py::error_already_set();
            }
            return Py_NewRef(given);
        }
        PyObject* const made = checked(type->tp_alloc(type, 0));
        auto* self = as_doc(made);
        const PyObject head = self->ob_base;
        ::new (self) DocObject;
        self->ob_base = head;
        return made;
    });
}

int traverse(PyObject* object, visitproc visit, void* arg) {
    auto* self = as_doc(object);
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->reader);
    for (const auto& listener : self->listeners) Py_VISIT(listener->callback);
    for (PyObject* const error : self->errors) Py_VISIT(error);
    for (const auto& one : self->subdocs.places) Py_VISIT(one.second.object);
    Py_VISIT(self->outer);
    return 0;
}

int clear(PyObject* object) {
    auto* self = as_doc(object);
    Py_CLEAR(self->reader);
    const auto listeners = std::move(self->listeners);
    self->listeners.clear();
    for (const auto& listener : listeners) listener->heard.cancel();
    for (PyObject* const error : std::exchange(self->errors, {})) Py_DECREF(error);
    for (const auto& one : std::exchange(self->subdocs.places, {})) Py_DECREF(one.second.object);
    self->place = {};
    Py_CLEAR(self->outer);
    return 0;
}

void dealloc(PyObject* object) noexcept {
    PyObject_GC_UnTrack(object);
    auto* self = as_doc(object);
    static_cast<void>(clear(object));
    Py_CLEAR(self->guid);
    const PyObject head = self->ob_base;
    self->~DocObject();
    self->ob_base = head;
    PyTypeObject* const type = Py_TYPE(object);
    type->tp_free(object);
    Py_DECREF(type);
}

Unit unit_of(std::string_view name) {
    if (name == "unicode") return Unit::code_point;
    if (name == "utf8") return Unit::utf8;
    if (name == "utf16" || name == "javascript") return Unit::utf16;
    raise(PyExc_ValueError, "offsets are \"unicode\", \"utf8\", \"utf16\" or \"javascript\"");
}

std::uint64_t number_of(PyObject* value) {
    const unsigned long long number = PyLong_AsUnsignedLongLong(value);
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
    return number;
}

// {"update_bytes": ..., "structs": ...}: the names of crdt::Limits.
crdt::Limits limits_of(PyObject* given) {
    crdt::Limits limits;
    if (given == Py_None) return limits;
    for (const auto& [key, value] : py::cast<py::dict>(shared(given))) {
        const std::string_view name = key_of(key.ptr());
        const std::uint64_t number = number_of(value.ptr());
        const auto narrow = static_cast<std::uint32_t>(number < 0xffffffffU ? number : 0xffffffffU);
        if (name == "nesting") {
            limits.nesting = narrow;
        } else if (name == "structs") {
            limits.structs = narrow;
        } else if (name == "update_bytes") {
            limits.update_bytes = number;
        } else if (name == "clients") {
            limits.clients = narrow;
        } else if (name == "pending_bytes") {
            limits.pending_bytes = number;
        } else if (name == "pending_structs") {
            limits.pending_structs = narrow;
        } else if (name == "type_nesting") {
            limits.type_nesting = narrow;
        } else {
            raise(PyExc_ValueError,
                  "limits are nesting, structs, update_bytes, clients, pending_bytes, "
                  "pending_structs and type_nesting");
        }
    }
    return limits;
}

PyObject* open(PyObject* object, PyObject* args) noexcept {
    return answered([&] {
        PyObject* client = nullptr;
        PyObject* limits = nullptr;
        PyObject* guid = nullptr;
        const char* unit = nullptr;
        int collect = 1;
        int may_wait = 0;
        if (PyArg_ParseTuple(args, "OpUspO", &client, &collect, &guid, &unit, &may_wait, &limits) ==
            0) {
            throw py::error_already_set();
        }
        auto* self = as_doc(object);
        if (self->doc != nullptr) raise(PyExc_RuntimeError, "the document is open already");
        const std::uint64_t id =
            client == Py_None ? raw(crdt::random_client_id()) : number_of(client);
        if (id > crdt::kMaxClientId) {
            raise(PyExc_ValueError, "a client id has at most 53 bits");
        }
        self->unit = unit_of(unit);
        self->keeps_pairs = std::string_view(unit) == "utf16";
        self->may_wait = may_wait != 0;
        self->collect = collect != 0;
        Py_XSETREF(self->guid, Py_NewRef(guid));
        self->doc = std::make_unique<crdt::Doc>(crdt::DocOptions{
            .client = crdt::ClientId{id}, .collect = self->collect, .limits = limits_of(limits)});
        return Py_NewRef(Py_None);
    });
}

PyObject* transaction(PyObject* object,
                      PyObject* const* args,
                      Py_ssize_t count,
                      PyObject* keywords) noexcept {
    return answered([&] {
        const Arguments<1> given(args, count, keywords, {"origin"}, 0);
        return transaction_of(opened(object), given.optional(0)).release().ptr();
    });
}

PyObject* get_state(PyObject* object, PyObject*) noexcept {
    return answered([&] {
        DocObject* const self = opened(object);
        const Entered entered(self);
        return bytes_object(value_of(self->doc->encode_state_vector()).view()).release().ptr();
    });
}

PyObject* get_update(PyObject* object,
                     PyObject* const* args,
                     Py_ssize_t count,
                     PyObject* keywords) noexcept {
    return answered([&] {
        const Arguments<3> given(args, count, keywords, {"state", "v2", "pending"}, 0);
        DocObject* const self = opened(object);
        const bool v2 = given[1] != nullptr && PyObject_IsTrue(given[1]) == 1;
        const bool pending = given[2] == nullptr || PyObject_IsTrue(given[2]) == 1;
        const auto waits = pending ? crdt::WhatWaits::passed_on : crdt::WhatWaits::left_out;
        crdt::StateVector known;
        if (PyObject* const state = given.optional(0); state != nullptr) {
            known = value_of(crdt::StateVector::decode(BytesOf(state).view()));
        }
        crdt::Bytes update;
        crdt::Status status;
        {
            const Entered entered(self);
            without_gil([&] {
                status = v2 ? self->doc->encode_state_as_update_v2(known, update, waits)
                            : self->doc->encode_state_as_update(known, update, waits);
            });
        }
        check(status);
        return bytes_object(update.view()).release().ptr();
    });
}

PyObject* apply_update(PyObject* object,
                       PyObject* const* args,
                       Py_ssize_t count,
                       PyObject* keywords) noexcept {
    return answered([&] {
        const Arguments<3> given(args, count, keywords, {"update", "v2", "origin"}, 1);
        DocObject* const self = opened(object);
        const bool v2 = given[1] != nullptr && PyObject_IsTrue(given[1]) == 1;
        const BytesOf update(given[0]);
        const Writing writing(self);
        crdt::Status status;
        {
            std::optional<Turn> turn;
            if (given.optional(2) != nullptr) turn.emplace(self, given[2]);
            const crdt::Origin origin = turn.has_value() ? turn->origin() : crdt::Origin();
            const auto apply = [&] {
                status = v2 ? self->doc->apply_v2(update.view(), origin)
                            : self->doc->apply(update.view(), origin);
            };
            if (update.view().size() < kLongInput) {
                apply();
            } else {
                without_gil(apply);
            }
        }
        check(status);
        writing.done();
        return Py_NewRef(Py_None);
    });
}

crdt::SharedType new_root(DocObject* self, std::string_view kind, std::string_view name) {
    if (kind == "text") return self->doc->text(name);
    if (kind == "array") return self->doc->array(name);
    if (kind == "map") return self->doc->map(name);
    if (kind == "xml_fragment") return self->doc->xml_fragment(name);
    if (kind == "xml_element") return self->doc->xml_element(name);
    if (kind == "xml_text") return self->doc->xml_text(name);
    raise(PyExc_TypeError, "not a kind of shared type");
}

PyObject* attach_root(PyObject* object, PyObject* args) noexcept {
    return answered([&] {
        const char* kind = nullptr;
        PyObject* name = nullptr;
        PyObject* type = nullptr;
        if (PyArg_ParseTuple(args, "sUO", &kind, &name, &type) == 0) {
            throw py::error_already_set();
        }
        DocObject* const self = opened(object);
        if (!is_shared(type)) raise(PyExc_TypeError, "a root is a shared type");
        const Entered entered(self);
        refuse_while_walking(self);
        attach(as_shared(type), self, new_root(self, kind, key_of(name)));
        return Py_NewRef(Py_None);
    });
}

py::object root_of(DocObject* self, std::string_view name) {
    using crdt::ValueKind;
    const ValueKind kind = self->doc->root_kind(name);
    switch (kind) {
        case ValueKind::text:
            return object_of(self, kind, self->doc->text(name));
        case ValueKind::array:
            return object_of(self, kind, self->doc->array(name));
        case ValueKind::map:
            return object_of(self, kind, self->doc->map(name));
        case ValueKind::xml_fragment:
            return object_of(self, kind, self->doc->xml_fragment(name));
        case ValueKind::xml_element:
            return object_of(self, kind, self->doc->xml_element(name));
        case ValueKind::xml_text:
            return object_of(self, kind, self->doc->xml_text(name));
        default:
            return py::none();  // met in an update, used by nobody here
    }
}

PyObject* root(PyObject* object, PyObject* name) noexcept {
    return answered([&] {
        DocObject* const self = opened(object);
        const Entered entered(self);
        const std::string_view wanted = key_of(name);
        for (const std::string_view known : self->doc->root_names()) {
            if (known == wanted) return root_of(self, known).release().ptr();
        }
        PyErr_SetObject(PyExc_KeyError, name);
        throw py::error_already_set();
    });
}

PyObject* root_names(PyObject* object, PyObject*) noexcept {
    return answered([&] {
        DocObject* const self = opened(object);
        const Entered entered(self);
        const Walking walking(self);
        py::list names;
        for (const std::string_view name : self->doc->root_names()) names.append(to_python(name));
        return names.release().ptr();
    });
}

// The Docs that stand for sub-documents, and what makes a Doc stand for those of its guid.
PyObject* get_subdocs(PyObject* object, PyObject*) noexcept {
    return answered([&] {
        DocObject* const self = opened(object);
        const Entered entered(self);
        const Walking walking(self);
        py::list found;
        for (const crdt::Subdoc& place : self->doc->subdocs()) {
            found.append(subdoc_object(self, place));
        }
        return found.release().ptr();
    });
}

PyObject* take_subdoc(PyObject* object, PyObject* inner) noexcept {
    return answered([&] {
        DocObject* const self = opened(object);
        const std::string_view guid = key_of(opened(inner)->guid);
        const Entered entered(self);
        for (const crdt::Subdoc& place : self->doc->subdocs()) {
            if (place.guid() == guid) adopt_subdoc(self, place, inner);
        }
        return Py_NewRef(Py_None);
    });
}

PyObject* wait_idle(PyObject* object, PyObject* seconds) noexcept {
    return answered([&] {
        DocObject* const self = opened(object);
        const double limit = PyFloat_AsDouble(seconds);
        if (PyErr_Occurred() != nullptr) throw py::error_already_set();
        refuse_left_open(self);
        return PyBool_FromLong(
            static_cast<long>(self->turn.wait([&] { return self->current == nullptr; }, limit)));
    });
}

PyObject* get_client_id(PyObject* object, void*) noexcept {
    return answered(
        [&] { return checked(PyLong_FromUnsignedLongLong(raw(opened(object)->doc->client()))); });
}

PyObject* get_guid(PyObject* object, void*) noexcept {
    return answered([&] { return Py_NewRef(opened(object)->guid); });
}

PyObject* get_collects(PyObject* object, void*) noexcept {
    return answered([&] { return PyBool_FromLong(static_cast<long>(opened(object)->collect)); });
}

PyObject* get_transaction(PyObject* object, void*) noexcept {
    return answered([&] {
        auto* current = reinterpret_cast<PyObject*>(opened(object)->current);
        return Py_NewRef(current == nullptr ? Py_None : current);
    });
}

PyMethodDef methods[] = {{"_open", &open, METH_VARARGS, nullptr},
                         {"_attach_root", &attach_root, METH_VARARGS, nullptr},
                         {"_root", &root, METH_O, nullptr},
                         {"_root_names", &root_names, METH_NOARGS, nullptr},
                         {"_subdocs", &get_subdocs, METH_NOARGS, nullptr},
                         {"_take_subdoc", &take_subdoc, METH_O, nullptr},
                         {"_wait_for_turn", &wait_idle, METH_O, nullptr},
                         {"transaction", as_function(&transaction), kVector,
                          "transaction($self, origin=None)\n--\n\n"
                          "The open transaction, or a new one: for a with statement."},
                         {"get_state", &get_state, METH_NOARGS,
                          "get_state($self)\n--\n\nWhat this replica has seen, as a state vector."},
                         {"get_update", as_function(&get_update), kVector,
                          "get_update($self, state=None, v2=False, pending=True)\n--\n\n"
                          "What a replica in `state` lacks, as an update; everything without one. "
                          "`pending`: with what waits for updates that have not arrived."},
                         {"apply_update", as_function(&apply_update), kVector,
                          "apply_update($self, update, v2=False, origin=None)\n--\n\n"
                          "Merges an update, whole or not at all. Raises DecodeError."},
                         {nullptr, nullptr, 0, nullptr}};

PyGetSetDef attributes[] = {
    {"client_id", &get_client_id, nullptr, "The number under which this replica writes.", nullptr},
    {"guid", &get_guid, nullptr, "The name of the document.", nullptr},
    {"_collects", &get_collects, nullptr, "Whether deleted content is forgotten.", nullptr},
    {"_txn", &get_transaction, nullptr, "The open transaction.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>("The native part of Doc.")},
                       {Py_tp_new, reinterpret_cast<void*>(&make)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(&dealloc)},
                       {Py_tp_traverse, reinterpret_cast<void*>(&traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(&clear)},
                       {Py_tp_methods, methods},
                       {Py_tp_getset, attributes},
                       {0, nullptr}};

PyType_Spec spec = {"ropewalk._core.Doc", sizeof(DocObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};

}  // namespace

DocObject* opened(PyObject* object) {
    if (PyObject_TypeCheck(object, doc_type) == 0) raise(PyExc_TypeError, "a Doc was expected");
    DocObject* const doc = as_doc(object);
    if (doc->doc == nullptr) [[unlikely]] {
        raise(PyExc_RuntimeError, "the document was never opened: call Doc.__init__");
    }
    return doc;
}

void refuse_while_walking(const DocObject* doc) {
    if (doc->walks != 0 && doc->lock.mine()) {
        raise(PyExc_RuntimeError,
              "the document is being read by this thread: a finalizer, or what else runs "
              "meanwhile, cannot change it");
    }
}

void before_writing(DocObject* doc) {
    for (;;) {
        while (doc->lock.taken()) doc->lock.wait();
        refuse_left_open(doc);
        if (doc->reading != 0 && doc->lock.mine()) {
            raise(PyExc_RuntimeError,
                  "Read-only transaction cannot be used to modify document structure");
        }
        refuse_while_walking(doc);
        if (doc->current == nullptr || !of_another_thread(doc)) return;
        wait_for_turn(doc);
    }
}

void raise_errors(DocObject* doc) {
    py::list errors;
    for (PyObject* const error : std::exchange(doc->errors, {})) {
        errors.append(py::reinterpret_steal<py::object>(error));
    }
    const char* const home = PY_VERSION_HEX >= 0x030b0000 ? "builtins" : "exceptiongroup";
    const py::object group = py::module_::import(home).attr("BaseExceptionGroup");
    const py::object raised = group("Observer callback error", errors);
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(raised.ptr())), raised.ptr());
    throw py::error_already_set();
}

Telling::Telling(DocObject* doc) noexcept : doc_(doc) {
    if (ending()) return;
    state_ = PyGILState_Ensure();
    awake_ = true;
    working_ = LongWork::pause();
    ++doc_->reading;
}

Telling::~Telling() {
    if (!awake_) return;
    if (--doc_->reading == 0) Py_CLEAR(doc_->reader);
    if (working_) LongWork::go_on();
    PyGILState_Release(state_);
}

void Telling::keep_error() noexcept {
    PyObject* type = nullptr;
    PyObject* value = nullptr;
    PyObject* trace = nullptr;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    if (trace != nullptr) PyException_SetTraceback(value, trace);
    Py_XDECREF(type);
    Py_XDECREF(trace);
    try {
        if (value != nullptr) doc_->errors.push_back(value);
    } catch (const std::bad_alloc&) {
        Py_DECREF(value);
    }
}

void Heard::drop() {
    const std::shared_ptr<Listener> listener = listener_.lock();
    if (listener == nullptr || listener->callback == nullptr) return;
    const Entered entered(listener->doc);
    listener->heard.cancel();
    Py_CLEAR(listener->callback);
}

void add_document(py::module_& module) {
    doc_type = add_type(module, spec);
    py::class_<Heard>(module, "Subscription", "What ends an observer: drop(), or a with block.")
        .def("drop", &Heard::drop, "The observer is not called any more.")
        .def("__enter__", [](py::object self) { return self; })
        .def("__exit__", [](Heard& self, const py::args&) { self.drop(); });
}

}  // namespace ropewalk
