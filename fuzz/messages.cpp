// Promise: any frame is split into messages or refused, and any message is taken whole or refused
// whole: documents and awareness are sound either way, what is answered can be read, and what was
// taken is told and passed on as it is.
#include <map>

#include "support.hpp"

namespace {

constexpr crdt::Awareness::Time kNow{1'000'000};

void check_sync(crdt::ByteView message) {
    crdt::Doc doc = fuzz::seeded(0xffff);
    const std::string before = support::fingerprint(doc);
    crdt::Bytes reply;
    const auto received = crdt::receive_sync_message(doc, message, reply);
    fuzz::require_sound(doc);
    if (!received.ok()) {
        fuzz::require(received.error().offset <= message.size(),
                      "an error lies within the message");
        fuzz::require(reply.empty(), "what is refused is not answered");
    }
    const bool taken = received.ok() && received->applied.ok();
    const bool step1 = received.ok() && received->kind == crdt::SyncKind::step1;
    if (!taken || step1) {
        fuzz::require(support::fingerprint(doc) == before, "what is not taken changes nothing");
    }
    fuzz::require(step1 != reply.empty(), "step 1 and nothing else is answered");
    if (!step1) return;
    crdt::Doc other = support::document(0x1ffff);
    crdt::Bytes nothing;
    const auto answer = crdt::receive_sync_message(other, reply, nothing);
    fuzz::require(answer.ok() && answer->applied.ok(), "an answer can be read");
    fuzz::require(answer->kind == crdt::SyncKind::step2 && nothing.empty(), "an answer is step 2");
}

using States = std::map<std::uint64_t, std::string>;
using Clocks = std::map<std::uint64_t, std::uint64_t>;

States states_of(const crdt::Awareness& awareness) {
    States all;
    awareness.for_each_state(
        [&](crdt::ClientId client, std::string_view json) { all[raw(client)] = json; });
    fuzz::require(all.size() == awareness.states(), "states are counted");
    return all;
}
Clocks clocks_of(const crdt::Awareness& awareness) {
    Clocks all;
    awareness.for_each_clock([&](crdt::ClientId client, std::uint64_t clock) {
        fuzz::require(awareness.clock(client) == clock, "a client that is remembered is found");
        fuzz::require(all.emplace(raw(client), clock).second, "a client is remembered once");
    });
    return all;
}

void check_awareness(crdt::ByteView update) {
    constexpr crdt::AwarenessLimits kFew{.clients = 8, .departed = 4, .state_bytes = 64};
    crdt::Awareness awareness(crdt::ClientId{1}, kNow, kFew);
    fuzz::require(awareness.set_local_state("{\"n\":1}", kNow).ok(), "a state is set");
    bool told = false;
    const auto listening = awareness.on_update(
        [&](const crdt::AwarenessEvent&, const crdt::Origin&) noexcept { told = true; });
    const States before = states_of(awareness);
    const Clocks clocks = clocks_of(awareness);
    const crdt::Status status = awareness.apply(update, kNow);
    const States after = states_of(awareness);
    const Clocks moved = clocks_of(awareness);
    if (!status.ok()) {
        fuzz::require(status.error().offset <= update.size(), "an error lies within the update");
        fuzz::require(after == before && moved == clocks && !told, "a refusal changes nothing");
        return;
    }
    fuzz::require(told || after == before, "what has changed is told");
    fuzz::require(after.size() <= kFew.clients + 1, "states are bounded");
    fuzz::require(moved.size() <= kFew.clients + 1 + kFew.departed, "clocks are bounded");
    fuzz::require(after.contains(1) || moved.at(1) > clocks.at(1), "clocks rise");

    // What is passed on brings another to the same states.
    crdt::Awareness other(crdt::ClientId{2}, kNow, kFew);
    fuzz::require(other.set_local_state("null", kNow).ok(), "a state is taken away");
    const auto encoded = awareness.encode();
    fuzz::require(encoded.ok() && other.apply(*encoded, kNow).ok(), "what we write can be read");
    for (const auto& [client, json] : states_of(other)) {
        fuzz::require(after.contains(client) && after.at(client) == json, "states pass unchanged");
    }
    // It still works.
    const crdt::Status again = awareness.set_local_state("[1]", kNow);
    fuzz::require(again.ok() || again.error().code == crdt::ErrorCode::limit_exceeded,
                  "an awareness goes on after an update");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const crdt::ByteView frame(data, size);
    std::size_t seen = 0;
    for (crdt::MessageReader in(frame); !in.at_end();) {
        const crdt::Result<crdt::Message> message = in.next();
        if (!message) {
            fuzz::require(message.error().offset <= size, "an error lies within the frame");
            fuzz::require(in.at_end(), "nothing follows an error");
            break;
        }
        fuzz::require(++seen <= size, "a message takes a byte");
        if (seen > 4) continue;  // each is checked for itself: a few are enough
        if (message->kind == crdt::MessageKind::sync) check_sync(message->payload);
        if (message->kind == crdt::MessageKind::awareness) check_awareness(message->payload);
        if (message->kind == crdt::MessageKind::auth) {
            const auto reason = crdt::read_auth_message(message->payload);
            fuzz::require(reason.ok() || reason.error().offset <= message->payload.size(),
                          "an error lies within the message");
        }
    }
    check_sync(frame);
    check_awareness(frame);
    return 0;
}
