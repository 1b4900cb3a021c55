// Text: the methods that are called per keystroke.
#include "text.hpp"
#include "errors.hpp"
#include "shared_type.hpp"
#include "values.hpp"

namespace ropewalk {

PyTypeObject* text_type = nullptr;

namespace {

// The engine takes places inside surrogate pairs, as Yjs does, and spoils the pair.
void refuse_inside_pair(const crdt::Text& text, std::size_t index) {
    if (index == 0 || text.counts_like_utf16(Unit::code_point)) return;
    using crdt::detail::Access;
    const auto units = Access::handle<crdt::Array>(Access::store(text), Access::type(text));
    const auto is_half = [&](std::size_t at, unsigned half) {
        const crdt::Result<crdt::Value> unit = units.get(at);
        return unit.ok() && (unsigned{unit->character()} & 0xfc00U) == half;
    };
    if (is_half(index, 0xdc00) && is_half(index - 1, 0xd800)) {
        check(crdt::Error{crdt::ErrorCode::inside_character, index});
    }
}

void check_end(const DocObject* doc, const crdt::Text& text, const Stretch& stretch) {
    if (doc->keeps_pairs) refuse_inside_pair(text, stretch.start + stretch.count);
}

}  // namespace

crdt::Position position_of(const DocObject* doc, const crdt::Text& text, std::size_t index) {
    if (doc->keeps_pairs) [[unlikely]]
        refuse_inside_pair(text, index);
    const auto at = static_cast<std::uint32_t>(index < 0xffffffffU ? index : 0xffffffffU);
    if (text.counts_like_utf16(doc->unit)) return crdt::Utf16{at};
    return doc->unit == Unit::utf8 ? crdt::Position(crdt::Utf8{at})
                                   : crdt::Position(crdt::CodePoint{at});
}

std::size_t index_of(PyObject* index, const char* what) {
    const Py_ssize_t at = index_value(index);
    if (at == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
    if (at < 0) {
        PyErr_Format(PyExc_IndexError, "%s is negative: %zd", what, at);
        throw py::error_already_set();
    }
    return static_cast<std::size_t>(at);
}

void insert_text(const Writing& writing,
                 DocObject* doc,
                 const crdt::Text& text,
                 std::size_t index,
                 PyObject* value,
                 PyObject* attributes) {
    const crdt::Position at = position_of(doc, text, index);
    Py_ssize_t size = 0;
    const char* const utf8 = utf8_of(value, size);
    if (utf8 != nullptr) [[likely]] {
        const std::string_view bytes(utf8, static_cast<std::size_t>(size));
        check(attributes == nullptr ? text.insert(at, bytes)
                                    : text.insert(at, bytes, attributes_of(attributes)));
    } else {
        const std::u16string units = units_of(value);
        check(attributes == nullptr ? text.insert(at, units)
                                    : text.insert(at, units, attributes_of(attributes)));
    }
    writing.done();
}

std::size_t index_of(PyObject* index, const crdt::Text& text, const DocObject* doc) {
    Py_ssize_t at = index_value(index);
    if (at == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
    if (at < 0) [[unlikely]] {
        at += static_cast<Py_ssize_t>(length_of(doc, text));
        if (at < 0) raise(PyExc_IndexError, "Text index out of range");
    }
    return static_cast<std::size_t>(at);
}

std::size_t length_of(const DocObject* doc, const crdt::Text& text) {
    const crdt::detail::Store* const store = crdt::detail::Access::store(text);
    // Without ending the run of keystrokes that is under way.
    if (text.counts_like_utf16(doc->unit) && text.check().ok() && store->source == nullptr) {
        return store->units(crdt::detail::Access::type(text));
    }
    return text.length(doc->unit);
}

Stretch stretch_of(const DocObject* doc, const crdt::Text& text, PyObject* slice) {
    if (reinterpret_cast<PySliceObject*>(slice)->step != Py_None) {
        raise(PyExc_RuntimeError, "Step not supported");
    }
    Py_ssize_t start = 0;
    Py_ssize_t stop = 0;
    Py_ssize_t step = 0;
    if (PySlice_Unpack(slice, &start, &stop, &step) != 0) throw py::error_already_set();
    const Py_ssize_t count =
        PySlice_AdjustIndices(static_cast<Py_ssize_t>(length_of(doc, text)), &start, &stop, step);
    return {static_cast<std::size_t>(start), static_cast<std::size_t>(count)};
}

namespace {

PyObject* insert(PyObject* object,
                 PyObject* const* args,
                 Py_ssize_t count,
                 PyObject* keywords) noexcept {
    return answered([&] {
        const Arguments<3> given(args, count, keywords, {"index", "value", "attrs"}, 2);
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Writing writing(doc);
        const crdt::Text text = handle<crdt::Text>(self);
        insert_text(writing, doc, text, index_of(given[0], text, doc), given[1], given.optional(2));
        return Py_NewRef(Py_None);
    });
}

// start:stop of two ints that are not negative: what most slices are. It may reach past the end.
bool is_simple(PyObject* key, Stretch& stretch) noexcept {
    const auto* slice = reinterpret_cast<PySliceObject*>(key);
    if (slice->step != Py_None || !PyLong_CheckExact(slice->start) ||
        !PyLong_CheckExact(slice->stop)) {
        return false;
    }
    const Py_ssize_t start = index_value(slice->start);
    const Py_ssize_t stop = index_value(slice->stop);
    if (start < 0 || stop <= start) {
        PyErr_Clear();
        return false;
    }
    stretch = {static_cast<std::size_t>(start), static_cast<std::size_t>(stop - start)};
    return true;
}

void erase(SharedObject* self, PyObject* key) {
    DocObject* const doc = document_of(self);
    const Writing writing(doc);
    const crdt::Text text = handle<crdt::Text>(self);
    Stretch stretch{0, 1};
    if (PySlice_Check(key)) {
        // Only the engine looks whether the text is as long, unless it is not.
        if (is_simple(key, stretch) && !doc->keeps_pairs) {
            const crdt::Status status =
                text.erase(position_of(doc, text, stretch.start), stretch.count);
            if (status.error().code != crdt::ErrorCode::index_out_of_range) {
                check(status);
                return writing.done();
            }
        }
        stretch = stretch_of(doc, text, key);
        if (stretch.count == 0) return;
    } else if (PyLong_Check(key)) {
        stretch.start = index_of(key, text, doc);
    } else {
        PyErr_Format(PyExc_RuntimeError, "Index not supported: %S", key);
        throw py::error_already_set();
    }
    check_end(doc, text, stretch);
    check(text.erase(position_of(doc, text, stretch.start), stretch.count));
    writing.done();
}

void replace(SharedObject* self, PyObject* key, PyObject* value) {
    DocObject* const doc = document_of(self);
    const Writing writing(doc);
    const crdt::Text text = handle<crdt::Text>(self);
    if (!PyUnicode_Check(value)) raise(PyExc_TypeError, "a text holds str");
    Stretch stretch{0, 1};
    if (PySlice_Check(key)) {
        stretch = stretch_of(doc, text, key);
    } else if (PyLong_Check(key)) {
        if (PyUnicode_GET_LENGTH(value) != 1) {
            PyErr_Format(PyExc_RuntimeError,
                         "Single item assigned value must have a length of 1, not %zd",
                         PyUnicode_GET_LENGTH(value));
            throw py::error_already_set();
        }
        stretch.start = index_of(key, text, doc);
    } else {
        PyErr_Format(PyExc_RuntimeError, "Index not supported: %S", key);
        throw py::error_already_set();
    }
    check_end(doc, text, stretch);
    {
        // One change, also without a transaction of the caller's.
        crdt::Transaction both = doc->doc->transact();
        if (stretch.count != 0) {
            check(text.erase(position_of(doc, text, stretch.start), stretch.count));
        }
        Py_ssize_t size = 0;
        const char* const utf8 = utf8_of(value, size);
        const crdt::Position at = position_of(doc, text, stretch.start);
        check(utf8 != nullptr
                  ? text.insert(at, std::string_view(utf8, static_cast<std::size_t>(size)))
                  : text.insert(at, units_of(value)));
        check(both.commit());
    }
    writing.done();
}

int assign(PyObject* object, PyObject* key, PyObject* value) noexcept {
    return done([&] {
        if (value == nullptr) {
            erase(as_shared(object), key);
        } else {
            replace(as_shared(object), key, value);
        }
    });
}

Py_ssize_t length(PyObject* object) noexcept {
    Py_ssize_t units = -1;
    static_cast<void>(done([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        units = static_cast<Py_ssize_t>(length_of(doc, handle<crdt::Text>(self)));
    }));
    return units;
}

PyObject* add_in_place(PyObject* object, PyObject* value) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Writing writing(doc);
        const crdt::Text text = handle<crdt::Text>(self);
        Py_ssize_t size = 0;
        const char* const utf8 = utf8_of(value, size);
        check(utf8 != nullptr ? text.append(std::string_view(utf8, static_cast<std::size_t>(size)))
                              : text.insert(crdt::Position(text.length()), units_of(value)));
        writing.done();
        return Py_NewRef(object);
    });
}

PyObject* format(PyObject* object,
                 PyObject* const* args,
                 Py_ssize_t count,
                 PyObject* keywords) noexcept {
    return answered([&] {
        const Arguments<3> given(args, count, keywords, {"start", "stop", "attrs"}, 3);
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Writing writing(doc);
        const crdt::Text text = handle<crdt::Text>(self);
        const py::object slice = owned(PySlice_New(given[0], given[1], nullptr));
        const Stretch stretch = stretch_of(doc, text, slice.ptr());
        if (stretch.count != 0) {
            check_end(doc, text, stretch);
            check(text.format(position_of(doc, text, stretch.start), stretch.count,
                              attributes_of(given[2])));
        }
        writing.done();
        return Py_NewRef(Py_None);
    });
}

PyObject* as_string(PyObject* object) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        return text_string(document_of(self), handle<crdt::Text>(self)).release().ptr();
    });
}

