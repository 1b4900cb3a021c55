// Rich text as a list of steps: what a text holds (inserts only), or what changes it.
//
//   letter.apply_delta({DeltaOp::retain(5), DeltaOp::insert("bold", {{"bold", true}}),
//                       DeltaOp::erase(2)});
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attributes.hpp"
#include "content.hpp"
#include "value.hpp"

namespace crdt {

class DeltaOp {
public:
    enum class Kind : std::uint8_t {
        insert,  // text(), or units()
        embed,   // content(): one value or new shared type; in what a text tells also shared()
        retain,  // leave count() units, with attributes()
        erase,   // delete count() units
    };

    // Text as UTF-8.
    [[nodiscard]] static DeltaOp insert(std::string_view utf8, Attributes attributes = {}) {
        DeltaOp op(Kind::insert, std::move(attributes));
        op.text_ = utf8;
        return op;
    }
    [[nodiscard]] static DeltaOp embed(Content content, Attributes attributes = {}) {
        DeltaOp op(Kind::embed, std::move(attributes));
        op.content_ = std::move(content);
        return op;
    }
    // The same from UTF-16 units; lone surrogates are kept.
    [[nodiscard]] static DeltaOp insert(std::u16string_view units, Attributes attributes = {});
    // A shared type that stands in a text: told, and refused by apply_delta.
    [[nodiscard]] static DeltaOp embed(Value shared, Attributes attributes = {}) {
        DeltaOp op(Kind::embed, std::move(attributes));
        op.shared_ = shared;
        return op;
    }
    [[nodiscard]] static DeltaOp retain(std::size_t count, Attributes attributes = {}) {
        DeltaOp op(Kind::retain, std::move(attributes));
        op.count_ = count;
        return op;
    }
    [[nodiscard]] static DeltaOp erase(std::size_t count) {
        DeltaOp op(Kind::erase, {});
        op.count_ = count;
        return op;
    }

    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    // Lone surrogates have become U+FFFD in text().
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] std::u16string units() const;
    // The units, if text() cannot hold them: some are lone surrogates. Else empty.
    [[nodiscard]] std::u16string_view lone_units() const noexcept { return units_; }
    // The value that is embedded, or the new shared type to be.
    [[nodiscard]] const Content& content() const noexcept { return content_; }
    // The embedded shared type, if it is one that exists.
    [[nodiscard]] const Value& shared() const noexcept { return shared_; }
    // In UTF-16 units.
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] const Attributes& attributes() const noexcept { return attributes_; }

    // Shared types are equal if they are the same one; new ones never.
    friend bool operator==(const DeltaOp& a, const DeltaOp& b) noexcept {
        if (a.kind_ != b.kind_ || !(a.attributes_ == b.attributes_)) return false;
        switch (a.kind_) {
            case Kind::insert:
                return a.text_ == b.text_ && a.units_ == b.units_;
            case Kind::embed:
                if (a.shared_.exists() || b.shared_.exists()) return a.shared_ == b.shared_;
                return a.content_.kind() == Content::Kind::any &&
                       b.content_.kind() == Content::Kind::any &&
                       a.content_.any() == b.content_.any();
            case Kind::retain:
            case Kind::erase:
                break;
        }
        return a.count_ == b.count_;
    }

private:
    DeltaOp(Kind kind, Attributes attributes) : kind_(kind), attributes_(std::move(attributes)) {}

    Kind kind_;
    std::string text_;
    std::u16string units_;  // only where text_ cannot hold them
    Content content_{Any()};
    Value shared_;
    std::size_t count_ = 0;
    Attributes attributes_;
};

class Delta {
public:
    Delta() = default;
    Delta(std::initializer_list<DeltaOp> ops) : ops_(ops) {}

    void push_back(DeltaOp op) { ops_.push_back(std::move(op)); }
    [[nodiscard]] bool empty() const noexcept { return ops_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return ops_.size(); }
    [[nodiscard]] const DeltaOp& operator[](std::size_t i) const noexcept { return ops_[i]; }
    [[nodiscard]] auto begin() const noexcept { return ops_.begin(); }
    [[nodiscard]] auto end() const noexcept { return ops_.end(); }
    friend bool operator==(const Delta&, const Delta&) = default;

private:
    std::vector<DeltaOp> ops_;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/types/delta.ipp"
#include "rich_content.hpp"
#endif
