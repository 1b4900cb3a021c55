// XmlFragment, XmlElement and XmlText.
#include "attributes.hpp"
#include "text.hpp"

namespace ropewalk {

PyTypeObject* xml_element_type = nullptr;
PyTypeObject* xml_fragment_type = nullptr;
PyTypeObject* xml_text_type = nullptr;

namespace {

using crdt::ValueKind;
using crdt::XmlElement;
using crdt::XmlFragment;
using crdt::XmlText;

// -- what is around ------------------------------------------------------------------------------

py::object object_of_parent(DocObject* doc, const XmlFragment& parent) {
    if (!parent.alive()) return py::none();
    const XmlElement element = parent.element();
    if (element.alive()) return object_of(doc, ValueKind::xml_element, element);
    return object_of(doc, ValueKind::xml_fragment, parent);
}

template <class T>
PyObject* get_parent(PyObject* object, void*) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        return object_of_parent(doc, handle<T>(self).parent()).release().ptr();
    });
}

template <class T>
PyObject* get_next(PyObject* object, void*) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        return object_of(doc, handle<T>(self).next_sibling()).release().ptr();
    });
}

template <class T>
PyObject* get_previous(PyObject* object, void*) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        return object_of(doc, handle<T>(self).previous_sibling()).release().ptr();
    });
}

template <class T>
PyGetSetDef neighbours[] = {
    {"parent", &get_parent<T>, nullptr,
     "The element or fragment around this; None if there is none.", nullptr},
    {"next_sibling", &get_next<T>, nullptr, "What stands behind this, or None.", nullptr},
    {"previous_sibling", &get_previous<T>, nullptr, "What stands in front of this, or None.",
     nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

// -- children ------------------------------------------------------------------------------------

PyObject* count_children(PyObject* object, PyObject*) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        const Entered entered(document_of(self));
        return checked(PyLong_FromSize_t(handle<XmlFragment>(self).size()));
    });
}

PyObject* child(PyObject* object, PyObject* index) noexcept {
    return answered([&] {
        const std::size_t at = index_of(index, "index");
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        return object_of(doc, value_of(handle<XmlFragment>(self).get(at))).release().ptr();
    });
}

PyObject* children(PyObject* object, PyObject*) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        const Walking walking(doc);
        py::list found;
        handle<XmlFragment>(self).for_each(
            [&](const crdt::Value& value) { found.append(object_of(doc, value)); });
        return found.release().ptr();
    });
}

// (start, count, nodes): puts nodes in the place of `count` children.
PyObject* replace_children(PyObject* object, PyObject* const* args, Py_ssize_t count) noexcept {
    return answered([&] {
        if (count != 3) raise(PyExc_TypeError, "a start, a count and nodes were expected");
        const std::size_t start = index_of(args[0], "index");
        const std::size_t gone = index_of(args[1], "count");
        const py::object nodes = owned(PySequence_Fast(args[2], "nodes are a list"));
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Writing writing(doc);
        const XmlFragment fragment = handle<XmlFragment>(self);
        Contents made(doc);
        for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(nodes.ptr()); ++i) {
            made.add_node(PySequence_Fast_GET_ITEM(nodes.ptr(), i));
        }
        {
            crdt::Transaction one = doc->doc->transact();
            if (gone != 0) check(fragment.erase(start, gone));
            if (!made.contents().empty()) check(fragment.insert(start, made.contents()));
            made.attach([&](std::size_t i) { return value_of(fragment.get(start + i)); });
            check(one.commit());
        }
        writing.done();
        return Py_NewRef(Py_None);
    });
}

PyObject* print(PyObject* object) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        crdt::Bytes utf8;
        {
            const Entered entered(document_of(self));
            check(handle<XmlFragment>(self).append_to(utf8));
        }
        return to_python(crdt::as_text(utf8.view())).release().ptr();
    });
}

PyObject* print_text(PyObject* object) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        crdt::Bytes utf8;
        {
            const Entered entered(document_of(self));
            check(handle<XmlText>(self).append_xml_to(utf8));
        }
        return to_python(crdt::as_text(utf8.view())).release().ptr();
    });
}

PyObject* get_tag(PyObject* object, void*) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        const Entered entered(document_of(self));
        return to_python(handle<XmlElement>(self).node_name()).release().ptr();
    });
}

PyMethodDef fragment_methods[] = {
    {"_count_children", &count_children, METH_NOARGS, nullptr},
    {"_child", &child, METH_O, nullptr},
    {"_children", &children, METH_NOARGS, nullptr},
    {"_replace_children", as_function(&replace_children), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot fragment_slots[] = {{Py_tp_doc, const_cast<char*>("The native part of XmlFragment.")},
                                {Py_tp_methods, fragment_methods},
                                {Py_tp_getset, neighbours<XmlFragment>},
                                {Py_tp_str, reinterpret_cast<void*>(&print)},
                                {0, nullptr}};

PyType_Spec fragment_spec = {"ropewalk._core.XmlFragment", sizeof(SharedObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, fragment_slots};

PyMethodDef element_methods[] = {
    {"_attribute", &attribute_of<XmlElement>, METH_O, nullptr},
    {"_set_attribute", as_function(&set_attribute_of<XmlElement>), METH_FASTCALL, nullptr},
    {"_remove_attribute", &remove_attribute_of<XmlElement>, METH_O, nullptr},
    {"_attributes", &attributes_list_of<XmlElement>, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef element_attributes[] = {{"tag", &get_tag, nullptr, "The name of the element.", nullptr},
                                    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot element_slots[] = {{Py_tp_doc, const_cast<char*>("The native part of XmlElement.")},
                               {Py_tp_methods, element_methods},
                               {Py_tp_getset, element_attributes},
                               {0, nullptr}};

PyType_Spec element_spec = {"ropewalk._core.XmlElement", sizeof(SharedObject), 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, element_slots};

PyType_Slot text_slots[] = {{Py_tp_doc, const_cast<char*>("The native part of XmlText.")},
                            {Py_tp_getset, neighbours<XmlText>},
                            {Py_tp_str, reinterpret_cast<void*>(&print_text)},
                            {0, nullptr}};

PyType_Spec text_spec = {"ropewalk._core.XmlText", sizeof(SharedObject), 0,
                         Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, text_slots};

}  // namespace

void add_xml(py::module_& module) {
    xml_fragment_type = add_type(module, fragment_spec, shared_type);
    xml_element_type = add_type(module, element_spec, xml_fragment_type);
    xml_text_type = add_type(module, text_spec, text_type);
}

}  // namespace ropewalk
