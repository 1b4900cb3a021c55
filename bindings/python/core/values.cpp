#include "values.hpp"

#include <cmath>
#include <vector>

namespace ropewalk {

namespace {

// Deeper values are refused by the engine; this keeps the way there off the end of the stack.
constexpr unsigned kDeepest = 512;

// What Python has no values for: see _values.py. Set once, when the package is imported.
PyObject* undefined = nullptr;
PyObject* bigint = nullptr;

crdt::Any any_of(PyObject* value, unsigned depth);

crdt::Any integer_of(PyObject* value) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (number == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
    constexpr long long kSafe = 1LL << 53;
    if (overflow != 0) {
        raise(PyExc_OverflowError, "integers of more than 64 bits cannot be shared; use a str");
    }
    const bool is_bigint = !PyLong_CheckExact(value) && bigint != nullptr &&
                           PyObject_TypeCheck(value, reinterpret_cast<PyTypeObject*>(bigint)) != 0;
    if (number > -kSafe && number < kSafe && !is_bigint) return {static_cast<double>(number)};
    return crdt::Any::bigint(number);
}

crdt::Any text_value(PyObject* value) {
    Py_ssize_t size = 0;
    const char* const text = utf8_of(value, size);
    if (text == nullptr) {
        raise(PyExc_ValueError, "a str with lone surrogates cannot be shared as a value");
    }
    return {std::string_view(text, static_cast<std::size_t>(size))};
}

crdt::Any list_of(PyObject* value, unsigned depth) {
    const py::object fast = owned(PySequence_Fast(value, "a list"));
    std::vector<crdt::Any> elements;
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(fast.ptr());
    elements.reserve(static_cast<std::size_t>(count));
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast.ptr()); ++i) {
        const py::object element = shared(PySequence_Fast_GET_ITEM(fast.ptr(), i));
        elements.push_back(any_of(element.ptr(), depth + 1));
    }
    return crdt::Any::array(elements);
}

crdt::Any dict_of(PyObject* value, unsigned depth) {
    const py::object copy =
        owned(PyDict_Copy(value));  // a buffer may run anything when it is asked
    std::vector<crdt::Any::Member> members;
    members.reserve(static_cast<std::size_t>(PyDict_GET_SIZE(copy.ptr())));
    PyObject* key = nullptr;
    PyObject* member = nullptr;
    Py_ssize_t at = 0;
    while (PyDict_Next(copy.ptr(), &at, &key, &member) != 0) {
        members.emplace_back(key_of(key), any_of(member, depth + 1));
    }
    return crdt::Any::object(members);
}

crdt::Any any_of(PyObject* value, unsigned depth) {
    if (depth > kDeepest) raise(PyExc_ValueError, "the value nests too deep to be shared");
    if (value == Py_None) return nullptr;
    if (PyBool_Check(value)) return value == Py_True;
    if (PyUnicode_Check(value)) return text_value(value);
    if (PyLong_Check(value)) return integer_of(value);
    if (PyFloat_Check(value)) return PyFloat_AS_DOUBLE(value);
    if (PyDict_Check(value)) return dict_of(value, depth);
    if (PyList_Check(value) || PyTuple_Check(value)) return list_of(value, depth);
    if (PyObject_CheckBuffer(value) != 0) return crdt::Any::bytes(BytesOf(value).view());
    if (value == undefined) return crdt::Any::undefined();
    PyErr_Format(PyExc_TypeError,
                 "a value of type %s cannot be shared; use None, bool, int, float, str, bytes, "
                 "list, dict or a shared type",
                 Py_TYPE(value)->tp_name);
    throw py::error_already_set();
}

py::object number_object(double number) {
    constexpr double kSafe = 9007199254740992.0;
    const bool whole = std::trunc(number) == number && number > -kSafe && number < kSafe;
    if (whole && !(number == 0 && std::signbit(number))) {
        return owned(PyLong_FromLongLong(static_cast<long long>(number)));
    }
    return owned(PyFloat_FromDouble(number));
}

}  // namespace

