// What a container needs to know of a document besides its history: who comes when, which text is
// where, and what is deleted. The one place of this room that builds a document, to write one.
#pragma once

#include "../store/block_walk.hpp"
#include "history_columns.hpp"

namespace crdt::detail {

class DocumentOrder {
public:
    // Visible text of one run in one piece.
    struct Span {
        std::uint32_t client;  // place in `clients`
        std::uint32_t clock;
        std::uint32_t units;
        std::uint32_t bytes;
        std::uint32_t at;  // in `text`
    };
    struct Client {
        std::uint64_t id;
        std::uint32_t number;  // in the store
        std::uint32_t units;
    };
    struct Root {
        std::uint32_t type;
        std::uint32_t at;
        std::uint32_t bytes;
    };

    DocumentOrder() noexcept : store_(ClientId{0}) {}

    Status open(ByteView update, UpdateFormat format, bool collect, const Limits& limits) noexcept;
    // The document with what waits, in V1, and in the form of update/exact_form.hpp.
    Status encode(Bytes& v1, Bytes& exact) noexcept;

    [[nodiscard]] Bytes& text() noexcept { return text_; }
    [[nodiscard]] const Vec<Client>& clients() const noexcept { return clients_; }
    [[nodiscard]] const Vec<Span>& spans() const noexcept { return spans_; }
    [[nodiscard]] const Vec<Root>& roots() const noexcept { return roots_; }
    [[nodiscard]] std::string_view root_name(const Root& root) const noexcept {
        return store_.types.names[store_.types.types[root.type].name];
    }
    // Place in `clients`; kNoSlot: it has inserted nothing. O(log n)
    [[nodiscard]] std::uint32_t find(std::uint64_t id) const noexcept;
    // Sorted and joined. False: memory is exhausted.
    [[nodiscard]] bool deletions_of(std::uint32_t client, Vec<Deletion>& ranges) noexcept {
        return BlockWalk(store_, false, false).deletions_of(clients_[client].number, ranges);
    }
    [[nodiscard]] const Vec<Deletion>& waiting_deletions() const noexcept {
        return store_.pending.deletions();
    }
    [[nodiscard]] std::uint64_t id_of(const Deletion& deletion) const noexcept {
        return store_.clients[deletion.client].id;
    }
    [[nodiscard]] bool has_waiting() const noexcept { return !store_.pending.empty(); }

private:
    Status take_clients() noexcept;
    Status take_text(std::uint32_t seq) noexcept;

    Store store_;
    Vec<Client> clients_;          // highest id first
    Vec<std::uint32_t> place_of_;  // number in the store -> place in `clients_`
    Vec<Root> roots_;              // in the order of their texts
    Vec<Span> spans_;              // by client and clock, once open() is done
    Bytes text_;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/storage/document_order.ipp"
#endif
