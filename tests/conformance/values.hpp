// The values of the fixtures (README, section 1) from and to the engine's, and their comparison.
#pragma once

#include <crdt/crdt.hpp>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/json.hpp"

namespace conformance {

using support::Json;
using Blob = std::string;  // bytes

inline crdt::ByteView view(const Blob& bytes) { return crdt::as_bytes(bytes); }
inline Blob blob(crdt::ByteView bytes) { return Blob(crdt::as_text(bytes)); }
// Base64 as a value holds it.
[[nodiscard]] Blob blob(const Json& base64);

// -- to the engine
// ----------------------------------------------------------------------------------

// A number, be it {"$num": "NaN"}.
[[nodiscard]] double to_number(const Json& value);
[[nodiscard]] crdt::ClientId to_client(const Json& value);
[[nodiscard]] std::uint32_t to_u32(const Json& value);
// Text is UTF-8 in the engine's values, so lone surrogates become U+FFFD on the way in: what Yjs
// makes of them when it writes a V1 update.
[[nodiscard]] crdt::Any to_any(const Json& value);

// Makes Contents; what they borrow lives as long as this does.
class Contents {
public:
    [[nodiscard]] crdt::Content make(const Json& value);
    [[nodiscard]] std::vector<crdt::Content> make_all(const Json& values);

private:
    [[nodiscard]] crdt::Content make_xml(const std::string& type, const Json& value);
    [[nodiscard]] crdt::Content make_document(const Json& value);
    [[nodiscard]] std::vector<std::pair<std::string, crdt::Content>> make_entries(
        const Json* pairs);

    std::deque<Blob> kept_;
};

// -- from the engine
// --------------------------------------------------------------------------------

[[nodiscard]] Json from_number(double value);
[[nodiscard]] Json from_any(crdt::AnyView value);
[[nodiscard]] Json from_value(const crdt::Value& value);
[[nodiscard]] Json from_text(const crdt::Text& text);
[[nodiscard]] Json from_array(const crdt::Array& array);
[[nodiscard]] Json from_map(const crdt::Map& map);
// Of an element, too.
[[nodiscard]] Json from_xml(const crdt::XmlFragment& fragment);
[[nodiscard]] Json from_xml(const crdt::XmlText& text);
[[nodiscard]] Json from_xml(const crdt::XmlHook& hook);
[[nodiscard]] Json from_document(const crdt::Subdoc& document);
// {added, removed, loaded}: lists of ids, sorted.
[[nodiscard]] Json from_subdocs(const crdt::SubdocsEvent& event);
// [[client, clock]], ascending.
[[nodiscard]] Json from_state_vector(const crdt::StateVector& vector);
// [[client, [[clock, length]]]], clients ascending.
[[nodiscard]] Json from_id_set(const crdt::IdSet& set);
// JSON text as an embed or a format holds it: its objects as {"$obj": ...}.
[[nodiscard]] Json from_json_text(std::string_view text);

// -- comparison
// -------------------------------------------------------------------------------------

struct Difference {
    std::string where;     // in the value: .roots.t[3]
    std::string expected;  // short
    std::string got;
};

// The first difference. The order of an object's members does not count; NaN equals NaN, and 0 does
// not equal -0.
[[nodiscard]] std::optional<Difference> compare(const Json& expected, const Json& got);

}  // namespace conformance
