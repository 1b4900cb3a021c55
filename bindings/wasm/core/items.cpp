// The history as Yjs shows it: items, one behind the other.
//
// An item is a row of units that stand side by side and were written one behind the other, alike in
// all that an item tells. The engine keeps none: they are put together when somebody looks.
//
// A struct in `out`: flags, content, number of the client, clock, length; and unless it was
// collected the parent (kind, number), what the flags announce, and of a sub-document its number,
// of a shared type its kind and number and a FirstItem. Who reads a row of elements mostly looks
// into each.
#include "border.hpp"

namespace ropewalk {

namespace {

using crdt::detail::kNone;
using crdt::detail::Place;
using crdt::detail::Run;
using crdt::detail::RunKind;
using crdt::detail::RunPos;
using crdt::detail::Span;
using crdt::detail::Store;

enum ItemFlags : std::uint8_t {
    kKept = 1,  // these three as in Item.info
    kCountable = 2,
    kDeleted = 4,
    kCut = 8,  // its item goes on behind these units
    kHasKey = 16,
    kHasCopy = 32,  // undo has put it back
};
// What is told of the list in a type: the last two are followed by its first item.
enum class FirstItem : std::uint8_t { untold, none, only, first };
// As deep as first items are told in first items.
constexpr int kLevels = 4;

// With the content: it was deleted, and the document does not keep what it was.
constexpr std::uint8_t kForgotten = 32;

crdt::detail::ContentKind content_of(const Run& run) noexcept {
    using crdt::detail::ContentKind;
    constexpr ContentKind kKinds[] = {
        ContentKind::gc,     ContentKind::deleted, ContentKind::string,  ContentKind::string,
        ContentKind::any,    ContentKind::json,    ContentKind::binary,  ContentKind::embed,
        ContentKind::format, ContentKind::type,    ContentKind::document};
    return kKinds[static_cast<std::size_t>(run.kind)];
}

// Reads the history; typing goes on afterwards.
Store& settled(Document* document) noexcept {
    Store& store = document->store();
    store.settle();
    return store;
}

struct Item {
    // Units of a span that undo has all put back, or none of them.
    struct Piece {
        Place at;
        RunPos first;
        std::uint32_t count = 0;
        bool copied = false;

        [[nodiscard]] bool exists() const noexcept { return at.leaf != kNone; }
    };
    Piece front, back;

    [[nodiscard]] bool exists() const noexcept { return front.exists(); }
};

class Items {
public:
    explicit Items(Store& store) noexcept : store_(store) {}

    // requires: the unit was not collected
    [[nodiscard]] Item around(RunPos unit) noexcept {
        const Piece at = piece_with(store_.sequences.find(unit));
        return {to_front(at), to_back(at)};
    }
    [[nodiscard]] Item behind(const Item& item) noexcept {
        const Piece at = next(item.back);
        return at.exists() ? Item{at, to_back(at)} : Item{};
    }
    [[nodiscard]] Item in_front_of(const Item& item) noexcept {
        const Piece at = previous(item.front);
        return at.exists() ? Item{to_front(at), at} : Item{};
    }
    [[nodiscard]] Item first_of(std::uint32_t seq) noexcept {
        const Place begin = store_.sequences.begin(seq);
        if (begin.leaf == kNone) return {};
        const Piece at = piece_from(begin);
        return {at, to_back(at)};
    }
    [[nodiscard]] Item last_of(std::uint32_t seq) noexcept {
        const std::uint32_t leaf = store_.sequences.seqs[seq].last;
        if (leaf == kNone) return {};
        const Piece at = last_piece({leaf, store_.sequences.nodes.leaf(leaf).count - 1U, 0});
        return {to_front(at), at};
    }

    [[nodiscard]] std::uint32_t clock_of(const Item& item) const noexcept {
        return store_.runs[item.front.first.run].clock + item.front.first.offset;
    }
    [[nodiscard]] std::uint32_t end_of(const Item& item) const noexcept {
        return store_.runs[item.back.first.run].clock + item.back.first.offset + item.back.count;
    }
    // With what begins the lists in it, so many levels deep.
    void put(Out& out, const Item& item, int levels) noexcept {
        put(out, item.front.first, end_of(item) - clock_of(item), levels);
    }
    // `length` units of one item.
    void put(Out& out, RunPos first, std::uint32_t length, int levels, bool cut = false) noexcept;

private:
    using Piece = Item::Piece;