PyMethodDef methods[] = {{"insert", as_function(&insert), kVector,
                          "insert($self, index, value, attrs=None)\n--\n\n"
                          "Puts `value` in front of the character at `index`; with `attrs`, "
                          "formatted by exactly these."},
                         {"format", as_function(&format), kVector,
                          "format($self, start, stop, attrs)\n--\n\n"
                          "Sets formats from `start` up to `stop`; None as a value ends one."},
                         {nullptr, nullptr, 0, nullptr}};

PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>("The native part of Text.")},
                       {Py_tp_methods, methods},
                       {Py_tp_str, reinterpret_cast<void*>(&as_string)},
                       {Py_mp_length, reinterpret_cast<void*>(&length)},
                       {Py_sq_length, reinterpret_cast<void*>(&length)},
                       {Py_mp_ass_subscript, reinterpret_cast<void*>(&assign)},
                       {Py_nb_inplace_add, reinterpret_cast<void*>(&add_in_place)},
                       {0, nullptr}};

PyType_Spec spec = {"ropewalk._core.Text", sizeof(SharedObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

}  // namespace

py::object text_string(DocObject* doc, const crdt::Text& text) {
    crdt::Bytes utf8;
    {
        const Entered entered(doc);
        check(text.append_to(utf8));
    }
    return to_python(crdt::as_text(utf8.view()));
}

void add_text(py::module_& module) { text_type = add_type(module, spec, formatted_type); }

}  // namespace ropewalk
