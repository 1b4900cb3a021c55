// XML as tokens and as one string: see xml.mjs.
//   fragment, element:  insert INDEX N VALUE...  push N VALUE...  after INDEX N VALUE...
//                       erase INDEX COUNT
//   element, texts:     attr k<key> VALUE   unattr k<key>
#pragma once

#include <algorithm>
#include <crdt/crdt.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokens.hpp"
#include "values.hpp"

namespace differential {

inline bool is_attribute_verb(std::string_view verb) { return verb == "attr" || verb == "unattr"; }

template <class Type>
crdt::Status edit_attributes(const Type& type, std::string_view verb, Tokens& args) {
    const std::string key = unhex(args.next().substr(1));
    if (verb == "unattr") return type.remove_attribute(key);
    Values values;
    return type.set_attribute(key, values.read(args));
}

// The type that a child is, whatever its kind.
inline crdt::SharedType child_type(const crdt::Value& child) {
    switch (child.kind()) {
        case crdt::ValueKind::xml_text:
            return child.xml_text();
        case crdt::ValueKind::xml_hook:
            return child.xml_hook();
        default:
            return child.xml_fragment();
    }
}

inline crdt::Status edit_fragment(crdt::XmlFragment fragment, std::string_view verb, Tokens& args) {
    Values values;
    if (verb == "push") return fragment.push(values.read(args, args.number()));
    const auto index = args.number();
    const auto count = args.number();
    if (verb == "erase") return fragment.erase(index, count);
    const auto contents = values.read(args, count);
    if (verb == "insert") return fragment.insert(index, contents);
    const auto child = fragment.get(index);
    if (!child.ok()) return child.error();
    return fragment.insert_after(child_type(*child), contents);
}

inline std::string show_entries(std::vector<std::pair<std::string, std::string>> entries) {
    std::sort(entries.begin(), entries.end());
    std::string out = "{";
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (i > 0) out += ',';
        out += 'k' + entries[i].first + ':' + entries[i].second;
    }
    return out + '}';
}

template <class Type>
std::string show_attributes_of(const Type& type) {
    std::vector<std::pair<std::string, std::string>> entries;
    type.for_each_attribute([&](std::string_view key, const crdt::Value& value) {
        std::string content;
        show(content, value);
        std::string second;
        show(second, type.attribute(key));
        if (second != content) content += "!attribute";
        entries.emplace_back(hex(key), std::move(content));
    });
    return show_entries(std::move(entries));
}

// The same, or nothing both.
inline bool alike(const crdt::Value& a, const crdt::Value& b) {
    return a == b || (!a.exists() && !b.exists());
}

// What children say of where they are.
template <class Child>
void check_child(std::string& out,
                 const Child& child,
                 const crdt::XmlFragment& around,
                 const crdt::Value& before,
                 const crdt::Value& behind) {
    if (!(child.parent() == around)) out += "!parent";
    if (!alike(child.previous_sibling(), before)) out += "!previous";
    if (!alike(child.next_sibling(), behind)) out += "!next";
}

inline void show_children(std::string& out, const crdt::XmlFragment& fragment) {
    std::vector<crdt::Value> children;
    fragment.for_each([&](const crdt::Value& child) { children.push_back(child); });
    if (fragment.size() != children.size()) out += "!size";
    if (fragment.get(children.size()).ok()) out += "!end";
    if (!alike(fragment.first_child(), children.empty() ? crdt::Value{} : children.front())) {
        out += "!first";
    }
    out += '[';
    for (std::size_t i = 0; i < children.size(); ++i) {
        if (i > 0) out += ',';
        const crdt::Value& child = children[i];
        show(out, child);
        const auto again = fragment.get(i);
        if (!again.ok() || !(*again == child)) out += "!get";
        const crdt::Value before = i > 0 ? children[i - 1] : crdt::Value{};
        const crdt::Value behind = i + 1 < children.size() ? children[i + 1] : crdt::Value{};
        switch (child.kind()) {
            case crdt::ValueKind::xml_text:
                check_child(out, child.xml_text(), fragment, before, behind);
                break;
            case crdt::ValueKind::xml_hook:
                check_child(out, child.xml_hook(), fragment, before, behind);
                break;
            case crdt::ValueKind::xml_element:
            case crdt::ValueKind::xml_fragment:
                check_child(out, child.xml_fragment(), fragment, before, behind);
                break;
            default:
                break;
        }
    }
    out += ']';
    out += 's';
    append_hex(out, fragment.to_string());
}

inline void show(std::string& out, const crdt::XmlFragment& fragment) {
    out += 'F';
    show_children(out, fragment);
    std::size_t within = 0;
    for (crdt::XmlWalker walker = fragment.walk(); walker.next();) ++within;
    out += 'n' + std::to_string(within);
}

inline void show(std::string& out, const crdt::XmlElement& element) {
    out += 'E';
    append_hex(out, element.node_name());
    out += show_attributes_of(element);
    show_children(out, element);
}

inline void show(std::string& out, const crdt::XmlText& text) {
    out += 'X';
    show(out, static_cast<const crdt::Text&>(text));
    out += 's';
    append_hex(out, text.to_xml_string());
}

inline void show(std::string& out, const crdt::XmlHook& hook) {
    out += 'H';
    append_hex(out, hook.hook_name());
    show(out, static_cast<const crdt::Map&>(hook));
}

inline void show(std::string& out, const crdt::Subdoc& subdoc) {
    out += 'D';
    append_hex(out, subdoc.guid());
    out += ":v";
    append_hex(out, crdt::as_text(subdoc.options().encoded()));
}

}  // namespace differential