    // From a unit on.
    [[nodiscard]] Piece piece_from(Place at) noexcept {
        const Span& span = store_.sequences.span(at);
        Piece piece{at, {span.run, span.offset + at.offset}, span.length() - at.offset, false};
        if (!store_.keeping.redone.empty()) {
            piece.copied = store_.keeping.redone.stretch(piece.first, piece.count).exists();
        }
        return piece;
    }
    [[nodiscard]] Piece piece_with(Place unit) noexcept {
        Piece piece = piece_from({unit.leaf, unit.index, 0});
        while (piece.at.offset + piece.count <= unit.offset) {
            piece = piece_from({unit.leaf, unit.index, piece.at.offset + piece.count});
        }
        return piece;
    }
    [[nodiscard]] Piece last_piece(Place span) noexcept {
        span.offset = store_.sequences.span(span).length() - 1;
        return piece_with(span);
    }
    [[nodiscard]] Piece next(const Piece& piece) noexcept {
        const std::uint32_t end = piece.at.offset + piece.count;
        if (end < store_.sequences.span(piece.at).length()) {
            return piece_from({piece.at.leaf, piece.at.index, end});
        }
        const Place at = store_.sequences.next(piece.at);
        return at.leaf == kNone ? Piece{} : piece_from(at);
    }
    [[nodiscard]] Piece previous(const Piece& piece) noexcept {
        if (piece.at.offset > 0) {
            return piece_with({piece.at.leaf, piece.at.index, piece.at.offset - 1});
        }
        const Place at = store_.sequences.previous(piece.at);
        return at.leaf == kNone ? Piece{} : last_piece(at);
    }
    [[nodiscard]] Piece to_back(Piece piece) noexcept {
        for (Piece more = next(piece); more.exists() && joins(piece, more); more = next(more)) {
            piece = more;
        }
        return piece;
    }
    [[nodiscard]] Piece to_front(Piece piece) noexcept {
        for (Piece more = previous(piece); more.exists() && joins(more, piece);
             more = previous(more)) {
            piece = more;
        }
        return piece;
    }
    // Are two neighbours one item?
    [[nodiscard]] bool joins(const Piece& a, const Piece& b) const noexcept {
        const Run& left = store_.runs[a.first.run];
        const Run& right = store_.runs[b.first.run];
        const RunPos last{a.first.run, a.first.offset + a.count - 1};
        if (left.client != right.client || a.copied || b.copied ||
            left.clock + last.offset + 1 != right.clock + b.first.offset) {
            return false;
        }
        if (&left != &right) {
            const bool whole = left.is_text() || left.has_cells() || left.kind == RunKind::deleted;
            if (!whole || content_of(left) != content_of(right) || right.right != left.right ||
                right.origin != last) {
                return false;
            }
        }
        return store_.content.deleted(left, last.offset) ==
               store_.content.deleted(right, b.first.offset);
    }

    void put_first(Out& out, std::uint32_t type, int levels) noexcept;

