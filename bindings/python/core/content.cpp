#include "content.hpp"

#include "errors.hpp"
#include "text.hpp"

namespace ropewalk {

namespace {

// SharedObject::type of an object that is about to be attached: it cannot be put anywhere else.
constexpr std::uint32_t kTaken = crdt::detail::kNone - 1;

[[nodiscard]] bool is_a(PyObject* value, PyTypeObject* type) noexcept {
    return PyObject_TypeCheck(value, type) != 0;
}

// Text that may hold lone surrogates, which only a delta can.
crdt::Delta plain_delta(PyObject* text) {
    crdt::Delta made;
    if (text != Py_None && !PyUnicode_Check(text)) {
        raise(PyExc_TypeError, "a text starts with a str or a delta");
    }
    if (text != Py_None) made.push_back(crdt::DeltaOp::insert(units_of(text)));
    return made;
}

}  // namespace

crdt::Content plain_content(PyObject* value, std::forward_list<BytesOf>& buffers) {
    if (PyBytes_Check(value) || PyByteArray_Check(value) || PyMemoryView_Check(value)) {
        return crdt::Binary{buffers.emplace_front(value).view()};
    }
    return any_of(value);
}

Contents::~Contents() {
    for (const Waiting& one : waiting_) {
        if (!is_shared(one.object.ptr())) continue;
        auto* object = as_shared(one.object.ptr());
        if (object->doc == nullptr && object->type == kTaken) object->type = crdt::detail::kNone;
    }
}

crdt::Content Contents::content_of(PyObject* value,
                                   std::size_t parent,
                                   std::size_t index,
                                   PyObject* key) {
    if (!is_type_or_doc(value)) return plain_content(value, buffers_);
    const std::size_t me = waiting_.size();
    std::string name(key == nullptr ? std::string_view() : key_of(key));
    if (is_shared(value)) {
        auto* object = as_shared(value);
        if (object->doc != nullptr || object->type == kTaken) {
            PyErr_Format(PyExc_ValueError, "Cannot insert an integrated %s",
                         Py_TYPE(value)->tp_name);
            throw py::error_already_set();
        }
        waiting_.push_back({shared(value), parent, index, std::move(name), key != nullptr});
        object->type = kTaken;
        return type_content(value, me);
    }
    DocObject* const inner = opened(value);
    if (inner == doc_) raise(PyExc_ValueError, "a document cannot hold itself");
    waiting_.push_back({shared(value), parent, index, std::move(name), key != nullptr});
    crdt::DocumentInit init(key_of(inner->guid));
    init.collect = inner->collect;
    const py::object options = py::getattr(value, "_subdoc_options", py::none());
    if (!options.is_none()) {
        const auto [auto_load, should_load, meta] =
            py::cast<std::tuple<bool, bool, py::object>>(options());
        init.auto_load = auto_load;
        init.should_load = should_load;
        init.meta = any_of(meta.ptr());
    }
    return init;
}

crdt::Content Contents::node_of(PyObject* value, std::size_t parent, std::size_t index) {
    if (PyUnicode_Check(value)) return text_content<crdt::XmlTextInit>(value, kTop);
    if (is_a(value, xml_fragment_type) || is_a(value, xml_text_type) ||
        is_a(value, xml_hook_type)) {
        return content_of(value, parent, index, nullptr);
    }
    PyErr_Format(PyExc_TypeError, "Cannot add value to XML: %R", value);
    throw py::error_already_set();
}

std::vector<crdt::Content> Contents::list_content(PyObject* list, std::size_t me, bool nodes) {
    std::vector<crdt::Content> made;
    if (list == nullptr) return made;
    const py::object fast = owned(PySequence_Fast(list, "contents are a list"));
    made.reserve(static_cast<std::size_t>(PySequence_Fast_GET_SIZE(fast.ptr())));
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast.ptr()); ++i) {
        const py::object kept = shared(PySequence_Fast_GET_ITEM(fast.ptr(), i));
        PyObject* const value = kept.ptr();
        const auto index = static_cast<std::size_t>(i);
        made.push_back(nodes ? node_of(value, me, index) : content_of(value, me, index, nullptr));
    }
    return made;
}

