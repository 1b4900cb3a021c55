// What Text and XmlText have in common.
#pragma once

#include "shared_type.hpp"

namespace ropewalk {

extern PyTypeObject* text_type;

// `count` of them from `start` on, in the document's unit.
struct Stretch {
    std::size_t start;
    std::size_t count;
};
// A slice without a step or negative bounds; an open end is `length`.
[[nodiscard]] Stretch stretch_of(PyObject* slice, std::size_t length);
// An int that is not negative.
[[nodiscard]] std::size_t index_of(PyObject* index, const char* what);
// An index, counted as the document counts.
[[nodiscard]] crdt::Position position_of(const DocObject* doc,
                                         const crdt::Text& text,
                                         std::size_t index);
// `attributes`: nullptr or a dict.
void insert_text(const Writing& writing,
                 DocObject* doc,
                 const crdt::Text& text,
                 std::size_t index,
                 PyObject* value,
                 PyObject* attributes);
// What a text holds, as str.
[[nodiscard]] py::object text_string(DocObject* doc, const crdt::Text& text);

}  // namespace ropewalk
