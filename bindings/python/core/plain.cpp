// What stands in a document as objects of Python's alone, and as JSON.
#include <cmath>
#include <crdt/codec/any_to_json.hpp>
#include <crdt/codec/number_text.hpp>

#include "content.hpp"
#include "errors.hpp"
#include "text.hpp"

namespace ropewalk {

namespace {

// Shared types nest as deep as the limits of the document let them.
class Deeper {
public:
    Deeper() {
        if (Py_EnterRecursiveCall(" while a shared type is read") != 0) {
            throw py::error_already_set();
        }
    }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    ~Deeper() { Py_LeaveRecursiveCall(); }
};

void put_string(std::string_view text, std::string& out) {
    constexpr char digits[] = "0123456789abcdef";
    out.push_back('"');
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20) {
            out += "\\u00";
            out.push_back(digits[byte >> 4U]);
            out.push_back(digits[byte & 15U]);
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

void put_bytes(crdt::ByteView bytes, std::string& out) {
    out.push_back('[');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i != 0) out.push_back(',');
        out += std::to_string(bytes.data()[i]);
    }
    out.push_back(']');
}

void put_number(double number, std::string& out) {
    if (!std::isfinite(number)) {
        out += "null";
        return;
    }
    std::uint8_t digits[crdt::detail::kMaxNumberText];
    const std::uint8_t* const end = crdt::detail::put_number_text(digits, number);
    out.append(reinterpret_cast<const char*>(digits), static_cast<std::size_t>(end - digits));
}

// As deep as the engine lets values nest.
void put_any(const crdt::AnyView& value, std::string& out) {
    bool first = true;
    const auto separate = [&] {
        if (!first) out.push_back(',');
        first = false;
    };
    switch (value.kind()) {
        case crdt::AnyKind::undefined:
        case crdt::AnyKind::null:
            out += "null";
            return;
        case crdt::AnyKind::boolean:
            out += value.as_bool() ? "true" : "false";
            return;
        case crdt::AnyKind::number:
            return put_number(value.as_number(), out);
        case crdt::AnyKind::bigint:
            out += std::to_string(value.as_bigint());
            return;
        case crdt::AnyKind::string:
            return put_string(value.as_string(), out);
        case crdt::AnyKind::bytes:
            return put_bytes(value.as_bytes(), out);
        case crdt::AnyKind::array:
            out.push_back('[');
            for (const crdt::AnyView element : value.elements()) {
                separate();
                put_any(element, out);
            }
            out.push_back(']');
            return;
        case crdt::AnyKind::object:
            out.push_back('{');
            for (const auto [key, member] : value.members()) {
                separate();
                put_string(key, out);
                out.push_back(':');
                put_any(member, out);
            }
            out.push_back('}');
            return;
    }
}

// A text, or XML with its tags, as UTF-8.
crdt::Bytes string_of(const crdt::Value& value) {
    crdt::Bytes utf8;
    if (value.kind() == crdt::ValueKind::text) {
        check(value.text().append_to(utf8));
    } else if (value.kind() == crdt::ValueKind::xml_text) {
        check(value.xml_text().append_xml_to(utf8));
    } else {
        check(value.xml_fragment().append_to(utf8));
    }
    return utf8;
}

void append_json(DocObject* doc, const crdt::Value& value, std::string& out) {
    using crdt::ValueKind;
    switch (value.kind()) {
        case ValueKind::absent:
            out += "null";
            return;
        case ValueKind::any:
        case ValueKind::embed:
            return put_any(value.any(), out);
        case ValueKind::binary:
            return put_bytes(value.binary(), out);
        case ValueKind::array:
            return append_json(doc, value.array(), out);
        case ValueKind::map:
            return append_json(doc, value.map(), out);
        case ValueKind::xml_hook:
            return append_json(doc, value.xml_hook(), out);
        case ValueKind::document:
            out += "{\"guid\":";
            put_string(value.document().guid(), out);
            out.push_back('}');
            return;
        default:
            return put_string(crdt::as_text(string_of(value).view()), out);
    }
}

}  // namespace

py::object plain_of(DocObject* doc, const crdt::Value& value) {
    using crdt::ValueKind;
    switch (value.kind()) {
        case ValueKind::array:
            return plain_of(doc, value.array());
        case ValueKind::map:
            return plain_of(doc, value.map());
        case ValueKind::xml_hook:
            return plain_of(doc, value.xml_hook());
        case ValueKind::text:
        case ValueKind::xml_text:
        case ValueKind::xml_element:
        case ValueKind::xml_fragment:
            return to_python(crdt::as_text(string_of(value).view()));
        default:
            return object_of(doc, value);
    }
}

py::object plain_of(DocObject* doc, const crdt::Array& array) {
    const Deeper deeper;
    const Walking walking(doc);
    py::list list;
    array.for_each([&](const crdt::Value& value) { list.append(plain_of(doc, value)); });
    return std::move(list);
}

py::object plain_of(DocObject* doc, const crdt::Map& map) {
    const Deeper deeper;
    const Walking walking(doc);
    py::dict dict;
    map.for_each([&](std::string_view key, const crdt::Value& value) {
        dict[to_python(key)] = plain_of(doc, value);
    });
    return std::move(dict);
}

void append_json(DocObject* doc, const crdt::Array& array, std::string& out) {
    const Deeper deeper;
    out.push_back('[');
    bool first = true;
    array.for_each([&](const crdt::Value& value) {
        if (!first) out.push_back(',');
        first = false;
        append_json(doc, value, out);
    });
    out.push_back(']');
}

void append_json(DocObject* doc, const crdt::Map& map, std::string& out) {
    const Deeper deeper;
    out.push_back('{');
    bool first = true;
    map.for_each([&](std::string_view key, const crdt::Value& value) {
        if (!first) out.push_back(',');
        first = false;
        put_string(key, out);
        out.push_back(':');
        append_json(doc, value, out);
    });
    out.push_back('}');
}

}  // namespace ropewalk
