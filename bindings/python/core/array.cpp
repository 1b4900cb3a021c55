// Array: a list that is shared.
#include "content.hpp"
#include "errors.hpp"

namespace ropewalk {

PyTypeObject* array_type = nullptr;

namespace {

constexpr const char* kOutOfRange = "Array index out of range";

Py_ssize_t number_of(PyObject* index) {
    const Py_ssize_t at = PyNumber_AsSsize_t(index, PyExc_IndexError);
    if (at == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
    return at;
}

// Which element is meant; negative ones count from the end.
std::size_t element_of(const crdt::Array& array, PyObject* index) {
    Py_ssize_t at = number_of(index);
    const auto size = static_cast<Py_ssize_t>(array.size());
    if (at < 0) at += size;
    if (at < 0 || at >= size) raise(PyExc_IndexError, kOutOfRange);
    return static_cast<std::size_t>(at);
}

struct Range {
    std::size_t start;
    std::size_t count;
};

// The same as of a list; without steps.
Range range_of(const crdt::Array& array, PyObject* slice) {
    if (reinterpret_cast<PySliceObject*>(slice)->step != Py_None) {
        raise(PyExc_RuntimeError, "Step not supported");
    }
    Py_ssize_t start = 0;
    Py_ssize_t stop = 0;
    Py_ssize_t step = 0;
    if (PySlice_Unpack(slice, &start, &stop, &step) != 0) throw py::error_already_set();
    const auto size = static_cast<Py_ssize_t>(array.size());
    const Py_ssize_t count = PySlice_AdjustIndices(size, &start, &stop, step);
    return {static_cast<std::size_t>(start), static_cast<std::size_t>(count)};
}

// Among elements that were deleted there are places that no index tells apart. What is inserted
// goes in front of those at its index, what is pushed behind all.
enum class Place { insert, push };

crdt::Status put(const crdt::Array& array,
                 Place place,
                 std::size_t index,
                 std::span<const crdt::Content> contents) {
    return place == Place::push ? array.push(contents) : array.insert(index, contents);
}

void insert_values(SharedObject* self, Place place, std::size_t index, Contents& made) {
    const crdt::Array array = handle<crdt::Array>(self);
    check(put(array, place, index, made.contents()));
    if (!made.holds_types()) return;
    made.attach([&](std::size_t i) { return value_of(array.get(index + i)); });
}

void insert_one(
    SharedObject* self, const Writing& writing, Place place, std::size_t index, PyObject* value) {
    DocObject* const doc = document_of(self);
    const crdt::Array array = handle<crdt::Array>(self);
    if (!is_type_or_doc(value)) [[likely]] {
        std::forward_list<BytesOf> buffers;
        const crdt::Content content = plain_content(value, buffers);
        check(put(array, place, index, {&content, 1}));
    } else {
        Contents made(doc);
        made.add(value);
        crdt::Transaction one = doc->doc->transact();
        insert_values(self, place, index, made);
        check(one.commit());
    }
    writing.done();
}

// Puts `values` in the place of `count` elements.
void replace(
    SharedObject* self, const Writing& writing, Place place, const Range& range, PyObject* values) {
    DocObject* const doc = document_of(self);
    const crdt::Array array = handle<crdt::Array>(self);
    const py::object fast = owned(PySequence_Fast(values, "a list of values was expected"));
    Contents made(doc);
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast.ptr()); ++i) {
        made.add(PySequence_Fast_GET_ITEM(fast.ptr(), i));
    }
    {
        crdt::Transaction one = doc->doc->transact();
        if (range.count != 0) check(array.erase(range.start, range.count));
        if (!made.contents().empty()) insert_values(self, place, range.start, made);
        check(one.commit());
    }
    writing.done();
}

PyObject* append(PyObject* object,
                 PyObject* const* args,
                 Py_ssize_t count,
                 PyObject* keywords) noexcept {
    return answered([&] {
        const Arguments<1> given(args, count, keywords, {"value"}, 1);
        auto* self = as_shared(object);
        const Writing writing(document_of(self));
        insert_one(self, writing, Place::push, handle<crdt::Array>(self).size(), given[0]);
        return Py_NewRef(Py_None);
    });
}

PyObject* extend(PyObject* object,
                 PyObject* const* args,
                 Py_ssize_t count,
                 PyObject* keywords) noexcept {
    return answered([&] {
        const Arguments<1> given(args, count, keywords, {"value"}, 1);
        // Taken first: iterating may run anything.
        const py::object values = owned(PySequence_Fast(given[0], "values are a list"));
        auto* self = as_shared(object);
        const Writing writing(document_of(self));
        const Range end{handle<crdt::Array>(self).size(), 0};
        replace(self, writing, Place::push, end, values.ptr());
        return Py_NewRef(Py_None);
    });
}

PyObject* insert(PyObject* object,
                 PyObject* const* args,
                 Py_ssize_t count,
                 PyObject* keywords) noexcept {
    return answered([&] {
        const Arguments<2> given(args, count, keywords, {"index", "object"}, 2);
        auto* self = as_shared(object);
        const Writing writing(document_of(self));
        Py_ssize_t index = number_of(given[0]);
        const auto size = static_cast<Py_ssize_t>(handle<crdt::Array>(self).size());
        if (index < 0) index += size;
        if (index < 0 || index > size) raise(PyExc_IndexError, kOutOfRange);
        insert_one(self, writing, Place::insert, static_cast<std::size_t>(index), given[1]);
        return Py_NewRef(Py_None);
    });
}

PyObject* pop(PyObject* object,
              PyObject* const* args,
              Py_ssize_t count,
              PyObject* keywords) noexcept {
    return answered([&] {
        const Arguments<1> given(args, count, keywords, {"index"}, 0);
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Writing writing(doc);
        const crdt::Array array = handle<crdt::Array>(self);
        const py::object last = py::int_(-1);
        const std::size_t at = element_of(array, given[0] == nullptr ? last.ptr() : given[0]);
        py::object value = plain_of(doc, value_of(array.get(at)));
        check(array.erase(at));
        writing.done();
        return value.release().ptr();
    });
}

Py_ssize_t length(PyObject* object) noexcept {
    Py_ssize_t size = -1;
    static_cast<void>(done([&] {
        auto* self = as_shared(object);
        const Entered entered(document_of(self));
        size = static_cast<Py_ssize_t>(handle<crdt::Array>(self).size());
    }));
    return size;
}

PyObject* slice_of(DocObject* doc, const crdt::Array& array, PyObject* slice) {
    Py_ssize_t start = 0;
    Py_ssize_t stop = 0;
    Py_ssize_t step = 0;
    if (PySlice_Unpack(slice, &start, &stop, &step) != 0) throw py::error_already_set();
    const Py_ssize_t count =
        PySlice_AdjustIndices(static_cast<Py_ssize_t>(array.size()), &start, &stop, step);
    py::list list;
    for (Py_ssize_t i = 0; i < count; ++i) {
        const auto at = static_cast<std::size_t>(start + i * step);
        list.append(object_of(doc, value_of(array.get(at))));
    }
    return list.release().ptr();
}

[[noreturn]] void refuse_key(PyObject* key) {
    PyErr_Format(PyExc_TypeError, "Array indices must be integers or slices, not %s",
                 Py_TYPE(key)->tp_name);
    throw py::error_already_set();
}

PyObject* subscript(PyObject* object, PyObject* key) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        const crdt::Array array = handle<crdt::Array>(self);
        if (PySlice_Check(key)) return slice_of(doc, array, key);
        if (PyIndex_Check(key) == 0) refuse_key(key);
        return object_of(doc, value_of(array.get(element_of(array, key)))).release().ptr();
    });
}

