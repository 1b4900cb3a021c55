// TextEvent, ArrayEvent, MapEvent and XmlEvent.
#include <optional>

#include "errors.hpp"
#include "events.hpp"
#include "transaction.hpp"
#include "values.hpp"

namespace ropewalk {

namespace {

PyTypeObject* text_event = nullptr;
PyTypeObject* array_event = nullptr;
PyTypeObject* map_event = nullptr;
PyTypeObject* xml_event = nullptr;

struct EventObject {
    PyObject ob_base;
    PyObject* doc;
    PyObject* target;
    PyObject* delta;
    PyObject* keys;
    PyObject* path;
    PyObject* transaction;
    std::optional<crdt::Event> event;  // while the observer is called
};

EventObject* as_event(PyObject* object) { return reinterpret_cast<EventObject*>(object); }

bool is_text(const crdt::SharedType& type) {
    const crdt::detail::TypeKind kind =
        crdt::detail::Access::store(type)->types.types[crdt::detail::Access::type(type)].kind;
    return kind == crdt::detail::TypeKind::text || kind == crdt::detail::TypeKind::xml_text;
}

// -- what an event tells --------------------------------------------------------------------------

void add_formats(const py::dict& made, const crdt::EventOp& op) {
    py::dict formats;
    op.for_each_format([&](std::string_view key, crdt::AnyView value) {
        formats[to_python(key)] = to_python(value);
    });
    if (!formats.empty()) made["attributes"] = formats;
}

py::object inserted_text(const crdt::EventOp& op, DocObject* doc) {
    return op.is_text() ? to_python(op.text()) : object_of(doc, op.value());
}

// Counted in the unit of the document.
py::list delta_of(DocObject* doc, const crdt::Event& event) {
    const bool text = is_text(event.target());
    py::list delta;
    std::uint32_t at = 0;  // UTF-16 units that have been passed
    for (const crdt::EventOp op : event.delta()) {
        py::dict made;
        if (op.is_insert()) {
            if (text) {
                made["insert"] = inserted_text(op, doc);
            } else {
                py::list values;
                op.values().for_each(
                    [&](const crdt::Value& value) { values.append(object_of(doc, value)); });
                made["insert"] = values;
            }
            at += op.length();
        } else if (op.is_retain()) {
            std::uint32_t count = op.length();
            if (text) {
                count = in_unit_of(doc, event.target(), at + op.length()) -
                        in_unit_of(doc, event.target(), at);
            }
            made["retain"] = count;
            at += op.length();
        } else {
            made["delete"] = text ? op.erased_length(doc->unit) : op.length();
        }
        if (text && !op.is_erase()) add_formats(made, op);
        delta.append(made);
    }
    return delta;
}

py::dict keys_of(DocObject* doc, const crdt::Event& event) {
    py::dict keys;
    for (const crdt::KeyChange change : event.keys()) {
        py::dict made;
        switch (change.action()) {
            case crdt::KeyAction::add:
                made["action"] = "add";
                break;
            case crdt::KeyAction::update:
                made["action"] = "update";
                break;
            case crdt::KeyAction::erase:
                made["action"] = "delete";
                break;
        }
        if (change.action() != crdt::KeyAction::add) {
            made["oldValue"] = object_of(doc, change.old_value());
        }
        if (change.action() != crdt::KeyAction::erase) {
            made["newValue"] = object_of(doc, change.value());
        }
        keys[to_python(change.key())] = made;
    }
    return keys;
}

// Steps of index are those of the type that the step before came to.
py::list path_of(DocObject* doc, const crdt::Event& event) {
    py::list path;
    crdt::detail::Store* const store = crdt::detail::Access::store(event.target());
    std::uint32_t type = crdt::detail::Access::type(event.target());
    const crdt::EventPath steps = event.path();
    for (std::size_t i = steps.size(); i-- > 0;) {
        const std::uint32_t holder = store->types.types[type].run;
        type = store->sequences.seqs[store->runs[holder].seq].type;
        const crdt::PathStep step = steps[i];
        const auto around = crdt::detail::Access::handle<crdt::Text>(store, type);
        path.insert(0, step.is_key()     ? to_python(step.key())
                       : is_text(around) ? py::int_(in_unit_of(doc, around, step.index()))
                                         : py::int_(step.index()));
    }
    return path;
}

// Makes `slot` unless it is there, with the document entered: another thread may have to wait until
// the observer has returned, and then finds it made.
template <class F>
PyObject* looked_up(PyObject* object, PyObject* EventObject::* slot, F&& make) noexcept {
    return answered([&] {
        auto* self = as_event(object);
        if (self->*slot == nullptr) {
            DocObject* const doc = as_doc(self->doc);
            const Entered entered(doc);
            const Walking walking(doc);
            if (self->*slot == nullptr && self->event.has_value()) {
                py::object made = make(doc, *self->event);
                check(self->event->check());
                Py_XSETREF(self->*slot, made.release().ptr());
            }
        }
        if (self->*slot == nullptr) raise(PyExc_RuntimeError, "the event could not be kept");
        return Py_NewRef(self->*slot);
    });
}

PyObject* get_target(PyObject* object, void*) noexcept {
    return looked_up(object, &EventObject::target, [](DocObject* doc, const crdt::Event& event) {
        return object_of(doc, event.kind(), event.target());
    });
}

PyObject* get_delta(PyObject* object, void*) noexcept {
    return looked_up(object, &EventObject::delta, &delta_of);
}

PyObject* get_keys(PyObject* object, void*) noexcept {
    return looked_up(object, &EventObject::keys, &keys_of);
}

PyObject* get_path(PyObject* object, void*) noexcept {
    return looked_up(object, &EventObject::path, &path_of);
}

PyObject* get_transaction(PyObject* object, void*) noexcept {
    return looked_up(object, &EventObject::transaction, [](DocObject* doc, const crdt::Event&) {
        return transaction_of(doc, nullptr);
    });
}

// None of a text, which has no children.
PyObject* get_children_changed(PyObject* object, void*) noexcept {
    return answered([&] {
        const py::object target = owned(get_target(object, nullptr));
        const auto* type = as_shared(target.ptr());
        if (is_text(handle<crdt::Text>(type))) return Py_NewRef(Py_None);
        const py::object delta = owned(get_delta(object, nullptr));
        return PyBool_FromLong(static_cast<long>(PyList_GET_SIZE(delta.ptr()) != 0));
    });
}

// -- the classes ----------------------------------------------------------------------------------

int traverse(PyObject* object, visitproc visit, void* arg) {
    auto* self = as_event(object);
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->doc);
    Py_VISIT(self->target);
    Py_VISIT(self->delta);
    Py_VISIT(self->keys);
    Py_VISIT(self->path);
    Py_VISIT(self->transaction);
    return 0;
}

void dealloc(PyObject* object) noexcept {
    PyObject_GC_UnTrack(object);
    auto* self = as_event(object);
    Py_CLEAR(self->doc);
    Py_CLEAR(self->target);
    Py_CLEAR(self->delta);
    Py_CLEAR(self->keys);
    Py_CLEAR(self->path);
    Py_CLEAR(self->transaction);
    self->event.~optional();
    PyTypeObject* const type = Py_TYPE(object);
    type->tp_free(object);
    Py_DECREF(type);
}

bool is_text_event(PyObject* object) { return PyObject_TypeCheck(object, text_event) != 0; }

// {target: ..., delta: ..., ...}
PyObject* as_string(PyObject* object) noexcept {
    return answered([&] {
        py::object text = py::str("{");
        const char* between = "";
        for (const PyGetSetDef* at = Py_TYPE(object)->tp_getset; at->name != nullptr; ++at) {
            const py::object value = owned(at->get(object, at->closure));
            // Of a text these are attributes of the whole, which few have.
            if (at->get == &get_keys && is_text_event(object) && PyDict_Size(value.ptr()) == 0) {
                continue;
            }
            text = text + py::str(between) + py::str(at->name) + py::str(": ") + py::str(value);
            between = ", ";
        }
        return (text + py::str("}")).release().ptr();
    });
}

constexpr PyGetSetDef kTarget{"target", &get_target, nullptr, "The type that changed.", nullptr};
constexpr PyGetSetDef kDelta{
    "delta", &get_delta, nullptr,
    "From the start on: {\"retain\": n}, {\"delete\": n} or {\"insert\": what}.", nullptr};
constexpr PyGetSetDef kKeys{
    "keys", &get_keys, nullptr,
    "Of each key that changed: {\"action\": ..., \"oldValue\": ..., \"newValue\": ...}.", nullptr};
constexpr PyGetSetDef kPath{
    "path", &get_path, nullptr,
    "Keys and indexes that lead from the observed type to the one that changed.", nullptr};
constexpr PyGetSetDef kTransaction{"transaction", &get_transaction, nullptr,
                                   "The transaction that has ended.", nullptr};
constexpr PyGetSetDef kChildren{"children_changed", &get_children_changed, nullptr,
                                "Whether children came or went; None of a text.", nullptr};
constexpr PyGetSetDef kEnd{nullptr, nullptr, nullptr, nullptr, nullptr};

PyGetSetDef text_attributes[] = {kTarget, kDelta, kPath, kTransaction, kKeys, kEnd};
PyGetSetDef list_attributes[] = {kTarget, kDelta, kPath, kTransaction, kEnd};
PyGetSetDef map_attributes[] = {kTarget, kKeys, kPath, kTransaction, kEnd};
PyGetSetDef xml_attributes[] = {kChildren, kTarget, kPath, kDelta, kKeys, kTransaction, kEnd};

PyTypeObject* add_event(py::module_& module,
                        const char* name,
                        const char* doc,
                        PyGetSetDef* attributes) {
    PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>(doc)},
                           {Py_tp_dealloc, reinterpret_cast<void*>(&dealloc)},
                           {Py_tp_traverse, reinterpret_cast<void*>(&traverse)},
                           {Py_tp_repr, reinterpret_cast<void*>(&as_string)},
                           {Py_tp_str, reinterpret_cast<void*>(&as_string)},
                           {Py_tp_getset, attributes},
                           {0, nullptr}};
    PyType_Spec spec = {name, sizeof(EventObject), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                        slots};
    return add_type(module, spec);
}

