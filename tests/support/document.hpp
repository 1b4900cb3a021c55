// What tests ask of documents: their bytes, whether they are sound, and what they show.
#pragma once

#include <algorithm>
#include <crdt/crdt.hpp>
#include <crdt/store/check.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace support {

inline std::string text_of(crdt::ByteView bytes) { return std::string(crdt::as_text(bytes)); }

// Throws std::runtime_error where an encoder fails: no test expects that without saying so.
inline std::string canonical(const crdt::Doc& doc) {
    return text_of(doc.encode_canonical().value());
}
inline std::string update_of(const crdt::Doc& doc) {
    return text_of(doc.encode_state_as_update().value());
}
inline std::string vector_of(const crdt::Doc& doc) {
    return text_of(doc.encode_state_vector().value());
}
// What `to` lacks of `from`, as a connection would ask for it.
inline std::string diff_for(const crdt::Doc& from, const crdt::Doc& to) {
    const crdt::StateVector known = to.state_vector().value();
    return text_of(from.encode_state_as_update(known).value());
}

// Whatever others can learn of a document, what waits included.
inline std::string fingerprint(const crdt::Doc& doc) {
    const crdt::Bytes missing = doc.missing().value().encode().value();
    const crdt::Bytes deletes = crdt::encode_delete_set_v1(doc.pending_deletes().value()).value();
    return update_of(doc) + '|' + vector_of(doc) + '|' + text_of(missing) + '|' + text_of(deletes);
}

// Empty: every invariant holds.
inline std::string broken(const crdt::Doc& doc) {
    const char* const rule = crdt::detail::Checker(*doc.store()).run();
    return rule == nullptr ? std::string() : std::string(rule);
}

inline crdt::Status receive(crdt::Doc& doc, std::string_view update) {
    return doc.apply(crdt::as_bytes(update));
}
// Whatever `to` lacks of `from`.
inline void send(const crdt::Doc& from, crdt::Doc& to) { receive(to, diff_for(from, to)).value(); }

// A document without collection keeps what was deleted; most have it on.
inline crdt::Doc document(std::uint64_t client, bool collect = true) {
    // Tests that want another id say how it is drawn.
    return crdt::Doc(crdt::DocOptions{
        .client = crdt::ClientId{client}, .collect = collect, .new_client_id = nullptr});
}

inline crdt::Doc loaded(std::string_view update, std::uint64_t client = 0x1fffff) {
    crdt::Doc doc = document(client);
    receive(doc, update).value();
    return doc;
}

// What a reader sees below a value, types in full. As deep as the document is.
inline std::string show(const crdt::Value& value);
inline std::string show(const crdt::Array& array) {
    std::string out = "[";
    array.for_each([&](const crdt::Value& value) { out += show(value) + ","; });
    return out + "]";
}
inline std::string show(const crdt::Map& map) {
    // Replicas meet keys in different orders.
    std::string out = "{";
    std::vector<std::string> entries;
    map.for_each([&](std::string_view key, const crdt::Value& value) {
        entries.push_back(std::string(key) + ":" + show(value) + ",");
    });
    std::sort(entries.begin(), entries.end());
    for (const std::string& entry : entries) out += entry;
    return out + "}";
}
inline std::string show(const crdt::Value& value) {
    switch (value.kind()) {
        case crdt::ValueKind::absent:
            return "-";
        case crdt::ValueKind::any:
            return text_of(value.any().encoded());
        case crdt::ValueKind::binary:
            return "b" + text_of(value.binary());
        case crdt::ValueKind::text:
            return "'" + value.text().to_string() + "'";
        case crdt::ValueKind::array:
            return show(value.array());
        case crdt::ValueKind::map:
            return show(value.map());
        default:
            return "?";
    }
}
// The roots that random edits use.
inline std::string show(const crdt::Doc& doc) {
    return "'" + doc.text("t").to_string() + "' " + show(doc.array("a")) + " " + show(doc.map("m"));
}

}  // namespace support
