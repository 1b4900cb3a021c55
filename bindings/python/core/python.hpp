// What every file of the native module includes: Python, pybind11, and how one becomes the other.
//
// Two ways of binding live here side by side. Doc, Transaction and the shared types are heap types
// of CPython's own interface: their methods are called per keystroke, and a vectorcall costs a
// third of pybind11's. Everything else is pybind11.
#pragma once

#include <pybind11/pybind11.h>

#include <crdt/crdt.hpp>
#include <utility>

namespace py = pybind11;

namespace ropewalk {

// Does the interpreter end? Then no other thread gets the GIL any more.
[[nodiscard]] inline bool ending() noexcept {
#if PY_VERSION_HEX >= 0x030d0000
    return Py_IsFinalizing() != 0;
#else
    return _Py_IsFinalizing() != 0;
#endif
}

// Runs a body that may throw: pybind11's exceptions and those of the library become Python's.
template <class Body>
PyObject* answered(Body&& body) noexcept {
    try {
        return std::forward<Body>(body)();
    } catch (py::error_already_set& error) {
        error.restore();
    } catch (const py::builtin_exception& error) {
        error.set_error();
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    }
    return nullptr;
}
// The same for slots that answer 0 or -1.
template <class Body>
int done(Body&& body) noexcept {
    PyObject* const result = answered([&]() -> PyObject* {
        std::forward<Body>(body)();
        return Py_None;
    });
    return result == nullptr ? -1 : 0;
}

[[noreturn]] inline void raise(PyObject* type, const char* message) {
    PyErr_SetString(type, message);
    throw py::error_already_set();
}
// A failed call of CPython's interface: its exception is set.
inline PyObject* checked(PyObject* made) {
    if (made == nullptr) throw py::error_already_set();
    return made;
}
// The value of what serves as an index; IndexError if it has too many bits. -1 where an exception
// is set, and else too.
inline Py_ssize_t index_value(PyObject* index) noexcept {
#if PY_VERSION_HEX >= 0x030c0000
    if (PyLong_CheckExact(index)) {
        const auto* number = reinterpret_cast<const PyLongObject*>(index);
        if (PyUnstable_Long_IsCompact(number)) return PyUnstable_Long_CompactValue(number);
    }
#elif PY_VERSION_HEX >= 0x030b0000
    if (PyLong_CheckExact(index)) {
        const Py_ssize_t digits = Py_SIZE(index);  // with the sign of the number
        if (digits == 0) return 0;
        if (digits == 1) return reinterpret_cast<const PyLongObject*>(index)->ob_digit[0];
    }
#endif
    return PyNumber_AsSsize_t(index, PyExc_IndexError);
}
inline py::object owned(PyObject* made) { return py::reinterpret_steal<py::object>(checked(made)); }
inline py::object shared(PyObject* object) { return py::reinterpret_borrow<py::object>(object); }

// Positional and keyword arguments of a vectorcall, by the names of a signature.
//
//   Arguments<3> given(args, count, keywords, {"index", "value", "attrs"}, 2);
template <std::size_t N>
class Arguments {
public:
    Arguments(PyObject* const* args,
              Py_ssize_t count,
              PyObject* keywords,
              const char* const (&names)[N],
              std::size_t required) {
        if (static_cast<std::size_t>(count) > N) too_many(count);
        for (Py_ssize_t i = 0; i < count; ++i) values_[i] = args[i];
        if (keywords != nullptr) take_keywords(args + count, keywords, names);
        for (std::size_t i = 0; i < required; ++i) {
            if (values_[i] == nullptr) {
                PyErr_Format(PyExc_TypeError, "missing required argument: '%s'", names[i]);
                throw py::error_already_set();
            }
        }
    }
    // nullptr if it was not given.
    [[nodiscard]] PyObject* operator[](std::size_t i) const noexcept { return values_[i]; }
    // nullptr, too, if it is None.
    [[nodiscard]] PyObject* optional(std::size_t i) const noexcept {
        return values_[i] == Py_None ? nullptr : values_[i];
    }

private:
    static void too_many(Py_ssize_t count) {
        PyErr_Format(PyExc_TypeError, "expected at most %zu arguments, got %zd", N, count);
        throw py::error_already_set();
    }
    void take_keywords(PyObject* const* args, PyObject* keywords, const char* const (&names)[N]) {
        for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(keywords); ++k) {
            PyObject* const keyword = PyTuple_GET_ITEM(keywords, k);
            std::size_t i = 0;
            while (i < N && PyUnicode_CompareWithASCIIString(keyword, names[i]) != 0) ++i;
            if (i == N || values_[i] != nullptr) {
                PyErr_Format(
                    PyExc_TypeError,
                    i == N ? "unexpected keyword argument '%U'" : "argument '%U' given twice",
                    keyword);
                throw py::error_already_set();
            }
            values_[i] = args[k];
        }
    }

    PyObject* values_[N] = {};
};

// A heap type made from `spec`, added to the module under the last part of its name.
inline PyTypeObject* add_type(py::module_& module,
                              PyType_Spec& spec,
                              PyTypeObject* base = nullptr) {
    py::object type = owned(PyType_FromSpecWithBases(&spec, reinterpret_cast<PyObject*>(base)));
    const char* name = spec.name;
    for (const char* p = spec.name; *p != 0; ++p) {
        if (*p == '.') name = p + 1;
    }
    module.attr(name) = type;
    return reinterpret_cast<PyTypeObject*>(type.release().ptr());
}

template <class F>
PyCFunction as_function(F* f) noexcept {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f));
}
// A method that takes positional and keyword arguments as a vector; `text` starts with its
// signature, "name($self, a, b=None)\n--\n\n".
constexpr int kVector = METH_FASTCALL | METH_KEYWORDS;

}  // namespace ropewalk
