// What one insert puts in: JSON-like values, bytes, or new shared types with what they start with.
//
//   list.push({1, "two", Any::object({{"three", 3}})});
//   settings.set("parties", ArrayInit{"Acme", "Bolt"});
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../base/bytes.hpp"
#include "../codec/any.hpp"

namespace crdt {

class Content;
class Delta;

struct Binary {
    ByteView bytes;  // copied when inserted
};
struct TextInit {
    TextInit();
    explicit TextInit(std::string_view utf8);
    explicit TextInit(std::shared_ptr<const Delta> formatted);
    std::string text;
    std::shared_ptr<const Delta> delta;                       // or formatted text
    std::vector<std::pair<std::string, Content>> attributes;  // of the text as a whole
};
struct ArrayInit {
    ArrayInit();
    ArrayInit(std::initializer_list<Content> list);
    std::vector<Content> contents;
};
struct MapInit {
    MapInit();
    MapInit(std::initializer_list<std::pair<std::string_view, Content>> list);
    std::vector<std::pair<std::string, Content>> entries;
};

// <name attributes>children</name>; the children are written first, as Yjs does.
struct XmlElementInit {
    explicit XmlElementInit(std::string_view node_name);
    XmlElementInit(std::string_view node_name,
                   std::initializer_list<std::pair<std::string_view, Content>> entries,
                   std::initializer_list<Content> list = {});
    std::string name;
    std::vector<std::pair<std::string, Content>> attributes;
    std::vector<Content> children;
};
struct XmlFragmentInit {
    XmlFragmentInit();
    XmlFragmentInit(std::initializer_list<Content> list);
    std::vector<Content> children;
};
struct XmlTextInit {
    XmlTextInit();
    explicit XmlTextInit(std::string_view utf8);
    explicit XmlTextInit(std::shared_ptr<const Delta> formatted);
    std::string text;
    std::shared_ptr<const Delta> delta;  // or formatted text
    std::vector<std::pair<std::string, Content>> attributes;
};
struct XmlHookInit {
    explicit XmlHookInit(std::string_view hook_name);
    XmlHookInit(std::string_view hook_name,
                std::initializer_list<std::pair<std::string_view, Content>> list);
    std::string name;
    std::vector<std::pair<std::string, Content>> entries;
};
// A sub-document: its id, and what is told of it. Its own content is a history by itself.
struct DocumentInit {
    explicit DocumentInit(std::string_view id) : guid(id) {}
    std::string guid;         // by which applications find its content
    bool collect = true;      // as DocOptions::collect
    bool auto_load = false;   // everybody loads it at once
    Any meta = nullptr;       // for the application; null: nothing
    bool should_load = true;  // loaded here; never sent
};

class Content {
public:
    enum class Kind : std::uint8_t {
        any,
        binary,
        text,
        array,
        map,
        xml_element,
        xml_fragment,
        xml_hook,
        xml_text,
        document,
    };

