// A copy of a document's roots that is told of changes by events alone: deltas and keys.
#pragma once

#include <crdt/crdt.hpp>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "document.hpp"

namespace support {

// Where a pair is cut its halves become U+FFFD, of which no event tells (nor does one in Yjs):
// halves of pairs and what has become of them look alike here.
inline std::u16string uncut(std::u16string units) {
    for (char16_t& unit : units) {
        if ((unit & 0xf800) == 0xd800) unit = u'\ufffd';
    }
    return units;
}

// A shared type, or a value that cannot change.
class Mirror {
public:
    Mirror() = default;
    explicit Mirror(const crdt::Value& value) : kind_(value.kind()) {
        switch (kind_) {
            case crdt::ValueKind::text:
                units_ = value.text().to_u16string();
                break;
            case crdt::ValueKind::array:
                copy(value.array());
                break;
            case crdt::ValueKind::map:
                copy(value.map());
                break;
            default:
                plain_ = show(value);
        }
    }
    explicit Mirror(const crdt::Text& text)
        : kind_(crdt::ValueKind::text), units_(text.to_u16string()) {}
    explicit Mirror(const crdt::Array& array) : kind_(crdt::ValueKind::array) { copy(array); }
    explicit Mirror(const crdt::Map& map) : kind_(crdt::ValueKind::map) { copy(map); }

    void apply(const crdt::DeepEvents& events) {
        for (const crdt::Event event : events) {
            Mirror* at = this;
            for (const crdt::PathStep step : event.path()) {
                at = step.is_key() ? &at->entries_.at(std::string(step.key()))
                                   : &at->elements_.at(step.index());
            }
            at->apply(event);
        }
    }
    void apply(const crdt::Event& event) {
        event.check().value();
        if (event.kind() != kind_) throw std::runtime_error("an event of another type");
        std::size_t at = 0;
        for (const crdt::EventOp op : event.delta()) {
            if (kind_ == crdt::ValueKind::text) {
                change_text(op, at);
            } else {
                change_list(op, at);
            }
        }
        for (const crdt::KeyChange change : event.keys()) change_key(change);
    }

    // The form of show().
    [[nodiscard]] std::string shown() const {
        std::string out;
        switch (kind_) {
            case crdt::ValueKind::text:
                out = "'";
                for (const char16_t unit : uncut(units_)) out += std::to_string(unit) + " ";
                return out + "'";
            case crdt::ValueKind::array:
                for (const Mirror& element : elements_) out += element.shown() + ",";
                return "[" + out + "]";
            case crdt::ValueKind::map:
                for (const auto& [key, value] : entries_) out += key + ":" + value.shown() + ",";
                return "{" + out + "}";
            default:
                return plain_;
        }
    }

private:
    void copy(const crdt::Array& array) {
        array.for_each([this](const crdt::Value& value) { elements_.emplace_back(value); });
    }
    void copy(const crdt::Map& map) {
        map.for_each([this](std::string_view key, const crdt::Value& value) {
            entries_.emplace(std::string(key), Mirror(value));
        });
    }
    void change_text(const crdt::EventOp& op, std::size_t& at) {
        if (op.is_erase()) {
            need(at + op.length() <= units_.size());
            units_.erase(at, op.length());
            return;
        }
        if (op.is_insert()) units_.insert(at, op.to_u16string());
        at += op.length();
        need(at <= units_.size());
    }
    void change_list(const crdt::EventOp& op, std::size_t& at) {
        const auto place = [&] { return elements_.begin() + static_cast<std::ptrdiff_t>(at); };
        if (op.is_erase()) {
            need(at + op.length() <= elements_.size());
            elements_.erase(place(), place() + op.length());
            return;
        }
        if (op.is_insert()) {
            std::vector<Mirror> added;
            op.values().for_each([&](const crdt::Value& value) { added.emplace_back(value); });
            need(added.size() == op.length());
            elements_.insert(place(), added.begin(), added.end());
        }
        at += op.length();
        need(at <= elements_.size());
    }
    void change_key(const crdt::KeyChange& change) {
        const std::string key(change.key());
        const bool had = entries_.contains(key);
        need(had == (change.action() != crdt::KeyAction::add));
        if (had) {
            const Mirror old = entries_.at(key);
            const crdt::Value told = change.old_value();
            need(told.kind() == old.kind_);
            if (!old.plain_.empty()) need(show(told) == old.plain_);
            entries_.erase(key);
        } else {
            need(!change.old_value().exists());
        }
        if (change.action() != crdt::KeyAction::erase) {
            entries_.emplace(key, Mirror(change.value()));
        }
    }
    static void need(bool holds) {
        if (!holds) throw std::runtime_error("an event does not fit what it changes");
    }

    crdt::ValueKind kind_ = crdt::ValueKind::absent;
    std::u16string units_;
    std::vector<Mirror> elements_;
    std::map<std::string, Mirror> entries_;
    std::string plain_;
};

// Mirrors of the roots that random edits use, kept up to date by their deep observers.
class DocMirror {
public:
    explicit DocMirror(crdt::Doc& doc) : doc_(doc) {
        text_ = Mirror(doc.text("t"));
        array_ = Mirror(doc.array("a"));
        map_ = Mirror(doc.map("m"));
        const auto follow = [this](const crdt::SharedType& type, Mirror& mirror) {
            subscriptions_.push_back(
                type.observe_deep([this, &mirror](const crdt::DeepEvents& events) noexcept {
                    try {
                        mirror.apply(events);
                    } catch (const std::exception& error) {
                        wrong_ = error.what();
                    }
                }));
        };
        follow(doc.text("t"), text_);
        follow(doc.array("a"), array_);
        follow(doc.map("m"), map_);
    }
    DocMirror(const DocMirror&) = delete;
    DocMirror& operator=(const DocMirror&) = delete;

    // Empty: the mirrors show what the document does.
    [[nodiscard]] std::string difference() const {
        if (!wrong_.empty()) return wrong_;
        const auto differ = [](const Mirror& mirror, const Mirror& fresh) {
            if (mirror.shown() == fresh.shown()) return std::string();
            return "the mirror shows " + mirror.shown() + ", the type " + fresh.shown();
        };
        return differ(text_, Mirror(doc_.text("t"))) + differ(array_, Mirror(doc_.array("a"))) +
               differ(map_, Mirror(doc_.map("m")));
    }

private:
    crdt::Doc& doc_;
    Mirror text_;
    Mirror array_;
    Mirror map_;
    std::string wrong_;
    std::vector<crdt::Subscription> subscriptions_;
};

}  // namespace support
