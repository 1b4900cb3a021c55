// The content of a shared type as one string, the form of compare.mjs. On the way every accessor
// is asked the same question twice; where two answers differ, "!" and a word stand in the string.
#pragma once

#include <algorithm>
#include <crdt/crdt.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tokens.hpp"

namespace differential {

void show(std::string& out, const crdt::Value& value);
void show(std::string& out, const crdt::Text& text);
void show(std::string& out, const crdt::Map& map);

}  // namespace differential

#include "rich.hpp"
#include "xml.hpp"

namespace differential {

inline void show_content(std::string& out, const crdt::Text& text) {
    const crdt::Delta delta = text.to_delta();
    if (!is_plain(delta)) return show_delta(out, delta);
    const std::string utf8 = text.to_string();
    out += 'T';
    append_hex(out, utf8);
    crdt::Bytes appended;
    if (!text.append_to(appended).ok() || crdt::as_text(appended) != utf8) out += "!append_to";
    if (text.to_u16string().size() != text.length()) out += "!length";
    if (text.length(crdt::Unit::utf8) != utf8.size()) out += "!utf8_length";
}

inline void show(std::string& out, const crdt::Text& text) {
    show_content(out, text);
    const std::string attributes = show_attributes_of(text);
    if (attributes != "{}") out += 'A' + attributes;
}

inline void show(std::string& out, const crdt::Array& array) {
    out += '[';
    std::size_t count = 0;
    array.for_each([&](const crdt::Value& value) {
        if (count++ > 0) out += ',';
        const std::size_t start = out.size();
        show(out, value);
        const auto again = array.get(count - 1);
        std::string second;
        if (again.ok()) show(second, *again);
        if (out.compare(start, std::string::npos, second) != 0) out += "!get";
    });
    out += ']';
    if (array.size() != count) out += "!size";
    if (array.get(count).ok()) out += "!end";
}

inline void show(std::string& out, const crdt::Map& map) {
    std::vector<std::pair<std::string, std::string>> entries;
    map.for_each([&](std::string_view key, const crdt::Value& value) {
        std::string content;
        show(content, value);
        std::string second;
        show(second, map.get(key));
        if (second != content || !map.contains(key)) content += "!get";
        entries.emplace_back(hex(key), std::move(content));
    });
    if (map.size() != entries.size()) out += "!size";
    out += show_entries(std::move(entries));
}

inline void show(std::string& out, const crdt::Value& value) {
    switch (value.kind()) {
        case crdt::ValueKind::any:
        case crdt::ValueKind::embed:
            out += 'v';
            return append_hex(out, crdt::as_text(value.any().encoded()));
        case crdt::ValueKind::binary:
            out += 'b';
            return append_hex(out, crdt::as_text(value.binary()));
        case crdt::ValueKind::text:
            return show(out, value.text());
        case crdt::ValueKind::array:
            return show(out, value.array());
        case crdt::ValueKind::map:
            return show(out, value.map());
        case crdt::ValueKind::xml_element:
            return show(out, value.xml_element());
        case crdt::ValueKind::xml_fragment:
            return show(out, value.xml_fragment());
        case crdt::ValueKind::xml_hook:
            return show(out, value.xml_hook());
        case crdt::ValueKind::xml_text:
            return show(out, value.xml_text());
        case crdt::ValueKind::document:
            return show(out, value.document());
        case crdt::ValueKind::absent:
            out += "!absent";
            return;
        default:
            out += "!kind";
            return;
    }
}

}  // namespace differential
