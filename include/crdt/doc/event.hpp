// What observers are told of a change. An event is good while its observer is called; it tells of
// the document as the change left it, also to an observer that comes after one that edits.
//
// Nothing is found out before it is asked for, and then once. Where memory fails meanwhile the
// answers are empty and check() says so.
#pragma once

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

#include "../base/id_set.hpp"
#include "../types/array.hpp"
#include "../types/map.hpp"
#include "../types/text.hpp"
#include "../types/value.hpp"
#include "told_change.hpp"

namespace crdt {

namespace detail {

// Walks Owner[0], Owner[1], ...: elements are made when they are looked at.
template <class Owner>
class IndexIterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = typename Owner::Element;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = value_type;

    IndexIterator(const Owner* owner, std::size_t at) noexcept : owner_(owner), at_(at) {}
    reference operator*() const noexcept { return (*owner_)[at_]; }
    IndexIterator& operator++() noexcept {
        ++at_;
        return *this;
    }
    IndexIterator operator++(int) noexcept { return {owner_, at_++}; }
    friend bool operator==(const IndexIterator& a, const IndexIterator& b) noexcept {
        return a.at_ == b.at_;
    }

private:
    const Owner* owner_;
    std::size_t at_;
};

}  // namespace detail

using detail::DeltaKind;
using detail::KeyAction;

// The values that an operation inserts into a list.
class InsertedValues {
public:
    using Element = Value;

    InsertedValues(detail::Store* store,
                   const detail::InsertedUnits* first,
                   std::size_t count) noexcept
        : store_(store), first_(first), count_(count) {}
    // f(Value) for each, in order.
    template <class F>
    void for_each(F&& f) const {
        for (std::size_t i = 0; i < count_; ++i) {
            for (std::uint32_t k = 0; k < first_[i].count; ++k) {
                f(Value{store_, {first_[i].run, first_[i].offset + k}});
            }
        }
    }
    [[nodiscard]] Value front() const noexcept {
        return count_ == 0 ? Value{} : Value{store_, {first_->run, first_->offset}};
    }

private:
    detail::Store* store_;
    const detail::InsertedUnits* first_;
    std::size_t count_;
};

// One step through a list or a text: keep, delete or insert so many units.
class EventOp {
public:
    [[nodiscard]] DeltaKind kind() const noexcept { return record_->kind; }
    [[nodiscard]] bool is_insert() const noexcept { return kind() == DeltaKind::insert; }
    [[nodiscard]] bool is_retain() const noexcept { return kind() == DeltaKind::retain; }
    [[nodiscard]] bool is_erase() const noexcept { return kind() == DeltaKind::erase; }
    // UTF-16 units of a text, elements of a list.
    [[nodiscard]] std::uint32_t length() const noexcept { return record_->length; }
    // The same in other units, of what was deleted. O(units)
    [[nodiscard]] std::uint32_t erased_length(Unit unit) const noexcept;

    // What is inserted into a text: characters, or else one embed or type.
    [[nodiscard]] bool is_text() const noexcept { return record_->text; }
    // UTF-8; empty where it is not text. Lone surrogates are U+FFFD.
    [[nodiscard]] std::string_view text() const noexcept {
        return as_text(detail_->text.view().subspan(record_->text_begin, record_->text_size));
    }
    [[nodiscard]] std::u16string to_u16string() const;
    [[nodiscard]] Value value() const noexcept { return values().front(); }

    // f(std::string_view key, AnyView value) for each format of what is inserted into a text, or
    // for each that text which is kept has taken on; null: it has lost it.
    template <class F>
    void for_each_format(F&& f) const {
        for (std::uint32_t i = 0; i < record_->format_count; ++i) {
            const detail::FormatRecord& format = detail_->formats[record_->formats + i];
            const AnyView value =
                format.run == detail::kNone
                    ? AnyView(detail::FormatValue::null().any)
                    : AnyView(store_->content.rich_value(store_->runs[format.run]));
            f(store_->types.names[format.key], value);
        }
    }
    [[nodiscard]] Attributes attributes() const {
        Attributes made;
        for_each_format([&](std::string_view key, AnyView value) { made.set(key, Any(value)); });
        return made;
    }

    // What is inserted into a list.
    [[nodiscard]] InsertedValues values() const noexcept {
        if (is_text()) return {store_, nullptr, 0};
        return {store_, detail_->stretches.data() + record_->first, record_->count};
    }

private:
    friend class EventDelta;
    EventOp(detail::Store* store,
            const detail::EventDetail* detail,
            const detail::DeltaRecord* record) noexcept
        : store_(store), detail_(detail), record_(record) {}

