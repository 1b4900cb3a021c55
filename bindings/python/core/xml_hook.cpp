// XmlHook: a map with a name, among XML.
#include "content.hpp"
#include "errors.hpp"

namespace ropewalk {

PyTypeObject* xml_hook_type = nullptr;

namespace {

PyObject* get_name(PyObject* object, void*) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        const Entered entered(document_of(self));
        return to_python(handle<crdt::XmlHook>(self).hook_name()).release().ptr();
    });
}

PyGetSetDef attributes[] = {
    {"name", &get_name, nullptr, "By which other programs know what to draw.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>("The native part of XmlHook.")},
                       {Py_tp_getset, attributes},
                       {0, nullptr}};

PyType_Spec spec = {"ropewalk._core.XmlHook", sizeof(SharedObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

}  // namespace

void add_xml_hook(py::module_& module) { xml_hook_type = add_type(module, spec, map_type); }

}  // namespace ropewalk