const char* utf8_of_any(PyObject* text, Py_ssize_t& size) {
    if (!PyUnicode_Check(text)) {
        PyErr_Format(PyExc_TypeError, "expected str, got %s", Py_TYPE(text)->tp_name);
        throw py::error_already_set();
    }
    const char* const utf8 = PyUnicode_AsUTF8AndSize(text, &size);
    if (utf8 != nullptr) return utf8;
    if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError) == 0) throw py::error_already_set();
    PyErr_Clear();
    return nullptr;
}

std::string_view key_of(PyObject* key) {
    Py_ssize_t size = 0;
    const char* const utf8 = utf8_of(key, size);
    if (utf8 == nullptr) raise(PyExc_ValueError, "a key cannot hold lone surrogates");
    return {utf8, static_cast<std::size_t>(size)};
}

std::u16string units_of(PyObject* text) {
    const Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    std::u16string units;
    units.reserve(static_cast<std::size_t>(length));
    const int kind = PyUnicode_KIND(text);
    const void* const data = PyUnicode_DATA(text);
    for (Py_ssize_t i = 0; i < length; ++i) {
        const Py_UCS4 character = PyUnicode_READ(kind, data, i);
        if (character < 0x10000) {
            units.push_back(static_cast<char16_t>(character));
        } else {
            units.push_back(static_cast<char16_t>(0xd7c0 + (character >> 10)));
            units.push_back(static_cast<char16_t>(0xdc00 + (character & 0x3ff)));
        }
    }
    return units;
}

crdt::Any any_of(PyObject* value) {
    crdt::Any made = any_of(value, 0);
    if (!made.valid()) raise(PyExc_ValueError, "the value nests too deep to be shared");
    return made;
}

crdt::Attributes attributes_of(PyObject* mapping) {
    if (!PyDict_Check(mapping)) {
        PyErr_Format(PyExc_TypeError, "attributes are a dict, not %s", Py_TYPE(mapping)->tp_name);
        throw py::error_already_set();
    }
    crdt::Attributes made;
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t at = 0;
    while (PyDict_Next(mapping, &at, &key, &value) != 0) made.set(key_of(key), any_of(value));
    return made;
}

py::object to_python(std::string_view text) {
    return owned(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr));
}

py::object bytes_object(crdt::ByteView bytes) {
    return owned(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(bytes.data()),
                                           static_cast<Py_ssize_t>(bytes.size())));
}

// As deep as the engine lets values nest.
py::object to_python(const crdt::AnyView& value) {
    switch (value.kind()) {
        case crdt::AnyKind::undefined:
        case crdt::AnyKind::null:
            return py::none();
        case crdt::AnyKind::boolean:
            return py::bool_(value.as_bool());
        case crdt::AnyKind::number:
            return number_object(value.as_number());
        case crdt::AnyKind::bigint:
            return owned(PyLong_FromLongLong(value.as_bigint()));
        case crdt::AnyKind::string:
            return to_python(value.as_string());
        case crdt::AnyKind::bytes:
            return bytes_object(value.as_bytes());
        case crdt::AnyKind::array: {
            py::list list(value.size());
            std::size_t i = 0;
            for (const crdt::AnyView element : value.elements()) list[i++] = to_python(element);
            return std::move(list);
        }
        case crdt::AnyKind::object: {
            py::dict dict;
            for (const auto [key, member] : value.members()) {
                dict[to_python(key)] = to_python(member);
            }
            return std::move(dict);
        }
    }
    return py::none();
}

void set_values(const py::object& no_value, const py::object& big) {
    if (!PyType_Check(big.ptr())) raise(PyExc_TypeError, "BigInt is a class");
    Py_XSETREF(undefined, Py_NewRef(no_value.ptr()));
    Py_XSETREF(bigint, Py_NewRef(big.ptr()));
}

BytesOf::BytesOf(PyObject* object) {
    if (PyBytes_Check(object)) {
        view_ = {reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(object)),
                 static_cast<std::size_t>(PyBytes_GET_SIZE(object))};
        return;
    }
    if (PyObject_GetBuffer(object, &buffer_, PyBUF_SIMPLE) != 0) throw py::error_already_set();
    held_ = true;
    view_ = {static_cast<const std::uint8_t*>(buffer_.buf), static_cast<std::size_t>(buffer_.len)};
}

BytesOf::~BytesOf() {
    if (held_) PyBuffer_Release(&buffer_);
}

}  // namespace ropewalk
