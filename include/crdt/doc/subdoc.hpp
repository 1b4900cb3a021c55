// Sub-documents: documents by reference inside another.
//
//     folder.set("minutes", crdt::DocumentInit("b8f1..."));
//     crdt::Subdoc minutes = folder.get("minutes").document();
//     minutes.load();                              // here I want its content: on_subdocs tells so
//     crdt::Doc* content = doc.open(minutes);      // made when first asked for, empty
//     content->apply(bytes_kept_under(minutes.guid()));
//
// What the outer document holds and sends is an id and a few options; the content is a history by
// itself, which the application finds by the id. Who wants the content is not sent either: a
// sub-document that arrives is not loaded until somebody here calls load(), or its author said
// auto_load. A document without any pays nothing; one that holds some keeps nothing of them beside
// their items until somebody asks.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "../codec/any.hpp"
#include "../types/value.hpp"

namespace crdt {

class Doc;
struct DocCore;

namespace detail {
class Subdocs;
}

// The place of a sub-document in the document around it: two words, copied freely, good as long as
// the outer document lives. Two places may hold the same id; each is loaded by itself.
class Subdoc {
public:
    Subdoc() noexcept = default;

    // Is there one? It may have been deleted since: see alive().
    [[nodiscard]] bool exists() const noexcept { return run_ != detail::kNone; }
    [[nodiscard]] bool alive() const noexcept;

    // These are good, also of one that was deleted, as long as the outer document lives.
    [[nodiscard]] std::string_view guid() const noexcept;
    // Everything that is told of it, as an object: members of later releases, too.
    [[nodiscard]] AnyView options() const noexcept;
    // Whether its content forgets what is deleted.
    [[nodiscard]] bool collect() const noexcept;
    [[nodiscard]] bool auto_load() const noexcept;
    // What the application had to say; null if nothing.
    [[nodiscard]] AnyView meta() const noexcept;

    // Does somebody here want its content? Never sent.
    [[nodiscard]] bool should_load() const noexcept;
    // Says so, and on_subdocs tells it once. Errors: deleted_type; no_document.
    Status load() const noexcept;
    // Not any more: the instance goes, on_subdocs tells it as removed and added, not loaded. The
    // item stays. What Doc::open() returned is gone when the transaction has ended and its
    // listeners have been told.
    Status destroy() const noexcept;

    friend bool operator==(const Subdoc&, const Subdoc&) noexcept = default;

private:
    friend class Doc;
    friend class Value;
    friend class detail::Subdocs;
    friend struct detail::Access;
    Subdoc(detail::Store* store, std::uint32_t run) noexcept : store_(store), run_(run) {}
    [[nodiscard]] ByteView stored() const noexcept;
    template <class Edit>
    Status change(Edit&& edit) const noexcept;

    detail::Store* store_ = nullptr;
    std::uint32_t run_ = detail::kNone;
};

inline std::uint32_t detail::Access::run(const Subdoc& subdoc) noexcept { return subdoc.run_; }

// What became of sub-documents in one transaction. Good during the call; the handles stay good.
class SubdocsEvent {
public:
    // In the order in which this replica met them. What was added and deleted in one transaction
    // is neither added nor removed.
    [[nodiscard]] std::span<const Subdoc> added() const noexcept { return added_; }
    [[nodiscard]] std::span<const Subdoc> removed() const noexcept { return removed_; }
    [[nodiscard]] std::span<const Subdoc> loaded() const noexcept { return loaded_; }

private:
    friend class detail::Subdocs;
    std::span<const Subdoc> added_;
    std::span<const Subdoc> removed_;
    std::span<const Subdoc> loaded_;
};

}  // namespace crdt
