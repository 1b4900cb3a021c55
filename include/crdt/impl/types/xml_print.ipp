#pragma once

#include <charconv>

#include "../../base/sort.hpp"
#include "../../base/utf.hpp"
#include "../../codec/any.hpp"
#include "../../codec/any_to_string.hpp"
#include "../../types/xml.hpp"
#include "../../types/xml_print.hpp"

namespace crdt::detail {

// Tags around a stretch of text: one for each format, by name; the members of a format's value are
// the attributes of its tag.
class FormatTags {
public:
    explicit FormatTags(Bytes& out) noexcept : out_(out) {}

    // `value` is a validated Any; its bytes are copied.
    [[nodiscard]] bool set(std::size_t first, std::string_view name, ByteView value) noexcept {
        erase(first, name);
        if (AnyView(value).is_null()) return true;
        std::size_t at = list_.size();
        while (at > first && before_in_utf16(name, list_[at - 1].name)) --at;
        const Format made{name, values_.size(), value.size()};
        return values_.append(value) && list_.insert(at, made);
    }
    [[nodiscard]] std::size_t size() const noexcept { return list_.size(); }
    // Forgets the formats of a text that is done with.
    void truncate(std::size_t count) noexcept {
        list_.truncate(count);
        if (count == 0) values_.clear();
    }

    [[nodiscard]] bool open(std::size_t first) noexcept {
        for (std::size_t i = first; i < list_.size(); ++i) {
            const Format& format = list_[i];
            const AnyView value(values_.view().subspan(format.at, format.size));
            if (!out_.append("<") || !out_.append(format.name) || !attributes(value) ||
                !out_.append(">")) {
                return false;
            }
        }
        return true;
    }
    [[nodiscard]] bool close(std::size_t first) noexcept {
        for (std::size_t i = list_.size(); i > first; --i) {
            if (!out_.append("</") || !out_.append(list_[i - 1].name) || !out_.append(">")) {
                return false;
            }
        }
        return true;
    }

private:
    struct Format {
        std::string_view name;
        std::size_t at;  // of its value in values_
        std::size_t size;
    };
    struct Member {
        std::string_view key;  // in digits_ where it is an index
        AnyView value;
    };