    detail::Store* store_;
    const detail::EventDetail* detail_;
    const detail::DeltaRecord* record_;
};

// From the first unit on; what follows the last operation stays.
class EventDelta {
public:
    using Element = EventOp;

    [[nodiscard]] std::size_t size() const noexcept {
        return detail_ == nullptr ? 0 : detail_->delta.size();
    }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] EventOp operator[](std::size_t i) const noexcept {
        return {store_, detail_, &detail_->delta[i]};
    }
    [[nodiscard]] auto begin() const noexcept { return detail::IndexIterator<EventDelta>(this, 0); }
    [[nodiscard]] auto end() const noexcept {
        return detail::IndexIterator<EventDelta>(this, size());
    }

private:
    friend class Event;
    EventDelta(detail::Store* store, const detail::EventDetail* detail) noexcept
        : store_(store), detail_(detail) {}

    detail::Store* store_;
    const detail::EventDetail* detail_;
};

// A key of a map, or an attribute, that was set or deleted.
class KeyChange {
public:
    [[nodiscard]] std::string_view key() const noexcept {
        return store_->types.names[record_->name];
    }
    [[nodiscard]] KeyAction action() const noexcept { return record_->action; }
    // What it was before; absent for KeyAction::add. A shared type in it has been deleted.
    [[nodiscard]] Value old_value() const noexcept { return value_at(record_->old); }
    // What the change has made of it; absent for KeyAction::erase.
    [[nodiscard]] Value value() const noexcept { return value_at(record_->value); }

private:
    friend class KeyChanges;
    KeyChange(detail::Store* store, const detail::KeyRecord* record) noexcept
        : store_(store), record_(record) {}
    [[nodiscard]] Value value_at(detail::RunPos unit) const noexcept {
        return unit.exists() ? Value{store_, unit} : Value{};
    }

    detail::Store* store_;
    const detail::KeyRecord* record_;
};

// In the order in which this replica met the keys.
class KeyChanges {
public:
    using Element = KeyChange;

    [[nodiscard]] std::size_t size() const noexcept {
        return detail_ == nullptr ? 0 : detail_->keys.size();
    }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] KeyChange operator[](std::size_t i) const noexcept {
        return {store_, &detail_->keys[i]};
    }
    [[nodiscard]] auto begin() const noexcept { return detail::IndexIterator<KeyChanges>(this, 0); }
    [[nodiscard]] auto end() const noexcept {
        return detail::IndexIterator<KeyChanges>(this, size());
    }

private:
    friend class Event;
    KeyChanges(detail::Store* store, const detail::EventDetail* detail) noexcept
        : store_(store), detail_(detail) {}

    detail::Store* store_;
    const detail::EventDetail* detail_;
};

// One step down: to the value of a key, or to the element at an index.
class PathStep {
public:
    [[nodiscard]] bool is_key() const noexcept { return record_->key != detail::kNone; }
    // Empty where it is an index.
    [[nodiscard]] std::string_view key() const noexcept {
        return is_key() ? store_->types.names[record_->key] : std::string_view();
    }
    // Visible units in front of it, when the change had ended.
    [[nodiscard]] std::uint32_t index() const noexcept { return record_->index; }

private:
    friend class EventPath;
    PathStep(detail::Store* store, const detail::PathRecord* record) noexcept
        : store_(store), record_(record) {}

    detail::Store* store_;
    const detail::PathRecord* record_;
};

// From the type that is observed down to the one that changed.
class EventPath {
public:
    using Element = PathStep;

    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] PathStep operator[](std::size_t i) const noexcept { return {store_, first_ + i}; }
    [[nodiscard]] auto begin() const noexcept { return detail::IndexIterator<EventPath>(this, 0); }
    [[nodiscard]] auto end() const noexcept {
        return detail::IndexIterator<EventPath>(this, count_);
    }

private:
    friend class Event;
    EventPath(detail::Store* store, const detail::PathRecord* first, std::size_t count) noexcept
        : store_(store), first_(first), count_(count) {}

    detail::Store* store_;
    const detail::PathRecord* first_;
    std::size_t count_;
};

// That a shared type changed, of whatever kind. A type that the change made, or that is deleted,
// has no events: the one around it tells of it.
class Event {
public:
    // Of the type that changed; the handles answer wrong_type where it is another.
    [[nodiscard]] ValueKind kind() const noexcept;
    [[nodiscard]] SharedType target() const noexcept { return SharedType{store(), type()}; }
    [[nodiscard]] Text text() const noexcept { return target_as<Text>(detail::TypeKind::text); }
    [[nodiscard]] Array array() const noexcept { return target_as<Array>(detail::TypeKind::array); }
    [[nodiscard]] Map map() const noexcept { return target_as<Map>(detail::TypeKind::map); }
    // The type whose observer is called.
    [[nodiscard]] SharedType current_target() const noexcept {
        return SharedType{store(), current_};
    }

