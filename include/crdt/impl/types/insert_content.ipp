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
        case Content::Kind::text: {
            ++needs.types;
            const Utf8Scan scan = scan_utf8(as_bytes(content.text()));
            if (!scan.valid) return Error{ErrorCode::invalid_utf8, scan.bad_offset};
            if (!content.text().empty()) {
                ++needs.items;
                needs.text +=
                    scan.ascii ? content.text().size() : std::size_t{scan.utf16_length} * 2 + 2;
            }
            return {};
        }
        case Content::Kind::array:
            ++needs.types;
            for (const Content& element : content.contents()) {
                ROPEWALK_CHECK(measure_content(store, element, depth + 1, needs));
            }
            return {};
        case Content::Kind::map:
            ++needs.types;
            for (const auto& [key, value] : content.entries()) {
                if (!is_valid_utf8(as_bytes(key))) return ErrorCode::invalid_utf8;
                ++needs.keys;
                if (store.types.names.intern(key) == kNone) return ErrorCode::out_of_memory;
                ROPEWALK_CHECK(measure_content(store, value, depth + 1, needs));
            }
            return {};
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

// Fills a type that was just inserted. As deep as the content, which measure_content has bounded.
ROPEWALK_INLINE Status fill_type(Store& store, RunPos item, const Content& content) noexcept {
    const std::uint32_t type = store.runs[item.run].data;
    switch (content.kind()) {
        case Content::Kind::text: {
            if (content.text().empty()) return {};
            const ByteView text = as_bytes(content.text());
            return store.insert_text(type, 0, {text, scan_utf8(text)});
        }
        case Content::Kind::array:
            return write_contents(store, type, 0, content.contents());
        case Content::Kind::map:
            for (const auto& [key, value] : content.entries()) {
                ROPEWALK_CHECK(write_entry(store, type, key, value));
            }
            return {};
        case Content::Kind::any:
        case Content::Kind::binary:
            break;
    }
    return {};
}

ROPEWALK_INLINE Store::NewItem item_of(const Content& content, ByteView& element) noexcept {
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
        case Content::Kind::text:
        case Content::Kind::array:
        case Content::Kind::map:
            item.kind = RunKind::type;
            item.type = content.kind() == Content::Kind::text    ? TypeKind::text
                        : content.kind() == Content::Kind::array ? TypeKind::array
                                                                 : TypeKind::map;
    }
    return item;
}

ROPEWALK_INLINE Status write_contents(Store& store,
                                      std::uint32_t type,
                                      std::uint32_t position,
                                      std::span<const Content> contents) noexcept {
    // Each goes behind the one before it, and all have the same right origin.
    RunPos last;
    RunPos right;
    for (const Content& content : contents) {
        ByteView element;
        const Store::NewItem item = item_of(content, element);
        if (last.exists()) {
            ROPEWALK_CHECK(store.insert_item_behind(type, last, right, item, &last));
        } else {
            ROPEWALK_CHECK(store.insert_item(type, position, item, &last));
            right = store.runs[last.run].right;
        }
        if (item.kind == RunKind::type) ROPEWALK_CHECK(fill_type(store, last, content));
    }
    return {};
}

ROPEWALK_INLINE Status write_entry(Store& store,
                                   std::uint32_t type,
                                   std::string_view key,
                                   const Content& content) noexcept {
    ByteView element;
    const Store::NewItem item = item_of(content, element);
    RunPos added;
    ROPEWALK_CHECK(store.set_key(type, key, item, &added));
    return item.kind == RunKind::type ? fill_type(store, added, content) : Status{};
}

}  // namespace crdt::detail
