#pragma once

#include "../../codec/any_to_json.hpp"
#include "../../codec/json.hpp"
#include "../../codec/json_to_any.hpp"
#include "../../codec/reader.hpp"
#include "../../codec/writer.hpp"
#include "../../doc/relative_position.hpp"

namespace crdt {

namespace detail {

enum PositionTag : std::uint8_t { kPositionItem, kPositionRoot, kPositionType };

// The unit that stands for `unit` today: undo puts deleted units back as copies.
[[nodiscard]] inline RunPos follow_redone(const Store& store, RunPos unit) noexcept {
    return store.keeping.redone.follow(unit);
}

[[nodiscard]] inline Id id_of(const Store& store, RunPos unit) noexcept {
    const Run& run = store.runs[unit.run];
    return {ClientId{store.clients[run.client].id}, Clock{run.clock + unit.offset}};
}

// Nothing, if it is not known here.
[[nodiscard]] inline RunPos unit_of(const Store& store, Id id) noexcept {
    const std::uint32_t client = store.clients.find(id.client);
    if (client == kNone || raw(id.clock) >= store.clients[client].next_clock) return {};
    return store.resolve(client, raw(id.clock));
}

// -- as bytes -----------------------------------------------------------------------------------

[[nodiscard]] inline Id read_id(Reader& in) noexcept {
    const std::uint64_t client = in.var_uint();
    const std::size_t at = in.offset();
    const std::uint64_t clock = in.var_uint();
    if (clock > kMaxClock) in.fail_at(ErrorCode::limit_exceeded, at);
    return {ClientId{client}, static_cast<Clock>(clock)};
}

inline void write_id(Writer& out, std::uint8_t tag, Id id) noexcept {
    out.byte(tag);
    out.var_uint(raw(id.client));
    out.var_uint(raw(id.clock));
}

// -- as JSON --------------------------------------------------------------------------------------

// Any text of digits, names in quotes and the like; the memory is checked at the end.
class JsonText {
public:
    explicit JsonText(Bytes& out) noexcept : out_(out) {}
    [[nodiscard]] bool ok() const noexcept { return ok_; }
    void text(std::string_view more) noexcept { ok_ = ok_ && out_.append(more); }
    void any(const Any& value) noexcept {
        bool exact = true;
        ok_ = ok_ && value.valid() && any_to_json(value, out_, exact);
    }
    void id(Id id) noexcept {
        text("{\"client\":");
        any(Any(raw(id.client)));
        text(",\"clock\":");
        any(Any(raw(id.clock)));
        text("}");
    }

private:
    Bytes& out_;
    bool ok_ = true;
};

// A whole number in [least, most], or nothing.
[[nodiscard]] inline std::optional<std::int64_t> whole_number(AnyView value,
                                                              double least,
                                                              double most) noexcept {
    if (value.kind() != AnyKind::number) return std::nullopt;
    const double number = value.as_number();
    const bool within = number >= least && number <= most;  // NaN is not
    if (!within) return std::nullopt;
    const auto whole = static_cast<std::int64_t>(number);
    if (static_cast<double>(whole) != number) return std::nullopt;
    return whole;
}

inline constexpr double kLargestWhole = 9007199254740991.0;  // 2^53-1

// An absent member has no id, and is fine.
[[nodiscard]] inline ErrorCode id_of_member(AnyView object,
                                            std::string_view name,
                                            Id& id,
                                            bool& has) noexcept {
    const std::optional<AnyView> member = object.find(name);
    has = false;
    if (!member || member->is_null()) return ErrorCode::ok;
    const AnyView client = member->find("client").value_or(AnyView());
    const AnyView clock = member->find("clock").value_or(AnyView());
    const auto client_number = whole_number(client, 0, kLargestWhole);
    const auto clock_number = whole_number(clock, 0, kLargestWhole);
    if (!client_number || !clock_number) return ErrorCode::invalid_message;
    if (*clock_number > std::int64_t{kMaxClock}) return ErrorCode::limit_exceeded;
    id = {ClientId{static_cast<std::uint64_t>(*client_number)},
          Clock{static_cast<std::uint32_t>(*clock_number)}};
    has = true;
    return ErrorCode::ok;
}

}  // namespace detail

// -- bytes
// ------------------------------------------------------------------------------------------

ROPEWALK_INLINE Status RelativePosition::encode(Bytes& out) const noexcept {
    if (!exists()) return ErrorCode::invalid_argument;
    const std::size_t before = out.size();
    detail::Writer writer(out);
    if (has_item_) {
        detail::write_id(writer, detail::kPositionItem, item_);
    } else if (has_root_) {
        writer.byte(detail::kPositionRoot);
        writer.var_string(root_.view().as_string());
    } else {
        detail::write_id(writer, detail::kPositionType, type_);
    }
    writer.var_int(assoc_);
    if (writer.ok()) return {};
    out.truncate(before);
    return ErrorCode::out_of_memory;
}

ROPEWALK_INLINE Result<Bytes> RelativePosition::encode() const noexcept {
    Bytes out;
    ROPEWALK_CHECK(encode(out));
    return out;
}

ROPEWALK_INLINE Result<RelativePosition> RelativePosition::decode(ByteView input) noexcept {
    detail::Reader in(input);
    RelativePosition position;
    bool memory = true;
    switch (in.byte()) {
        case detail::kPositionItem:
            position.item_ = detail::read_id(in);
            position.has_item_ = true;
            break;
        case detail::kPositionRoot:
            memory = position.set_root(in.var_string());
            break;
        case detail::kPositionType:
            position.type_ = detail::read_id(in);
            position.has_type_ = true;
            break;
        default:
            in.fail_at(ErrorCode::unknown_tag, 0);
            break;
    }
    if (in.ok() && !in.at_end()) position.assoc_ = in.var_int();
    if (!in.at_end()) in.fail(ErrorCode::invalid_message);
    if (!in.ok()) return in.error();
    if (!memory) return ErrorCode::out_of_memory;
    return position;
}

// -- JSON
// -------------------------------------------------------------------------------------------

ROPEWALK_INLINE Result<Bytes> RelativePosition::to_json() const noexcept {
    if (!exists()) return ErrorCode::invalid_argument;
    Bytes out;
    detail::JsonText json(out);
    json.text("{");
    if (has_type_) {
        json.text("\"type\":");
        json.id(type_);
        json.text(",");
    }
    if (has_root_) {
        json.text("\"tname\":");
        json.any(root_);
        json.text(",");
    }
    if (has_item_) {
        json.text("\"item\":");
        json.id(item_);
        json.text(",");
    }
    json.text("\"assoc\":");
    json.any(Any(assoc_));
    json.text("}");
    if (!json.ok()) return ErrorCode::out_of_memory;
    return out;
}

ROPEWALK_INLINE Result<RelativePosition> RelativePosition::from_json(
    std::string_view json, const Limits& limits) noexcept {
    const ByteView bytes = as_bytes(json);
    const detail::Utf8Scan scan = detail::scan_utf8(bytes);
    if (!scan.valid) return Error{ErrorCode::invalid_utf8, scan.bad_offset};
    const std::uint8_t* p = bytes.data();
    const ErrorCode bad =
        detail::validate_json(p, bytes.data() + bytes.size(), detail::nesting_of(limits));
    if (bad != ErrorCode::ok) return Error{bad, static_cast<std::uint64_t>(p - bytes.data())};
    Bytes encoded;
    if (!detail::json_to_any(json, encoded)) return ErrorCode::out_of_memory;
    const AnyView object{ByteView(encoded)};

    RelativePosition position;
    for (const ErrorCode code :
         {detail::id_of_member(object, "item", position.item_, position.has_item_),
          detail::id_of_member(object, "type", position.type_, position.has_type_)}) {
        if (code != ErrorCode::ok) return code;
    }
    const std::optional<AnyView> root = object.find("tname");
    if (root && !root->is_null()) {
        if (root->kind() != AnyKind::string) return ErrorCode::invalid_message;
        if (!position.set_root(root->as_string())) return ErrorCode::out_of_memory;
    }
    const std::optional<AnyView> assoc = object.find("assoc");
    if (assoc && !assoc->is_null()) {
        const auto number =
            detail::whole_number(*assoc, -detail::kLargestWhole, detail::kLargestWhole);
        if (!number) return ErrorCode::invalid_message;
        position.assoc_ = *number;
    }
    if (!position.exists()) return ErrorCode::invalid_message;
    return position;
}

// -- making and resolving
// -----------------------------------------------------------------------------

ROPEWALK_INLINE RelativePosition SharedType::position_at(std::size_t index) const noexcept {
    return position_at(index, Association::after);
}

ROPEWALK_INLINE RelativePosition SharedType::position_at(std::size_t index,
                                                         Association association) const noexcept {
    RelativePosition position;
    const std::uint32_t list = readable();
    if (list == detail::kNone) return position;
    detail::Sequences& sequences = store_->sequences;
    const detail::TypeRecord& type = store_->types.types[type_];
    if (type.run == detail::kNone) {
        if (!position.set_root(store_->types.names[type.name])) return position;
    } else {
        position.type_ = detail::id_of(*store_, {type.run, 0});
        position.has_type_ = true;
    }
    const bool before = association == Association::before;
    position.assoc_ = before ? -1 : 0;
    if (sequences.seqs[list].root == detail::kNone || (before && index == 0)) return position;

    const std::uint32_t units = store_->units(type_);
    detail::RunPos unit;
    if (before && index > units) {
        // Past the end: the last unit there is, visible or not.
        const detail::Leaf& leaf = sequences.nodes.leaf(sequences.seqs[list].last);
        unit = leaf.spans[leaf.count - 1].last();
    } else {
        const std::size_t at = before ? index - 1 : index;
        if (at >= units) return position;
        const detail::Place place = sequences.seek(list, static_cast<std::uint32_t>(at));
        const detail::Span& span = sequences.span(place);
        unit = {span.run, span.offset + place.offset};
        sequences.forget_cursor();  // typing, which goes on, does not move one that is behind it
    }
    position.item_ = detail::id_of(*store_, unit);
    position.has_item_ = true;
    return position;
}

ROPEWALK_INLINE std::optional<Place> SharedType::resolve(detail::Store& store,
                                                         const RelativePosition& position,
                                                         bool follow_undone) noexcept {
    if (!position.exists() || !store.open_history().ok()) return std::nullopt;
    store.settle();
    const detail::TypeTable& types = store.types;
    Place place;
    place.association = position.association();
    const bool before = place.association == Association::before;
    const auto unit_of = [&](Id id) {
        const detail::RunPos unit = detail::unit_of(store, id);
        return unit.exists() && follow_undone ? detail::follow_redone(store, unit) : unit;
    };
    std::uint32_t number = detail::kNone;
    if (position.has_item_) {
        const detail::RunPos unit = unit_of(position.item_);
        if (!unit.exists()) return std::nullopt;
        const detail::Run& run = store.runs[unit.run];
        if (run.kind == detail::RunKind::gc) return std::nullopt;
        number = store.sequences.seqs[run.seq].type;
        if (!types.types[number].dead) {
            const detail::Place at = store.sequences.find(unit);
            place.index = store.sequences.position_of(at);
            if (before && !store.sequences.span(at).hidden()) ++place.index;
        }
    } else if (position.has_root_) {
        number = types.find_root(position.root().value_or(std::string_view()));
        if (number == detail::kNone) return std::nullopt;
        if (!before) place.index = store.units(number);
    } else {
        const detail::RunPos unit = unit_of(position.type_);
        if (!unit.exists()) return std::nullopt;
        const detail::Run& run = store.runs[unit.run];
        if (run.kind != detail::RunKind::type) return std::nullopt;
        number = run.data;
        if (types.types[number].collected) return std::nullopt;
        if (!before) place.index = store.units(number);
    }
    place.type = SharedType(&store, number);
    return place;
}

ROPEWALK_INLINE std::optional<Place> Doc::resolve(const RelativePosition& position,
                                                  bool follow_undone) const noexcept {
    if (store() == nullptr) return std::nullopt;
    return SharedType::resolve(*store(), position, follow_undone);
}

}  // namespace crdt
