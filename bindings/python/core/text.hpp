// What Text and XmlText have in common.
#pragma once

#include "shared_type.hpp"

namespace ropewalk {

extern PyTypeObject* formatted_type;
extern PyTypeObject* text_type;

// `count` of them from `start` on, in the document's unit.
struct Stretch {
    std::size_t start;
    std::size_t count;
};
// Of a text, in the document's unit.
[[nodiscard]] std::size_t length_of(const DocObject* doc, const crdt::Text& text);
// The same as of a str; without steps.
[[nodiscard]] Stretch stretch_of(const DocObject* doc, const crdt::Text& text, PyObject* slice);
// An int that is not negative.
[[nodiscard]] std::size_t index_of(PyObject* index, const char* what);
// A place between characters; a negative one counts from the end.
[[nodiscard]] std::size_t index_of(PyObject* index, const crdt::Text& text, const DocObject* doc);
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
// [{"insert": ..., "attributes": ...}, ...] of what a text holds.
[[nodiscard]] py::list delta_object(DocObject* doc, const crdt::Delta& delta);
// What a text holds, as str.
[[nodiscard]] py::object text_string(DocObject* doc, const crdt::Text& text);

void add_formatted(py::module_& module);

}  // namespace ropewalk
