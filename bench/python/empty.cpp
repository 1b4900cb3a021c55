// A native object that takes the calls of an edit and does nothing: what CPython itself charges for
// them, below which no binding can be. footprint.py compiles and loads it.
#include <Python.h>

namespace {

// insert(index, value, attrs=None)
PyObject* insert(PyObject*, PyObject* const*, Py_ssize_t count, PyObject* keywords) noexcept {
    const Py_ssize_t given = count + (keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords));
    if (given < 2 || given > 3) {
        PyErr_SetString(PyExc_TypeError, "insert(index, value, attrs=None)");
        return nullptr;
    }
    return Py_NewRef(Py_None);
}

int assign(PyObject*, PyObject*, PyObject*) noexcept { return 0; }

PyMethodDef methods[] = {
    {"insert", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&insert)),
     METH_FASTCALL | METH_KEYWORDS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot slots[] = {{Py_tp_methods, methods},
                       {Py_mp_ass_subscript, reinterpret_cast<void*>(&assign)},
                       {0, nullptr}};

PyType_Spec spec = {"empty.Nothing", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, slots};

PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "empty", nullptr, -1, nullptr, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_empty() {
    PyObject* const made = PyModule_Create(&module);
    PyObject* const type = PyType_FromSpec(&spec);
    if (made == nullptr || type == nullptr || PyModule_AddObject(made, "Nothing", type) != 0) {
        Py_XDECREF(type);
        Py_XDECREF(made);
        return nullptr;
    }
    return made;
}
