// What a person sees of a document, whatever ids it has: to compare a compacted one with its twin.
#pragma once

#include <crdt/codec/any_to_json.hpp>

#include "document.hpp"
#include "edits.hpp"

namespace support {

// Texts with their formats: stretches that look alike are one, whatever marks lie between them.
inline std::string seen(const crdt::Text& text) {
    std::string out;
    std::string last = "?";
    for (const crdt::DeltaOp& op : text.to_delta()) {
        std::vector<std::string> all;
        for (const auto& [key, value] : op.attributes()) {
            all.push_back(key + '=' + text_of(value.view().encoded()));
        }
        std::sort(all.begin(), all.end());
        std::string attributes;
        for (const std::string& one : all) attributes += one + ' ';
        if (op.kind() != crdt::DeltaOp::Kind::insert) {
            out += "<" + attributes + "> embed";
            last = "?";
            continue;
        }
        if (attributes != last) out += "<" + attributes + ">";
        out += op.text();
        last = attributes;
    }
    return out;
}

// The roots that edits of all kinds use: those of support::edit, and formatted text and a tree.
inline std::string seen(const crdt::Doc& doc) {
    return show(doc) + " " + seen(doc.text("r")) + " " + doc.xml_fragment("x").to_string();
}

template <class Pick>
void edit_formatted(const crdt::Text& text, Pick& pick) {
    static constexpr std::string_view kKeys[] = {"bold", "size"};
    const std::size_t length = text.length();
    const std::size_t at = pick(length + 1);
    crdt::Attributes attributes;
    const auto key = std::string(kKeys[pick(2)]);
    switch (pick(4)) {
        case 0:
            attributes.set(key, nullptr);
            break;
        case 1:
            attributes.set(key, static_cast<int>(pick(3)));
            break;
        default:
            attributes.set(key, true);
    }
    switch (pick(7)) {
        case 0:
        case 1:
            text.insert(at, "some words").value();
            return;
        case 2:
            text.insert(at, "marked", attributes).value();
            return;
        case 3:
            text.insert_embed(at, crdt::Any(1), attributes).value();
            return;
        case 4:
            if (at < length)
                text.erase(at, pick(std::min<std::size_t>(length - at, 6)) + 1).value();
            return;
        default:
            if (at < length) {
                text.format(at, pick(length - at) + 1, attributes).value();
            }
    }
}

template <class Pick>
void edit_tree(const crdt::XmlFragment& root, Pick& pick) {
    crdt::XmlFragment at = root;
    while (!at.empty() && pick(3) != 0) {
        const crdt::XmlFragment below = at.get(pick(at.size()))->xml_fragment();
        if (!below.alive()) break;
        at = below;
    }
    const std::size_t size = at.size();
    switch (pick(6)) {
        case 0:
            if (size > 0) at.erase(pick(size), 1).value();
            return;
        case 1:
            if (at.element().alive()) {
                at.element().set_attribute("class", crdt::Any(static_cast<int>(pick(9)))).value();
            }
            return;
        case 2:
            if (size > 0) {
                const crdt::XmlText text = at.get(pick(size))->xml_text();
                if (text.alive()) edit_text(text, pick).value();
            }
            return;
        case 3:
            at.insert(pick(size + 1), {crdt::XmlTextInit("text")}).value();
            return;
        default: {
            crdt::XmlElementInit element("p");
            element.children.push_back(crdt::XmlTextInit("words"));
            at.insert(pick(size + 1), {std::move(element), crdt::DocumentInit("guid")}).value();
        }
    }
}

// One edit of whatever kind.
template <class Pick>
void edit_all(crdt::Doc& doc, Pick& pick) {
    switch (pick(4)) {
        case 0:
            edit_formatted(doc.text("r"), pick);
            return;
        case 1:
            edit_tree(doc.xml_fragment("x"), pick);
            return;
        default:
            edit(doc, pick).value();
    }
}

}  // namespace support
