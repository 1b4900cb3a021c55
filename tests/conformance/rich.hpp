// Deltas and attributes of the fixtures (README, section 1) from and to the engine's.
#pragma once

#include "values.hpp"

namespace conformance {

// [[key, value]] in the order given.
[[nodiscard]] crdt::Attributes to_attributes(const Json& pairs);
// `contents` keeps what the delta borrows.
[[nodiscard]] crdt::Delta to_delta(const Json& delta, Contents& contents);
[[nodiscard]] Json from_attributes(const crdt::Attributes& attributes);
[[nodiscard]] Json from_delta(const crdt::Delta& delta);

// Whether the op cut a surrogate pair that is whole still.
[[nodiscard]] bool leaves_pairs(const crdt::Text& text, const Json& op);
// An op text.insert with attributes, text.embed, text.format or text.applyDelta; false: another.
[[nodiscard]] bool run_rich_text(const crdt::Text& text, const Json& op, crdt::Status& status);

// Whether a script makes Yjs break a surrogate pair without telling others, so that its documents
// end up different.
[[nodiscard]] bool breaks_pairs_silently(const Json& test);
// Whether an attribute or an embed that a script makes holds half a surrogate pair.
[[nodiscard]] bool makes_halves(const Json& test);
// Whether a string or a name in it holds half a surrogate pair, and the same with U+FFFD instead.
[[nodiscard]] bool holds_half(const Json& value);
[[nodiscard]] Json with_replaced_halves(const Json& value);
// The same value with U+FFFD for each half of a surrogate pair in any string.
[[nodiscard]] Json with_broken_pairs(const Json& value);
// That, and neighbouring text of equal attributes as one insert in any delta.
[[nodiscard]] Json with_joined_inserts(const Json& value);

}  // namespace conformance
