// What texts have beside plain typing: formats, embeds, deltas, and attributes of their own.
#include <bit>

#include "attributes.hpp"
#include "text.hpp"

namespace ropewalk {

PyTypeObject* formatted_type = nullptr;

namespace {

py::object text_of(const crdt::DeltaOp& op) {
    const std::u16string_view units = op.lone_units();
    if (units.empty()) return to_python(std::string_view(op.text()));
    int native = std::endian::native == std::endian::little ? -1 : 1;
    return owned(PyUnicode_DecodeUTF16(reinterpret_cast<const char*>(units.data()),
                                       static_cast<Py_ssize_t>(units.size() * sizeof(char16_t)),
                                       "surrogatepass", &native));
}

py::object inserted_by(DocObject* doc, const crdt::DeltaOp& op) {
    if (op.kind() == crdt::DeltaOp::Kind::insert) return text_of(op);
    if (op.shared().exists()) return object_of(doc, op.shared());
    if (op.content().kind() == crdt::Content::Kind::binary) {
        return bytes_object(op.content().binary());
    }
    return to_python(op.content().any().view());
}

py::dict formats_of(const crdt::Attributes& attributes) {
    py::dict made;
    for (const auto& [key, value] : attributes) made[to_python(key)] = to_python(value.view());
    return made;
}

PyObject* diff(PyObject* object, PyObject*) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        const Walking walking(doc);
        py::list chunks;
        for (const crdt::DeltaOp& op : handle<crdt::Text>(self).to_delta()) {
            const bool plain = op.attributes().empty();
            const py::object formats = plain ? py::object(py::none()) : formats_of(op.attributes());
            chunks.append(py::make_tuple(inserted_by(doc, op), formats));
        }
        return chunks.release().ptr();
    });
}

PyObject* to_delta(PyObject* object, PyObject*) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        const Walking walking(doc);
        return delta_object(doc, handle<crdt::Text>(self).to_delta()).release().ptr();
    });
}

PyObject* insert_embed(PyObject* object,
                       PyObject* const* args,
                       Py_ssize_t count,
                       PyObject* keywords) noexcept {
    return answered([&] {
        const Arguments<3> given(args, count, keywords, {"index", "value", "attrs"}, 2);
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Writing writing(doc);
        const crdt::Text text = handle<crdt::Text>(self);
        const std::size_t index = index_of(given[0], text, doc);
        const crdt::Attributes formats =
            given.optional(2) == nullptr ? crdt::Attributes() : attributes_of(given[2]);
        Contents made(doc);
        made.add(given[1]);
        {
            crdt::Transaction one = doc->doc->transact();
            check(text.insert_embed(position_of(doc, text, index), made.contents()[0], formats));
            made.attach(
                [&](std::size_t) { return value_of(text.get(position_of(doc, text, index))); });
            check(one.commit());
        }
        writing.done();
        return Py_NewRef(Py_None);
    });
}

// A delta of Python's as one of the engine's. Python counts in the document's unit, the engine in
// UTF-16 units of the text as it was.
class GivenDelta {
public:
    GivenDelta(DocObject* doc, const SharedObject* self)
        : doc_(doc),
          text_(handle<crdt::Text>(self)),
          store_(self->store),
          type_(self->type),
          made_(doc) {}

