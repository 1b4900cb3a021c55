// TransactionEvent and SubdocsEvent.
#include <crdt/codec/update_v1.hpp>
#include <crdt/codec/update_v2.hpp>

#include "errors.hpp"
#include "events.hpp"
#include "transaction.hpp"
#include "values.hpp"

namespace ropewalk {

namespace {

PyTypeObject* transaction_event_type = nullptr;
PyTypeObject* subdocs_event_type = nullptr;

// The update and the state after it say everything: what was known before, and what was deleted.
struct TransactionEventObject {
    PyObject ob_base;
    PyObject* doc;
    PyObject* update;
    PyObject* after;
    PyObject* before;
    PyObject* deleted;
    PyObject* transaction;
    const std::uint8_t* data;  // of the update, while the observer is called; then nullptr
    std::size_t size;
    bool v2;  // its format
};

TransactionEventObject* as_event(PyObject* object) {
    return reinterpret_cast<TransactionEventObject*>(object);
}

PyObject* get_update(PyObject* object, void*) noexcept {
    return answered([&] {
        auto* self = as_event(object);
        return kept(self->update, [&] { return bytes_object({self->data, self->size}); });
    });
}

PyObject* get_after(PyObject* object, void*) noexcept {
    return answered([&] {
        auto* self = as_event(object);
        return kept(self->after, [&] {
            DocObject* const doc = as_doc(self->doc);
            const Entered entered(doc);
            // Another thread may have waited until the observer had returned.
            if (self->after != nullptr)
                return py::reinterpret_steal<py::object>(std::exchange(self->after, nullptr));
            return bytes_object(value_of(doc->doc->encode_state_vector()).view());
        });
    });
}

PyObject* get_transaction(PyObject* object, void*) noexcept {
    return answered([&] {
        auto* self = as_event(object);
        return kept(self->transaction, [&] { return transaction_of(as_doc(self->doc), nullptr); });
    });
}

crdt::UpdateFormat format_of(bool v2) {
    return v2 ? crdt::UpdateFormat::v2 : crdt::UpdateFormat::v1;
}

// The update was made here: nothing in it is more than was allowed.
crdt::detail::DecodedUpdate decoded(PyObject* event) {
    const py::object update = owned(get_update(event, nullptr));
    crdt::Limits any;
    any.update_bytes = ~std::uint64_t{0};
    any.structs = any.clients = 0xffffffffU;
    crdt::detail::DecodedUpdate made;
    const crdt::Error error = crdt::detail::decode_update(format_of(as_event(event)->v2),
                                                          BytesOf(update.ptr()).view(), any, made);
    check(crdt::Status(error));
    return made;
}

PyObject* get_before(PyObject* object, void*) noexcept {
    return answered([&] {
        return kept(as_event(object)->before, [&] {
            const py::object after = owned(get_after(object, nullptr));
            const crdt::detail::DecodedUpdate update = decoded(object);
            crdt::StateVector state =
                value_of(crdt::StateVector::decode(BytesOf(after.ptr()).view()));
            for (const crdt::detail::ClientSection& section : update.sections) {
                const auto first = static_cast<crdt::Clock>(update.blocks[section.first].clock);
                if (!state.set(update.clients[section.slot], first)) throw std::bad_alloc();
            }
            return bytes_object(value_of(state.encode()).view());
        });
    });
}

PyObject* get_deleted(PyObject* object, void*) noexcept {
    return answered([&] {
        return kept(as_event(object)->deleted, [&] {
            const crdt::detail::DecodedUpdate update = decoded(object);
            crdt::IdSet set;
            for (const crdt::detail::DeleteRange& range : update.deletes) {
                if (!set.insert(update.clients[range.slot], static_cast<crdt::Clock>(range.clock),
                                range.length)) {
                    throw std::bad_alloc();
                }
            }
            return bytes_object(value_of(crdt::encode_delete_set_v1(set)).view());
        });
    });
}

int traverse(PyObject* object, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(as_event(object)->doc);
    Py_VISIT(as_event(object)->transaction);
    return 0;
}

void dealloc(PyObject* object) noexcept {
    PyObject_GC_UnTrack(object);
    auto* self = as_event(object);
    for (PyObject** const slot : {&self->doc, &self->update, &self->after, &self->before,
                                  &self->deleted, &self->transaction}) {
        Py_CLEAR(*slot);
    }
    PyTypeObject* const type = Py_TYPE(object);
    type->tp_free(object);
    Py_DECREF(type);
}

PyObject* repr(PyObject* object) noexcept {
    return answered([&] {
        const py::object update = owned(get_update(object, nullptr));
        return checked(PyUnicode_FromFormat("<TransactionEvent, update of %zd bytes>",
                                            PyBytes_GET_SIZE(update.ptr())));
    });
}

PyGetSetDef attributes[] = {
    {"update", &get_update, nullptr, "What changed, for other replicas.", nullptr},
    {"before_state", &get_before, nullptr, "The state vector before the change.", nullptr},
    {"after_state", &get_after, nullptr, "The state vector after the change.", nullptr},
    {"delete_set", &get_deleted, nullptr, "What was deleted: an encoded IdSet.", nullptr},
    {"transaction", &get_transaction, nullptr, "The transaction that has ended.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot slots[] = {
    {Py_tp_doc, const_cast<char*>("A change of a document, as Doc.observe() tells it.")},
    {Py_tp_dealloc, reinterpret_cast<void*>(&dealloc)},
    {Py_tp_traverse, reinterpret_cast<void*>(&traverse)},
    {Py_tp_repr, reinterpret_cast<void*>(&repr)},
    {Py_tp_getset, attributes},
    {0, nullptr}};

PyType_Spec spec = {"ropewalk.TransactionEvent", sizeof(TransactionEventObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    slots};

// The observer has returned and the bytes go. Somebody else may have kept the event.
void settle(PyObject* event) {
    auto* self = as_event(event);
    if (Py_REFCNT(event) > 1) {
        py::reinterpret_steal<py::object>(checked(get_update(event, nullptr)));
        py::reinterpret_steal<py::object>(checked(get_after(event, nullptr)));
        py::reinterpret_steal<py::object>(checked(get_transaction(event, nullptr)));
    }
    self->data = nullptr;
    self->size = 0;
}

void tell(DocObject* doc, const Listener* listener, crdt::ByteView update, bool v2) {
    const py::object callback = callback_of(listener);
    if (!callback) return;
    const py::object event = owned(transaction_event_type->tp_alloc(transaction_event_type, 0));
    auto* self = as_event(event.ptr());
    self->doc = Py_NewRef(&doc->ob_base);
    self->data = update.data();
    self->size = update.size();
    self->v2 = v2;
    PyObject* const result = PyObject_CallOneArg(callback.ptr(), event.ptr());
    if (result == nullptr) {
        // What it raised comes first; the event must not refer to bytes that go.
        const py::error_scope raised;
        settle(event.ptr());
    } else {
        Py_DECREF(result);
        settle(event.ptr());
        return;
    }
    throw py::error_already_set();
}

// -- sub-documents -------------------------------------------------------------------------------

// Told seldom and small: made at once.
struct SubdocsEventObject {
    PyObject ob_base;
    PyObject* lists[3];
};

PyObject* get_list(PyObject* object, void* which) noexcept {
    const auto* self = reinterpret_cast<SubdocsEventObject*>(object);
    return Py_NewRef(self->lists[reinterpret_cast<std::uintptr_t>(which)]);
}

void dealloc_subdocs(PyObject* object) noexcept {
    for (PyObject*& list : reinterpret_cast<SubdocsEventObject*>(object)->lists) Py_CLEAR(list);
    PyTypeObject* const type = Py_TYPE(object);
    type->tp_free(object);
    Py_DECREF(type);
}

PyObject* repr_subdocs(PyObject* object) noexcept {
    const auto* self = reinterpret_cast<SubdocsEventObject*>(object);
    return PyUnicode_FromFormat("<SubdocsEvent, added %R, removed %R, loaded %R>", self->lists[0],
                                self->lists[1], self->lists[2]);
}

PyGetSetDef subdocs_attributes[] = {
    {"added", &get_list, nullptr, "Ids of sub-documents that are new.", nullptr},
    {"removed", &get_list, nullptr, "Ids of those that are gone.",
     reinterpret_cast<void*>(std::uintptr_t{1})},
    {"loaded", &get_list, nullptr, "Ids of those whose content somebody here wants.",
     reinterpret_cast<void*>(std::uintptr_t{2})},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot subdocs_slots[] = {
    {Py_tp_doc,
     const_cast<char*>("What became of sub-documents, as Doc.observe_subdocs() tells it.")},
    {Py_tp_dealloc, reinterpret_cast<void*>(&dealloc_subdocs)},
    {Py_tp_repr, reinterpret_cast<void*>(&repr_subdocs)},
    {Py_tp_getset, subdocs_attributes},
    {0, nullptr}};

PyType_Spec subdocs_spec = {"ropewalk.SubdocsEvent", sizeof(SubdocsEventObject), 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, subdocs_slots};

void tell_subdocs(const Listener* listener, const crdt::SubdocsEvent& told) {
    const py::object callback = callback_of(listener);
    if (!callback) return;
    py::list lists[3];
    std::size_t which = 0;
    for (const auto subdocs : {told.added(), told.removed(), told.loaded()}) {
        for (const crdt::Subdoc& subdoc : subdocs) lists[which].append(to_python(subdoc.guid()));
        ++which;
    }
    const py::object event = owned(subdocs_event_type->tp_alloc(subdocs_event_type, 0));
    for (std::size_t i = 0; i < 3; ++i) {
        reinterpret_cast<SubdocsEventObject*>(event.ptr())->lists[i] = lists[i].release().ptr();
    }
    callback(event);
}

py::object observe(py::object document, py::object callback, bool v2) {
    DocObject* const doc = opened(document.ptr());
    return listen(doc, callback.ptr(), [doc, v2](Listener* listener) {
        const auto told = [doc, listener, v2](crdt::ByteView update, const crdt::Origin&) noexcept {
            Telling telling(doc);
            telling([&] { tell(doc, listener, update, v2); });
        };
        return v2 ? doc->doc->on_update_v2(told) : doc->doc->on_update(told);
    });
}

py::object observe_subdocs(py::object document, py::object callback) {
    DocObject* const doc = opened(document.ptr());
    return listen(doc, callback.ptr(), [doc](Listener* listener) {
        return doc->doc->on_subdocs([doc, listener](const crdt::SubdocsEvent& event) noexcept {
            Telling telling(doc);
            telling([&] { tell_subdocs(listener, event); });
        });
    });
}

}  // namespace

void add_document_events(py::module_& module) {
    transaction_event_type = add_type(module, spec);
    subdocs_event_type = add_type(module, subdocs_spec);
    module.def("_observe", &observe);
    module.def("_observe_subdocs", &observe_subdocs);
}

}  // namespace ropewalk
