#pragma once

#include "../../codec/any_to_json.hpp"
#include "../../codec/json.hpp"
#include "../../codec/json_to_any.hpp"
#include "../../storage/old_position.hpp"

namespace crdt {

namespace detail {

// -- bytes ----------------------------------------------------------------------------------------

inline constexpr std::uint8_t kUnitPosition = 0;
inline constexpr std::uint8_t kRootPosition = 1;
inline constexpr std::uint8_t kTypePosition = 2;

ROPEWALK_INLINE Error read_position(ByteView bytes, OldPosition& out) noexcept {
    Reader in(bytes);
    const auto id = [&](UpdateId& to) {
        to.client = in.var_uint();
        const std::size_t at = in.offset();
        const std::uint64_t clock = in.var_uint();
        if (clock > kMaxClock) in.fail_at(ErrorCode::limit_exceeded, at);
        to.clock = static_cast<std::uint32_t>(clock);
        to.exists = true;
    };
    switch (in.byte()) {
        case kUnitPosition:
            id(out.item);
            break;
        case kRootPosition:
            out.root = as_bytes(in.var_string());
            out.has_root = true;
            break;
        case kTypePosition:
            id(out.type);
            break;
        default:
            in.fail_at(ErrorCode::unknown_tag, 0);
            break;
    }
    if (in.ok() && !in.at_end()) out.association = in.var_int();
    if (!in.at_end()) in.fail(ErrorCode::invalid_message);
    return in.error();
}

ROPEWALK_INLINE Status write_position(const OldPosition& position, Bytes& out) noexcept {
    Writer to(out);
    if (position.has_root && !position.item.exists) {
        to.byte(kRootPosition);
        to.var_bytes(position.root);
    } else {
        const UpdateId& id = position.item.exists ? position.item : position.type;
        to.byte(position.item.exists ? kUnitPosition : kTypePosition);
        to.var_uint(id.client);
        to.var_uint(id.clock);
    }
    to.var_int(position.association);
    return to.ok() ? Status{} : ErrorCode::out_of_memory;
}

// -- translation ----------------------------------------------------------------------------------

ROPEWALK_INLINE Status PositionTranslator::translate(const OldPosition& old,
                                                     OldPosition& out) const noexcept {
    out = old;
    if (old.type.exists) {
        out.type = ids_.translate(ClientId{old.type.client}, old.type.clock);
        if (!out.type.exists) return ErrorCode::deleted_type;
    }
    if (!old.item.exists) return {};
    out.item = ids_.translate(ClientId{old.item.client}, old.item.clock);
    return out.item.exists ? Status{} : place_of_gone(old, out);
}

// Of a unit that is gone: the unit that lived on at the side to which the position belongs, or the
// end of the sequence on that side.
ROPEWALK_INLINE Status PositionTranslator::place_of_gone(const OldPosition& old,
                                                         OldPosition& out) const noexcept {
    Store& store = ids_.order();
    const RunPos unit = store.resolve(ids_.find(ClientId{old.item.client}), old.item.clock);
    const Run& run = store.runs[unit.run];
    if (is_nowhere(store, run)) return ErrorCode::deleted_type;
    const bool before = old.association < 0;
    Sequences& sequences = store.sequences;
    Place at = sequences.find(unit);
    // What of a span lies on that side of the unit; then whole spans.
    std::uint32_t from = before ? sequences.span(at).offset : unit.offset + 1;
    std::uint32_t to = before ? unit.offset : sequences.span(at).end();
    while (at.leaf != kNone) {
        const Run& here = store.runs[sequences.span(at).run];
        const auto living = ids_.living(here.client, here.clock + from, here.clock + to);
        if (!living.empty()) {
            const EpochIds::Living& found = before ? living[living.size() - 1] : living[0];
            const std::uint32_t clock =
                before ? std::min(here.clock + to, found.clock + found.length) - 1
                       : std::max(here.clock + from, found.clock);
            out.item = ids_.id_in(found, clock);
            return {};
        }
        at = before ? sequences.previous(at) : sequences.next(at);
        if (at.leaf == kNone) break;
        from = sequences.span(at).offset;
        to = sequences.span(at).end();
    }
    const TypeRecord& type = store.types.types[sequences.seqs[run.seq].type];
    if (type.run == kNone) {
        out.root = as_bytes(store.types.names[type.name]);
        out.has_root = true;
        return {};
    }
    const Run& holder = store.runs[type.run];
    out.type = ids_.translate(ClientId{store.clients[holder.client].id}, holder.clock);
    return out.type.exists ? Status{} : ErrorCode::deleted_type;
}

// -- JSON -----------------------------------------------------------------------------------------

ROPEWALK_INLINE bool JsonTranslator::is_id(AnyView value, UpdateId& out) noexcept {
    if (value.kind() != AnyKind::object || value.size() != 2) return false;
    const auto number = [&](std::string_view name, double most, double& to) {
        const std::optional<AnyView> member = value.find(name);
        if (!member || member->kind() != AnyKind::number) return false;
        to = member->as_number();
        return to >= 0 && to <= most && to == static_cast<double>(static_cast<std::uint64_t>(to));
    };
    double client = 0;
    double clock = 0;
    if (!number("client", static_cast<double>(kMaxClientId), client) ||
        !number("clock", static_cast<double>(kMaxClock), clock)) {
        return false;
    }
    out = {static_cast<std::uint64_t>(client), static_cast<std::uint32_t>(clock), true};
    return true;
}

ROPEWALK_INLINE bool JsonTranslator::is_position(AnyView object, OldPosition& out) noexcept {
    for (const auto& [key, member] : object.members()) {
        const bool is_null = member.is_null();
        if (key == "item") {
            if (!is_null && !is_id(member, out.item)) return false;
        } else if (key == "type") {
            if (!is_null && !is_id(member, out.type)) return false;
        } else if (key == "tname") {
            if (!is_null && member.kind() != AnyKind::string) return false;
            out.has_root = !is_null;
            if (!is_null) out.root = as_bytes(member.as_string());
        } else if (key == "assoc") {
            if (is_null) continue;
            if (member.kind() != AnyKind::number) return false;
            out.association = member.as_number() < 0 ? -1 : 0;
        } else {
            return false;
        }
    }
    return out.item.exists || out.type.exists || out.has_root;
}

ROPEWALK_INLINE void JsonTranslator::leaf(AnyView value) noexcept {
    bool exact = true;
    ok_ = ok_ && any_to_json(value, out_, exact);
}

ROPEWALK_INLINE void JsonTranslator::string(std::string_view text) noexcept {
    const Any value(text);
    ok_ = ok_ && value.valid();
    if (ok_) leaf(value.view());
}

ROPEWALK_INLINE void JsonTranslator::id(std::string_view name, const UpdateId& id) noexcept {
    string(name);
    text(":{\"client\":");
    leaf(Any(id.client).view());
    text(",\"clock\":");
    leaf(Any(id.clock).view());
    text("},");
}

ROPEWALK_INLINE void JsonTranslator::position(const OldPosition& old) noexcept {
    OldPosition now;
    if (!positions_.translate(old, now).ok()) return text("null");
    text("{");
    if (now.type.exists) id("type", now.type);
    if (now.has_root) {
        text("\"tname\":");
        string(as_text(now.root));
        text(",");
    }
    if (now.item.exists) id("item", now.item);
    text(now.association < 0 ? "\"assoc\":-1}" : "\"assoc\":0}");
}

ROPEWALK_INLINE void JsonTranslator::value(AnyView value) noexcept {
    std::string_view comma;
    if (value.kind() == AnyKind::array) {
        text("[");
        for (const AnyView element : value.elements()) {
            text(comma);
            comma = ",";
            this->value(element);
        }
        return text("]");
    }
    if (value.kind() != AnyKind::object) return leaf(value);
    OldPosition found;
    if (is_position(value, found)) return position(found);
    text("{");
    for (const auto& [key, member] : value.members()) {
        text(comma);
        comma = ",";
        string(key);
        text(":");
        this->value(member);
    }
    text("}");
}

}  // namespace detail

ROPEWALK_INLINE Result<Bytes> EpochMap::translate_position(ByteView position) const noexcept {
    detail::OldPosition old;
    if (const Error error = detail::read_position(position, old); error.code != ErrorCode::ok) {
        return error;
    }
    detail::OldPosition now;
    ROPEWALK_CHECK(detail::PositionTranslator(*this).translate(old, now));
    Bytes out;
    ROPEWALK_CHECK(detail::write_position(now, out));
    return out;
}

ROPEWALK_INLINE Result<Bytes> EpochMap::translate_json(std::string_view json) const noexcept {
    const ByteView bytes = as_bytes(json);
    const detail::Utf8Scan scan = detail::scan_utf8(bytes);
    if (!scan.valid) return Error{ErrorCode::invalid_utf8, scan.bad_offset};
    const std::uint8_t* p = bytes.data();
    const ErrorCode bad =
        detail::validate_json(p, bytes.data() + bytes.size(), detail::nesting_of(limits_));
    if (bad != ErrorCode::ok) return Error{bad, static_cast<std::uint64_t>(p - bytes.data())};
    Bytes encoded;
    if (!detail::json_to_any(json, encoded)) return ErrorCode::out_of_memory;
    Bytes out;
    detail::JsonTranslator translator(*this, out);
    translator.value(AnyView{ByteView(encoded)});
    if (!translator.ok()) return ErrorCode::out_of_memory;
    return out;
}

}  // namespace crdt
