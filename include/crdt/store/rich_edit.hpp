// Edits of a text that know of format marks and embeds, item for item as Yjs makes them. One cursor
// moves through the text, so that a delta is a sequence of calls; each call is all or nothing.
//
// Yjs walks the items. Here a cursor is a gap between two visible units and the living marks of
// that gap that are in front of it: tombstones never need a look, because whatever is inserted goes
// in front of a living item or to the end.
#pragma once

#include <cstdint>
#include <span>

#include "../base/call.hpp"
#include "../base/utf.hpp"
#include "formats.hpp"
#include "store.hpp"

namespace crdt::detail {

// What the caller wants a key to be.
struct Attribute {
    std::uint32_t key = kNone;  // interned
    FormatValue value;
    ByteView json;  // the same as JSON text
};

class RichEdit {
public:
    // requires: an open change; the type is a text
    RichEdit(Store& store, std::uint32_t type) noexcept
        : store_(store), type_(type), seq_(store.types.types[type].list) {}

    // Directly behind visible unit position - 1. requires: position <= visible units
    Status start(std::uint32_t position) noexcept;

    // Text, or one item, with exactly these attributes. The caller has reserved what a type that
    // it puts in takes.
    Status insert(std::span<const Attribute> attributes,
                  ByteView utf8,
                  const Utf8Scan& scan) noexcept;
    Status insert(std::span<const Attribute> attributes,
                  const char16_t* units,
                  std::size_t count) noexcept;
    // What further content of the item will take.
    struct Extra {
        std::size_t items = 0;
        std::size_t values = 0;  // bytes
    };
    // fill(RunPos) -> Status puts into a new type what it holds.
    template <class Fill>
    Status insert(std::span<const Attribute> attributes,
                  const Store::NewItem& item,
                  Extra extra,
                  Fill&& fill) noexcept;
    // While `fill` runs, when others have written meanwhile.
    [[nodiscard]] Status go_on() noexcept;
    // Where text goes that takes over the attributes of the place in front of visible unit
    // `position`.
    Status inherit(std::uint32_t position, Store::Gap& at) noexcept;
    // Sets keys for `count` units; past the end newlines are appended.
    Status format(std::span<const Attribute> attributes, std::uint32_t count) noexcept;
    // Deletes up to `count` units and the marks that this leaves without effect.
    Status erase(std::uint32_t count) noexcept;

    [[nodiscard]] std::uint32_t position() const noexcept { return position_; }
    // Nothing at all is behind the cursor, as Yjs moves it.
    [[nodiscard]] bool at_end() const noexcept {
        return !next_.exists() && position_ == store_.units(type_) &&
               (past_deleted_ || sequences().seqs[seq_].root == kNone);
    }

    // Deletes, of the marks in the gap of the cursor, what Yjs deletes after a remote change.
    void tidy(bool whole) noexcept;

private:
    struct Keyed {
        std::uint32_t key;
        FormatValue value;
    };

    [[nodiscard]] Sequences& sequences() noexcept { return store_.sequences; }
    [[nodiscard]] const Sequences& sequences() const noexcept { return store_.sequences; }
    [[nodiscard]] FormatValue value_of(Mark mark) const noexcept;
    [[nodiscard]] Place place_of_unit(std::uint32_t position) noexcept;
    [[nodiscard]] Place place_of_cursor() noexcept;
    [[nodiscard]] FormatValue current(std::uint32_t key) noexcept;
    // The mark, if it is in the gap at `position_`.
    [[nodiscard]] Mark within_gap(Mark mark) noexcept;
    void advance() noexcept { next_ = within_gap(Formats::next(store_, *lists_, next_, false)); }
    [[nodiscard]] Mark first_mark_behind(std::uint32_t position) noexcept;
    [[nodiscard]] Mark last_mark_in_front() noexcept;
    [[nodiscard]] bool ends_with_unit(std::uint32_t position) noexcept;

    [[nodiscard]] std::size_t settled_rank(std::uint32_t key, Mark since) noexcept;
    Status current_in_order(Vec<Keyed>& current) noexcept;
    Status order_after_erase(std::span<const Mark> passed, Vec<std::uint32_t>& order) noexcept;
    Status collect_needless(Mark first, Mark& resume, Place end, Vec<Mark>& passed) noexcept;

    template <class Content>
    Status insert_with(std::span<const Attribute> attributes,
                       std::uint32_t units,
                       std::size_t text_bytes,
                       Extra extra,
                       const Content& content) noexcept;
    Status wanted_of(std::span<const Attribute> attributes) noexcept;
    [[nodiscard]] const Attribute* wanted(std::uint32_t key) const noexcept;
    void order_wanted() noexcept;
    void skip_wanted() noexcept;
    Status plan_marks() noexcept;
    void skip_undone() noexcept;
    Status collect_marks(std::uint32_t count, std::uint32_t inside) noexcept;
    void forget_undone(std::uint32_t key) noexcept;
    Status set_undone(std::uint32_t key, const FormatValue& value) noexcept;
    Status reserve(std::size_t count, std::size_t values, std::size_t text_bytes) noexcept;
    [[nodiscard]] Store::Gap gap() noexcept;
    void put_mark(Store::Gap& gap,
                  std::uint32_t key,
                  const FormatValue& value,
                  ByteView json) noexcept;
    Store::Gap put_added(Mark before) noexcept;
    void put_undone() noexcept;
    Status put_newlines(std::uint32_t count) noexcept;
    [[nodiscard]] Status ready() noexcept;
    [[nodiscard]] std::size_t size_of_undone() const noexcept;
    void delete_mark(Mark mark) noexcept { store_.delete_units(mark.run, 0, 1); }

    Store& store_;
    std::uint32_t type_;
    std::uint32_t seq_;
    FormatLists* lists_ = nullptr;
    std::uint32_t position_ = 0;  // visible units in front of the cursor
    Mark next_;                   // the living mark behind it in its gap

    Vec<Attribute> wanted_;
    Vec<Attribute> added_;  // marks to be put at the first place
    Vec<Keyed> undone_;     // what they, and deleted ones, have to be ended with
    Vec<Mark> gone_;

    bool past_deleted_ = false;  // no deleted item is directly behind the cursor
    // The order of keys in Yjs depends on marks that an erasure passed and then took away: the keys
    // that had a value when the last mark in front of the cursor was `settled_`. Else empty.
    Vec<std::uint32_t> order_;
    Mark settled_;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/rich_edit.ipp"
#include "../impl/store/rich_erase.ipp"
#include "../impl/store/rich_format.ipp"
#include "tidy.hpp"
#endif
