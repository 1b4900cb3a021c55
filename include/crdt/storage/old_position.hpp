// Relative positions as doc/ writes them (doc/relative_position.hpp has the bytes), without a
// document: a unit, or the start or end of a root or of a nested type.
#pragma once

#include "../codec/any.hpp"
#include "../codec/reader.hpp"
#include "../codec/writer.hpp"
#include "epoch_map.hpp"
#include "old_history.hpp"

namespace crdt::detail {

struct OldPosition {
    UpdateId item;  // a unit
    UpdateId type;  // the item that holds the sequence
    ByteView root;  // the name of the root that is the sequence
    bool has_root = false;
    std::int64_t association = 0;
};

// Strict, as RelativePosition::decode.
[[nodiscard]] Error read_position(ByteView bytes, OldPosition& out) noexcept;
// The first of unit, root and type, as RelativePosition::encode.
[[nodiscard]] Status write_position(const OldPosition& position, Bytes& out) noexcept;

// From one epoch to the next. Views of the result lie in the position or in the map.
class PositionTranslator {
public:
    explicit PositionTranslator(const EpochMap& map) noexcept : ids_(map) {}

    // Error deleted_type: the type is gone, and with it the place.
    [[nodiscard]] Status translate(const OldPosition& old, OldPosition& out) const noexcept;

private:
    [[nodiscard]] Status place_of_gone(const OldPosition& old, OldPosition& out) const noexcept;

    EpochIds ids_;
};

// JSON with positions in it, which become those of the next epoch.
class JsonTranslator {
public:
    JsonTranslator(const EpochMap& map, Bytes& out) noexcept : positions_(map), out_(out) {}

    // Nested no deeper than validate_json() lets it be.
    void value(AnyView value) noexcept;
    [[nodiscard]] bool ok() const noexcept { return ok_; }

private:
    // Whether an object has the members of a position, and no others.
    [[nodiscard]] static bool is_position(AnyView object, OldPosition& out) noexcept;
    [[nodiscard]] static bool is_id(AnyView value, UpdateId& out) noexcept;
    void position(const OldPosition& old) noexcept;
    void text(std::string_view more) noexcept { ok_ = ok_ && out_.append(more); }
    void leaf(AnyView value) noexcept;
    void string(std::string_view text) noexcept;
    void id(std::string_view name, const UpdateId& id) noexcept;

    PositionTranslator positions_;
    Bytes& out_;
    bool ok_ = true;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/translate_position.ipp"
#endif
