#include "replica.hpp"

#include <algorithm>
#include <variant>

#include "rich.hpp"
#include "support/unicode.hpp"
#include "take.hpp"

namespace conformance {

using support::to_utf8;

namespace {

void require(const crdt::Status& status, const char* what) {
    if (!status.ok()) throw std::runtime_error(std::string(what) + ": " + status.error().message());
}

// A write that fails in Yjs, too.
void write(const crdt::Status& status) {
    if (!status.ok()) throw OpFailed(status.error().message());
}

// slice() counts a negative place from the end.
std::size_t place_in(double place, std::size_t size) {
    const auto length = static_cast<double>(size);
    if (place < 0) place += length;
    return static_cast<std::size_t>(std::clamp(place, 0.0, length));
}

}  // namespace

struct Replica::Place {
    std::variant<std::monostate,
                 crdt::Text,
                 crdt::Array,
                 crdt::Map,
                 crdt::XmlFragment,
                 crdt::XmlElement,
                 crdt::XmlText,
                 crdt::XmlHook,
                 crdt::Subdoc>
        type;

    template <class T>
    [[nodiscard]] const T& as(const char* name, const Json& path) const {
        const T* found = std::get_if<T>(&type);
        // An element is a fragment, an XML text a text, and a hook a map.
        if constexpr (std::is_same_v<T, crdt::XmlFragment>) {
            if (found == nullptr) found = std::get_if<crdt::XmlElement>(&type);
        } else if constexpr (std::is_same_v<T, crdt::Text>) {
            if (found == nullptr) found = std::get_if<crdt::XmlText>(&type);
        } else if constexpr (std::is_same_v<T, crdt::Map>) {
            if (found == nullptr) found = std::get_if<crdt::XmlHook>(&type);
        }
        if (found == nullptr) {
            throw std::runtime_error(to_text(path) + " does not lead to " + name);
        }
        return *found;
    }
};

Replica::Replica(crdt::ClientId client, bool collect, bool observed)
    : doc_(crdt::DocOptions{.client = client, .collect = collect}),
      collect_(collect),
      observed_(observed),
      listening_v1_(doc_.on_update([this](crdt::ByteView update, const crdt::Origin&) noexcept {
          told_v1_.push_back(blob(update));
      })),
      listening_v2_(doc_.on_update_v2([this](crdt::ByteView update, const crdt::Origin&) noexcept {
          told_v2_.push_back(blob(update));
      })),
      watching_(doc_.on_subdocs([this](const crdt::SubdocsEvent& event) noexcept {
          subdocs_.push_back(from_subdocs(event));
      })) {}

crdt::Status Replica::apply(crdt::UpdateFormat format, const Blob& update) {
    const crdt::Origin origin("remote");
    return format == crdt::UpdateFormat::v1 ? doc_.apply(view(update), origin)
                                            : doc_.apply_v2(view(update), origin);
}

std::vector<Told> Replica::take_told() {
    if (told_v1_.size() != told_v2_.size()) {
        throw std::runtime_error("one format was told more often than the other");
    }
    std::vector<Told> told;
    for (std::size_t i = 0; i < told_v1_.size(); ++i) {
        told.push_back({std::move(told_v1_[i]), std::move(told_v2_[i])});
    }
    told_v1_.clear();
    told_v2_.clear();
    return told;
}

void Replica::define(const std::string& root, const std::string& type) {
    const std::string name = to_utf8(root);
    const auto adopt = [&](const crdt::SharedType& shared) {
        require(shared.check(), "define");
        if (observed_) events_.observe(root, shared);
    };
    if (type == "text") {
        adopt(doc_.text(name));
    } else if (type == "array") {
        adopt(doc_.array(name));
    } else if (type == "map") {
        adopt(doc_.map(name));
    } else if (type == "xmlFragment") {
        adopt(doc_.xml_fragment(name));
    } else if (type == "xmlElement") {
        adopt(doc_.xml_element(name));
    } else if (type == "xmlText") {
        adopt(doc_.xml_text(name));
    }
    types_.emplace_back(root, type);
}

crdt::Value Replica::entry_at(const Place& at, const Json& path, const std::string& key) {
    if (const auto* element = std::get_if<crdt::XmlElement>(&at.type)) {
        return element->attribute(key);
    }
    if (const auto* text = std::get_if<crdt::XmlText>(&at.type)) return text->attribute(key);
    if (const auto* text = std::get_if<crdt::Text>(&at.type)) return text->attribute(key);
    return at.as<crdt::Map>("a map", path).get(key);
}

crdt::Value Replica::element_at(const Place& at, const Json& path, std::uint32_t index) {
    if (const auto* array = std::get_if<crdt::Array>(&at.type)) {
        return take(array->get(index), "path");
    }
    if (const auto* text = std::get_if<crdt::Text>(&at.type)) return take(text->get(index), "path");
    if (const auto* text = std::get_if<crdt::XmlText>(&at.type)) {
        return take(text->get(index), "path");
    }
    return take(at.as<crdt::XmlFragment>("a list", path).get(index), "path");
}

Replica::Place Replica::find(const Json& path) const {
    const std::string& root = path[0].string();
    const auto known = std::find_if(types_.begin(), types_.end(),
                                    [&](const auto& type) { return type.first == root; });
    const std::string type = known == types_.end() ? "" : known->second;
    Place at;
    if (type == "text") at.type = doc_.text(to_utf8(root));
    if (type == "array") at.type = doc_.array(to_utf8(root));
    if (type == "map") at.type = doc_.map(to_utf8(root));
    if (type == "xmlFragment") at.type = doc_.xml_fragment(to_utf8(root));
    if (type == "xmlElement") at.type = doc_.xml_element(to_utf8(root));
    if (type == "xmlText") at.type = doc_.xml_text(to_utf8(root));
    for (std::size_t i = 1; i < path.array().size(); ++i) {
        const Json& step = path[i];
        const crdt::Value value = step.is_string() ? entry_at(at, path, to_utf8(step.string()))
                                                   : element_at(at, path, to_u32(step));
        at.type = std::monostate();
        if (value.kind() == crdt::ValueKind::text) at.type = value.text();
        if (value.kind() == crdt::ValueKind::array) at.type = value.array();
        if (value.kind() == crdt::ValueKind::map) at.type = value.map();
        if (value.kind() == crdt::ValueKind::xml_element) at.type = value.xml_element();
        if (value.kind() == crdt::ValueKind::xml_fragment) at.type = value.xml_fragment();
        if (value.kind() == crdt::ValueKind::xml_text) at.type = value.xml_text();
        if (value.kind() == crdt::ValueKind::xml_hook) at.type = value.xml_hook();
        if (value.kind() == crdt::ValueKind::document) at.type = value.document();
    }
    return at;
}

// -- ops
// --------------------------------------------------------------------------------------------

void Replica::run(const Json& op) {
    const std::string& name = op["op"].string();
    const Json& path = op["path"];
    const Place at = find(path);
    if (name.starts_with("text.")) {
        run_text(at.as<crdt::Text>("a text", path), op);
    } else if (name.starts_with("array.")) {
        run_array(at.as<crdt::Array>("an array", path), op);
    } else if (name.starts_with("map.")) {
        run_map(at.as<crdt::Map>("a map", path), op);
    } else if (name == "xml.setAttribute" || name == "xml.removeAttribute") {
        run_attribute(at, op);
    } else if (name.starts_with("xml.")) {
        run_xml(at.as<crdt::XmlFragment>("a fragment", path), op);
    } else if (name == "doc.load") {
        write(at.as<crdt::Subdoc>("a document", path).load());
    } else if (name == "doc.destroy") {
        write(at.as<crdt::Subdoc>("a document", path).destroy());
    } else {
        throw std::runtime_error("unknown op " + name);
    }
}

bool Replica::fails_by_accident(const Json& op) const {
    if (op["op"].string() != "text.delete") return false;
    return find(op["path"]).as<crdt::Text>("a text", op["path"]).empty();
}

// Yjs appends what is inserted past the end, and deletes no further than to the end; the engine
// refuses both, so the program in front of it clamps.
void Replica::run_text(const crdt::Text& text, const Json& op) {
    const std::string& name = op["op"].string();
    const auto insert = [&](std::size_t index, const std::string& wtf8) {
        const std::u16string units = support::to_utf16(wtf8);
        write(text.insert(std::min(index, text.length()), units));
    };
    const auto erase = [&](std::size_t index, std::size_t count) {
        if (index >= text.length()) return;
        write(text.erase(index, std::min(count, text.length() - index)));
    };
    crdt::Status rich;
    if (run_rich_text(text, op, rich)) {
        write(rich);
        leaves_pairs_ = leaves_pairs_ || leaves_pairs(text, op);
    } else if (name == "text.insert") {
        insert(to_u32(op["index"]), op["text"].string());
    } else if (name == "text.delete") {
        erase(to_u32(op["index"]), to_u32(op["length"]));
    } else {
        throw std::runtime_error("unknown op " + name);
    }
}

template <class List>
void Replica::erase_past_end(const List& list, std::size_t index, std::size_t count) {
    const Blob before = update();
    if (list.erase(index, count).ok()) throw std::runtime_error("an erase past the end succeeded");
    if (update() != before) throw std::runtime_error("a refused erase changed the document");
    // What Yjs has deleted when it throws.
    if (index < list.size()) write(list.erase(index, list.size() - index));
    deviations_.emplace_back("array.delete");
    throw OpFailed("past the end");
}

void Replica::run_array(const crdt::Array& array, const Json& op) {
    const std::string& name = op["op"].string();
    Contents values;
    if (name == "array.insert") {
        const auto contents = values.make_all(op["values"]);
        write(array.insert(to_u32(op["index"]), std::span<const crdt::Content>(contents)));
    } else if (name == "array.push") {
        const auto contents = values.make_all(op["values"]);
        write(array.push(std::span<const crdt::Content>(contents)));
    } else if (name == "array.delete") {
        const std::size_t index = to_u32(op["index"]);
        const std::size_t count = to_u32(op["length"]);
        if (index + count > array.size() && count > 0) erase_past_end(array, index, count);
        write(array.erase(index, count));
    } else {
        throw std::runtime_error("unknown op " + name);
    }
}

void Replica::run_map(const crdt::Map& map, const Json& op) {
    const std::string& name = op["op"].string();
    Contents values;
    if (name == "map.set") {
        write(map.set(to_utf8(op["key"].string()), values.make(op["value"])));
    } else if (name == "map.delete") {
        write(map.erase(to_utf8(op["key"].string())));
    } else if (name == "map.clear") {
        write(map.clear());
    } else {
        throw std::runtime_error("unknown op " + name);
    }
}

void Replica::run_xml(const crdt::XmlFragment& fragment, const Json& op) {
    const std::string& name = op["op"].string();
    Contents values;
    if (name == "xml.delete") {
        const std::size_t index = to_u32(op["index"]);
        const std::size_t count = to_u32(op["length"]);
        if (index + count > fragment.size() && count > 0) erase_past_end(fragment, index, count);
        write(fragment.erase(index, count));
        return;
    }
    const auto made = values.make_all(op["values"]);
    const std::span<const crdt::Content> contents(made);
    if (name == "xml.insert") {
        write(fragment.insert(to_u32(op["index"]), contents));
    } else if (name == "xml.push") {
        write(fragment.push(contents));
    } else if (name == "xml.insertAfter") {
        if (op["ref"].is_null()) {
            write(fragment.insert(0, contents));
            return;
        }
        const crdt::Value child = take(fragment.get(to_u32(op["ref"])), "ref");
        if (child.kind() == crdt::ValueKind::xml_text) {
            write(fragment.insert_after(child.xml_text(), contents));
        } else if (child.kind() == crdt::ValueKind::xml_hook) {
            write(fragment.insert_after(child.xml_hook(), contents));
        } else {
            write(fragment.insert_after(child.xml_fragment(), contents));
        }
    } else {
        throw std::runtime_error("unknown op " + name);
    }
}

void Replica::run_attribute(const Place& at, const Json& op) {
    const std::string key = to_utf8(op["key"].string());
    Contents values;
    const auto edit = [&](const auto& type) {
        write(op["op"].string() == "xml.setAttribute"
                  ? type.set_attribute(key, values.make(op["value"]))
                  : type.remove_attribute(key));
    };
    if (const auto* element = std::get_if<crdt::XmlElement>(&at.type)) {
        edit(*element);
    } else {
        edit(at.as<crdt::Text>("an element or a text", op["path"]));
    }
}

// -- content
// ----------------------------------------------------------------------------------------

crdt::SharedType Replica::type_at(const Json& path) const {
    return std::visit(
        [&](const auto& type) -> crdt::SharedType {
            if constexpr (std::is_convertible_v<decltype(type), const crdt::SharedType&>) {
                return type;
            }
            throw std::runtime_error(to_text(path) + " does not lead to a shared type");
        },
        find(path).type);
}

Json Replica::slice(const Json& path, const Json& start, const Json& end) const {
    const Place at = find(path);
    const auto& array = at.as<crdt::Array>("an array", path);
    const std::size_t size = array.size();
    const std::size_t last = end.is_null() ? size : place_in(end.number(), size);
    Json::Array values;
    for (std::size_t i = place_in(start.number(), size); i < last; ++i) {
        values.push_back(from_value(take(array.get(i), "get")));
    }
    return values;
}

Json Replica::get(const Json& path, const Json& at) const {
    const Place place = find(path);
    const auto value = place.as<crdt::Array>("an array", path).get(to_u32(at));
    if (!value.ok() && value.error().code == crdt::ErrorCode::index_out_of_range) {
        return from_any(crdt::Any::undefined());
    }
    require(value.status(), "get");
    return from_value(*value);
}

crdt::Text Replica::text_at(const Json& path) const {
    return find(path).as<crdt::Text>("a text", path);
}

Json Replica::content() const {
    Json::Object roots;
    const auto& table = doc_.store()->types;
    for (const std::uint32_t number : table.roots()) {
        const auto& record = table.types[number];
        const std::string name(table.names[record.name]);
        switch (record.kind) {
            case crdt::detail::TypeKind::text:
                roots.emplace_back(name, from_text(doc_.text(name)));
                break;
            case crdt::detail::TypeKind::array:
                roots.emplace_back(name, from_array(doc_.array(name)));
                break;
            case crdt::detail::TypeKind::map:
                roots.emplace_back(name, from_map(doc_.map(name)));
                break;
            case crdt::detail::TypeKind::xml_fragment:
                roots.emplace_back(name, from_xml(doc_.xml_fragment(name)));
                break;
            case crdt::detail::TypeKind::xml_element:
                roots.emplace_back(name, from_xml(doc_.xml_element(name)));
                break;
            case crdt::detail::TypeKind::xml_text:
                roots.emplace_back(name, from_xml(doc_.xml_text(name)));
                break;
            default:
                roots.emplace_back(name, Json::Object{{"$type", "undefined"}});
        }
    }
    return roots;
}

Json Replica::state() const {
    Json::Object strings;
    for (const auto& [name, type] : types_) {
        if (type == "text") {
            const auto text = doc_.text(to_utf8(name));
            strings.emplace_back(name, support::to_wtf8(text.to_u16string()));
        } else if (type == "xmlText") {
            strings.emplace_back(name, doc_.xml_text(to_utf8(name)).to_xml_string());
        } else if (type == "xmlElement") {
            strings.emplace_back(name, doc_.xml_element(to_utf8(name)).to_string());
        } else if (type == "xmlFragment") {
            strings.emplace_back(name, doc_.xml_fragment(to_utf8(name)).to_string());
        }
    }
    Json::Object state{
        {"roots", content()}, {"strings", std::move(strings)}, {"sv", state_vector_pairs()}};
    Json missing = from_state_vector(take(doc_.missing(), "missing"));
    Json deletes = from_id_set(take(doc_.pending_deletes(), "pending_deletes"));
    if (doc_.has_pending() != (!missing.array().empty() || !deletes.array().empty())) {
        throw std::runtime_error("has_pending() contradicts missing() and pending_deletes()");
    }
    if (!missing.array().empty()) state.emplace_back("pendingMissing", std::move(missing));
    if (!deletes.array().empty()) state.emplace_back("pendingDeletes", std::move(deletes));
    return state;
}

Blob Replica::update(const crdt::StateVector& known) const {
    return blob(take(doc_.encode_state_as_update(known), "encode_state_as_update"));
}
Blob Replica::update_v2(const crdt::StateVector& known) const {
    return blob(take(doc_.encode_state_as_update_v2(known), "encode_state_as_update_v2"));
}
Blob Replica::canonical() const { return blob(take(doc_.encode_canonical(), "encode_canonical")); }
Blob Replica::state_vector() const {
    return blob(take(doc_.encode_state_vector(), "encode_state_vector"));
}
Json Replica::state_vector_pairs() const {
    return from_state_vector(take(doc_.state_vector(), "state_vector"));
}

}  // namespace conformance