    void erase(std::size_t first, std::string_view name) noexcept {
        for (std::size_t i = first; i < list_.size(); ++i) {
            if (list_[i].name != name) continue;
            list_.erase(i, 1);
            return;
        }
    }
    [[nodiscard]] bool put(std::string_view key, AnyView value) noexcept {
        return out_.append(" ") && out_.append(key) && out_.append("=\"") &&
               any_to_string(value.encoded(), out_) && out_.append("\"");
    }
    // What JavaScript enumerates of the value, sorted by name.
    [[nodiscard]] bool attributes(AnyView value) noexcept {
        switch (value.kind()) {
            case AnyKind::object:
                return members(value);
            case AnyKind::array:
            case AnyKind::string:
            case AnyKind::bytes:
                return elements(value);
            default:
                return true;
        }
    }
    [[nodiscard]] bool members(AnyView value) noexcept {
        Vec<Member> sorted;
        if (!sorted.reserve(value.size())) return false;
        for (const auto [key, member] : value.members()) {
            sorted.push_back_reserved({key, member});
        }
        sort(sorted.begin(), sorted.end(),
             [](const Member& a, const Member& b) { return before_in_utf16(a.key, b.key); });
        for (const Member& member : sorted) {
            if (!put(member.key, member.value)) return false;
        }
        return true;
    }
    // Elements by index, in the order of the digits: 0, 1, 10, 11, ..., 2, 20, ...
    [[nodiscard]] bool elements(AnyView value) noexcept {
        Vec<ByteView> list;
        Bytes made;  // of elements that stand nowhere as values
        if (value.kind() == AnyKind::array) {
            for (const AnyView element : value.elements()) {
                if (!list.push_back(element.encoded())) return false;
            }
        } else if (!made_elements(value, made, list)) {
            return false;
        }
        Vec<std::uint32_t> order;
        if (!order.reserve(list.size())) return false;
        for (std::uint32_t i = 0; i < list.size(); ++i) order.push_back_reserved(i);
        sort(order.begin(), order.end(),
             [](std::uint32_t a, std::uint32_t b) { return Index(a).text() < Index(b).text(); });
        for (const std::uint32_t i : order) {
            if (!put(Index(i).text(), AnyView(list[i]))) return false;
        }
        return true;
    }
    // UTF-16 units of a string as strings, bytes as numbers.
    [[nodiscard]] static bool made_elements(AnyView value,
                                            Bytes& made,
                                            Vec<ByteView>& list) noexcept {
        constexpr std::size_t kMost = 5;  // tag, length, three bytes of UTF-8
        const bool string = value.kind() == AnyKind::string;
        const ByteView bytes = string ? as_bytes(value.as_string()) : value.as_bytes();
        Vec<char16_t> units;
        std::size_t count = bytes.size();
        if (string) {
            count = scan_utf8(bytes).utf16_length;
            if (!units.resize(count)) return false;
            if (count > 0) utf8_to_utf16(bytes, units.data());
        }
        if (!made.storage().resize(count * kMost) || !list.reserve(count)) return false;
        for (std::size_t i = 0; i < count; ++i) {
            std::uint8_t* const start = made.storage().data() + i * kMost;
            std::uint8_t* end = nullptr;
            if (string) {
                end = utf16_to_utf8(&units[i], 1, start + 2);
                start[0] = kTagString;
                start[1] = static_cast<std::uint8_t>(end - start - 2);
            } else {
                end = put_any_number_small(start, bytes[i]);
            }
            list.push_back_reserved({start, end});
        }
        return true;
    }
    static std::uint8_t* put_any_number_small(std::uint8_t* at, std::uint8_t value) noexcept {
        std::uint8_t number[kMaxNumberSize];
        const std::uint8_t* end = put_any_number(number, value);
        const auto size = static_cast<std::size_t>(end - number);
        std::memcpy(at, number, size);
        return at + size;
    }
    struct Index {
        explicit Index(std::uint32_t value) noexcept
            : end(std::to_chars(digits, digits + sizeof digits, value).ptr) {}
        Index(const Index&) = delete;
        Index& operator=(const Index&) = delete;
        ~Index() = default;
        [[nodiscard]] std::string_view text() const noexcept {
            return {digits, static_cast<std::size_t>(end - digits)};
        }
        char digits[12];
        char* end;
    };

    Bytes& out_;
    Vec<Format> list_;  // by name; those of a text within a text stand behind its own
    Bytes values_;
};

class XmlPrinter {
public:
    XmlPrinter(Store& store, Bytes& out) noexcept : store_(store), out_(out), tags_(out) {}

    [[nodiscard]] bool print(std::uint32_t type) noexcept {
        if (!enter(type)) return false;
        while (!open_.empty()) {
            if (!step()) return false;
        }
        return true;
    }

private:
    enum class Phase : std::uint8_t { attributes, children, text };
    // A type that is being printed.
    struct Open {
        std::uint32_t type;
        Phase phase;
        bool pending;       // attributes: a quote is to be closed; text: tags are
        std::size_t first;  // its part of keys_ or tags_
        std::size_t next_key;
        Place at;
        std::uint32_t element;  // in the span there
        bool alone = false;     // text: what stands in the tags is no text, nothing joins it
    };

    [[nodiscard]] bool put(std::string_view text) noexcept { return out_.append(text); }
    [[nodiscard]] bool put_lower(std::string_view name) noexcept {
        const std::size_t from = out_.size();
        if (!put(name)) return false;
        for (std::size_t i = from; i < out_.size(); ++i) {
            std::uint8_t& byte = out_.storage()[i];
            if (byte >= 'A' && byte <= 'Z') byte = static_cast<std::uint8_t>(byte + ('a' - 'A'));
        }
        return true;
    }
    [[nodiscard]] Place start(std::uint32_t type) noexcept {
        return store_.sequences.begin(store_.types.types[type].list);
    }

