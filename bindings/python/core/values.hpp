// Python's values as the engine's, and back.
//
// None, bool, int, float, str, bytes, list, tuple, dict. Numbers are those of JavaScript: an
// integer of up to 53 bits and a float of the same value are one value, read as int; larger
// integers are BigInt, up to 64 bits. An int of the class ropewalk.BigInt is one at any size, and
// ropewalk.Undefined is JavaScript's undefined; they are read as int and None.
#pragma once

#include "python.hpp"

namespace ropewalk {

struct DocObject;

// UTF-8 of a str, good as long as it lives. A str with lone surrogates has none: nullptr then, and
// no exception.
[[nodiscard]] const char* utf8_of_any(PyObject* text, Py_ssize_t& size);
[[nodiscard]] ROPEWALK_ALWAYS_INLINE const char* utf8_of(PyObject* text, Py_ssize_t& size) {
    if (PyUnicode_Check(text) && PyUnicode_IS_COMPACT_ASCII(text)) [[likely]] {
        size = PyUnicode_GET_LENGTH(text);
        return reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(text));
    }
    return utf8_of_any(text, size);
}
[[nodiscard]] std::string_view key_of(PyObject* key);
// The UTF-16 units of any str.
[[nodiscard]] std::u16string units_of(PyObject* text);

[[nodiscard]] crdt::Any any_of(PyObject* value);
// ropewalk.Undefined and ropewalk.BigInt.
void set_values(const py::object& undefined, const py::object& bigint);
[[nodiscard]] crdt::Attributes attributes_of(PyObject* mapping);
[[nodiscard]] py::object to_python(const crdt::AnyView& value);
[[nodiscard]] py::object to_python(std::string_view text);
[[nodiscard]] py::object bytes_object(crdt::ByteView bytes);

// The bytes of bytes, bytearray, memoryview, mmap and whatever else has a buffer: borrowed, not
// copied. A bytearray cannot be resized meanwhile.
class BytesOf {
public:
    explicit BytesOf(PyObject* object);
    BytesOf(const BytesOf&) = delete;
    BytesOf& operator=(const BytesOf&) = delete;
    ~BytesOf();
    [[nodiscard]] crdt::ByteView view() const noexcept { return view_; }

private:
    Py_buffer buffer_{};
    bool held_ = false;
    crdt::ByteView view_;
};

}  // namespace ropewalk
