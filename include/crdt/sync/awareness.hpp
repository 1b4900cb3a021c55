// Who is there and what they show of themselves: names, colours, carets. Nothing of it is part of
// the document; it is gone when they are. The awareness protocol of y-protocols:
//
//   varUint entries, each: varUint client, varUint clock, varString JSON of the state or null
//
// Everybody writes the own state only and counts its clock up; an entry with a greater clock wins,
// and of two equal ones the null.
#pragma once

#include <chrono>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../base/bytes.hpp"
#include "../base/ids.hpp"
#include "../base/result.hpp"
#include "../base/vec.hpp"
#include "../codec/limits.hpp"
#include "../doc/listeners.hpp"
#include "../doc/origin.hpp"

namespace crdt {

// Clients whose states came, were written again, or went. Views: good during the call.
struct AwarenessEvent {
    std::span<const ClientId> added;
    std::span<const ClientId> updated;
    std::span<const ClientId> removed;
};

namespace detail {
using AwarenessListeners = Listeners<const AwarenessEvent&, const Origin&>;
}

struct AwarenessLimits {
    // Clients with a state. An update that brings more is refused.
    std::uint32_t clients = 1000;
    // Clients without one whose clocks are remembered, so that old states do not come back. Of more
    // the one that went first is forgotten; clients that never had a state here do not push others
    // out.
    std::uint32_t departed = 1000;
    // JSON text of one state.
    std::uint32_t state_bytes = 64U << 10U;
    std::uint32_t nesting = Limits{}.nesting;
};

// One thread at a time. States are JSON texts: validated, and kept as they were written. Nothing
// here reads a clock: `now` is the caller's, of any fixed origin, in milliseconds.
class Awareness {
public:
    using Time = std::chrono::milliseconds;
    // How often to call tick(); when the own state is written again; when a state that was not is
    // dropped.
    static constexpr Time kCheckInterval{3'000};
    static constexpr Time kRenewAfter{15'000};
    static constexpr Time kDropAfter{30'000};

    // Starts with the state {} at clock 0, which others ignore until it is set.
    Awareness(ClientId client, Time now, const AwarenessLimits& limits = {}) noexcept;
    Awareness(const Awareness&) = delete;
    Awareness& operator=(const Awareness&) = delete;
    ~Awareness();

    [[nodiscard]] ClientId client() const noexcept { return client_; }
    // Follows a document that has drawn a new id: the state goes on under it. Tell others of both.
    Status rename(ClientId client, Time now) noexcept;

    // -- the own state ---------------------------------------------------------------------------

    [[nodiscard]] std::optional<std::string_view> local_state() const noexcept {
        return state(client_);
    }
    // null takes it away. Errors: invalid_utf8, invalid_json, nesting_too_deep, limit_exceeded (the
    // state is too long, or the clock has come to 2^53-1); nothing has changed then.
    Status set_local_state(std::string_view json, Time now) noexcept;
    // Sets one member of it. Without effect while there is no state; wrong_type where it is not an
    // object.
    Status set_local_field(std::string_view field, std::string_view json, Time now) noexcept;

    // -- everybody's -----------------------------------------------------------------------------

    // Views: good until the next change.
    [[nodiscard]] std::optional<std::string_view> state(ClientId client) const noexcept;
    // Nothing if that client was never met, or forgotten.
    [[nodiscard]] std::optional<std::uint64_t> clock(ClientId client) const noexcept;
    // f(ClientId, std::string_view json) for each state. No changes meanwhile.
    template <class F>
    void for_each_state(F&& f) const {
        for (const Entry& entry : entries_) {
            if (entry.text != nullptr) f(entry.client, entry.json());
        }
    }
    // f(ClientId, std::uint64_t clock) for each client that is remembered.
    template <class F>
    void for_each_clock(F&& f) const {
        for (const Entry& entry : entries_) f(entry.client, entry.clock);
    }
    [[nodiscard]] std::size_t states() const noexcept { return states_; }

    // Takes states away here, as when their connection ends; others keep them. The clocks stay.
    Status remove(std::span<const ClientId> clients, Time now, const Origin& origin = {}) noexcept;

    // -- messages --------------------------------------------------------------------------------

    // An update about these clients; invalid_argument where one was never met. As in Yjs the states
    // 0, false and "" are written as null.
    [[nodiscard]] Result<Bytes> encode(std::span<const ClientId> clients) const noexcept;
    // About all that have a state: the answer to query awareness.
    [[nodiscard]] Result<Bytes> encode() const noexcept;
    // Whole, or refused and nothing has changed. Somebody else who takes the own state away is
    // contradicted: its clock goes up, and `update` tells it as removed, so that whoever sends what
    // `update` tells sends the state again.
    Status apply(ByteView update, Time now, const Origin& origin = {}) noexcept;

    // Renews the own state and drops those that were not renewed.
    Status tick(Time now) noexcept;

    // -- listening -------------------------------------------------------------------------------

    // f(const AwarenessEvent&, const Origin&) noexcept, after states have become different. The
    // origin is "local", "timeout", or the caller's.
    template <class F>
    [[nodiscard]] Subscription on_change(F&& f) noexcept {
        return listen(change_listeners_, std::forward<F>(f));
    }
    // The same after anything was written, renewals included: what has to be sent on.
    template <class F>
    [[nodiscard]] Subscription on_update(F&& f) noexcept {
        return listen(update_listeners_, std::forward<F>(f));
    }

private:
    // Invariants:
    //   A1  slots_ finds each entry by its client
    //   A2  entries_ stand in the order in which they were met
    //   A3  states_ entries have a text, which is trimmed, valid JSON and not null
    struct Entry {
        ClientId client{};
        std::uint64_t clock = 0;
        std::int64_t seen = 0;  // ms: when the clock was last written
        char* text = nullptr;   // JSON, owned; nullptr: no state
        std::uint32_t size = 0;

        [[nodiscard]] std::string_view json() const noexcept { return {text, size}; }
    };
    class Staged;
    class Told;

    static constexpr std::uint32_t kNone = 0xffffffffU;
    [[nodiscard]] std::uint32_t find(ClientId client) const noexcept;
    [[nodiscard]] std::size_t slot_of(ClientId client) const noexcept;
    [[nodiscard]] bool reserve(std::size_t more) noexcept;
    void fill_slots() noexcept;
    // requires: reserved, and not there yet
    std::uint32_t add(ClientId client) noexcept;
    void set_text(Entry& entry, char* text, std::uint32_t size) noexcept;
    [[nodiscard]] Result<std::string_view> checked(std::string_view json) const noexcept;
    Status set_local(std::string_view json, Time now) noexcept;
    Status read(ByteView update, Staged& staged) const noexcept;
    [[nodiscard]] std::size_t departed() const noexcept;
    void forget_departed() noexcept;
    template <class EntryAt>
    [[nodiscard]] Result<Bytes> encode_each(std::size_t count, EntryAt&& entry_at) const noexcept;

    template <class F>
    [[nodiscard]] static Subscription listen(detail::AwarenessListeners*& list, F&& f) noexcept {
        static_assert(std::is_invocable_v<std::decay_t<F>&, const AwarenessEvent&, const Origin&>,
                      "a listener takes (const crdt::AwarenessEvent&, const crdt::Origin&)");
        return detail::Subscribing::add(list, nullptr,
                                        detail::AwarenessListeners::make(std::forward<F>(f)));
    }
    void tell(const Told& told, const Origin& origin) noexcept;

    ClientId client_;
    AwarenessLimits limits_;
    detail::Vec<Entry> entries_;
    detail::Vec<std::uint32_t> slots_;  // open addressing; kNone: free
    std::size_t states_ = 0;
    detail::AwarenessListeners* change_listeners_ = nullptr;
    detail::AwarenessListeners* update_listeners_ = nullptr;
};

}  // namespace crdt

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/sync/awareness.ipp"
#endif