PyTypeObject* class_of(crdt::ValueKind kind) {
    switch (kind) {
        case crdt::ValueKind::text:
            return text_event;
        case crdt::ValueKind::array:
            return array_event;
        case crdt::ValueKind::map:
            return map_event;
        default:
            return xml_event;
    }
}

// -- telling --------------------------------------------------------------------------------------

py::object event_object(DocObject* doc, const crdt::Event& event) {
    PyTypeObject* const type = class_of(event.kind());
    py::object made = owned(type->tp_alloc(type, 0));
    auto* self = as_event(made.ptr());
    ::new (&self->event) std::optional<crdt::Event>(event);
    self->doc = Py_NewRef(&doc->ob_base);
    return made;
}

// The observer has returned. What somebody has kept is filled in; `references`: how many there are
// if nobody has.
void settle(const py::object& event, Py_ssize_t references) {
    auto* self = as_event(event.ptr());
    if (Py_REFCNT(event.ptr()) > references) {
        for (const PyGetSetDef* at = Py_TYPE(event.ptr())->tp_getset; at->name != nullptr; ++at) {
            if (PyObject* const value = at->get(event.ptr(), at->closure)) {
                Py_DECREF(value);
            } else {
                PyErr_Clear();
            }
        }
    }
    self->event.reset();
}

