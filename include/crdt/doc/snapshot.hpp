// What a document looked like: which ids were known and which of them deleted. Small, and good
// only together with a document that has them.
//
//   delete set (of V1 or V2), then state vector
#pragma once

#include <string>
#include <string_view>

#include "../store/shown.hpp"
#include "doc.hpp"

namespace crdt {

// Of two snapshots, the newer and the older: who has a piece.
enum class Difference : std::uint8_t { none, added, removed };

// Moves; copies only by clone_into(). A document that forgets deleted content (DocOptions::collect)
// shows of a snapshot what is left, and restores none.
class Snapshot {
public:
    Snapshot() noexcept = default;  // of an empty document
    Snapshot(StateVector known, IdSet deleted) noexcept
        : known_(std::move(known)), deleted_(std::move(deleted)) {}

    [[nodiscard]] static Result<Snapshot> of(const Doc& doc) noexcept;
    [[nodiscard]] static Result<Snapshot> decode(ByteView input,
                                                 const Limits& limits = {}) noexcept;
    [[nodiscard]] static Result<Snapshot> decode_v2(ByteView input,
                                                    const Limits& limits = {}) noexcept;
    [[nodiscard]] Result<Bytes> encode() const noexcept;
    [[nodiscard]] Result<Bytes> encode_v2() const noexcept;
    [[nodiscard]] bool clone_into(Snapshot& copy) const noexcept {
        return known_.clone_into(copy.known_) && deleted_.clone_into(copy.deleted_);
    }

    [[nodiscard]] const StateVector& state_vector() const noexcept { return known_; }
    [[nodiscard]] const IdSet& deletions() const noexcept { return deleted_; }
    // Was this unit there and not deleted?
    [[nodiscard]] bool shows(Id id) const noexcept {
        return id.clock < known_.get(id.client) && !deleted_.contains(id);
    }
    // Whether a V1 update holds nothing that is not in here.
    [[nodiscard]] Result<bool> contains_update(ByteView update,
                                               const Limits& limits = {}) const noexcept;
    friend bool operator==(const Snapshot& a, const Snapshot& b) noexcept {
        return a.known_ == b.known_ && a.deleted_ == b.deleted_;
    }

    // A document of its own in this state: what was deleted later is there again. Errors:
    // collected; invalid_argument if `doc` does not have all that was known.
    [[nodiscard]] Result<Doc> restore(const Doc& doc, const DocOptions& options) const noexcept;

    // -- a document's types as they were --------------------------------------------------------

    // Appends the text as UTF-8.
    Status append_to(const Text& text, Bytes& out) const noexcept;
    [[nodiscard]] std::string to_string(const Text& text) const;
    // With formats and embeds. With `older` also what only that had; text that differs bears the
    // attribute ychange, as Yjs tells it: {"type": "added"} or {"type": "removed"}.
    [[nodiscard]] Delta to_delta(const Text& text, const Snapshot* older = nullptr) const;
    // f(Difference, std::string_view utf8) for each piece of text that this snapshot or `older`
    // has, in order. Pieces that differ are told by insertion.
    template <class F>
    Status for_each_difference(const Text& text, const Snapshot& older, F&& f) const;

    // f(Value) for each element.
    template <class F>
    void for_each(const Array& array, F&& f) const {
        const std::uint32_t seq = array.readable();
        if (seq == detail::kNone) return;
        detail::Store* store = array.store_;
        detail::for_each_shown(*store, seq, past(), nullptr, [&](const detail::ShownUnits& shown) {
            const detail::RunPart& part = shown.part;
            if (!store->runs[part.run].countable()) return;
            for (std::uint32_t i = 0; i < part.count; ++i) {
                f(Value{store, {part.run, part.offset + i}});
            }
        });
    }
    // The value of a key of a map, or of an attribute; of kind absent if it had none.
    [[nodiscard]] Value get(const SharedType& type, std::string_view key) const noexcept;
    // f(std::string_view key, Value) for each of them.
    template <class F>
    void for_each_entry(const SharedType& type, F&& f) const {
        if (type.readable() == detail::kNone) return;
        detail::Store* store = type.store_;
        for (std::uint32_t seq = store->types.types[type.type_].first_key; seq != detail::kNone;
             seq = store->sequences.seqs[seq].next_key) {
            const detail::RunPos value = detail::value_then(*store, seq, past());
            if (value.exists()) {
                f(store->types.names[store->sequences.seqs[seq].key], Value{store, value});
            }
        }
    }

private:
    [[nodiscard]] detail::PastState past() const noexcept { return {known_, deleted_}; }
    [[nodiscard]] static Status append_part(const detail::Store& store,
                                            const detail::RunPart& part,
                                            Bytes& out) noexcept;

    StateVector known_;
    IdSet deleted_;
};

template <class F>
Status Snapshot::for_each_difference(const Text& text, const Snapshot& older, F&& f) const {
    const std::uint32_t seq = text.readable();
    if (seq == detail::kNone) return text.check();
    detail::Store* store = text.store_;
    const detail::PastState before = older.past();
    Status status;
    Bytes piece;
    Difference kind = Difference::none;
    detail::for_each_shown(*store, seq, past(), &before, [&](const detail::ShownUnits& shown) {
        if (!store->runs[shown.part.run].is_text() || !status.ok()) return;
        Difference next = Difference::none;
        if (!shown.now) {
            next = Difference::removed;
        } else if (!shown.before) {
            next = Difference::added;
        }
        if (!piece.empty() && (next != kind || (next != Difference::none && !shown.continues))) {
            f(kind, as_text(piece));
            piece.clear();
        }
        kind = next;
        status = append_part(*store, shown.part, piece);
    });
    if (status.ok() && !piece.empty()) f(kind, as_text(piece));
    return status;
}

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/doc/snapshot.ipp"
#endif