// prelim: (tag, [(name, value), ...], [child, ...])
crdt::Content Contents::element_content(PyObject* prelim, std::size_t me) {
    PyObject* tag = nullptr;
    PyObject* attributes = nullptr;
    PyObject* children = nullptr;
    if (prelim == nullptr || !PyTuple_Check(prelim) ||
        PyArg_ParseTuple(prelim, "UOO", &tag, &attributes, &children) == 0) {
        PyErr_Clear();
        raise(PyExc_TypeError, "an element starts with a tag, attributes and contents");
    }
    crdt::XmlElementInit init{key_of(tag)};
    // Children first: so they are written, as in Yjs.
    init.children = list_content(children, me, true);
    init.attributes = entries_of(attributes, me);
    return init;
}

// prelim: nothing, a str, a delta, or (one of these, attributes)
template <class Init>
crdt::Content Contents::text_content(PyObject* prelim, std::size_t me) {
    if (prelim == nullptr || prelim == Py_None) return Init();
    if (PyTuple_Check(prelim)) {
        PyObject* start = nullptr;
        PyObject* attributes = nullptr;
        if (PyArg_ParseTuple(prelim, "OO", &start, &attributes) == 0) {
            throw py::error_already_set();
        }
        Init init(PyList_Check(start) ? delta_content(start, me)
                                      : std::make_shared<const crdt::Delta>(plain_delta(start)));
        init.attributes = entries_of(attributes, me);
        return init;
    }
    if (PyList_Check(prelim)) return Init(delta_content(prelim, me));
    Py_ssize_t size = 0;
    const char* const utf8 = utf8_of(prelim, size);
    if (utf8 != nullptr) return Init(std::string_view(utf8, static_cast<std::size_t>(size)));
    return Init(std::make_shared<const crdt::Delta>(plain_delta(prelim)));
}

std::shared_ptr<const crdt::Delta> Contents::delta_content(PyObject* delta, std::size_t me) {
    crdt::Delta made;
    std::size_t at = 0;  // UTF-16 units
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(delta); ++i) {
        PyObject* const step = PyList_GET_ITEM(delta, i);
        PyObject* const value = PyDict_Check(step) ? PyDict_GetItemString(step, "insert") : nullptr;
        if (value == nullptr) raise(PyExc_ValueError, "a new text has nothing but inserts");
        PyObject* const given = PyDict_GetItemString(step, "attributes");
        crdt::Attributes formats =
            given == nullptr || given == Py_None ? crdt::Attributes() : attributes_of(given);
        if (PyUnicode_Check(value)) {
            const std::u16string units = units_of(value);
            at += units.size();
            made.push_back(crdt::DeltaOp::insert(units, std::move(formats)));
        } else {
            made.push_back(
                crdt::DeltaOp::embed(content_of(value, me, at++, nullptr), std::move(formats)));
        }
    }
    return std::make_shared<const crdt::Delta>(std::move(made));
}

// Of a mapping, or of a list of pairs.
Contents::Entries Contents::entries_of(PyObject* mapping, std::size_t me) {
    const py::object pairs =
        owned(PyDict_Check(mapping) ? PyDict_Items(mapping)
                                    : PySequence_Fast(mapping, "entries are a dict or pairs"));
    Entries made;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(pairs.ptr()); ++i) {
        const auto pair = py::cast<std::pair<py::object, py::object>>(
            py::handle(PySequence_Fast_GET_ITEM(pairs.ptr(), i)));
        made.emplace_back(key_of(pair.first.ptr()),
                          content_of(pair.second.ptr(), me, 0, pair.first.ptr()));
    }
    return made;
}

