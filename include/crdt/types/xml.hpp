// XML: fragments hold elements, texts and hooks; elements have a name, attributes and children.
//
//     crdt::XmlFragment page = doc.xml_fragment("page");
//     page.push({crdt::XmlElementInit("p", {{"class", "lead"}}, {crdt::XmlTextInit("Hello")})});
//     page.to_string();  // <p class="lead">Hello</p>
//
// A child is a Value: xml_element(), xml_text(), xml_hook() make the handle of what it is.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "content.hpp"
#include "entries.hpp"
#include "map.hpp"
#include "shared_type.hpp"
#include "text.hpp"
#include "value.hpp"

namespace crdt {

class XmlElement;
class XmlWalker;

namespace detail {
// The visible unit behind, or in front of, the item that holds a type: its sibling.
[[nodiscard]] RunPos sibling_behind(Store& store, std::uint32_t type) noexcept;
[[nodiscard]] RunPos sibling_before(Store& store, std::uint32_t type) noexcept;
// The element or fragment around a type; kNone if there is none.
[[nodiscard]] std::uint32_t xml_parent(Store& store, std::uint32_t type) noexcept;
}  // namespace detail

// A list of children. Also the handle of an element where only its children matter.
class XmlFragment : public SharedType {
public:
    XmlFragment() noexcept = default;

    // Directly behind child index - 1. Past the end: index_out_of_range; nothing has changed then.
    Status insert(std::size_t index, std::span<const Content> contents) const noexcept;
    Status insert(std::size_t index, std::initializer_list<Content> contents) const noexcept {
        return insert(index, std::span(contents.begin(), contents.size()));
    }
    // The same as insert at size(): unlike what is pushed to an array it may come to stand in
    // front of what was deleted at the end.
    Status push(std::span<const Content> contents) const noexcept;
    Status push(std::initializer_list<Content> contents) const noexcept {
        return push(std::span(contents.begin(), contents.size()));
    }
    Status push(const Content& content) const noexcept { return push(std::span(&content, 1)); }
    // Directly behind `child`, deleted or not. Errors: invalid_argument if it is not a child.
    Status insert_after(const SharedType& child, std::span<const Content> contents) const noexcept;
    Status insert_after(const SharedType& child,
                        std::initializer_list<Content> contents) const noexcept {
        return insert_after(child, std::span(contents.begin(), contents.size()));
    }
    Status erase(std::size_t index, std::size_t count = 1) const noexcept;

    [[nodiscard]] std::size_t size() const noexcept;
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] Result<Value> get(std::size_t index) const noexcept;
    // Of kind absent if there is none.
    [[nodiscard]] Value first_child() const noexcept;
    // f(Value) for each child in order. The document must not change meanwhile.
    template <class F>
    void for_each(F&& f) const {
        const std::uint32_t seq = readable();
        if (seq == detail::kNone) return;
        for (detail::Place at = store_->sequences.begin(seq); at.leaf != detail::kNone;
             at = store_->sequences.next(at)) {
            const detail::Span& span = store_->sequences.span(at);
            if (span.hidden()) continue;
            for (std::uint32_t i = 0; i < span.length(); ++i) {
                f(detail::Access::value(store_, {span.run, span.offset + i}));
            }
        }
    }

    // What is around it; a handle that is not alive for a root, and within a map or an array.
    [[nodiscard]] XmlFragment parent() const noexcept;
    // Of an element or fragment that is somebody's child; of kind absent if there is none.
    [[nodiscard]] Value next_sibling() const noexcept;
    [[nodiscard]] Value previous_sibling() const noexcept;
    // This, if it is an element; else a handle that answers wrong_type.
    [[nodiscard]] XmlElement element() const noexcept;

    // Everything within, in document order; see xml_walker.hpp.
    [[nodiscard]] XmlWalker walk() const noexcept;
    // The first element of that name within, upper and lower case alike; a handle that is not
    // alive if there is none.
    [[nodiscard]] XmlElement query(std::string_view node_name) const noexcept;
    [[nodiscard]] std::vector<XmlElement> query_all(std::string_view node_name) const;

    // As Yjs prints it, character for character: names of elements in lower case (of ASCII),
    // attributes sorted by name, nothing escaped. It is not meant to be parsed.
    Status append_to(Bytes& out) const noexcept;
    [[nodiscard]] std::string to_string() const;

protected:
    XmlFragment(detail::Store* store, std::uint32_t type) noexcept : SharedType(store, type) {}

private:
    friend class Doc;
    friend class Event;
    friend struct detail::Access;
    Status insert_at(std::uint32_t position, std::span<const Content> contents) const noexcept;
};

class XmlElement : public XmlFragment {
public:
    XmlElement() noexcept = default;

    // Good as long as the document lives. An element that is a root is called "UNDEFINED", as in
    // Yjs: its name is not sent.
    [[nodiscard]] std::string_view node_name() const noexcept;

    Status set_attribute(std::string_view key, const Content& content) const noexcept;
    // Without effect where there is none.
    Status remove_attribute(std::string_view key) const noexcept;
    // Of kind absent if there is none.
    [[nodiscard]] Value attribute(std::string_view key) const noexcept;
    // f(std::string_view key, Value) for each, in the order in which this replica met the keys.
    // The document must not change meanwhile.
    template <class F>
    void for_each_attribute(F&& f) const {
        if (readable() == detail::kNone) return;
        detail::for_each_entry(*store_, type_, [&](std::string_view key, detail::RunPos value) {
            f(key, detail::Access::value(store_, value));
        });
    }

private:
    friend class Doc;
    friend class Event;
    friend struct detail::Access;
    XmlElement(detail::Store* store, std::uint32_t type) noexcept : XmlFragment(store, type) {}
};

// A text among elements. Prints its formats as tags: <strong>bold</strong>.
class XmlText : public Text {
public:
    XmlText() noexcept = default;

    [[nodiscard]] XmlFragment parent() const noexcept;
    [[nodiscard]] Value next_sibling() const noexcept;
    [[nodiscard]] Value previous_sibling() const noexcept;

    // With tags; the text alone is Text::append_to() and Text::to_string().
    Status append_xml_to(Bytes& out) const noexcept;
    [[nodiscard]] std::string to_xml_string() const;

private:
    friend class Doc;
    friend class Event;
    friend struct detail::Access;
    XmlText(detail::Store* store, std::uint32_t type) noexcept : Text(store, type) {}
};

// A place for something that is not XML: a map with a name.
class XmlHook : public Map {
public:
    XmlHook() noexcept = default;

    // Good as long as the document lives.
    [[nodiscard]] std::string_view hook_name() const noexcept;
    [[nodiscard]] XmlFragment parent() const noexcept;
    [[nodiscard]] Value next_sibling() const noexcept;
    [[nodiscard]] Value previous_sibling() const noexcept;

private:
    friend class Event;
    friend struct detail::Access;
    XmlHook(detail::Store* store, std::uint32_t type) noexcept : Map(store, type) {}
};

}  // namespace crdt

#include "xml_walker.hpp"

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/types/xml.ipp"
#include "../impl/types/xml_print.ipp"
#endif