    // One JSON-like value: whatever Any is made from.
    template <class T>
        requires std::is_constructible_v<Any, T> && (!std::is_same_v<std::decay_t<T>, Content>)
    Content(T&& value) : kind_(Kind::any), any_(std::forward<T>(value)) {}
    Content(Binary value) : kind_(Kind::binary), binary_(value.bytes) {}
    Content(TextInit value)
        : kind_(Kind::text),
          text_(std::move(value.text)),
          delta_(std::move(value.delta)),
          entries_(std::move(value.attributes)) {}
    Content(ArrayInit value) : kind_(Kind::array), contents_(std::move(value.contents)) {}
    Content(MapInit value) : kind_(Kind::map), entries_(std::move(value.entries)) {}
    Content(XmlElementInit value)
        : kind_(Kind::xml_element),
          text_(std::move(value.name)),
          contents_(std::move(value.children)),
          entries_(std::move(value.attributes)) {}
    Content(XmlFragmentInit value)
        : kind_(Kind::xml_fragment), contents_(std::move(value.children)) {}
    Content(XmlHookInit value)
        : kind_(Kind::xml_hook), text_(std::move(value.name)), entries_(std::move(value.entries)) {}
    Content(XmlTextInit value)
        : kind_(Kind::xml_text),
          text_(std::move(value.text)),
          delta_(std::move(value.delta)),
          entries_(std::move(value.attributes)) {}
    Content(DocumentInit value);

    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    [[nodiscard]] const Any& any() const noexcept { return any_; }
    [[nodiscard]] ByteView binary() const noexcept { return binary_; }
    // Of a text; the name of an element or a hook; the id of a document.
    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    // Of a text that starts out formatted, else nullptr.
    [[nodiscard]] const Delta* delta() const noexcept { return delta_.get(); }
    [[nodiscard]] const std::vector<Content>& contents() const noexcept { return contents_; }
    // Entries of a map or a hook, attributes of an element or a text.
    [[nodiscard]] const std::vector<std::pair<std::string, Content>>& entries() const noexcept {
        return entries_;
    }
    // Of a document: its options as they go to the wire are any(), as an object.
    [[nodiscard]] bool should_load() const noexcept { return should_load_; }

private:
    Kind kind_;
    Any any_;
    bool should_load_ = true;
    ByteView binary_;
    std::string text_;
    std::shared_ptr<const Delta> delta_;
    std::vector<Content> contents_;
    std::vector<std::pair<std::string, Content>> entries_;
};

// Behind Content, of which they hold lists: a constructor needs to know how to take down what it
// has begun.
inline TextInit::TextInit() = default;
inline ArrayInit::ArrayInit() = default;
inline MapInit::MapInit() = default;
inline XmlFragmentInit::XmlFragmentInit() = default;
inline XmlTextInit::XmlTextInit() = default;
inline TextInit::TextInit(std::string_view utf8) : text(utf8) {}
inline TextInit::TextInit(std::shared_ptr<const Delta> formatted) : delta(std::move(formatted)) {}
inline XmlElementInit::XmlElementInit(std::string_view node_name) : name(node_name) {}
inline XmlTextInit::XmlTextInit(std::string_view utf8) : text(utf8) {}
inline XmlTextInit::XmlTextInit(std::shared_ptr<const Delta> formatted)
    : delta(std::move(formatted)) {}
inline XmlHookInit::XmlHookInit(std::string_view hook_name) : name(hook_name) {}
inline ArrayInit::ArrayInit(std::initializer_list<Content> list) : contents(list) {}
inline MapInit::MapInit(std::initializer_list<std::pair<std::string_view, Content>> list) {
    entries.reserve(list.size());
    for (const auto& [key, content] : list) entries.emplace_back(std::string(key), content);
}
inline XmlElementInit::XmlElementInit(
    std::string_view node_name,
    std::initializer_list<std::pair<std::string_view, Content>> entries,
    std::initializer_list<Content> list)
    : name(node_name), attributes(MapInit(entries).entries), children(list) {}
inline XmlFragmentInit::XmlFragmentInit(std::initializer_list<Content> list) : children(list) {}
inline XmlHookInit::XmlHookInit(std::string_view hook_name,
                                std::initializer_list<std::pair<std::string_view, Content>> list)
    : name(hook_name), entries(MapInit(list).entries) {}
// Only what is not the default is told of a document, in the order in which Yjs tells it.
inline Content::Content(DocumentInit value)
    : kind_(Kind::document), should_load_(value.should_load), text_(std::move(value.guid)) {
    std::vector<Any::Member> options;
    if (!value.collect) options.emplace_back("gc", false);
    if (value.auto_load) options.emplace_back("autoLoad", true);
    if (!value.meta.view().is_null()) options.emplace_back("meta", std::move(value.meta));
    any_ = Any::object(options);
}

}  // namespace crdt