    Store& store_;
};

void Items::put(Out& out, RunPos first, std::uint32_t length, int levels, bool cut) noexcept {
    const Run& run = store_.runs[first.run];
    const bool gone = run.kind == RunKind::gc;
    const bool dead = store_.content.deleted(run, first.offset);
    std::uint32_t count = 1;
    const bool kept =
        dead && !gone && store_.keeping.any() && store_.keeping.keeps(store_, first, count);
    const RunPos copy =
        store_.keeping.redone.empty() ? RunPos{} : store_.keeping.redone.copy_of(first);
    const std::uint32_t key = gone ? kNone : store_.sequences.seqs[run.seq].key;

    out.byte(static_cast<std::uint8_t>(
        (kept ? kKept : 0) | (run.countable() ? kCountable : 0) | (dead ? kDeleted : 0) |
        (cut ? kCut : 0) | (key != kNone ? kHasKey : 0) | (copy.exists() ? kHasCopy : 0)));
    out.byte(static_cast<std::uint8_t>(static_cast<std::uint8_t>(content_of(run)) |
                                       (dead && !kept && store_.collect ? kForgotten : 0)));
    out.number(run.client);
    out.number(run.clock + first.offset);
    out.number(length);
    if (gone) return;
    out.type(store_, store_.sequences.seqs[run.seq].type);
    if (key != kNone) out.number(key);
    if (copy.exists()) out.id(store_, copy);
    if (run.kind == RunKind::document) out.number(first.run);
    if (run.kind != RunKind::type) return;
    out.type(store_, run.data);
    put_first(out, run.data, levels);
}

void Items::put_first(Out& out, std::uint32_t type, int levels) noexcept {
    const crdt::detail::TypeRecord& record = store_.types.types[type];
    const auto told = [&](FirstItem what) { out.byte(static_cast<std::uint8_t>(what)); };
    const bool elements = record.kind == crdt::detail::TypeKind::xml_element ||
                          record.kind == crdt::detail::TypeKind::xml_fragment;
    if (levels == 0 || !elements || record.dead) return told(FirstItem::untold);
    const Item first = first_of(record.list);
    if (!first.exists()) return told(FirstItem::none);
    told(next(first.back).exists() ? FirstItem::first : FirstItem::only);
    put(out, first, levels - 1);
}

// Behind `item`, or in front of it: at most `most` of them.
std::uint32_t put_row(
    Items& items, Out& out, Item item, bool back, std::uint32_t most, int levels) noexcept {
    for (; item.exists() && most > 0; --most) {
        items.put(out, item, levels);
        item = back ? items.in_front_of(item) : items.behind(item);
    }
    return out.done();
}

// The end of what was collected from a unit on.
std::uint32_t collected_end(const Store& store,
                            std::uint32_t client,
                            std::uint32_t clock,
                            std::uint32_t to) noexcept {
    while (clock < to) {
        const Run& run = store.runs[store.resolve(client, clock).run];
        if (run.kind != RunKind::gc) break;
        clock = run.end_clock();
    }
    return clock < to ? clock : to;
}

}  // namespace

// What a client inserted as units [from, to), the first and the last cut to these; at most `most`
// structs.
RW_EXPORT(rw_structs)
std::uint32_t rw_structs(
    Document* document, double client, std::uint32_t from, std::uint32_t to, std::uint32_t most) {
    if (const auto opened = document->store().open_history(); !opened.ok()) return answer(opened);
    Store& store = settled(document);
    Items items(store);
    Out out;
    const std::uint32_t number =
        store.clients.find(static_cast<crdt::ClientId>(static_cast<std::uint64_t>(client)));
    if (number == kNone) return out.done();
    if (to > store.clients[number].next_clock) to = store.clients[number].next_clock;
    for (; from < to && most > 0; --most) {
        const RunPos unit = store.resolve(number, from);
        std::uint32_t end = store.runs[unit.run].kind == RunKind::gc
                                ? collected_end(store, number, from, to)
                                : items.end_of(items.around(unit));
        const bool cut = end > to;
        if (cut) end = to;
        items.put(out, unit, end - from, 0, cut);
        from = end;
    }
    return out.done();
}

// The item that holds a unit, and those behind it, or in front of it: at most `most`. What was
// collected stands nowhere. `deep`: with the first items of the lists in them.
RW_EXPORT(rw_items)
std::uint32_t rw_items(Document* document,
                       double client,
                       std::uint32_t clock,
                       std::uint32_t back,
                       std::uint32_t most,
                       std::uint32_t deep) {
    if (const auto opened = document->store().open_history(); !opened.ok()) return answer(opened);
    Store& store = settled(document);
    Items items(store);
    Out out;
    const RunPos unit = crdt::detail::unit_of(
        store,
        {static_cast<crdt::ClientId>(static_cast<std::uint64_t>(client)), crdt::Clock{clock}});
    if (!unit.exists() || store.runs[unit.run].kind == RunKind::gc) return out.done();
    return put_row(items, out, items.around(unit), back != 0, most, deep != 0 ? kLevels : 0);
}

// The first items in the list of a type.
RW_EXPORT(rw_first_items)
std::uint32_t rw_first_items(Document* document, std::uint32_t type, std::uint32_t most) {
    if (const auto opened = document->store().open_history(); !opened.ok()) return answer(opened);
    Store& store = settled(document);
    Items items(store);
    Out out;
    return put_row(items, out, items.first_of(store.types.types[type].list), false, most, kLevels);
}

// The newest item of each key.
RW_EXPORT(rw_newest_items) std::uint32_t rw_newest_items(Document* document, std::uint32_t type) {
    if (const auto opened = document->store().open_history(); !opened.ok()) return answer(opened);
    Store& store = settled(document);
    Items items(store);
    Out out;
    for (std::uint32_t seq = store.types.types[type].first_key; seq != kNone;
         seq = store.sequences.seqs[seq].next_key) {
        const Item item = items.last_of(seq);
        if (item.exists()) items.put(out, item, 0);
    }
    return out.done();
}

// What holds a shared type, or a sub-document; nothing for a root.
RW_EXPORT(rw_holder)
std::uint32_t rw_holder(Document* document, std::uint32_t number, std::uint32_t is_document) {
    Store& store = settled(document);
    Out out;
    const std::uint32_t run = is_document != 0 ? number : store.types.types[number].run;
    if (run != kNone) Items(store).put(out, {run, 0}, 1, 0);
    return out.done();
}

// What an item was inserted between, each with a byte in front that tells whether it is there.
RW_EXPORT(rw_origins)
std::uint32_t rw_origins(Document* document, double client, std::uint32_t clock) {
    Store& store = settled(document);
    Out out;
    const RunPos unit = store.resolve(
        store.clients.find(static_cast<crdt::ClientId>(static_cast<std::uint64_t>(client))), clock);
    const Run& run = store.runs[unit.run];
    for (const RunPos origin :
         {unit.offset > 0 ? RunPos{unit.run, unit.offset - 1} : run.origin, run.right}) {
        out.byte(origin.exists() ? 1 : 0);
        if (origin.exists()) out.id(store, origin);
    }
    return out.done();
}

// The id of the client that has this number here.
RW_EXPORT(rw_client) double rw_client(const Document* document, std::uint32_t number) {
    return static_cast<double>(document->store().clients[number].id);
}

// The content of units of one item. Text: 0 and ASCII, or 1 and UTF-16; a format: its key and
// value; else values.
RW_EXPORT(rw_item_content)
std::uint32_t rw_item_content(Document* document,
                              double client,
                              std::uint32_t clock,
                              std::uint32_t length) {
    Store& store = settled(document);
    Out out;
    const std::uint32_t number =
        store.clients.find(static_cast<crdt::ClientId>(static_cast<std::uint64_t>(client)));
    const auto for_each_part = [&](auto&& f) {
        for (std::uint32_t at = clock; at < clock + length;) {
            const RunPos unit = store.resolve(number, at);
            const Run& run = store.runs[unit.run];
            const std::uint32_t rest = run.length - unit.offset;
            const std::uint32_t count = rest < clock + length - at ? rest : clock + length - at;
            f(run, unit, count);
            at += count;
        }
    };
    bool ascii = true;
    for_each_part([&](const Run& run, RunPos, std::uint32_t) {
        ascii = ascii && run.kind == RunKind::ascii;
    });
    const Run& first = store.runs[store.resolve(number, clock).run];
    if (first.is_text()) out.byte(ascii ? 0 : 1);
    for_each_part([&](const Run& run, RunPos unit, std::uint32_t count) {
        if (run.kind == RunKind::format) {
            out.number(store.content.format_key(run));
            return out.any(crdt::AnyView(store.content.rich_value(run)));
        }
        if (run.kind == RunKind::utf16) {
            const char16_t* const units = store.content.utf16(run, unit.offset);
            return out.raw({reinterpret_cast<const std::uint8_t*>(units), count * std::size_t{2}});
        }
        if (run.kind == RunKind::ascii && ascii) {
            return out.raw({store.content.ascii(run, unit.offset), count});
        }
        for (std::uint32_t i = 0; i < count; ++i) {
            if (run.kind == RunKind::ascii) {
                out.byte(*store.content.ascii(run, unit.offset + i));
                out.byte(0);
            } else {
                out.value(crdt::detail::Access::value(&store, {unit.run, unit.offset + i}));
            }
        }
    });
    return out.done();
}

// How many types were deleted so far: then what they hold has changed, too.
RW_EXPORT(rw_deaths) std::uint32_t rw_deaths(const Document* document) {
    return document->store().types.deaths;
}

// Deletes units wherever they stand, inside the open transaction or alone. What types among them
// hold goes at the end of the transaction.
RW_EXPORT(rw_delete_units)
std::uint32_t rw_delete_units(Document* document,
                              double client,
                              std::uint32_t clock,
                              std::uint32_t length) {
    Store& store = document->store();
    if (const auto opened = store.begin_change(); !opened.ok()) return answer(opened);
    store.disarm();
    const std::uint32_t number =
        store.clients.find(static_cast<crdt::ClientId>(static_cast<std::uint64_t>(client)));
    crdt::Status status;
    for (const std::uint32_t end = clock + length; clock < end && status.ok();) {
        const RunPos unit = store.resolve(number, clock);
        const std::uint32_t stop = std::min(end, store.runs[unit.run].end_clock());
        if (store.sequences.reserve_changes(2)) {
            store.delete_units(unit.run, unit.offset, stop - clock);
        } else {
            status = crdt::ErrorCode::out_of_memory;
        }
        clock = stop;
    }
    const crdt::Status ended = store.end_change();
    return answer(status.ok() ? ended : status);
}

}  // namespace ropewalk
