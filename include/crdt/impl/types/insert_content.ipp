#pragma once

#include "../../base/utf.hpp"
#include "../../types/insert_content.hpp"

namespace crdt::detail {

ROPEWALK_INLINE Status measure_content(Store& store,
                                       const Content& content,
                                       std::uint32_t depth,
                                       ContentNeeds& needs) noexcept {
    if (depth > store.limits.type_nesting) return ErrorCode::nesting_too_deep;
    ++needs.items;
    switch (content.kind()) {
        case Content::Kind::any:
            if (!content.any().valid()) return ErrorCode::invalid_argument;
            ++needs.elements;
            needs.values += ContentStore::stored_size(content.any().view().encoded().size());
            return {};
        case Content::Kind::binary:
            needs.values += ContentStore::stored_size(content.binary().size());
            return {};
        case Content::Kind::text:
        case Content::Kind::xml_text: {
            if (content.delta() != nullptr) {
                ROPEWALK_CHECK(measure_delta(store, *content.delta(), depth, needs));
                break;
            }
            const Utf8Scan scan = scan_utf8(as_bytes(content.text()));
            if (!scan.valid) return Error{ErrorCode::invalid_utf8, scan.bad_offset};
            if (!content.text().empty()) {
                ++needs.items;
                needs.text +=
                    scan.ascii ? content.text().size() : std::size_t{scan.utf16_length} * 2 + 2;
            }
            break;
        }
        case Content::Kind::xml_element:
        case Content::Kind::xml_hook:
            if (!is_valid_utf8(as_bytes(content.text()))) return ErrorCode::invalid_utf8;
            if (store.types.names.intern(content.text()) == kNone) return ErrorCode::out_of_memory;
            break;
        case Content::Kind::document:
            if (!is_valid_utf8(as_bytes(content.text()))) return ErrorCode::invalid_utf8;
            if (!content.any().valid()) return ErrorCode::invalid_argument;
            needs.values +=
                ContentStore::document_size(content.text(), content.any().view().encoded());
            return {};
        case Content::Kind::array:
        case Content::Kind::map:
        case Content::Kind::xml_fragment:
            break;
    }
    ++needs.types;
    for (const Content& element : content.contents()) {
        ROPEWALK_CHECK(measure_content(store, element, depth + 1, needs));
    }
    for (const auto& [key, value] : content.entries()) {
        if (!is_valid_utf8(as_bytes(key))) return ErrorCode::invalid_utf8;
        ++needs.keys;
        if (store.types.names.intern(key) == kNone) return ErrorCode::out_of_memory;
        ROPEWALK_CHECK(measure_content(store, value, depth + 1, needs));
    }
    return {};
}

ROPEWALK_INLINE Status reserve_content(Store& store, const ContentNeeds& needs) noexcept {
    if (needs.items > kMaxClock / 4 || needs.values > kMaxClock || needs.text > kMaxClock) {
        return ErrorCode::limit_exceeded;
    }
    const auto items = static_cast<std::uint32_t>(needs.items);
    ROPEWALK_CHECK(store.ensure_own());
    ClientLog& log = store.clients[store.own];
    if (needs.items + needs.elements + needs.text > kMaxClock - log.next_clock) {
        return Error{ErrorCode::limit_exceeded, log.next_clock};
    }
    const auto types = static_cast<std::uint32_t>(needs.types);
    const auto keys = static_cast<std::uint32_t>(needs.keys);
    if (!store.runs.reserve_more(items) || !log.reserve_more(items) ||
        !store.content.reserve_text(log, needs.text) ||
        !store.content.cells.reserve_more(needs.elements) ||
        !store.content.values.reserve(needs.values) || !store.types.reserve(types, keys) ||
        !store.sequences.nodes.reserve(types + keys + 1, 0, 0) ||
        !store.sequences.reserve_changes(2 * items)) {
        return ErrorCode::out_of_memory;
    }
    return {};
}

// Fills a type that was just inserted: its text or children, then its entries or attributes. As
// deep as the content, which measure_content has bounded.
ROPEWALK_INLINE Status fill_type(Store& store, RunPos item, const Content& content) noexcept {
    const std::uint32_t type = store.runs[item.run].data;
    const bool is_text =
        content.kind() == Content::Kind::text || content.kind() == Content::Kind::xml_text;
    if (is_text && content.delta() != nullptr) {
        ROPEWALK_CHECK(write_delta(store, type, *content.delta(), true));
    } else if (is_text && !content.text().empty()) {
        const ByteView text = as_bytes(content.text());
        ROPEWALK_CHECK(store.insert_text(type, 0, {text, scan_utf8(text)}));
    }
    ROPEWALK_CHECK(write_contents(store, type, 0, content.contents()));
    for (const auto& [key, value] : content.entries()) {
        ROPEWALK_CHECK(write_entry(store, type, key, value));
    }
    return {};
}

[[nodiscard]] inline TypeKind type_kind(Content::Kind kind) noexcept {
    switch (kind) {
        case Content::Kind::text:
            return TypeKind::text;
        case Content::Kind::array:
            return TypeKind::array;
        case Content::Kind::map:
            return TypeKind::map;
        case Content::Kind::xml_element:
            return TypeKind::xml_element;
        case Content::Kind::xml_fragment:
            return TypeKind::xml_fragment;
        case Content::Kind::xml_hook:
            return TypeKind::xml_hook;
        case Content::Kind::xml_text:
            return TypeKind::xml_text;
        case Content::Kind::any:
        case Content::Kind::binary:
        case Content::Kind::document:
            break;
    }
    return TypeKind::undefined;
}

// The item borrows from the content and from `element`.
ROPEWALK_INLINE Store::NewItem item_of(const Store& store,
                                       const Content& content,
                                       ByteView& element) noexcept {
    Store::NewItem item;
    switch (content.kind()) {
        case Content::Kind::any:
            element = content.any().view().encoded();
            item.elements = &element;
            break;
        case Content::Kind::binary:
            item.kind = RunKind::binary;
            item.value = content.binary();
            break;
        case Content::Kind::document:
            item.kind = RunKind::document;
            item.document_id = content.text();
            item.value = content.any().view().encoded();
            item.flags = content.should_load() ? Run::kLoad : Run::kUnload;
            break;
        default:
            item.kind = RunKind::type;
            item.type = type_kind(content.kind());
            if (item.type == TypeKind::xml_element || item.type == TypeKind::xml_hook) {
                item.name = store.types.names.find(content.text());
            }
    }
    return item;
}

// Each goes behind the one before it, and all have the same right origin.
ROPEWALK_INLINE Status write_contents_between(Store& store,
                                              std::uint32_t type,
                                              RunPos left,
                                              RunPos right,
                                              std::span<const Content> contents) noexcept {
    for (const Content& content : contents) {
        ByteView element;
        const Store::NewItem item = item_of(store, content, element);
        ROPEWALK_CHECK(store.insert_item_behind(type, left, right, item, &left));
        if (item.kind == RunKind::type) ROPEWALK_CHECK(fill_type(store, left, content));
    }
    return {};
}

ROPEWALK_INLINE Status prepare_contents(Store& store, std::span<const Content> contents) noexcept {
    ContentNeeds needs;
    for (const Content& content : contents) {
        ROPEWALK_CHECK(measure_content(store, content, 0, needs));
    }
    store.disarm();
    return reserve_content(store, needs);
}

ROPEWALK_INLINE Status write_contents(Store& store,
                                      std::uint32_t type,
                                      std::uint32_t position,
                                      std::span<const Content> contents) noexcept {
    if (contents.empty()) return {};
    ByteView element;
    const Store::NewItem item = item_of(store, contents[0], element);
    RunPos first;
    ROPEWALK_CHECK(store.insert_item(type, position, item, &first));
    if (item.kind == RunKind::type) ROPEWALK_CHECK(fill_type(store, first, contents[0]));
    return write_contents_between(store, type, first, store.runs[first.run].right,
                                  contents.subspan(1));
}

ROPEWALK_INLINE Status write_contents_behind(Store& store,
                                             std::uint32_t type,
                                             RunPos left,
                                             std::span<const Content> contents) noexcept {
    if (contents.empty()) return {};
    ROPEWALK_CHECK(store.ensure_own());
    Place at = store.sequences.find(left);
    RunPos right;
    if (at.offset + 1 < store.sequences.span(at).length()) {
        right = {left.run, left.offset + 1};
    } else {
        at = store.sequences.next(at);
        if (at.leaf != kNone) right = store.sequences.span(at).first();
    }
    return write_contents_between(store, type, left, right, contents);
}

ROPEWALK_INLINE Status write_entry(Store& store,
                                   std::uint32_t type,
                                   std::string_view key,
                                   const Content& content) noexcept {
    ByteView element;
    const Store::NewItem item = item_of(store, content, element);
    RunPos added;
    ROPEWALK_CHECK(store.set_key(type, key, item, &added));
    return item.kind == RunKind::type ? fill_type(store, added, content) : Status{};
}

}  // namespace crdt::detail