    [[nodiscard]] bool enter(std::uint32_t type) noexcept {
        const TypeRecord& record = store_.types.types[type];
        switch (record.kind) {
            case TypeKind::xml_element:
                if (!put("<") || !put_lower(element_name(store_, type))) return false;
                return enter_attributes(type);
            case TypeKind::xml_fragment:
                return open_.push_back({type, Phase::children, false, 0, 0, start(type), 0});
            case TypeKind::xml_text:
                return open_.push_back({type, Phase::text, false, tags_.size(), 0, start(type), 0});
            case TypeKind::text:
                return append_plain(type);
            case TypeKind::array:
            case TypeKind::map:
            case TypeKind::xml_hook:
            case TypeKind::undefined:
                break;
        }
        return put("[object Object]");
    }
    [[nodiscard]] bool append_plain(std::uint32_t type) noexcept {
        return Access::handle<Text>(&store_, type).append_to(out_).ok();
    }
    [[nodiscard]] bool enter_attributes(std::uint32_t type) noexcept {
        const std::size_t first = keys_.size();
        for (std::uint32_t seq = store_.types.types[type].first_key; seq != kNone;
             seq = store_.sequences.seqs[seq].next_key) {
            if (store_.value_of(seq).exists() && !keys_.push_back(seq)) return false;
        }
        sort(keys_.begin() + first, keys_.end(), [this](std::uint32_t a, std::uint32_t b) {
            return before_in_utf16(key_name(a), key_name(b));
        });
        return open_.push_back({type, Phase::attributes, false, first, first, start(type), 0});
    }
    [[nodiscard]] std::string_view key_name(std::uint32_t seq) const noexcept {
        return store_.types.names[store_.sequences.seqs[seq].key];
    }

    [[nodiscard]] bool step() noexcept {
        switch (open_.back().phase) {
            case Phase::attributes:
                return attribute();
            case Phase::children:
                return child();
            case Phase::text:
                break;
        }
        return stretch();
    }
    [[nodiscard]] bool attribute() noexcept {
        Open& open = open_.back();
        if (open.pending && !put("\"")) return false;
        open.pending = false;
        if (open.next_key == keys_.size()) {
            keys_.truncate(open.first);
            open.phase = Phase::children;
            return put(">");
        }
        const std::uint32_t seq = keys_[open.next_key++];
        open.pending = true;
        return put(" ") && put(key_name(seq)) && put("=\"") && value(store_.value_of(seq));
    }
    // The next visible unit, or false: all was printed.
    [[nodiscard]] bool next_unit(Open& open, RunPos& unit) noexcept {
        while (open.at.leaf != kNone) {
            const Span& span = store_.sequences.span(open.at);
            if (!span.hidden() && open.element < span.length()) {
                unit = {span.run, span.offset + open.element++};
                return true;
            }
            open.at = store_.sequences.next(open.at);
            open.element = 0;
        }
        return false;
    }
    [[nodiscard]] bool child() noexcept {
        Open& open = open_.back();
        RunPos unit;
        if (next_unit(open, unit)) return value(unit);
        const std::uint32_t type = open.type;
        open_.pop_back();
        if (store_.types.types[type].kind == TypeKind::xml_fragment) return true;
        return put("</") && put_lower(element_name(store_, type)) && put(">");
    }
    // A value by itself. Pushes a type that takes more than one step.
    [[nodiscard]] bool value(RunPos unit) noexcept {
        const Run& run = store_.runs[unit.run];
        switch (run.kind) {
            case RunKind::type:
                return enter(run.data);
            case RunKind::any:
            case RunKind::json:
                return any_to_string(store_.content.any(run, unit.offset), out_);
            case RunKind::embed:
                return any_to_string(store_.content.rich_value(run), out_);
            case RunKind::ascii:
            case RunKind::utf16:
                return text(run, unit.offset, 1);
            case RunKind::binary: {
                const Any bytes = Any::bytes(store_.content.value(run.data));
                return bytes.valid() && any_to_string(bytes.view().encoded(), out_);
            }
            default:
                break;
        }
        return put("[object Object]");
    }

