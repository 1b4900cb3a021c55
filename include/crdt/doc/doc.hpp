// A document: shared types by name, their history, and the updates that carry it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "../base/id_set.hpp"
#include "../codec/state_vector.hpp"
#include "../store/history_source.hpp"
#include "../types/array.hpp"
#include "../types/map.hpp"
#include "../types/text.hpp"
#include "../types/xml.hpp"
#include "client_id.hpp"
#include "listeners.hpp"
#include "observe.hpp"
#include "observers.hpp"
#include "origin.hpp"
#include "subdoc.hpp"
#include "subdocs.hpp"
#include "transaction.hpp"

namespace crdt {

struct DocOptions {
    ClientId client{};
    // Forget deleted content. Without it snapshots can be restored, and documents only grow.
    bool collect = true;
    Limits limits{};
    // Draws another id when somebody else turns out to write under this one.
    ClientId (*new_client_id)() noexcept = &random_client_id;
};

// Parts of updates whose causes have not arrived, in what a document gives away: it may have all
// that there is of them, but nobody can do anything with them yet, and a map of an epoch refuses
// them.
enum class WhatWaits : std::uint8_t { passed_on, left_out };

struct DocCore;

// Owns everything; moves. Text, Array and Map made from it are valid as long as it lives. One
// thread at a time.
class Doc {
public:
    // client <= kMaxClientId; a greater one is cut to it.
    explicit Doc(ClientId client) : Doc(DocOptions{.client = client}) {}
    explicit Doc(const DocOptions& options);
    // A document that is not unpacked before it has to be.
    Doc(const DocOptions& options, std::unique_ptr<HistorySource> source);
    Doc(Doc&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
    Doc& operator=(Doc&& other) noexcept;
    Doc(const Doc&) = delete;
    Doc& operator=(const Doc&) = delete;
    ~Doc();

    [[nodiscard]] ClientId client() const noexcept;
    // What is written from now on bears this id. Nobody else may write under it. Errors:
    // invalid_argument above kMaxClientId or while a transaction is open; no_document.
    Status set_client(ClientId client) noexcept;

    // The root of that name. Its first use gives it its type; with another type the handle answers
    // wrong_type.
    [[nodiscard]] Text text(std::string_view name) const noexcept;
    [[nodiscard]] Array array(std::string_view name) const noexcept;
    [[nodiscard]] Map map(std::string_view name) const noexcept;
    [[nodiscard]] XmlFragment xml_fragment(std::string_view name) const noexcept;
    [[nodiscard]] XmlElement xml_element(std::string_view name) const noexcept;
    [[nodiscard]] XmlText xml_text(std::string_view name) const noexcept;

    // What the root of that name is; absent if there is none, or one that came in an update and
    // that nobody here has used: its first use as a type adopts what it holds.
    [[nodiscard]] ValueKind root_kind(std::string_view name) const noexcept;
    // In the order in which this replica met them. Good as long as the document lives.
    [[nodiscard]] std::vector<std::string_view> root_names() const;

    // Edits join the open transaction; it ends with the scope.
    [[nodiscard]] Transaction transact(Origin origin = {}) noexcept;
    // The same around updates from elsewhere: listeners hear that they are, and texts are tidied up
    // after them, as after apply().
    [[nodiscard]] Transaction transact_remote(Origin origin = {}) noexcept;

    // Applies a V1 update whole, or not at all. Parts whose causes have not arrived wait
    // (has_pending) and follow by themselves.
    Status apply(ByteView update, Origin origin = {}) noexcept;
    // The same for an update in format V2, whose texts and numbers are compressed. Updates do not
    // tell their format: both sides must know which one they use.
    Status apply_v2(ByteView update, Origin origin = {}) noexcept;

    // What a replica with `known` lacks, as a V1 update.
    [[nodiscard]] Result<Bytes> encode_state_as_update(
        const StateVector& known = {}, WhatWaits waits = WhatWaits::passed_on) const noexcept;
    Status encode_state_as_update(const StateVector& known,
                                  Bytes& out,
                                  WhatWaits waits = WhatWaits::passed_on) const noexcept;
    [[nodiscard]] Result<Bytes> encode_state_as_update_v2(
        const StateVector& known = {}, WhatWaits waits = WhatWaits::passed_on) const noexcept;
    Status encode_state_as_update_v2(const StateVector& known,
                                     Bytes& out,
                                     WhatWaits waits = WhatWaits::passed_on) const noexcept;
    // Equal for two documents iff they hold the same ids with the same content and deletions.
    [[nodiscard]] Result<Bytes> encode_canonical() const noexcept;
    [[nodiscard]] Result<StateVector> state_vector() const noexcept;
    [[nodiscard]] Result<Bytes> encode_state_vector() const noexcept;
    [[nodiscard]] Result<IdSet> delete_set() const noexcept;

    // Does anything wait for updates that have not arrived?
    [[nodiscard]] bool has_pending() const noexcept;
    // For each client that something waits for: the first clock that is lacking.
    [[nodiscard]] Result<StateVector> missing() const noexcept;
    [[nodiscard]] Result<IdSet> pending_deletes() const noexcept;

    // Where a position is now; nothing, where what it names is not known here or is gone. A unit
    // that was deleted is where it was. `follow_undone`: one that undo has put back is where it is
    // again. See doc/relative_position.hpp. O(log n)
    [[nodiscard]] std::optional<Place> resolve(const RelativePosition& position,
                                               bool follow_undone = true) const noexcept;

    // f(ByteView update, const Origin&) noexcept after each transaction that changed something.
    // The bytes are good during the call. May edit the document: that is told afterwards.
    template <class F>
    [[nodiscard]] Subscription on_update(F&& f) noexcept {
        return listen_update(UpdateFormat::v1, std::forward<F>(f));
    }
    // The same in format V2, which is only encoded where somebody listens.
    template <class F>
    [[nodiscard]] Subscription on_update_v2(F&& f) noexcept {
        return listen_update(UpdateFormat::v2, std::forward<F>(f));
    }

    // What happens around a transaction, in this order: it begins; it ends and observers of types
    // are told (text.observe, array.observe_deep, ...); it is over; its update is told. What a
    // listener or observer edits meanwhile is a transaction of its own, told when all that belongs
    // to this one has been. So is what tidies formats up after an update: without an origin, it
    // begins between on_after_transaction and on_after_cleanup.
    // f(const Origin&) noexcept when a transaction has begun: edits in it belong to it.
    template <class F>
    [[nodiscard]] Subscription on_before_transaction(F&& f) noexcept {
        return listen_begin(detail::BeginListeners::make(std::forward<F>(f)));
    }
    // f(const TransactionEvent&) noexcept when one has ended, also where it changed nothing:
    // before observers are called, after them, and last before its update.
    template <class F>
    [[nodiscard]] Subscription on_before_observers(F&& f) noexcept {
        return listen_end(detail::Hook::before_observers,
                          detail::TransactionListeners::make(std::forward<F>(f)));
    }
    template <class F>
    [[nodiscard]] Subscription on_after_transaction(F&& f) noexcept {
        return listen_end(detail::Hook::after_transaction,
                          detail::TransactionListeners::make(std::forward<F>(f)));
    }
    template <class F>
    [[nodiscard]] Subscription on_after_cleanup(F&& f) noexcept {
        return listen_end(detail::Hook::after_cleanup,
                          detail::TransactionListeners::make(std::forward<F>(f)));
    }

    // Sub-documents that live, in the order in which this replica met them.
    [[nodiscard]] std::vector<Subdoc> subdocs() const;
    // The instance: a document for the content of a sub-document, made when it is first asked for,
    // empty, with the client id of this one. It goes with this document, or when the sub-document
    // is deleted or destroyed and that has been told. nullptr: deleted, of another document, or
    // memory is exhausted.
    [[nodiscard]] Doc* open(const Subdoc& subdoc) noexcept;
    // Makes a document the instance, with the client id of this one; an earlier instance goes.
    // Errors: deleted_type; no_document; invalid_argument while a transaction of it is open.
    Status attach(const Subdoc& subdoc, Doc instance) noexcept;
    // f(const SubdocsEvent&) noexcept after each transaction that added, deleted, loaded or
    // destroyed sub-documents: last, behind its update.
    template <class F>
    [[nodiscard]] Subscription on_subdocs(F&& f) noexcept {
        return listen_subdocs(detail::SubdocListeners::make(std::forward<F>(f)));
    }

    // The room below, for bindings and tests.
    [[nodiscard]] detail::Store* store() const noexcept;
    // The change that listeners are being told of, if somebody observes the document; else nullptr.
    [[nodiscard]] detail::ToldChange* told() const noexcept;

private:
    template <class F>
    [[nodiscard]] Subscription listen_update(UpdateFormat format, F&& f) noexcept {
        static_assert(std::is_invocable_v<std::decay_t<F>&, ByteView, const Origin&>,
                      "a listener takes (crdt::ByteView update, const crdt::Origin& origin)");
        return listen(format, detail::UpdateListeners::make(std::forward<F>(f)));
    }
    Status apply(ByteView update, UpdateFormat format, Origin origin) noexcept;
    [[nodiscard]] Subscription listen(UpdateFormat format,
                                      const detail::ListenerList::Entry& entry) noexcept;
    [[nodiscard]] Subscription listen_begin(const detail::ListenerList::Entry& entry) noexcept;
    [[nodiscard]] Subscription listen_end(detail::Hook hook,
                                          const detail::ListenerList::Entry& entry) noexcept;
    [[nodiscard]] Subscription listen_subdocs(const detail::ListenerList::Entry& entry) noexcept;
    [[nodiscard]] Doc** instance_of(const Subdoc& subdoc) noexcept;
    [[nodiscard]] std::uint32_t root(std::string_view name, detail::TypeKind kind) const noexcept;

    DocCore* core_ = nullptr;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/doc/doc.ipp"
#include "../impl/doc/observe.ipp"
#include "../impl/doc/subdoc.ipp"
#include "../impl/types/value.ipp"
#endif
