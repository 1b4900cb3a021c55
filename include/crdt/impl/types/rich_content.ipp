#pragma once

#include "../../codec/any_to_json.hpp"
#include "../../types/rich_content.hpp"

namespace crdt::detail {

// -- preparing ----------------------------------------------------------------------------------

ROPEWALK_INLINE Status PreparedAttributes::prepare(Store& store,
                                                   const Attributes& attributes) noexcept {
    list_.clear();
    json_.clear();
    if (!list_.reserve(attributes.size())) return ErrorCode::out_of_memory;
    for (const auto& [key, value] : attributes) {
        if (!is_valid_utf8(as_bytes(key))) return ErrorCode::invalid_utf8;
        if (!value.valid()) return ErrorCode::invalid_argument;
        const std::size_t from = json_.size();
        const ErrorCode code = any_to_strict_json(value.view(), json_);
        if (code != ErrorCode::ok) return code;
        const std::uint32_t name = store.types.names.intern(key);
        if (name == kNone) return ErrorCode::out_of_memory;
        // Only the length of the text is known before all of it stands.
        list_.push_back_reserved(
            {name,
             {kNone, value.view().encoded()},
             {static_cast<const std::uint8_t*>(nullptr), json_.size() - from}});
    }
    const std::uint8_t* at = json_.data();
    for (Attribute& attribute : list_) {
        attribute.json = {at, attribute.json.size()};
        at += attribute.json.size();
    }
    return {};
}

// What is embedded, as a value; nullptr for a shared type. Bytes become one in `made`.
ROPEWALK_INLINE const Any* embedded_value(const Content& content, Any& made) noexcept {
    if (content.kind() == Content::Kind::any) return &content.any();
    if (content.kind() != Content::Kind::binary) return nullptr;
    made = Any::bytes(content.binary());
    return &made;
}

// -- measuring ----------------------------------------------------------------------------------

ROPEWALK_INLINE Status measure_delta(Store& store,
                                     const Delta& delta,
                                     std::uint32_t depth,
                                     ContentNeeds& needs) noexcept {
    Bytes json;
    for (const DeltaOp& op : delta) {
        for (const auto& [key, value] : op.attributes()) {
            if (!is_valid_utf8(as_bytes(key))) return ErrorCode::invalid_utf8;
            if (!value.valid()) return ErrorCode::invalid_argument;
            json.clear();
            const ErrorCode code = any_to_strict_json(value.view(), json);
            if (code != ErrorCode::ok) return code;
        }
        switch (op.kind()) {
            case DeltaOp::Kind::insert: {
                const Utf8Scan scan = scan_utf8(as_bytes(op.text()));
                if (!scan.valid) return Error{ErrorCode::invalid_utf8, scan.bad_offset};
                break;
            }
            case DeltaOp::Kind::embed: {
                if (op.shared().exists()) return ErrorCode::invalid_argument;
                Any made;
                if (const Any* value = embedded_value(op.content(), made)) {
                    if (!value->valid()) return ErrorCode::invalid_argument;
                    json.clear();
                    const ErrorCode code = any_to_strict_json(value->view(), json);
                    if (code != ErrorCode::ok) return code;
                } else {
                    ROPEWALK_CHECK(measure_content(store, op.content(), depth + 1, needs));
                }
                break;
            }
            case DeltaOp::Kind::retain:
            case DeltaOp::Kind::erase:
                if (op.count() > kMaxClock) return ErrorCode::limit_exceeded;
        }
    }
    return {};
}

// -- writing ------------------------------------------------------------------------------------

ROPEWALK_INLINE Status write_embed(Store& store,
                                   RichEdit& edit,
                                   const Content& content,
                                   std::span<const Attribute> attributes) noexcept {
    Any made;
    ByteView element;
    if (const Any* value = embedded_value(content, made)) {
        if (!value->valid()) return ErrorCode::invalid_argument;
        element = value->view().encoded();
        Bytes json;
        const ErrorCode code = any_to_strict_json(value->view(), json);
        if (code != ErrorCode::ok) return code;
        Store::NewItem item;
        item.kind = RunKind::embed;
        item.elements = &element;
        item.value = json;
        const std::size_t values =
            ContentStore::stored_size(json.size()) + ContentStore::stored_size(element.size());
        return edit.insert(attributes, item, {0, values}, [](RunPos) { return Status{}; });
    }
    ContentNeeds needs;
    ROPEWALK_CHECK(measure_content(store, content, 0, needs));
    store.disarm();
    ROPEWALK_CHECK(reserve_content(store, needs));
    const Store::NewItem item = item_of(store, content, element);
    return edit.insert(attributes, item, {needs.items, needs.values}, [&](RunPos added) -> Status {
        ROPEWALK_CHECK(fill_type(store, added, content));
        const ChangeSink& sink = store.sink;
        if (sink.fill == nullptr) return {};
        sink.fill(sink.filler, store, store.runs[added.run].data);
        return edit.go_on();
    });
}

// Without `sanitize` a newline at the very end is left out.
ROPEWALK_INLINE Status write_insert(RichEdit& edit,
                                    const DeltaOp& op,
                                    bool drop_newline,
                                    std::span<const Attribute> attributes) noexcept {
    const std::u16string_view lone = op.lone_units();
    if (!lone.empty()) {
        const std::size_t cut = drop_newline && lone.back() == u'\n' ? 1 : 0;
        return edit.insert(attributes, lone.data(), lone.size() - cut);
    }
    std::string_view text = op.text();
    if (drop_newline && text.ends_with('\n')) text.remove_suffix(1);
    if (text.empty()) return {};
    return edit.insert(attributes, as_bytes(text), scan_utf8(as_bytes(text)));
}

ROPEWALK_INLINE Status write_delta(Store& store,
                                   std::uint32_t type,
                                   const Delta& delta,
                                   bool sanitize) noexcept {
    RichEdit edit(store, type);
    ROPEWALK_CHECK(edit.start(0));
    PreparedAttributes attributes;
    for (std::size_t i = 0; i < delta.size(); ++i) {
        const DeltaOp& op = delta[i];
        ROPEWALK_CHECK(attributes.prepare(store, op.attributes()));
        const auto count = static_cast<std::uint32_t>(op.count());
        switch (op.kind()) {
            case DeltaOp::Kind::insert: {
                const bool last = !sanitize && i + 1 == delta.size() && edit.at_end();
                ROPEWALK_CHECK(write_insert(edit, op, last, attributes.list()));
                break;
            }
            case DeltaOp::Kind::embed:
                ROPEWALK_CHECK(write_embed(store, edit, op.content(), attributes.list()));
                break;
            case DeltaOp::Kind::retain:
                ROPEWALK_CHECK(edit.format(attributes.list(), count));
                break;
            case DeltaOp::Kind::erase:
                ROPEWALK_CHECK(edit.erase(count));
                break;
        }
    }
    return {};
}

}  // namespace crdt::detail
