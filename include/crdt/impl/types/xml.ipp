#pragma once

#include "../../types/insert_content.hpp"
#include "../../types/xml.hpp"

namespace crdt {

namespace detail {

[[nodiscard]] inline bool holds_children(TypeKind kind) noexcept {
    return kind == TypeKind::xml_element || kind == TypeKind::xml_fragment;
}

// The first visible unit from a place on.
[[nodiscard]] inline RunPos first_visible(Store& store, Place at) noexcept {
    while (at.leaf != kNone) {
        if (at.index >= store.sequences.nodes.leaf(at.leaf).count) {
            at = {store.sequences.nodes.leaf(at.leaf).next, 0, 0};
            continue;
        }
        const Span& span = store.sequences.span(at);
        if (!span.hidden()) return {span.run, span.offset + at.offset};
        at = store.sequences.next(at);
    }
    return {};
}

// The first visible unit behind another.
[[nodiscard]] inline RunPos visible_behind(Store& store, RunPos unit) noexcept {
    Place at = store.sequences.find(unit);
    if (at.offset + 1 < store.sequences.span(at).length()) {
        ++at.offset;
    } else {
        at = store.sequences.next(at);
    }
    return first_visible(store, at);
}

ROPEWALK_INLINE RunPos sibling_behind(Store& store, std::uint32_t type) noexcept {
    const std::uint32_t run = store.types.types[type].run;
    return run == kNone ? RunPos{} : visible_behind(store, {run, 0});
}

ROPEWALK_INLINE RunPos sibling_before(Store& store, std::uint32_t type) noexcept {
    const std::uint32_t run = store.types.types[type].run;
    if (run == kNone) return {};
    Place at = store.sequences.find({run, 0});
    while (at.leaf != kNone) {
        at = store.sequences.previous({at.leaf, at.index, 0});
        if (at.leaf == kNone) break;
        const Span& span = store.sequences.span(at);
        if (!span.hidden()) return span.last();
    }
    return {};
}

ROPEWALK_INLINE std::uint32_t xml_parent(Store& store, std::uint32_t type) noexcept {
    const std::uint32_t run = store.types.types[type].run;
    if (run == kNone || store.runs[run].seq == kNone) return kNone;
    const std::uint32_t parent = store.sequences.seqs[store.runs[run].seq].type;
    return holds_children(store.types.types[parent].kind) ? parent : kNone;
}

// Yjs calls an element that nobody has named so.
[[nodiscard]] inline std::string_view element_name(const Store& store,
                                                   std::uint32_t type) noexcept {
    const TypeRecord& record = store.types.types[type];
    const bool named = record.run != kNone && record.name != kNone;
    return named ? store.types.names[record.name] : std::string_view("UNDEFINED");
}

// Upper and lower case of ASCII alike.
[[nodiscard]] inline bool same_name(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

}  // namespace detail

// -- children
// ---------------------------------------------------------------------------------------

ROPEWALK_INLINE Status XmlFragment::insert_at(std::uint32_t position,
                                              std::span<const Content> contents) const noexcept {
    ROPEWALK_CHECK(detail::prepare_contents(*store_, contents));
    return detail::write_contents(*store_, type_, position, contents);
}

ROPEWALK_INLINE Status XmlFragment::insert(std::size_t index,
                                           std::span<const Content> contents) const noexcept {
    return write([&]() -> Status {
        if (index > store_->units(type_)) return Error{ErrorCode::index_out_of_range, index};
        return insert_at(static_cast<std::uint32_t>(index), contents);
    });
}

ROPEWALK_INLINE Status XmlFragment::push(std::span<const Content> contents) const noexcept {
    return write([&] { return insert_at(store_->units(type_), contents); });
}

ROPEWALK_INLINE Status XmlFragment::insert_after(const SharedType& child,
                                                 std::span<const Content> contents) const noexcept {
    return write([&]() -> Status {
        const std::uint32_t type = detail::Access::type(child);
        const bool known = detail::Access::store(child) == store_ &&
                           type < store_->types.types.size() &&
                           store_->types.types[type].run != detail::kNone;
        const std::uint32_t run = known ? store_->types.types[type].run : detail::kNone;
        if (!known || store_->runs[run].seq != store_->types.types[type_].list) {
            return ErrorCode::invalid_argument;
        }
        ROPEWALK_CHECK(detail::prepare_contents(*store_, contents));
        return detail::write_contents_behind(*store_, type_, {run, 0}, contents);
    });
}

ROPEWALK_INLINE Status XmlFragment::erase(std::size_t index, std::size_t count) const noexcept {
    return write([&]() -> Status {
        const std::uint32_t size = store_->units(type_);
        if (index > size) return Error{ErrorCode::index_out_of_range, index};
        if (count > size - index) {
            return Error{ErrorCode::index_out_of_range, detail::end_of(index, count)};
        }
        return store_->erase(type_, static_cast<std::uint32_t>(index),
                             static_cast<std::uint32_t>(count));
    });
}

ROPEWALK_INLINE std::size_t XmlFragment::size() const noexcept {
    return readable() == detail::kNone ? 0 : store_->units(type_);
}

ROPEWALK_INLINE Result<Value> XmlFragment::get(std::size_t index) const noexcept {
    ROPEWALK_CHECK(check());
    ROPEWALK_CHECK(store_->open_history());
    if (index >= store_->units(type_)) return Error{ErrorCode::index_out_of_range, index};
    const detail::Place at =
        store_->sequences.seek(store_->types.types[type_].list, static_cast<std::uint32_t>(index));
    const detail::Span& span = store_->sequences.span(at);
    return detail::Access::value(store_, {span.run, span.offset + at.offset});
}

ROPEWALK_INLINE Value XmlFragment::first_child() const noexcept {
    const std::uint32_t seq = readable();
    if (seq == detail::kNone) return {};
    return detail::Access::value(store_,
                                 detail::first_visible(*store_, store_->sequences.begin(seq)));
}

// -- around
// -----------------------------------------------------------------------------------------

namespace detail {

[[nodiscard]] inline XmlFragment parent_of(Store* store,
                                           std::uint32_t type,
                                           bool readable) noexcept {
    const std::uint32_t parent = readable ? xml_parent(*store, type) : kNone;
    return parent == kNone ? XmlFragment{} : Access::handle<XmlFragment>(store, parent);
}
[[nodiscard]] inline Value behind(Store* store, std::uint32_t type, bool readable) noexcept {
    return readable ? Access::value(store, sibling_behind(*store, type)) : Value{};
}
[[nodiscard]] inline Value before(Store* store, std::uint32_t type, bool readable) noexcept {
    return readable ? Access::value(store, sibling_before(*store, type)) : Value{};
}

}  // namespace detail

ROPEWALK_INLINE XmlFragment XmlFragment::parent() const noexcept {
    return detail::parent_of(store_, type_, readable() != detail::kNone);
}
ROPEWALK_INLINE Value XmlFragment::next_sibling() const noexcept {
    return detail::behind(store_, type_, readable() != detail::kNone);
}
ROPEWALK_INLINE Value XmlFragment::previous_sibling() const noexcept {
    return detail::before(store_, type_, readable() != detail::kNone);
}
ROPEWALK_INLINE XmlFragment XmlText::parent() const noexcept {
    return detail::parent_of(store_, type_, readable() != detail::kNone);
}
ROPEWALK_INLINE Value XmlText::next_sibling() const noexcept {
    return detail::behind(store_, type_, readable() != detail::kNone);
}
ROPEWALK_INLINE Value XmlText::previous_sibling() const noexcept {
    return detail::before(store_, type_, readable() != detail::kNone);
}
ROPEWALK_INLINE XmlFragment XmlHook::parent() const noexcept {
    return detail::parent_of(store_, type_, readable() != detail::kNone);
}
ROPEWALK_INLINE Value XmlHook::next_sibling() const noexcept {
    return detail::behind(store_, type_, readable() != detail::kNone);
}
ROPEWALK_INLINE Value XmlHook::previous_sibling() const noexcept {
    return detail::before(store_, type_, readable() != detail::kNone);
}

ROPEWALK_INLINE XmlElement XmlFragment::element() const noexcept {
    if (!check().ok()) return detail::Access::handle<XmlElement>(store_, type_);
    const bool is = store_->types.types[type_].kind == detail::TypeKind::xml_element;
    return detail::Access::handle<XmlElement>(store_, is ? type_ : failed(ErrorCode::wrong_type));
}

// -- elements and hooks
// -----------------------------------------------------------------------------

ROPEWALK_INLINE std::string_view XmlElement::node_name() const noexcept {
    return check().ok() ? detail::element_name(*store_, type_) : std::string_view{};
}

ROPEWALK_INLINE std::string_view XmlHook::hook_name() const noexcept {
    if (!check().ok()) return {};
    const std::uint32_t name = store_->types.types[type_].name;
    return name != detail::kNone ? store_->types.names[name] : std::string_view{};
}

ROPEWALK_INLINE Status XmlElement::set_attribute(std::string_view key,
                                                 const Content& content) const noexcept {
    return write([&] { return detail::set_entry(*store_, type_, key, content); });
}

ROPEWALK_INLINE Status XmlElement::remove_attribute(std::string_view key) const noexcept {
    return write([&] { return detail::erase_entry(*store_, type_, key); });
}

ROPEWALK_INLINE Value XmlElement::attribute(std::string_view key) const noexcept {
    if (readable() == detail::kNone) return {};
    return detail::Access::value(store_, detail::find_entry(*store_, type_, key));
}

// -- walking
// ----------------------------------------------------------------------------------------

ROPEWALK_INLINE bool XmlWalker::settle_on(detail::RunPos unit) noexcept {
    unit_ = unit;
    enter_ = true;
    return true;
}

ROPEWALK_INLINE bool XmlWalker::next() noexcept {
    if (root_ == detail::kNone) return false;
    store_->settle();
    std::uint32_t inside = detail::kNone;
    if (!unit_.exists()) {
        inside = root_;
    } else if (enter_ && store_->runs[unit_.run].kind == detail::RunKind::type) {
        const std::uint32_t type = store_->runs[unit_.run].data;
        if (detail::holds_children(store_->types.types[type].kind)) inside = type;
    }
    if (inside != detail::kNone) {
        const std::uint32_t list = store_->types.types[inside].list;
        const detail::RunPos first = detail::first_visible(*store_, store_->sequences.begin(list));
        if (first.exists()) return settle_on(first);
    }
    // To the right, or up and then to the right.
    for (detail::RunPos at = unit_; at.exists();) {
        const std::uint32_t seq = store_->runs[at.run].seq;
        if (seq == detail::kNone) break;
        const detail::RunPos behind = detail::visible_behind(*store_, at);
        if (behind.exists()) return settle_on(behind);
        const std::uint32_t around = store_->sequences.seqs[seq].type;
        if (around == root_ || store_->types.types[around].run == detail::kNone) break;
        at = {store_->types.types[around].run, 0};
    }
    root_ = detail::kNone;
    return false;
}

ROPEWALK_INLINE XmlWalker XmlFragment::walk() const noexcept {
    return {store_, readable() == detail::kNone ? detail::kNone : type_};
}

ROPEWALK_INLINE XmlElement XmlFragment::query(std::string_view node_name) const noexcept {
    for (XmlWalker walker = walk(); walker.next();) {
        const XmlElement found = walker.value().xml_element();
        if (found.alive() && detail::same_name(found.node_name(), node_name)) return found;
    }
    return {};
}

ROPEWALK_INLINE std::vector<XmlElement> XmlFragment::query_all(std::string_view node_name) const {
    std::vector<XmlElement> all;
    for (XmlWalker walker = walk(); walker.next();) {
        const XmlElement found = walker.value().xml_element();
        if (found.alive() && detail::same_name(found.node_name(), node_name)) all.push_back(found);
    }
    return all;
}

}  // namespace crdt
