// A place in a text, array or other sequence that stays where it is while others edit: a caret, the
// end of a comment. It names a unit instead of counting.
//
//   bytes: 00 varUint client, varUint clock   a unit
//          01 varString name                  the start or end of a root
//          02 varUint client, varUint clock   the start or end of a nested type
//          then varInt association; left out, it is 0
//   JSON:  {"type": id, "tname": name, "item": id, "assoc": number}, id: {"client", "clock"}
//
// The bytes carry the first of unit, root and nested type; JSON carries what is known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "../base/ids.hpp"
#include "../codec/any.hpp"
#include "../types/shared_type.hpp"
#include "doc.hpp"

namespace crdt {

// To which neighbour a place in a gap belongs. What is inserted in the gap comes in front of a
// place that belongs to what follows it, and behind one that belongs to what precedes it.
enum class Association : std::int8_t { before = -1, after = 0 };

class RelativePosition {
public:
    // Names nothing; resolves nowhere.
    RelativePosition() noexcept = default;

    // Whether it names anything. Not: memory was exhausted, or the type it was made from is gone.
    [[nodiscard]] bool exists() const noexcept { return has_item_ || has_type_ || has_root_; }
    [[nodiscard]] Association association() const noexcept {
        return assoc_ < 0 ? Association::before : Association::after;
    }

    // The unit; none at the start or end of a sequence.
    [[nodiscard]] std::optional<Id> item() const noexcept {
        return has_item_ ? std::optional<Id>(item_) : std::nullopt;
    }
    // The item that holds the sequence, or the name of the root that is the sequence. Positions
    // decoded from bytes know neither where they name a unit.
    [[nodiscard]] std::optional<Id> type() const noexcept {
        return has_type_ ? std::optional<Id>(type_) : std::nullopt;
    }
    [[nodiscard]] std::optional<std::string_view> root() const noexcept {
        if (!has_root_) return std::nullopt;
        return root_.view().as_string();
    }

    // invalid_argument where it names nothing.
    [[nodiscard]] Result<Bytes> encode() const noexcept;
    Status encode(Bytes& out) const noexcept;  // appends
    [[nodiscard]] Result<Bytes> to_json() const noexcept;

    // Strict: all of the input, and nothing else.
    [[nodiscard]] static Result<RelativePosition> decode(ByteView input) noexcept;
    // Unknown members are ignored, and null is as good as absent.
    [[nodiscard]] static Result<RelativePosition> from_json(std::string_view json,
                                                            const Limits& limits = {}) noexcept;

    friend bool operator==(const RelativePosition&, const RelativePosition&) noexcept = default;

private:
    friend class SharedType;

    [[nodiscard]] bool set_root(std::string_view name) noexcept {
        root_ = Any(name);
        has_root_ = root_.valid();
        return has_root_;
    }

    Id item_{};
    Id type_{};
    Any root_;
    std::int64_t assoc_ = 0;
    bool has_item_ = false;
    bool has_type_ = false;
    bool has_root_ = false;
};

// Where a relative position is at the moment.
struct Place {
    SharedType type;
    std::size_t index = 0;  // visible units in front of it
    Association association = Association::after;
    friend bool operator==(const Place&, const Place&) noexcept = default;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/doc/relative_position.ipp"
#endif
