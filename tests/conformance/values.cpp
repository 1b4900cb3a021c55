#include "values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "rich.hpp"
#include "support/base64.hpp"
#include "support/unicode.hpp"

namespace conformance {

using support::to_utf8;

Blob blob(const Json& base64) { return support::from_base64(base64.string()); }

// -- to the engine
// ----------------------------------------------------------------------------------

double to_number(const Json& value) {
    const Json* name = value.find("$num");
    if (name == nullptr) return value.number();
    if (name->string() == "-0") return -0.0;
    if (name->string() == "NaN") return std::numeric_limits<double>::quiet_NaN();
    const double infinity = std::numeric_limits<double>::infinity();
    if (name->string() == "Infinity") return infinity;
    if (name->string() == "-Infinity") return -infinity;
    throw std::runtime_error("unknown number " + to_text(value));
}

crdt::ClientId to_client(const Json& value) {
    return static_cast<crdt::ClientId>(static_cast<std::uint64_t>(value.number()));
}

std::uint32_t to_u32(const Json& value) {
    const double number = value.number();
    if (!(number >= 0 && number <= std::numeric_limits<std::uint32_t>::max())) {
        throw std::runtime_error("number out of range: " + to_text(value));
    }
    return static_cast<std::uint32_t>(number);
}

namespace {

// 64 bits; what is above wraps, as in JavaScript's setBigInt64.
std::int64_t to_bigint(const std::string& digits) {
    const bool negative = digits.starts_with('-');
    std::uint64_t value = 0;
    for (const char c : digits.substr(negative ? 1 : 0)) {
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return static_cast<std::int64_t>(negative ? 0 - value : value);
}

crdt::Any object_to_any(const Json& members) {
    std::deque<std::string> keys;
    std::vector<crdt::Any::Member> list;
    for (const Json& member : members.array()) {
        list.emplace_back(keys.emplace_back(to_utf8(member[0].string())), to_any(member[1]));
    }
    return crdt::Any::object(list);
}

}  // namespace

crdt::Any to_any(const Json& value) {
    if (value.is_null()) return nullptr;
    if (value.is_boolean()) return value.boolean();
    if (value.is_number() || value.has("$num")) return to_number(value);
    if (value.is_string()) return to_utf8(value.string());
    if (value.is_array()) {
        std::vector<crdt::Any> elements;
        for (const Json& element : value.array()) elements.push_back(to_any(element));
        return crdt::Any::array(elements);
    }
    if (value.has("$undefined")) return crdt::Any::undefined();
    if (const Json* digits = value.find("$bigint")) {
        return crdt::Any::bigint(to_bigint(digits->string()));
    }
    if (const Json* bytes = value.find("$bytes")) return crdt::Any::bytes(view(blob(*bytes)));
    if (const Json* members = value.find("$obj")) return object_to_any(*members);
    throw std::runtime_error("not a JSON-like value: " + to_text(value, 60));
}

crdt::Content Contents::make(const Json& value) {
    if (const Json* bytes = value.find("$bytes")) {
        return crdt::Binary{view(kept_.emplace_back(blob(*bytes)))};
    }
    const std::string type = value.text_or("$type", "");
    if (type.empty()) return to_any(value);
    if (type == "text") {
        crdt::TextInit text(std::make_shared<crdt::Delta>(to_delta(value["delta"], *this)));
        text.attributes = make_entries(value.find("attrs"));
        return text;
    }
    if (type == "array") {
        crdt::ArrayInit array;
        array.contents = make_all(value["content"]);
        return array;
    }
    if (type == "map") {
        crdt::MapInit map;
        map.entries = make_entries(value.find("entries"));
        return map;
    }
    if (type == "doc") return make_document(value);
    if (type.starts_with("xml")) return make_xml(type, value);
    throw std::runtime_error("cannot make a shared type " + type);
}

crdt::Content Contents::make_xml(const std::string& type, const Json& value) {
    if (type == "xmlText") {
        crdt::XmlTextInit text(std::make_shared<crdt::Delta>(to_delta(value["delta"], *this)));
        text.attributes = make_entries(value.find("attrs"));
        return text;
    }
    if (type == "xmlHook") {
        crdt::XmlHookInit hook(to_utf8(value["name"].string()));
        hook.entries = make_entries(value.find("entries"));
        return hook;
    }
    if (type == "xmlFragment") {
        crdt::XmlFragmentInit fragment;
        fragment.children = make_all(value["children"]);
        return fragment;
    }
    crdt::XmlElementInit element(to_utf8(value["name"].string()));
    element.attributes = make_entries(value.find("attrs"));
    element.children = make_all(value["children"]);
    return element;
}

crdt::Content Contents::make_document(const Json& value) {
    crdt::DocumentInit document(to_utf8(value["guid"].string()));
    for (const Json& option : value["opts"].array()) {
        const std::string& name = option[0].string();
        if (name == "gc") document.collect = option[1].boolean();
        if (name == "autoLoad") document.auto_load = option[1].boolean();
        if (name == "shouldLoad") document.should_load = option[1].boolean();
        if (name == "meta") document.meta = to_any(option[1]);
    }
    return document;
}

std::vector<std::pair<std::string, crdt::Content>> Contents::make_entries(const Json* pairs) {
    std::vector<std::pair<std::string, crdt::Content>> entries;
    if (pairs == nullptr) return entries;
    for (const Json& pair : pairs->array()) {
        entries.emplace_back(to_utf8(pair[0].string()), make(pair[1]));
    }
    return entries;
}

std::vector<crdt::Content> Contents::make_all(const Json& values) {
    std::vector<crdt::Content> contents;
    for (const Json& value : values.array()) contents.push_back(make(value));
    return contents;
}

// -- from the engine
// --------------------------------------------------------------------------------

namespace {

Json tagged(const char* tag, Json value) { return Json::Object{{tag, std::move(value)}}; }

Json pair(Json first, Json second) { return Json::Array{std::move(first), std::move(second)}; }

Json from_client(crdt::ClientId client) { return static_cast<double>(raw(client)); }

}  // namespace

Json from_number(double value) {
    if (std::isnan(value)) return tagged("$num", "NaN");
    if (std::isinf(value)) return tagged("$num", value > 0 ? "Infinity" : "-Infinity");
    if (value == 0 && std::signbit(value)) return tagged("$num", "-0");
    return value;
}

Json from_any(crdt::AnyView value) {
    switch (value.kind()) {
        case crdt::AnyKind::undefined:
            return tagged("$undefined", true);
        case crdt::AnyKind::null:
            return nullptr;
        case crdt::AnyKind::boolean:
            return value.as_bool();
        case crdt::AnyKind::number:
            return from_number(value.as_number());
        case crdt::AnyKind::bigint:
            return tagged("$bigint", std::to_string(value.as_bigint()));
        case crdt::AnyKind::string:
            return std::string(value.as_string());
        case crdt::AnyKind::bytes:
            return tagged("$bytes", support::to_base64(crdt::as_text(value.as_bytes())));
        case crdt::AnyKind::array: {
            Json::Array elements;
            for (const crdt::AnyView element : value.elements()) {
                elements.push_back(from_any(element));
            }
            return elements;
        }
        case crdt::AnyKind::object:
            break;
    }
    Json::Array members;
    for (const auto [key, member] : value.members()) {
        members.push_back(pair(std::string(key), from_any(member)));
    }
    return tagged("$obj", std::move(members));
}

Json from_value(const crdt::Value& value) {
    switch (value.kind()) {
        case crdt::ValueKind::any:
            if (const char16_t unit = value.character(); unit != 0) {
                return support::to_wtf8(std::u16string_view(&unit, 1));
            }
            [[fallthrough]];
        case crdt::ValueKind::embed:
            return from_any(value.any());
        case crdt::ValueKind::binary:
            return tagged("$bytes", support::to_base64(crdt::as_text(value.binary())));
        case crdt::ValueKind::text:
            return from_text(value.text());
        case crdt::ValueKind::array:
            return from_array(value.array());
        case crdt::ValueKind::map:
            return from_map(value.map());
        case crdt::ValueKind::xml_element:
        case crdt::ValueKind::xml_fragment:
            return from_xml(value.xml_fragment());
        case crdt::ValueKind::xml_text:
            return from_xml(value.xml_text());
        case crdt::ValueKind::xml_hook:
            return from_xml(value.xml_hook());
        case crdt::ValueKind::document:
            return from_document(value.document());
        case crdt::ValueKind::absent:
            return tagged("$type", "absent");
        default:
            break;
    }
    const auto kind = static_cast<int>(value.kind());
    return tagged("$type", "of a kind that is not built, " + std::to_string(kind));
}

namespace {

// `attrs` is absent when empty.
template <class T>
void add_attributes(const T& type, Json::Object& made) {
    Json::Array attributes;
    type.for_each_attribute([&](std::string_view key, const crdt::Value& value) {
        attributes.push_back(pair(std::string(key), from_value(value)));
    });
    if (!attributes.empty()) made.emplace_back("attrs", std::move(attributes));
}

}  // namespace

Json from_text(const crdt::Text& text) {
    Json::Object made{{"$type", "text"}, {"delta", from_delta(text.to_delta())}};
    add_attributes(text, made);
    return made;
}

Json from_array(const crdt::Array& array) {
    Json::Array content;
    array.for_each([&](const crdt::Value& value) { content.push_back(from_value(value)); });
    return Json::Object{{"$type", "array"}, {"content", std::move(content)}};
}

Json from_map(const crdt::Map& map) {
    Json::Array entries;
    map.for_each([&](std::string_view key, const crdt::Value& value) {
        entries.push_back(pair(std::string(key), from_value(value)));
    });
    return Json::Object{{"$type", "map"}, {"entries", std::move(entries)}};
}

Json from_xml(const crdt::XmlFragment& fragment) {
    Json::Object made;
    if (const crdt::XmlElement element = fragment.element(); element.alive()) {
        made = {{"$type", "xmlElement"}, {"name", std::string(element.node_name())}};
        add_attributes(element, made);
    } else {
        made = {{"$type", "xmlFragment"}};
    }
    Json::Array children;
    fragment.for_each([&](const crdt::Value& value) { children.push_back(from_value(value)); });
    made.emplace_back("children", std::move(children));
    return made;
}

Json from_xml(const crdt::XmlText& text) {
    Json made = from_text(text);
    made.object().front().second = "xmlText";
    return made;
}

Json from_xml(const crdt::XmlHook& hook) {
    Json made = from_map(hook);
    made.object().front().second = "xmlHook";
    made.object().emplace_back("name", std::string(hook.hook_name()));
    return made;
}

Json from_document(const crdt::Subdoc& document) {
    Json::Array options;
    for (const auto [key, value] : document.options().members()) {
        options.push_back(pair(std::string(key), from_any(value)));
    }
    return Json::Object{{"$type", "doc"},
                        {"guid", std::string(document.guid())},
                        {"opts", std::move(options)},
                        {"shouldLoad", document.should_load()}};
}

Json from_subdocs(const crdt::SubdocsEvent& event) {
    const auto ids = [](std::span<const crdt::Subdoc> documents) {
        std::vector<std::string> sorted;
        for (const crdt::Subdoc& one : documents) sorted.emplace_back(one.guid());
        std::sort(sorted.begin(), sorted.end());
        return Json::Array(sorted.begin(), sorted.end());
    };
    return Json::Object{{"added", ids(event.added())},
                        {"removed", ids(event.removed())},
                        {"loaded", ids(event.loaded())}};
}

Json from_state_vector(const crdt::StateVector& vector) {
    Json::Array pairs;
    for (const auto& [client, clock] : vector) {
        pairs.push_back(pair(from_client(client), static_cast<double>(raw(clock))));
    }
    std::reverse(pairs.begin(), pairs.end());
    return pairs;
}

Json from_id_set(const crdt::IdSet& set) {
    // The engine's mark for "to the end of all clocks" is 2^53-1 on the wire.
    constexpr double kEnd = 9007199254740991.0;
    Json::Array clients;
    set.for_each([&](crdt::ClientId client, crdt::Clock start, std::uint32_t length) {
        const double clock = raw(start);
        const bool endless = raw(start) + length == crdt::detail::kEndOfClocks;
        Json range = pair(clock, endless ? kEnd - clock : static_cast<double>(length));
        Json number = from_client(client);
        if (clients.empty() || clients.back()[0].number() != number.number()) {
            clients.push_back(pair(std::move(number), Json::Array{}));
        }
        clients.back().array()[1].array().push_back(std::move(range));
    });
    std::reverse(clients.begin(), clients.end());
    return clients;
}

namespace {

Json as_value(Json plain) {
    if (plain.is_array()) {
        for (Json& element : plain.array()) element = as_value(std::move(element));
        return plain;
    }
    if (plain.is_number()) return from_number(plain.number());
    if (!plain.is_object()) return plain;
    Json::Array members;
    for (auto& [key, member] : plain.object()) {
        members.push_back(pair(key, as_value(std::move(member))));
    }
    return tagged("$obj", std::move(members));
}

}  // namespace

Json from_json_text(std::string_view text) {
    if (text == "undefined") return tagged("$undefined", true);
    return as_value(support::parse_json(text));
}

}  // namespace conformance
