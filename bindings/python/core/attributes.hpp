// Attributes of an XML element or of a text as a whole, as methods of its native type.
#pragma once

#include "content.hpp"
#include "errors.hpp"

namespace ropewalk {

// The value of an attribute; KeyError if there is none.
template <class T>
PyObject* attribute_of(PyObject* object, PyObject* key) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        const crdt::Value value = handle<T>(self).attribute(key_of(key));
        if (!value.exists()) {
            PyErr_SetObject(PyExc_KeyError, key);
            throw py::error_already_set();
        }
        return object_of(doc, value).release().ptr();
    });
}

// (key, value)
template <class T>
PyObject* set_attribute_of(PyObject* object, PyObject* const* args, Py_ssize_t count) noexcept {
    return answered([&] {
        if (count != 2) raise(PyExc_TypeError, "a key and a value were expected");
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Writing writing(doc);
        const T type = handle<T>(self);
        const std::string_view key = key_of(args[0]);
        Contents made(doc);
        made.add(args[1]);
        {
            crdt::Transaction one = doc->doc->transact();
            check(type.set_attribute(key, made.contents()[0]));
            made.attach([&](std::size_t) { return type.attribute(key); });
            check(one.commit());
        }
        writing.done();
        return Py_NewRef(Py_None);
    });
}

template <class T>
PyObject* remove_attribute_of(PyObject* object, PyObject* key) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        const Writing writing(document_of(self));
        check(handle<T>(self).remove_attribute(key_of(key)));
        writing.done();
        return Py_NewRef(Py_None);
    });
}

// All of them: [(key, value), ...]
template <class T>
PyObject* attributes_list_of(PyObject* object, PyObject*) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        const Walking walking(doc);
        py::list found;
        handle<T>(self).for_each_attribute([&](std::string_view key, const crdt::Value& value) {
            found.append(py::make_tuple(to_python(key), object_of(doc, value)));
        });
        return found.release().ptr();
    });
}

}  // namespace ropewalk
