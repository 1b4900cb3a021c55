#pragma once

#include "../../types/array.hpp"
#include "../../types/map.hpp"
#include "../../types/text.hpp"
#include "../../types/value.hpp"
#include "../../types/xml.hpp"

namespace crdt {

namespace detail {

ROPEWALK_INLINE ValueKind value_kind(TypeKind kind) noexcept {
    switch (kind) {
        case TypeKind::array:
            return ValueKind::array;
        case TypeKind::map:
            return ValueKind::map;
        case TypeKind::text:
            return ValueKind::text;
        case TypeKind::xml_element:
            return ValueKind::xml_element;
        case TypeKind::xml_fragment:
            return ValueKind::xml_fragment;
        case TypeKind::xml_hook:
            return ValueKind::xml_hook;
        case TypeKind::xml_text:
            return ValueKind::xml_text;
        case TypeKind::undefined:
            break;
    }
    return ValueKind::absent;
}

}  // namespace detail

ROPEWALK_INLINE ValueKind Value::kind() const noexcept {
    if (!unit_.exists()) return ValueKind::absent;
    const detail::Run& run = store_->runs[unit_.run];
    switch (run.kind) {
        case detail::RunKind::binary:
            return ValueKind::binary;
        case detail::RunKind::embed:
            return ValueKind::embed;
        case detail::RunKind::document:
            return ValueKind::document;
        case detail::RunKind::type:
            return detail::value_kind(store_->types.types[run.data].kind);
        default:
            return ValueKind::any;
    }
}

ROPEWALK_INLINE AnyView Value::any() const noexcept {
    if (kind() == ValueKind::embed) {
        return AnyView(store_->content.rich_value(store_->runs[unit_.run]));
    }
    if (kind() == ValueKind::any) {
        const detail::Run& run = store_->runs[unit_.run];
        if (run.has_cells()) return AnyView(store_->content.any(run, unit_.offset));
    }
    return {};
}

ROPEWALK_INLINE char16_t Value::character() const noexcept {
    if (!unit_.exists()) return 0;
    const detail::Run& run = store_->runs[unit_.run];
    if (!run.is_text()) return 0;
    return run.kind == detail::RunKind::ascii ? char16_t{*store_->content.ascii(run, unit_.offset)}
                                              : *store_->content.utf16(run, unit_.offset);
}

ROPEWALK_INLINE ByteView Value::binary() const noexcept {
    if (kind() != ValueKind::binary) return {};
    return store_->content.value(store_->runs[unit_.run].data);
}

ROPEWALK_INLINE std::uint32_t Value::type_as(detail::TypeKind kind) const noexcept {
    if (!unit_.exists()) return SharedType::failed(ErrorCode::no_document);
    const detail::Run& run = store_->runs[unit_.run];
    if (run.kind != detail::RunKind::type || store_->types.types[run.data].kind != kind) {
        return SharedType::failed(ErrorCode::wrong_type);
    }
    return run.data;
}

ROPEWALK_INLINE Text Value::text() const noexcept {
    return Text{store_, type_as(detail::TypeKind::text)};
}
ROPEWALK_INLINE Array Value::array() const noexcept {
    return Array{store_, type_as(detail::TypeKind::array)};
}
ROPEWALK_INLINE Map Value::map() const noexcept {
    return Map{store_, type_as(detail::TypeKind::map)};
}
ROPEWALK_INLINE XmlElement Value::xml_element() const noexcept {
    return detail::Access::handle<XmlElement>(store_, type_as(detail::TypeKind::xml_element));
}
ROPEWALK_INLINE XmlFragment Value::xml_fragment() const noexcept {
    const bool element = kind() == ValueKind::xml_element;
    return detail::Access::handle<XmlFragment>(
        store_, type_as(element ? detail::TypeKind::xml_element : detail::TypeKind::xml_fragment));
}
ROPEWALK_INLINE XmlText Value::xml_text() const noexcept {
    return detail::Access::handle<XmlText>(store_, type_as(detail::TypeKind::xml_text));
}
ROPEWALK_INLINE XmlHook Value::xml_hook() const noexcept {
    return detail::Access::handle<XmlHook>(store_, type_as(detail::TypeKind::xml_hook));
}

}  // namespace crdt
