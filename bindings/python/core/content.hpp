// What Python puts into a document as the engine takes it, and what stands in one as Python sees
// it.
#pragma once

#include <forward_list>
#include <span>
#include <string>
#include <vector>

#include "shared_type.hpp"
#include "values.hpp"

namespace ropewalk {

extern PyTypeObject* array_type;
extern PyTypeObject* map_type;
extern PyTypeObject* xml_element_type;
extern PyTypeObject* xml_fragment_type;
extern PyTypeObject* xml_hook_type;
extern PyTypeObject* xml_text_type;

// Needs `value` more than any_of(): is it a shared type or a document?
[[nodiscard]] inline bool is_type_or_doc(PyObject* value) noexcept {
    return is_shared(value) || PyObject_TypeCheck(value, doc_type) != 0;
}

// Values that are inserted by one call. Preliminary types, however deep they are nested, become
// part of the contents; once these are inserted attach() gives each its place in the document.
//
//   Contents made(doc);
//   made.add(value);
//   crdt::Transaction one = doc->doc->transact();  // observers must find the objects attached
//   check(array.insert(index, made.contents()));
//   made.attach([&](std::size_t i) { return value_of(array.get(index + i)); });
//   check(one.commit());
class Contents {
public:
    explicit Contents(DocObject* doc) noexcept : doc_(doc) {}
    Contents(const Contents&) = delete;
    Contents& operator=(const Contents&) = delete;
    // What was not attached is preliminary again.
    ~Contents();

    void add(PyObject* value) { add(content_of(value, kTop, contents_.size(), nullptr)); }
    // A child of an element or a fragment: a str, or what is XML.
    void add_node(PyObject* value) { add(node_of(value, kTop, contents_.size())); }
    [[nodiscard]] std::span<const crdt::Content> contents() const noexcept { return contents_; }
    // Is there something to attach?
    [[nodiscard]] bool holds_types() const noexcept { return !waiting_.empty(); }
    // find(i) answers what contents()[i] has become.
    template <class Find>
    void attach(Find&& find) {
        const Walking walking(doc_);
        for (const Waiting& one : waiting_) {
            attach(one, one.parent == kTop ? find(one.index) : child_of(one));
        }
    }

private:
    static constexpr std::size_t kTop = ~std::size_t{0};

    struct Waiting {
        py::object object;
        std::size_t parent;  // in waiting_, or kTop
        std::size_t index;   // among the contents of the parent
        std::string key;     // or of an entry or an attribute
        bool keyed;
    };
    using Entries = std::vector<std::pair<std::string, crdt::Content>>;

    void add(crdt::Content&& content) { contents_.push_back(std::move(content)); }
    crdt::Content content_of(PyObject* value, std::size_t parent, std::size_t index, PyObject* key);
    crdt::Content node_of(PyObject* value, std::size_t parent, std::size_t index);
    crdt::Content type_content(PyObject* value, std::size_t me);
    crdt::Content element_content(PyObject* prelim, std::size_t me);
    template <class Init>
    crdt::Content text_content(PyObject* prelim, std::size_t me);
    std::shared_ptr<const crdt::Delta> delta_content(PyObject* delta, std::size_t me);
    Entries entries_of(PyObject* mapping, std::size_t me);
    std::vector<crdt::Content> list_content(PyObject* list, std::size_t me, bool nodes);
    [[nodiscard]] crdt::Value child_of(const Waiting& one) const;
    void attach(const Waiting& one, const crdt::Value& value);

    DocObject* doc_;
    std::vector<crdt::Content> contents_;
    std::vector<Waiting> waiting_;        // parents before what is in them
    std::forward_list<BytesOf> buffers_;  // borrowed by contents
};

// A value without shared types. `buffers` keeps what it borrows.
[[nodiscard]] crdt::Content plain_content(PyObject* value, std::forward_list<BytesOf>& buffers);

// Is `object` what stands there already? Then `map[key] += ...` has nothing more to do.
[[nodiscard]] bool is_already(DocObject* doc, const crdt::Value& value, PyObject* object);

// The shared type that a value is; requires that it is one.
[[nodiscard]] crdt::SharedType type_of(const crdt::Value& value);

// A value as objects of Python's alone: lists, dicts and str for shared types; documents stay what
// they are. For who has entered the document.
[[nodiscard]] py::object plain_of(DocObject* doc, const crdt::Value& value);
[[nodiscard]] py::object plain_of(DocObject* doc, const crdt::Array& array);
[[nodiscard]] py::object plain_of(DocObject* doc, const crdt::Map& map);

// The same as JSON. Bytes are lists of numbers, documents objects with their guid.
void append_json(DocObject* doc, const crdt::Array& array, std::string& out);
void append_json(DocObject* doc, const crdt::Map& map, std::string& out);

// to_py() and str() of a list or a map: T is crdt::Array or crdt::Map.
template <class T>
PyObject* plain_copy(PyObject* object, PyObject*) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        return plain_of(doc, handle<T>(self)).release().ptr();
    });
}
template <class T>
PyObject* json_string(PyObject* object) noexcept {
    return answered([&] {
        auto* self = as_shared(object);
        DocObject* const doc = document_of(self);
        const Entered entered(doc);
        std::string json;
        append_json(doc, handle<T>(self), json);
        return to_python(json).release().ptr();
    });
}

// -- documents in documents ----------------------------------------------------------------------

// The Doc that stands for a sub-document of `doc`; made when it is first asked for.
[[nodiscard]] py::object subdoc_object(DocObject* doc, const crdt::Subdoc& subdoc);
// From now on `object` stands for it.
void adopt_subdoc(DocObject* doc, const crdt::Subdoc& subdoc, PyObject* object);

}  // namespace ropewalk
