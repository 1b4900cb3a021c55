// What deep observers are told, as one string: the form of events.mjs.
//
//   COMMIT/COMMIT...
//   COMMIT  ROOT EVENT;EVENT...   or   @documents ADDED REMOVED LOADED
//   EVENT   PATH|KIND|KEYS|DELTA
//   KEYS    k<key>a, k<key>u<old>, k<key>d<old>
//   DELTA   +T<text> +[<values>] =<kept> -<deleted>, and @k<key>:v<value> for each format
#pragma once

#include <algorithm>
#include <crdt/crdt.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "show.hpp"
#include "tokens.hpp"

namespace differential {

inline std::string joined(std::vector<std::string> parts, char between) {
    std::sort(parts.begin(), parts.end());
    std::string out;
    for (const std::string& part : parts) {
        if (!out.empty()) out += between;
        out += part;
    }
    return out;
}

// Nothing for what is not a shared type.
inline std::string_view kind_tag(crdt::ValueKind kind) {
    switch (kind) {
        case crdt::ValueKind::text:
            return "T";
        case crdt::ValueKind::array:
            return "[";
        case crdt::ValueKind::map:
            return "{";
        case crdt::ValueKind::xml_element:
            return "E";
        case crdt::ValueKind::xml_fragment:
            return "F";
        case crdt::ValueKind::xml_hook:
            return "H";
        case crdt::ValueKind::xml_text:
            return "X";
        default:
            return "";
    }
}

inline std::string show_path(const crdt::Event& event) {
    std::string out;
    for (const crdt::PathStep step : event.path()) {
        if (!out.empty()) out += '.';
        out += step.is_key() ? "k" + hex(step.key()) : "i" + std::to_string(step.index());
    }
    return out;
}

inline std::string show_key_change(const crdt::KeyChange& change) {
    std::string out = "k" + hex(change.key());
    if (change.action() == crdt::KeyAction::add) return out + 'a';
    out += change.action() == crdt::KeyAction::update ? 'u' : 'd';
    const crdt::Value old = change.old_value();
    if (kind_tag(old.kind()).empty()) {
        show(out, old);
    } else {
        out += kind_tag(old.kind());
    }
    return out;
}

inline std::string show_delta(const crdt::Event& event) {
    std::string out;
    for (const crdt::EventOp op : event.delta()) {
        if (!out.empty()) out += ' ';
        if (op.is_retain()) {
            out += '=' + std::to_string(op.length());
        } else if (op.is_erase()) {
            out += '-' + std::to_string(op.length());
        } else if (op.is_text()) {
            out += "+T" + hex(op.text());
            if (op.to_u16string().size() != op.length()) out += "!length";
        } else {
            out += "+[";
            bool first = true;
            op.values().for_each([&](const crdt::Value& value) {
                if (!first) out += ',';
                first = false;
                show(out, value);
            });
            out += ']';
        }
        show_attributes(out, op.attributes());
    }
    return out;
}

inline std::string show_event(const crdt::Event& event) {
    std::vector<std::string> keys;
    for (const crdt::KeyChange change : event.keys()) keys.push_back(show_key_change(change));
    std::string out = show_path(event) + '|';
    out += kind_tag(event.kind());
    out += '|' + joined(std::move(keys), ',') + '|' + show_delta(event);
    if (!event.check().ok()) out += "!memory";
    return out;
}

inline std::string show_documents(std::span<const crdt::Subdoc> documents) {
    std::vector<std::string> all;
    for (const crdt::Subdoc& document : documents) show(all.emplace_back(), document);
    return joined(std::move(all), ',');
}

// Nothing if all that it tells is what was loaded and is gone: see events.mjs.
inline std::string show_events(const crdt::SubdocsEvent& event) {
    std::vector<crdt::Subdoc> loaded;
    for (const crdt::Subdoc& document : event.loaded()) {
        if (document.alive()) loaded.push_back(document);
    }
    if (event.added().empty() && event.removed().empty() && loaded.empty()) return {};
    return "@documents " + show_documents(event.added()) + ' ' + show_documents(event.removed()) +
           ' ' + show_documents(loaded);
}

inline std::string show_events(std::string_view root, const crdt::DeepEvents& events) {
    std::vector<std::string> all;
    std::size_t last = 0;
    bool sorted = true;
    for (const crdt::Event event : events) {
        sorted = sorted && event.path().size() >= last;
        last = event.path().size();
        all.push_back(show_event(event));
    }
    return std::string(root) + ' ' + joined(std::move(all), ';') + (sorted ? "" : "!order");
}

}  // namespace differential
