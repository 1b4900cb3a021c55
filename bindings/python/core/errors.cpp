#include "errors.hpp"

namespace ropewalk {

namespace {

PyObject* decode_error = nullptr;
PyObject* limit_error = nullptr;

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
        case ErrorCode::limit_exceeded:
        case ErrorCode::nesting_too_deep:
            return limit_error;
        default:
            return decode_error;
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
}

void raise(const crdt::Error& error) {
    PyErr_SetString(type_of(error.code), error.message().c_str());
    throw py::error_already_set();
}

}  // namespace ropewalk
