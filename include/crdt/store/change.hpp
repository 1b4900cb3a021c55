// The record of an open write: what it has inserted and deleted so far. A type writes through it;
// the room doc/ wraps it in a Transaction and turns it into update bytes and events.
//
// What was inserted are the clocks from `own_begin` and the touched clients' `begin` on; whatever
// an event needs can be told from these and from the deletions, so nothing else is recorded.
#pragma once

#include <cstdint>

#include "../base/result.hpp"
#include "../base/vec.hpp"
#include "item.hpp"

namespace crdt::detail {

struct Store;

// Where a finished change goes. Declared here, implemented above: stores call nothing upwards but
// this.
struct ChangeSink {
    void* context = nullptr;
    bool listening = false;  // somebody wants to be told of changes
    // The outermost write has ended; called only while `listening`.
    Status (*finish)(void* context, Store& store) noexcept = nullptr;
    // An outermost write begins; called only while `listening`, and only if it is set.
    void (*begin)(void* context, Store& store) noexcept = nullptr;
    // A new type stands in a text, and the marks that end its formats do not yet: who has something
    // to put into it writes now, as Yjs does. May be nullptr.
    void (*fill)(void* filler, Store& store, std::uint32_t type) noexcept = nullptr;
    void* filler = nullptr;
    // A client id for a document whose own was used by another.
    ClientId (*new_client_id)() noexcept = nullptr;
};

struct Touched {
    std::uint32_t client;
    std::uint32_t begin;  // its next clock before the change
};

struct Deletion {
    std::uint32_t client;
    std::uint32_t clock;
    std::uint32_t length;
};

struct Change {
    std::uint32_t depth = 0;      // of nested writes; 0: none is open
    std::uint32_t epoch = 0;      // number of this change, for ClientLog::touched
    bool recording = false;       // somebody wants the deletions
    bool telling = false;         // somebody was listening when it began
    bool incomplete = false;      // memory failed while recording: tell everything instead
    bool remote = false;          // it applies an update
    bool deleted_any = false;     // something was deleted
    bool own_was_remote = false;  // an update brought structs of the own client
    std::uint32_t own_begin = 0;
    Error first_error;                 // of the writes whose Status nobody need look at
    Vec<Touched> touched;              // clients other than the own one
    Vec<Deletion> deletions;           // in the order of deletion, neighbours joined
    std::uint32_t first_dead = kNone;  // types deleted by this change, chained
    std::uint32_t last_dead = kNone;
    std::uint32_t next_dead = kNone;  // the first of them whose items are still to be deleted

    void deleted(std::uint32_t client, std::uint32_t clock, std::uint32_t length) noexcept {
        deleted_any = true;
        if (!recording) return;
        if (!deletions.empty()) {
            Deletion& last = deletions.back();
            if (last.client == client && last.clock + last.length == clock) {
                last.length += length;
                return;
            }
            if (last.client == client && clock + length == last.clock) {
                last.clock = clock;
                last.length += length;
                return;
            }
        }
        if (!deletions.push_back({client, clock, length})) incomplete = true;
    }
    void note(const Error& error) noexcept {
        if (first_error.code == ErrorCode::ok) first_error = error;
    }
};

}  // namespace crdt::detail