// callback(), callback(told) or callback(told, transaction).
PyObject* call(DocObject* doc, const py::object& callback, const py::object& told, int count) {
    if (count == 0) return PyObject_CallNoArgs(callback.ptr());
    if (count == 1) return PyObject_CallOneArg(callback.ptr(), told.ptr());
    const py::object transaction = transaction_of(doc, nullptr);
    PyObject* const both[] = {told.ptr(), transaction.ptr()};
    return PyObject_Vectorcall(callback.ptr(), both, 2, nullptr);
}

// settles() is done in any case; then what the observer raised goes on.
template <class Settle>
void finish(PyObject* result, Settle&& settles) {
    if (result != nullptr) {
        Py_DECREF(result);
        settles();
        return;
    }
    {
        const py::error_scope raised;
        settles();
    }
    throw py::error_already_set();
}

void tell(DocObject* doc, const Listener* listener, int count, const crdt::Event& told) {
    const py::object callback = callback_of(listener);
    if (!callback) return;
    const py::object event = event_object(doc, told);
    finish(call(doc, callback, event, count), [&] { settle(event, 1); });
}

void tell_deep(DocObject* doc, const Listener* listener, int count, const crdt::DeepEvents& told) {
    const py::object callback = callback_of(listener);
    if (!callback) return;
    py::list events;
    std::vector<py::object> made;
    for (const crdt::Event event : told) {
        made.push_back(event_object(doc, event));
        events.append(made.back());
    }
    finish(call(doc, callback, events, count), [&] {
        // A list that was kept keeps its events.
        const Py_ssize_t references = Py_REFCNT(events.ptr()) > 1 ? 1 : 2;
        for (const py::object& event : made) settle(event, references);
    });
}

py::object observe(py::object type, py::object callback, int count, bool deep) {
    if (!is_shared(type.ptr())) raise(PyExc_TypeError, "a shared type was expected");
    auto* self = as_shared(type.ptr());
    DocObject* const doc = document_of(self);
    const auto observed = handle<crdt::Text>(self);
    check(observed.check());
    return listen(doc, callback.ptr(), [=](Listener* listener) {
        if (deep) {
            return observed.observe_deep([=](const crdt::DeepEvents& events) noexcept {
                Telling telling(doc);
                telling([&] { tell_deep(doc, listener, count, events); });
            });
        }
        return crdt::detail::Observing::direct<crdt::Event>(
            observed, [=](const crdt::Event& event) noexcept {
                Telling telling(doc);
                telling([&] { tell(doc, listener, count, event); });
            });
    });
}

}  // namespace

std::uint32_t in_unit_of(const DocObject* doc, const crdt::SharedType& type, std::uint32_t at) {
    if (doc->unit == Unit::utf16) return at;
    crdt::detail::Store* const store = crdt::detail::Access::store(type);
    store->settle();
    const std::uint32_t list = store->types.types[crdt::detail::Access::type(type)].list;
    const crdt::detail::Measure before = store->sequences.measure_before(list, at);
    return doc->unit == Unit::utf8 ? before.units + before.extra : before.units - before.pairs;
}

void add_type_events(py::module_& module) {
    text_event = add_event(module, "ropewalk.TextEvent", "A text has changed.", text_attributes);
    array_event =
        add_event(module, "ropewalk.ArrayEvent", "An array has changed.", list_attributes);
    map_event = add_event(module, "ropewalk.MapEvent", "A map has changed.", map_attributes);
    xml_event = add_event(module, "ropewalk.XmlEvent",
                          "An XML fragment, element or text has changed.", xml_attributes);
    module.def("_observe_type", &observe);
}

}  // namespace ropewalk
