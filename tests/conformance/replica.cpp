#include "replica.hpp"

#include <algorithm>
#include <variant>

#include "support/unicode.hpp"

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

template <class T>
T take(crdt::Result<T> result, const char* what) {
    require(result.status(), what);
    return *std::move(result);
}

// slice() counts a negative place from the end.
std::size_t place_in(double place, std::size_t size) {
    const auto length = static_cast<double>(size);
    if (place < 0) place += length;
    return static_cast<std::size_t>(std::clamp(place, 0.0, length));
}

}  // namespace

struct Replica::Place {
    std::variant<std::monostate, crdt::Text, crdt::Array, crdt::Map> type;

    template <class T>
    [[nodiscard]] const T& as(const char* name, const Json& path) const {
        const T* found = std::get_if<T>(&type);
        if (found == nullptr) {
            throw std::runtime_error(to_text(path) + " does not lead to " + name);
        }
        return *found;
    }
};

Replica::Replica(crdt::ClientId client, bool collect)
    : doc_(crdt::DocOptions{.client = client, .collect = collect}),
      collect_(collect),
      listening_v1_(doc_.on_update([this](crdt::ByteView update, const crdt::Origin&) noexcept {
          told_v1_.push_back(blob(update));
      })),
      listening_v2_(doc_.on_update_v2([this](crdt::ByteView update, const crdt::Origin&) noexcept {
          told_v2_.push_back(blob(update));
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
    if (type == "text") {
        require(doc_.text(name).check(), "define");
    } else if (type == "array") {
        require(doc_.array(name).check(), "define");
    } else if (type == "map") {
        require(doc_.map(name).check(), "define");
    }
    types_.emplace_back(root, type);
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
    for (std::size_t i = 1; i < path.array().size(); ++i) {
        const Json& step = path[i];
        crdt::Value value;
        if (step.is_string()) {
            value = at.as<crdt::Map>("a map", path).get(to_utf8(step.string()));
        } else {
            const auto& array = at.as<crdt::Array>("an array", path);
            value = take(array.get(to_u32(step)), "path");
        }
        at.type = std::monostate();
        if (value.kind() == crdt::ValueKind::text) at.type = value.text();
        if (value.kind() == crdt::ValueKind::array) at.type = value.array();
        if (value.kind() == crdt::ValueKind::map) at.type = value.map();
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
        return units.size();
    };
    const auto erase = [&](std::size_t index, std::size_t count) {
        if (index >= text.length()) return;
        write(text.erase(index, std::min(count, text.length() - index)));
    };
    if (name == "text.insert") {
        insert(to_u32(op["index"]), op["text"].string());
    } else if (name == "text.delete") {
        erase(to_u32(op["index"]), to_u32(op["length"]));
    } else if (name == "text.applyDelta") {  // a plain one
        std::size_t index = 0;
        for (const Json& change : op["delta"].array()) {
            if (const Json* units = change.find("retain")) {
                index += to_u32(*units);
            } else if (const Json* count = change.find("delete")) {
                erase(index, to_u32(*count));
            } else {
                index += insert(index, change["insert"].string());
            }
        }
    } else {
        throw std::runtime_error("unknown op " + name);
    }
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

void Replica::erase_past_end(const crdt::Array& array, std::size_t index, std::size_t count) {
    const Blob before = update();
    if (array.erase(index, count).ok()) throw std::runtime_error("an erase past the end succeeded");
    if (update() != before) throw std::runtime_error("a refused erase changed the document");
    // What Yjs has deleted when it throws.
    if (index < array.size()) write(array.erase(index, array.size() - index));
    deviations_.emplace_back("array.delete");
    throw OpFailed("past the end");
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
            default:
                roots.emplace_back(name, Json::Object{{"$type", "undefined"}});
        }
    }
    // Roots of types that are not built have been left alone; cases in which they hold something
    // are skipped, so they are empty.
    for (const auto& [name, type] : types_) {
        if (!type.starts_with("xml")) continue;
        std::erase_if(roots, [&root = name](const auto& other) { return other.first == root; });
        const char* list = type == "xmlText" ? "delta" : "children";
        roots.emplace_back(name, Json::Object{{"$type", type}, {list, Json::Array{}}});
    }
    return roots;
}

Json Replica::state() const {
    Json::Object strings;
    for (const auto& [name, type] : types_) {
        if (type == "text") {
            const auto text = doc_.text(to_utf8(name));
            strings.emplace_back(name, support::to_wtf8(text.to_u16string()));
        } else if (type.starts_with("xml")) {
            strings.emplace_back(name, "");
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
