// The values of embeds and formats. A run holds them as JSON text, as V1 has them, or, marked
// Run::kAnyValue, as an Any where JSON text cannot say them: those come from V2 alone. A format has
// its key, a varString, in front.
#pragma once

#include "../codec/update_writer.hpp"
#include "content.hpp"

namespace crdt::detail {

struct JsonValue {
    ByteView key;      // of a format
    ByteView encoded;  // JSON text, or an Any
    bool is_any;
};

// What a run of kind embed or format holds. requires: `stored` is its value in the content store
[[nodiscard]] JsonValue json_value_of(RunKind kind, std::uint8_t flags, ByteView stored) noexcept;

// Appends the value as a canonical Any. False: memory is exhausted.
[[nodiscard]] bool json_value_to_any(const JsonValue& value, Bytes& out) noexcept;

// Writes what a run of kind embed or format holds.
template <class UpdateWriter>
void put_json_value(UpdateWriter& out, RunKind kind, std::uint8_t flags, ByteView stored) noexcept {
    const JsonValue value = json_value_of(kind, flags, stored);
    if (kind == RunKind::format) out.name(value.key);
    if (value.is_any) {
        out.json_any(value.encoded);
    } else {
        out.json_text(value.encoded);
    }
}

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/json_value.ipp"
#endif
