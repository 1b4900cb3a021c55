// Map: a dict of str that is shared.
#include "content.hpp"
#include "errors.hpp"

namespace ropewalk {

PyTypeObject* map_type = nullptr;

namespace {

std::string_view text_key(PyObject* key) {
    if (!PyUnicode_Check(key)) raise(PyExc_RuntimeError, "Key must be of type string");
    return key_of(key);
}

[[noreturn]] void raise_missing(PyObject* key) {
    PyErr_SetObject(PyExc_KeyError, key);
    throw py::error_already_set();
}

PyObject* subscript(PyObject* object, PyObject* key) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        const crdt::Value value = handle<crdt::Map>(self).get(text_key(key));
        if (!value.exists()) raise_missing(key);
        return object_of(doc, value).release().ptr();
    });
}

void set_entry(SharedObject* self, PyObject* key, PyObject* value) {
    DocObject* const doc = document_of(self);
    const Writing writing(doc);
    const crdt::Map map = handle<crdt::Map>(self);
    const std::string_view name = text_key(key);
    if (!is_type_or_doc(value)) [[likely]] {
        std::forward_list<BytesOf> buffers;
        check(map.set(name, plain_content(value, buffers)));
    } else if (!is_already(doc, map.get(name), value)) {
        Contents made(doc);
        made.add(value);
        crdt::Transaction one = doc->doc->transact();
        check(map.set(name, made.contents()[0]));
        made.attach([&](std::size_t) { return map.get(name); });
        check(one.commit());
    }
    writing.done();
}

void erase_entry(SharedObject* self, PyObject* key) {
    const Writing writing(document_of(self));
    const crdt::Map map = handle<crdt::Map>(self);
    const std::string_view name = text_key(key);
    if (!map.contains(name)) raise_missing(key);
    check(map.erase(name));
    writing.done();
}

int assign(PyObject* object, PyObject* key, PyObject* value) noexcept {
    return done([&] {
        if (value == nullptr) {
            erase_entry(as_shared(object), key);
        } else {
            set_entry(as_shared(object), key, value);
        }
    });
}

int contains(PyObject* object, PyObject* key) noexcept {
    int found = -1;
    static_cast<void>(done([&] {
        auto* self = as_shared(object);
        const Entered entered(document_of(self));
        found = handle<crdt::Map>(self).contains(key_of(key)) ? 1 : 0;
    }));
    return found;
}

Py_ssize_t length(PyObject* object) noexcept {
    Py_ssize_t size = -1;
    static_cast<void>(done([&] {
        auto* self = as_shared(object);
        const Entered entered(document_of(self));
        size = static_cast<Py_ssize_t>(handle<crdt::Map>(self).size());
    }));
    return size;
}

void key_and_default(const char* name, Py_ssize_t count) {
    if (count == 1 || count == 2) return;
    PyErr_Format(PyExc_TypeError, "%s() takes a key and perhaps a default, got %zd arguments", name,
                 count);
    throw py::error_already_set();
}

PyObject* get(PyObject* object, PyObject* const* args, Py_ssize_t count) noexcept {
    return answered([&] {
        key_and_default("get", count);
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        const crdt::Value value = handle<crdt::Map>(self).get(key_of(args[0]));
        if (!value.exists()) return Py_NewRef(count == 2 ? args[1] : Py_None);
        return object_of(doc, value).release().ptr();
    });
}

PyObject* pop(PyObject* object, PyObject* const* args, Py_ssize_t count) noexcept {
    return answered([&] {
        key_and_default("pop", count);
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Writing writing(doc);
        const crdt::Map map = handle<crdt::Map>(self);
        const std::string_view key = key_of(args[0]);
        const crdt::Value value = map.get(key);
        if (!value.exists()) {
            if (count == 1) raise_missing(args[0]);
            return Py_NewRef(args[1]);
        }
        py::object taken = plain_of(doc, value);
        check(map.erase(key));
        writing.done();
        return taken.release().ptr();
    });
}

PyObject* clear(PyObject* object, PyObject*) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        const Writing writing(document_of(self));
        check(handle<crdt::Map>(self).clear());
        writing.done();
        return Py_NewRef(Py_None);
    });
}

// Sets all entries of a dict by one change.
PyObject* update(PyObject* object, PyObject* entries) noexcept {
    return answered([&] {
        if (!PyDict_Check(entries)) raise(PyExc_TypeError, "entries are a dict");
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Writing writing(doc);
        const crdt::Map map = handle<crdt::Map>(self);
        Contents made(doc);
        std::vector<std::string> keys;
        const py::object copy = owned(PyDict_Copy(entries));  // taking a value may run anything
        for (const auto& [key, value] : py::cast<py::dict>(copy)) {
            keys.emplace_back(text_key(key.ptr()));
            made.add(value.ptr());
        }
        {
            crdt::Transaction one = doc->doc->transact();
            for (std::size_t i = 0; i < keys.size(); ++i) {
                check(map.set(keys[i], made.contents()[i]));
            }
            made.attach([&](std::size_t i) { return map.get(keys[i]); });
            check(one.commit());
        }
        writing.done();
        return Py_NewRef(Py_None);
    });
}

PyObject* keys(PyObject* object, PyObject*) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        const Walking walking(doc);
        py::list found;
        handle<crdt::Map>(self).for_each(
            [&](std::string_view key, const crdt::Value&) { found.append(to_python(key)); });
        return found.release().ptr();
    });
}

PyObject* items(PyObject* object, PyObject*) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        const Walking walking(doc);
        py::list found;
        handle<crdt::Map>(self).for_each([&](std::string_view key, const crdt::Value& value) {
            found.append(py::make_tuple(to_python(key), object_of(doc, value)));
        });
        return found.release().ptr();
    });
}

PyMethodDef methods[] = {
    {"get", as_function(&get), METH_FASTCALL,
     "get($self, *args)\n--\n\nThe value of a key; without one the default, which is None."},
    {"pop", as_function(&pop), METH_FASTCALL,
     "pop($self, *args)\n--\n\n"
     "Takes the value of a key out and returns it, shared types as to_py() does. Without one the\n"
     "default; KeyError if none was given."},
    {"clear", &clear, METH_NOARGS, "clear($self)\n--\n\nTakes all entries out."},
    {"_update", &update, METH_O, nullptr},
    {"_keys", &keys, METH_NOARGS, nullptr},
    {"_items", &items, METH_NOARGS, nullptr},
    {"_to_py", &plain_copy<crdt::Map>, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>("The native part of Map.")},
                       {Py_tp_methods, methods},
                       {Py_tp_str, reinterpret_cast<void*>(&json_string<crdt::Map>)},
                       {Py_mp_length, reinterpret_cast<void*>(&length)},
                       {Py_mp_subscript, reinterpret_cast<void*>(&subscript)},
                       {Py_mp_ass_subscript, reinterpret_cast<void*>(&assign)},
                       {Py_sq_contains, reinterpret_cast<void*>(&contains)},
                       {0, nullptr}};

PyType_Spec spec = {"ropewalk._core.Map", sizeof(SharedObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

}  // namespace

void add_map(py::module_& module) { map_type = add_type(module, spec, shared_type); }

}  // namespace ropewalk