crdt::Content Contents::type_content(PyObject* value, std::size_t me) {
    if (Py_EnterRecursiveCall(" while a shared type is inserted") != 0) {
        throw py::error_already_set();
    }
    struct Leave {
        Leave() = default;
        Leave(const Leave&) = delete;
        Leave& operator=(const Leave&) = delete;
        ~Leave() { Py_LeaveRecursiveCall(); }
    } const leave;
    PyObject* const prelim = as_shared(value)->prelim;
    if (is_a(value, xml_text_type)) return text_content<crdt::XmlTextInit>(prelim, me);
    if (is_a(value, text_type)) return text_content<crdt::TextInit>(prelim, me);
    if (is_a(value, xml_element_type)) return element_content(prelim, me);
    if (is_a(value, xml_fragment_type)) {
        crdt::XmlFragmentInit init;
        init.children = list_content(prelim, me, true);
        return init;
    }
    if (is_a(value, array_type)) {
        crdt::ArrayInit init;
        init.contents = list_content(prelim, me, false);
        return init;
    }
    if (is_a(value, xml_hook_type)) {
        PyObject* name = nullptr;
        PyObject* entries = nullptr;
        if (prelim == nullptr || PyArg_ParseTuple(prelim, "UO", &name, &entries) == 0) {
            PyErr_Clear();
            raise(PyExc_TypeError, "a hook starts with a name and entries");
        }
        crdt::XmlHookInit init{key_of(name)};
        init.entries = entries_of(entries, me);
        return init;
    }
    if (!is_a(value, map_type)) raise(PyExc_TypeError, "a shared type of no known kind");
    crdt::MapInit init;
    if (prelim == nullptr) return init;
    if (!PyDict_Check(prelim)) raise(PyExc_TypeError, "a Map starts with a dict");
    init.entries = entries_of(prelim, me);
    return init;
}

crdt::Value Contents::child_of(const Waiting& one) const {
    PyObject* const parent = waiting_[one.parent].object.ptr();
    const auto* around = as_shared(parent);
    if (is_a(parent, map_type)) return handle<crdt::Map>(around).get(one.key);
    if (is_a(parent, formatted_type)) {
        const auto text = handle<crdt::Text>(around);
        return one.keyed ? text.attribute(one.key) : value_of(text.get(crdt::Position(one.index)));
    }
    if (one.keyed) return handle<crdt::XmlElement>(around).attribute(one.key);
    if (is_a(parent, array_type)) return value_of(handle<crdt::Array>(around).get(one.index));
    return value_of(handle<crdt::XmlFragment>(around).get(one.index));
}

void Contents::attach(const Waiting& one, const crdt::Value& value) {
    if (is_shared(one.object.ptr())) {
        ropewalk::attach(as_shared(one.object.ptr()), doc_, type_of(value));
    } else {
        adopt_subdoc(doc_, value.document(), one.object.ptr());
    }
}

bool is_already(DocObject* doc, const crdt::Value& value, PyObject* object) {
    if (value.kind() == crdt::ValueKind::document) {
        return subdoc_object(doc, value.document()).ptr() == object;
    }
    if (!is_shared(object) || as_shared(object)->doc == nullptr) return false;
    const py::object there = object_of(doc, value);
    return is_shared(there.ptr()) && as_shared(there.ptr())->store == as_shared(object)->store &&
           as_shared(there.ptr())->type == as_shared(object)->type;
}

crdt::SharedType type_of(const crdt::Value& value) {
    using crdt::ValueKind;
    switch (value.kind()) {
        case ValueKind::text:
            return value.text();
        case ValueKind::array:
            return value.array();
        case ValueKind::map:
            return value.map();
        case ValueKind::xml_element:
            return value.xml_element();
        case ValueKind::xml_fragment:
            return value.xml_fragment();
        case ValueKind::xml_text:
            return value.xml_text();
        case ValueKind::xml_hook:
            return value.xml_hook();
        default:
            raise(PyExc_RuntimeError, "what was inserted is no shared type");
    }
}

}  // namespace ropewalk