    // What a change that is being told did to a type, observed or not. requires: that both live
    [[nodiscard]] static Event of(detail::ToldChange& change,
                                  detail::EventRecord& record,
                                  std::uint32_t current_target) noexcept {
        return {&change, &record, current_target};
    }

    [[nodiscard]] const Origin& origin() const noexcept { return change_->origin; }
    [[nodiscard]] bool remote() const noexcept { return origin().remote(); }

    // O(changed units * log(units)), the first time. Of a text or a list.
    [[nodiscard]] EventDelta delta() const noexcept {
        return {store(), change_->delta_of(*record_)};
    }
    // Keys that differ from what they were; of a map, or attributes.
    [[nodiscard]] KeyChanges keys() const noexcept { return {store(), change_->keys_of(*record_)}; }
    // From current_target() to target(); empty if they are one.
    [[nodiscard]] EventPath path() const noexcept;

    // out_of_memory: what has been asked for so far may be less than there was.
    [[nodiscard]] Status check() const noexcept {
        return change_->failed || record_->failed ? Status{ErrorCode::out_of_memory} : Status{};
    }

protected:
    [[nodiscard]] detail::Store* store() const noexcept { return &change_->store; }
    [[nodiscard]] std::uint32_t type() const noexcept { return record_->type; }
    template <class T>
    [[nodiscard]] T target_as(detail::TypeKind kind) const noexcept {
        const bool fits = store()->types.types[type()].kind == kind;
        return T{store(), fits ? type() : SharedType::failed(ErrorCode::wrong_type)};
    }

private:
    friend class DeepEvents;
    friend class detail::Observers;
    Event(detail::ToldChange* change, detail::EventRecord* record, std::uint32_t current) noexcept
        : change_(change), record_(record), current_(current) {}

    detail::ToldChange* change_;
    detail::EventRecord* record_;
    std::uint32_t current_;
};

// Events of one kind of type: the same, with a target of that type.
class TextEvent : public Event {
public:
    explicit TextEvent(const Event& event) noexcept : Event(event) {}
    [[nodiscard]] Text target() const noexcept { return text(); }
};
class ArrayEvent : public Event {
public:
    explicit ArrayEvent(const Event& event) noexcept : Event(event) {}
    [[nodiscard]] Array target() const noexcept { return array(); }
};
class MapEvent : public Event {
public:
    explicit MapEvent(const Event& event) noexcept : Event(event) {}
    [[nodiscard]] Map target() const noexcept { return map(); }
};

// What changed in a type and in the types within it: the nearest first. At least one.
class DeepEvents {
public:
    using Element = Event;

    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] Event operator[](std::size_t i) const noexcept {
        return {change_, targets_[i].event, current_};
    }
    [[nodiscard]] auto begin() const noexcept { return detail::IndexIterator<DeepEvents>(this, 0); }
    [[nodiscard]] auto end() const noexcept {
        return detail::IndexIterator<DeepEvents>(this, count_);
    }
    [[nodiscard]] SharedType current_target() const noexcept {
        return SharedType{&change_->store, current_};
    }
    [[nodiscard]] const Origin& origin() const noexcept { return change_->origin; }

private:
    friend class detail::Observers;
    DeepEvents(detail::ToldChange* change,
               const detail::DeepTarget* targets,
               std::size_t count,
               std::uint32_t current) noexcept
        : change_(change), targets_(targets), count_(count), current_(current) {}

    detail::ToldChange* change_;
    const detail::DeepTarget* targets_;
    std::size_t count_;
    std::uint32_t current_;
};

// A transaction that has ended, for those who watch the document as a whole.
class TransactionEvent {
public:
    [[nodiscard]] const Origin& origin() const noexcept { return change_->origin; }
    [[nodiscard]] bool remote() const noexcept { return origin().remote(); }
    // Did it insert or delete anything?
    [[nodiscard]] bool changed() const noexcept { return change_->anything(); }
    // Was this type, or one within it, changed? Not by edits in types that are new themselves.
    [[nodiscard]] bool changed_within(const SharedType& type) const noexcept;
    // Units inserted and units deleted, by any client; some may be in both.
    [[nodiscard]] Result<IdSet> inserted() const noexcept;
    [[nodiscard]] Result<IdSet> deleted() const noexcept;

private:
    friend class detail::Observers;
    explicit TransactionEvent(detail::ToldChange* change) noexcept : change_(change) {}

    detail::ToldChange* change_;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/doc/event.ipp"
#endif
