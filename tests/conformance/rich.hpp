// Deltas and attributes of the fixtures (README, section 1) from and to the engine's.
#pragma once

#include "values.hpp"

namespace conformance {

// [[key, value]] in the order given.
[[nodiscard]] crdt::Attributes to_attributes(const Json& pairs);
// `contents` keeps what the delta borrows.
[[nodiscard]] crdt::Delta to_delta(const Json& delta, Contents& contents);
[[nodiscard]] Json from_delta(const crdt::Delta& delta);

// An op text.insert with attributes, text.embed, text.format or text.applyDelta; false: another.
[[nodiscard]] bool run_rich_text(const crdt::Text& text, const Json& op, crdt::Status& status);

}  // namespace conformance