    void add(PyObject* step) {
        if (!PyDict_Check(step)) raise(PyExc_TypeError, "a step of a delta is a dict");
        if (PyObject* const value = PyDict_GetItemString(step, "insert"); value != nullptr) {
            add_insert(value, formats(step));
        } else if (PyObject* const kept = PyDict_GetItemString(step, "retain"); kept != nullptr) {
            const std::uint32_t units = advance(kept);
            behind_ += units;
            delta_.push_back(crdt::DeltaOp::retain(units, formats(step)));
        } else if (PyObject* const gone = PyDict_GetItemString(step, "delete"); gone != nullptr) {
            delta_.push_back(crdt::DeltaOp::erase(advance(gone)));
        } else {
            raise(PyExc_ValueError, "a step of a delta is an insert, a retain or a delete");
        }
    }
    void apply(bool sanitize) {
        crdt::Transaction one = doc_->doc->transact();
        check(text_.apply_delta(delta_, sanitize));
        made_.attach(
            [&](std::size_t i) { return value_of(text_.get(crdt::Position(places_[i]))); });
        check(one.commit());
    }

private:
    static crdt::Attributes formats(PyObject* step) {
        PyObject* const given = PyDict_GetItemString(step, "attributes");
        return given == nullptr || given == Py_None ? crdt::Attributes() : attributes_of(given);
    }
    void add_insert(PyObject* value, crdt::Attributes attributes) {
        if (PyUnicode_Check(value)) {
            const std::u16string units = units_of(value);
            behind_ += units.size();
            delta_.push_back(crdt::DeltaOp::insert(units, std::move(attributes)));
            return;
        }
        made_.add(value);
        places_.push_back(behind_);
        behind_ += 1;
        delta_.push_back(crdt::DeltaOp::embed(made_.contents().back(), std::move(attributes)));
    }
    // Over `count` of the text as it was; how many UTF-16 units these are.
    std::uint32_t advance(PyObject* count) {
        const Py_ssize_t more = PyNumber_AsSsize_t(count, PyExc_OverflowError);
        if (more == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
        if (more < 0 || more > 0x7fffffff) {
            raise(PyExc_ValueError, "a delta cannot go back, nor that far");
        }
        const std::uint32_t from = units_;
        at_ += static_cast<std::uint32_t>(more);
        units_ = units_at(at_);
        return units_ - from;
    }
    std::uint32_t units_at(std::uint32_t at) {
        if (text_.counts_like_utf16(doc_->unit)) return at;
        const auto length = static_cast<std::uint32_t>(text_.length(doc_->unit));
        if (at > length) return static_cast<std::uint32_t>(text_.length()) + (at - length);
        return value_of(store_->to_units(type_, at, doc_->unit == Unit::utf8));
    }

    DocObject* doc_;
    crdt::Text text_;
    crdt::detail::Store* store_;
    std::uint32_t type_;
    Contents made_;
    crdt::Delta delta_;
    std::uint32_t at_ = 0;             // in the text as it was, in the document's unit
    std::uint32_t units_ = 0;          // the same in UTF-16 units
    std::size_t behind_ = 0;           // in the text that is made, in UTF-16 units
    std::vector<std::size_t> places_;  // of embeds in it
};

PyObject* apply_delta(PyObject* object,
                      PyObject* const* args,
                      Py_ssize_t count,
                      PyObject* keywords) noexcept {
    return answered([&] {
        const Arguments<2> given(args, count, keywords, {"delta", "sanitize"}, 1);
        const py::object steps = owned(PySequence_Fast(given[0], "a delta is a list of dicts"));
        const bool sanitize = given[1] == nullptr || PyObject_IsTrue(given[1]) == 1;
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Writing writing(doc);
        GivenDelta delta(doc, self);
        for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(steps.ptr()); ++i) {
            delta.add(PySequence_Fast_GET_ITEM(steps.ptr(), i));
        }
        delta.apply(sanitize);
        writing.done();
        return Py_NewRef(Py_None);
    });
}

PyMethodDef methods[] = {
    {"diff", &diff, METH_NOARGS,
     "diff($self)\n--\n\n"
     "The text in stretches of one format: (str or what is embedded, formats or None)."},
    {"to_delta", &to_delta, METH_NOARGS,
     "to_delta($self)\n--\n\n"
     "The text as a delta: [{\"insert\": \"bold\", \"attributes\": {\"bold\": True}}, ...]."},
    {"apply_delta", as_function(&apply_delta), kVector,
     "apply_delta($self, delta, sanitize=True)\n--\n\n"
     "Changes the text by steps that insert, retain or delete, in one transaction. Without\n"
     "`sanitize` a newline at the very end, which some editors imply, is left out."},
    {"insert_embed", as_function(&insert_embed), kVector,
     "insert_embed($self, index, value, attrs=None)\n--\n\n"
     "Puts a value or a new shared type in front of the character at `index`, where it counts as\n"
     "one character."},
    {"_attribute", &attribute_of<crdt::Text>, METH_O, nullptr},
    {"_set_attribute", as_function(&set_attribute_of<crdt::Text>), METH_FASTCALL, nullptr},
    {"_remove_attribute", &remove_attribute_of<crdt::Text>, METH_O, nullptr},
    {"_attributes", &attributes_list_of<crdt::Text>, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>("What Text and XmlText have in common.")},
                       {Py_tp_methods, methods},
                       {0, nullptr}};

PyType_Spec spec = {"ropewalk._core.FormattedText", sizeof(SharedObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

}  // namespace

py::list delta_object(DocObject* doc, const crdt::Delta& delta) {
    py::list steps;
    for (const crdt::DeltaOp& op : delta) {
        py::dict step;
        step["insert"] = inserted_by(doc, op);
        if (!op.attributes().empty()) step["attributes"] = formats_of(op.attributes());
        steps.append(std::move(step));
    }
    return steps;
}

void add_formatted(py::module_& module) { formatted_type = add_type(module, spec, shared_type); }

}  // namespace ropewalk