void assign_element(SharedObject* self, const Writing& writing, PyObject* key, PyObject* value) {
    DocObject* const doc = document_of(self);
    const crdt::Array array = handle<crdt::Array>(self);
    const std::size_t at = element_of(array, key);
    if (is_type_or_doc(value) && is_already(doc, value_of(array.get(at)), value)) return;
    Contents made(doc);
    made.add(value);
    {
        crdt::Transaction one = doc->doc->transact();
        check(array.erase(at));
        insert_values(self, Place::insert, at, made);
        check(one.commit());
    }
    writing.done();
}

void erase(SharedObject* self, const Writing& writing, PyObject* key) {
    const crdt::Array array = handle<crdt::Array>(self);
    Range range{0, 1};
    if (PySlice_Check(key)) {
        range = range_of(array, key);
    } else if (PyIndex_Check(key) != 0) {
        range.start = element_of(array, key);
    } else {
        refuse_key(key);
    }
    if (range.count == 0) return;
    check(array.erase(range.start, range.count));
    writing.done();
}

int assign(PyObject* object, PyObject* key, PyObject* value) noexcept {
    return done([&] {
        auto* self = as_shared(object);
        if (value == nullptr) {
            const Writing writing(document_of(self));
            return erase(self, writing, key);
        }
        if (PySlice_Check(key)) {
            const py::object values = owned(PySequence_Fast(value, "values are a list"));
            const Writing writing(document_of(self));
            const Range range = range_of(handle<crdt::Array>(self), key);
            return replace(self, writing, Place::insert, range, values.ptr());
        }
        if (PyIndex_Check(key) == 0) raise(PyExc_RuntimeError, "Index must be of type integer");
        const Writing writing(document_of(self));
        assign_element(self, writing, key, value);
    });
}

PyMethodDef methods[] = {
    {"append", as_function(&append), kVector,
     "append($self, value)\n--\n\nPuts a value behind the last one."},
    {"extend", as_function(&extend), kVector,
     "extend($self, value)\n--\n\nPuts the values of a list behind the last one."},
    {"insert", as_function(&insert), kVector,
     "insert($self, index, object)\n--\n\nPuts a value in front of the one at `index`."},
    {"pop", as_function(&pop), kVector,
     "pop($self, index=-1)\n--\n\n"
     "Takes a value out, the last one by default, and returns it; shared types as to_py() does."},
    {"_to_py", &plain_copy<crdt::Array>, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>("The native part of Array.")},
                       {Py_tp_methods, methods},
                       {Py_tp_str, reinterpret_cast<void*>(&json_string<crdt::Array>)},
                       {Py_mp_length, reinterpret_cast<void*>(&length)},
                       {Py_sq_length, reinterpret_cast<void*>(&length)},
                       {Py_mp_subscript, reinterpret_cast<void*>(&subscript)},
                       {Py_mp_ass_subscript, reinterpret_cast<void*>(&assign)},
                       {0, nullptr}};

PyType_Spec spec = {"ropewalk._core.Array", sizeof(SharedObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

}  // namespace

void add_array(py::module_& module) { array_type = add_type(module, spec, shared_type); }

}  // namespace ropewalk
