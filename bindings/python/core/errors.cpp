#include "errors.hpp"

#include <cerrno>

namespace ropewalk {

namespace {

PyObject* decode_error = nullptr;
PyObject* limit_error = nullptr;
PyObject* damaged_error = nullptr;

PyObject* type_of(crdt::ErrorCode code) {
    using crdt::ErrorCode;
    switch (code) {
        case ErrorCode::index_out_of_range:
            return PyExc_IndexError;
        case ErrorCode::wrong_type:
            return PyExc_TypeError;
        case ErrorCode::out_of_memory:
            return PyExc_MemoryError;
        case ErrorCode::deleted_type:
        case ErrorCode::no_document:
        case ErrorCode::collected:
            return PyExc_RuntimeError;
        case ErrorCode::inside_character:
        case ErrorCode::invalid_argument:
        case ErrorCode::ok:
            return PyExc_ValueError;
        case ErrorCode::not_found:
        case ErrorCode::not_permitted:
        case ErrorCode::no_space:
        case ErrorCode::io_failed:
        case ErrorCode::in_use:
        case ErrorCode::read_only:
        case ErrorCode::store_failed:
            return PyExc_OSError;
        case ErrorCode::damaged:
        case ErrorCode::other_document:
            return damaged_error;
        case ErrorCode::limit_exceeded:
        case ErrorCode::nesting_too_deep:
            return limit_error;
        default:
            return decode_error;
    }
}

// Of failures of the system: OSError has a class for many of them.
int number_of(const crdt::Error& error) {
    using crdt::ErrorCode;
    switch (error.code) {
        case ErrorCode::not_found:
            return ENOENT;
        case ErrorCode::not_permitted:
            return EACCES;
        case ErrorCode::no_space:
            return ENOSPC;
        case ErrorCode::in_use:
            return EWOULDBLOCK;
        case ErrorCode::read_only:
            return EROFS;
        case ErrorCode::io_failed:
            return static_cast<int>(error.offset);
        default:
            return EIO;
    }
}

PyObject* new_error(py::module_& module, const char* name, const char* doc, PyObject* base) {
    const std::string full = std::string("ropewalk.") + name;
    PyObject* const made = checked(PyErr_NewExceptionWithDoc(full.c_str(), doc, base, nullptr));
    module.attr(name) = shared(made);
    return made;
}

}  // namespace

void add_errors(py::module_& module) {
    decode_error =
        new_error(module, "DecodeError",
                  "Bytes that are not what they should be. Nothing has changed.", PyExc_ValueError);
    limit_error = new_error(module, "LimitError", "More than the limits of the document allow.",
                            decode_error);
    damaged_error =
        new_error(module, "DamagedError",
                  "A stored document is not what was written, and nothing of it was given out.",
                  decode_error);
}

void raise(const crdt::Error& error) {
    PyObject* const type = type_of(error.code);
    const std::string message = error.message();
    if (type == PyExc_OSError) {
        const py::object made =
            owned(PyObject_CallFunction(type, "is", number_of(error), message.c_str()));
        PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.ptr())), made.ptr());
    } else {
        PyErr_SetString(type, message.c_str());
    }
    throw py::error_already_set();
}

}  // namespace ropewalk
