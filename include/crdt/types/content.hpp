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
    TextInit() = default;
    explicit TextInit(std::string_view utf8) : text(utf8) {}
    explicit TextInit(std::shared_ptr<const Delta> formatted) : delta(std::move(formatted)) {}
    std::string text;
    std::shared_ptr<const Delta> delta;  // or formatted text
};
struct ArrayInit {
    ArrayInit() = default;
    ArrayInit(std::initializer_list<Content> contents);
    std::vector<Content> contents;
};
struct MapInit {
    MapInit() = default;
    MapInit(std::initializer_list<std::pair<std::string_view, Content>> entries);
    std::vector<std::pair<std::string, Content>> entries;
};

class Content {
public:
    enum class Kind : std::uint8_t { any, binary, text, array, map };

    // One JSON-like value: whatever Any is made from.
    template <class T>
        requires std::is_constructible_v<Any, T> && (!std::is_same_v<std::decay_t<T>, Content>)
    Content(T&& value) : kind_(Kind::any), any_(std::forward<T>(value)) {}
    Content(Binary value) : kind_(Kind::binary), binary_(value.bytes) {}
    Content(TextInit value)
        : kind_(Kind::text), text_(std::move(value.text)), delta_(std::move(value.delta)) {}
    Content(ArrayInit value) : kind_(Kind::array), contents_(std::move(value.contents)) {}
    Content(MapInit value) : kind_(Kind::map), entries_(std::move(value.entries)) {}

    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    [[nodiscard]] const Any& any() const noexcept { return any_; }
    [[nodiscard]] ByteView binary() const noexcept { return binary_; }
    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    // Of a text that starts out formatted, else nullptr.
    [[nodiscard]] const Delta* delta() const noexcept { return delta_.get(); }
    [[nodiscard]] const std::vector<Content>& contents() const noexcept { return contents_; }
    [[nodiscard]] const std::vector<std::pair<std::string, Content>>& entries() const noexcept {
        return entries_;
    }

private:
    Kind kind_;
    Any any_;
    ByteView binary_;
    std::string text_;
    std::shared_ptr<const Delta> delta_;
    std::vector<Content> contents_;
    std::vector<std::pair<std::string, Content>> entries_;
};

inline ArrayInit::ArrayInit(std::initializer_list<Content> list) : contents(list) {}
inline MapInit::MapInit(std::initializer_list<std::pair<std::string_view, Content>> list) {
    entries.reserve(list.size());
    for (const auto& [key, content] : list) entries.emplace_back(std::string(key), content);
}

}  // namespace crdt
