// Text that several people type at once.
#pragma once

#include <string>
#include <string_view>

#include "content.hpp"
#include "delta.hpp"
#include "entries.hpp"
#include "position.hpp"
#include "shared_type.hpp"
#include "value.hpp"

namespace crdt {

// Lengths and positions count UTF-16 units unless Utf8{} or CodePoint{} says otherwise. A UTF-16
// position inside a surrogate pair is accepted as Yjs accepts it: the pair becomes two U+FFFD.
class Text : public SharedType {
public:
    Text() noexcept = default;

    // Puts text in front of `at`; at the length appends. Errors: index_out_of_range,
    // inside_character, invalid_utf8; nothing has changed then.
    Status insert(Position at, std::string_view utf8) const noexcept {
        // One more keystroke where the last one was, with nobody to tell.
        if (ROPEWALK_LIKELY(utf8.size() == 1 && store_ != nullptr)) {
            detail::Typing& typing = store_->typing;
            if (ROPEWALK_LIKELY(typing.type == type_ && at.is_utf16(typing.end) &&
                                typing.end < typing.open_limit &&
                                static_cast<signed char>(utf8[0]) >= 0)) {
                typing.put_narrow(static_cast<std::uint8_t>(utf8[0]));
                return {};
            }
        } else if (utf8.size() == 3 && store_ != nullptr) {
            detail::Typing& typing = store_->typing;
            if (ROPEWALK_LIKELY(typing.type == type_ && at.is_utf16(typing.end) &&
                                typing.end < typing.open_wide_limit)) {
                if (const char16_t unit = detail::decode_three_bytes(utf8); unit != 0) {
                    typing.put_wide(unit, 2);
                    return {};
                }
            }
        }
        return insert_further(at, utf8);
    }
    // Lone surrogates are kept, as Yjs keeps them; the wire has U+FFFD in their place.
    Status insert(Position at, std::u16string_view units) const noexcept;
    Status append(std::string_view utf8) const noexcept;

    // Without attributes, as above, text takes over the formats of its place, as typing does; with
    // them it has exactly these. Errors as above and invalid_argument: a value that is undefined
    // or holds a bigint, which format V1 cannot write.
    Status insert(Position at, std::string_view utf8, const Attributes& attributes) const noexcept;
    Status insert(Position at,
                  std::u16string_view units,
                  const Attributes& attributes) const noexcept;
    // One unit that is a JSON-like value or a new shared type.
    Status insert_embed(Position at,
                        const Content& content,
                        const Attributes& attributes = {}) const noexcept;
    // Sets keys for `count` units, null ends one. As in Yjs newlines are appended where the text is
    // too short for that, unless nothing at all stands behind `at`: then nothing happens.
    Status format(Position at, std::size_t count, const Attributes& attributes) const noexcept;

    // What the text holds, as inserts. Neighbours may have equal attributes: a mark without effect
    // parts them, as in Yjs.
    [[nodiscard]] Delta to_delta() const;
    // What is embedded at a position; absent if it is a character.
    [[nodiscard]] Result<Value> get(Position at) const noexcept;
    // All of it in one transaction. An error in the arguments changes nothing; where memory fails
    // in the middle the steps before stand. Deleting past the end stops there. Without `sanitize` a
    // last newline that would end the text is left out: some editors imply it.
    Status apply_delta(const Delta& delta, bool sanitize = true) const noexcept;

    // Deletes `count` units, counted like the position. Past the end: index_out_of_range and
    // nothing has changed.
    Status erase(Position at, std::size_t count) const noexcept {
        // One more ASCII keystroke beside the last one, with nobody to tell.
        if (ROPEWALK_LIKELY(count == 1 && store_ != nullptr && store_->erasing.type == type_ &&
                            at.unit() == Unit::utf16)) {
            if (store_->erasing.take(at.value())) return {};
        }
        return erase_further(at, count);
    }

    [[nodiscard]] std::size_t length(Unit unit = Unit::utf16) const noexcept;
    // Are positions counted in `unit` the same as in UTF-16 units? Constant; may say no where text
    // has just gone.
    [[nodiscard]] bool counts_like_utf16(Unit unit) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return length() == 0; }

    // Appends the text as UTF-8; never throws.
    Status append_to(Bytes& out) const noexcept;
    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] std::u16string to_u16string() const;

    // Attributes of the text as a whole, values by key; formats of stretches are something else.
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

    // f(const TextEvent&) noexcept after each transaction that changed it; see doc/observe.hpp.
    template <class F>
    [[nodiscard]] Subscription observe(F&& f) const noexcept;

protected:
    Text(detail::Store* store, std::uint32_t type) noexcept : SharedType(store, type) {}

private:
    friend class Doc;
    friend class Event;
    friend class Value;
    friend struct detail::Access;

    Status erase_further(Position at, std::size_t count) const noexcept;
    Status insert_further(Position at, std::string_view utf8) const noexcept;
    Status erase_formatted(std::uint32_t from, std::uint32_t count) const noexcept;
    Status insert_elsewhere(Position at, std::string_view utf8) const noexcept;
    [[nodiscard]] Result<std::uint32_t> units_of(Position at) const noexcept;
    // f(run, offset, count) for each visible stretch of text, in order.
    template <class F>
    void for_each_stretch(F&& f) const;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/types/attributes.ipp"
#include "../impl/types/text.ipp"
#include "../impl/types/text_format.ipp"
#endif
