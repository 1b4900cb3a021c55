// A document: shared types by name, their history, and the updates that carry it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>

#include "../base/id_set.hpp"
#include "../codec/state_vector.hpp"
#include "../store/history_source.hpp"
#include "../types/array.hpp"
#include "../types/map.hpp"
#include "../types/text.hpp"
#include "client_id.hpp"
#include "listeners.hpp"
#include "origin.hpp"
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

    // The root of that name. Its first use gives it its type; with another type the handle answers
    // wrong_type.
    [[nodiscard]] Text text(std::string_view root) const noexcept;
    [[nodiscard]] Array array(std::string_view root) const noexcept;
    [[nodiscard]] Map map(std::string_view root) const noexcept;

    // Edits join the open transaction; it ends with the scope.
    [[nodiscard]] Transaction transact(Origin origin = {}) noexcept;

    // Applies a V1 update whole, or not at all. Parts whose causes have not arrived wait
    // (has_pending) and follow by themselves.
    Status apply(ByteView update, Origin origin = {}) noexcept;
    // The same for an update in format V2, whose texts and numbers are compressed. Updates do not
    // tell their format: both sides must know which one they use.
    Status apply_v2(ByteView update, Origin origin = {}) noexcept;

    // What a replica with `known` lacks, as a V1 update; what waits is passed on.
    [[nodiscard]] Result<Bytes> encode_state_as_update(
        const StateVector& known = {}) const noexcept;
    Status encode_state_as_update(const StateVector& known, Bytes& out) const noexcept;
    [[nodiscard]] Result<Bytes> encode_state_as_update_v2(
        const StateVector& known = {}) const noexcept;
    Status encode_state_as_update_v2(const StateVector& known, Bytes& out) const noexcept;
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

    // Where a position is now; nothing, where what it names is not known here or is gone. A unit that
    // was deleted is where it was. `follow_undone`: one that undo has put back is where it is again.
    // See doc/relative_position.hpp. O(log n)
    [[nodiscard]] std::optional<Place> resolve(const RelativePosition& position,
                                               bool follow_undone = true) const noexcept;

    // f(ByteView update, const Origin&) noexcept after each transaction that changed something.
    // The bytes are good during the call. May edit the document: that is told afterwards.
    template <class F>
    [[nodiscard]] Subscription on_update(F&& f) noexcept {
        return listen(UpdateFormat::v1, std::forward<F>(f));
    }
    // The same in format V2, which is only encoded where somebody listens.
    template <class F>
    [[nodiscard]] Subscription on_update_v2(F&& f) noexcept {
        return listen(UpdateFormat::v2, std::forward<F>(f));
    }

    // The room below, for bindings and tests.
    [[nodiscard]] detail::Store* store() const noexcept;

private:
    template <class F>
    [[nodiscard]] Subscription listen(UpdateFormat format, F&& f) noexcept {
        using Callback = std::decay_t<F>;
        static_assert(std::is_invocable_v<Callback&, ByteView, const Origin&>,
                      "a listener takes (crdt::ByteView update, const crdt::Origin& origin)");
        void* object = detail::allocate(sizeof(Callback));
        if (object == nullptr) return {};
        ::new (object) Callback(std::forward<F>(f));
        return listen({[](void* callback, ByteView update, const Origin& origin) noexcept {
                           (*static_cast<Callback*>(callback))(update, origin);
                       },
                       [](void* callback) noexcept {
                           static_cast<Callback*>(callback)->~Callback();
                           detail::release(callback);
                       },
                       object, 0, format});
    }
    Status apply(ByteView update, UpdateFormat format, Origin origin) noexcept;
    [[nodiscard]] Subscription listen(detail::UpdateListeners::Listener listener) noexcept;
    [[nodiscard]] std::uint32_t root(std::string_view name, detail::TypeKind kind) const noexcept;

    DocCore* core_ = nullptr;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/doc/doc.ipp"
#include "../impl/types/value.ipp"
#endif