    [[nodiscard]] bool text(const Run& run, std::uint32_t offset, std::uint32_t count) noexcept {
        if (run.kind == RunKind::ascii)
            return out_.append({store_.content.ascii(run, offset), count});
        Vec<std::uint8_t>& bytes = out_.storage();
        if (!bytes.reserve_more(std::size_t{count} * 3)) return false;
        const std::uint8_t* end =
            utf16_to_utf8(store_.content.utf16(run, offset), count, bytes.data() + bytes.size());
        bytes.set_size(static_cast<std::size_t>(end - bytes.data()));
        return true;
    }
    // Text runs on until a living mark or something that is not text.
    [[nodiscard]] bool stretch() noexcept {
        Open& open = open_.back();
        if (open.at.leaf == kNone) {
            const std::size_t first = open.first;
            const bool pending = open.pending;
            open_.pop_back();
            const bool closed = !pending || tags_.close(first);
            tags_.truncate(first);
            return closed;
        }
        const Span span = store_.sequences.span(open.at);
        const Run& run = store_.runs[span.run];
        const bool mark = run.kind == RunKind::format && !store_.content.deleted(run, 0);
        if (span.hidden() && !mark) {
            open.at = store_.sequences.next(open.at);
            return true;
        }
        if (open.pending && (mark || open.alone || !run.is_text())) {
            open.pending = false;
            if (!tags_.close(open.first)) return false;
        }
        if (mark) {
            open.at = store_.sequences.next(open.at);
            return read_mark(open.first, run);
        }
        if (!open.pending) {
            open.pending = true;
            open.alone = !run.is_text();
            if (!tags_.open(open.first)) return false;
        }
        if (run.is_text()) {
            open.at = store_.sequences.next(open.at);
            return text(run, span.offset, span.length());
        }
        // One at a time, each with tags of its own.
        const RunPos unit{span.run, span.offset + open.element};
        if (++open.element == span.length()) {
            open.at = store_.sequences.next(open.at);
            open.element = 0;
        }
        return value(unit);
    }
    [[nodiscard]] bool read_mark(std::size_t first, const Run& run) noexcept {
        const std::string_view key = store_.types.names[store_.content.format_key(run)];
        return tags_.set(first, key, store_.content.rich_value(run));
    }

    Store& store_;
    Bytes& out_;
    FormatTags tags_;
    Vec<Open> open_;
    Vec<std::uint32_t> keys_;  // sequences of the attributes of all open elements
};

ROPEWALK_INLINE Status print_xml(Store& store, std::uint32_t type, Bytes& out) noexcept {
    return XmlPrinter(store, out).print(type) ? Status{} : Status{ErrorCode::out_of_memory};
}

}  // namespace crdt::detail

namespace crdt {

ROPEWALK_INLINE Status XmlFragment::append_to(Bytes& out) const noexcept {
    ROPEWALK_CHECK(check());
    ROPEWALK_CHECK(store_->open_history());
    store_->settle();
    return detail::print_xml(*store_, type_, out);
}

ROPEWALK_INLINE std::string XmlFragment::to_string() const {
    Bytes bytes;
    if (!append_to(bytes).ok()) return {};
    return std::string(as_text(bytes));
}

ROPEWALK_INLINE Status XmlText::append_xml_to(Bytes& out) const noexcept {
    ROPEWALK_CHECK(check());
    ROPEWALK_CHECK(store_->open_history());
    store_->settle();
    return detail::print_xml(*store_, type_, out);
}

ROPEWALK_INLINE std::string XmlText::to_xml_string() const {
    Bytes bytes;
    if (!append_xml_to(bytes).ok()) return {};
    return std::string(as_text(bytes));
}

}  // namespace crdt
