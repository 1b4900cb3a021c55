// Documents and awareness that know one another by messages only, over connections that lose them,
// swap them and repeat them.
#include <map>
#include <memory>

#include "property.hpp"
#include "support/document.hpp"
#include "support/edits.hpp"

using support::broken;
using support::canonical;
using support::document;
using support::Random;
using support::text_of;

namespace {

// What y-websocket's peers do: each frame is one message, a step 1 is answered, updates and
// awareness are passed on.
struct Peer {
    explicit Peer(std::uint64_t id)
        : doc(document(id)), awareness(crdt::ClientId{id}, crdt::Awareness::Time(0)) {}

    [[nodiscard]] std::string step1() const {
        crdt::Bytes message;
        crdt::Bytes frame;
        crdt::write_sync_step1(doc, message).value();
        crdt::append_message(crdt::MessageKind::sync, message, frame).value();
        return text_of(frame);
    }
    [[nodiscard]] std::string presence() const {
        crdt::Bytes frame;
        crdt::append_message(crdt::MessageKind::awareness, awareness.encode().value(), frame)
            .value();
        return text_of(frame);
    }
    // Takes a frame and returns the answer, if there is one.
    std::string take(std::string_view frame, crdt::Awareness::Time now) {
        crdt::Bytes answer;
        for (crdt::MessageReader in(crdt::as_bytes(frame)); !in.at_end();) {
            const crdt::Message message = in.next().value();
            crdt::Bytes reply;
            switch (message.kind) {
                case crdt::MessageKind::sync:
                    crdt::receive_sync_message(doc, message.payload, reply).value().applied.value();
                    if (reply.empty()) break;
                    crdt::append_message(crdt::MessageKind::sync, reply, answer).value();
                    break;
                case crdt::MessageKind::awareness:
                    awareness.apply(message.payload, now, "wire").value();
                    break;
                case crdt::MessageKind::query_awareness:
                    return presence();
                default:
                    throw std::runtime_error("no such message is sent here");
            }
        }
        return text_of(answer);
    }

    crdt::Doc doc;
    crdt::Awareness awareness;
    std::vector<std::string> inbox;
    std::vector<crdt::Subscription> subscriptions;
};

class Room {
public:
    explicit Room(std::size_t count) {
        for (std::uint64_t id = 1; id <= count; ++id) peers_.push_back(std::make_unique<Peer>(id));
        for (const auto& peer : peers_) {
            Peer* const self = peer.get();
            self->subscriptions.push_back(self->doc.on_update(
                [this, self](crdt::ByteView update, const crdt::Origin& origin) noexcept {
                    if (origin.remote()) return;
                    crdt::Bytes message;
                    crdt::Bytes frame;
                    crdt::write_sync_update(update, message).value();
                    crdt::append_message(crdt::MessageKind::sync, message, frame).value();
                    broadcast(*self, text_of(frame));
                }));
        }
    }

    void step(std::uint64_t seed) {
        Random pick(seed);
        Peer& peer = *peers_[pick(peers_.size())];
        now_ += crdt::Awareness::Time(pick(4000));
        switch (pick(10)) {
            case 0:
            case 1:
            case 2:
                support::edit(peer.doc, pick, nullptr).value();
                break;
            case 3:
                say(peer, pick);
                break;
            case 4:
                broadcast(peer, peer.step1());
                break;
            case 5:
                broadcast(peer, std::string("\x03", 1));
                break;
            case 6:
                if (!peer.inbox.empty()) drop(peer, pick(peer.inbox.size()));  // lost
                break;
            case 7:
                if (!peer.inbox.empty()) peer.inbox.push_back(peer.inbox[pick(peer.inbox.size())]);
                break;
            default:
                if (!peer.inbox.empty()) deliver(peer, pick(peer.inbox.size()));
        }
    }
    // Nothing is lost any more: all meet, and all is delivered.
    void settle() {
        for (const auto& peer : peers_) peer->inbox.clear();
        for (int round = 0; round < 2; ++round) {
            for (const auto& peer : peers_) {
                broadcast(*peer, peer->step1());
                broadcast(*peer, peer->presence());
            }
            for (bool any = true; any;) {
                any = false;
                for (const auto& peer : peers_) {
                    while (!peer->inbox.empty()) {
                        any = true;
                        deliver(*peer, 0);
                    }
                }
            }
        }
    }
    void difference() const {
        const Peer& first = *peers_[0];
        for (const auto& peer : peers_) {
            RC_ASSERT(broken(peer->doc) == "");
            RC_ASSERT(!peer->doc.has_pending());
            RC_ASSERT(canonical(peer->doc) == canonical(first.doc));
            // Everybody shows to all what they show to themselves.
            for (const auto& other : peers_) {
                const auto mine = peer->awareness.local_state();
                const auto theirs = other->awareness.state(peer->awareness.client());
                RC_ASSERT(mine.has_value() == theirs.has_value());
                if (mine) RC_ASSERT(*mine == *theirs);
            }
        }
    }
    // So that everybody has spoken: at clock 0 nobody is heard.
    void greet() {
        for (const auto& peer : peers_) peer->awareness.set_local_state("\"hi\"", now_).value();
    }
    void tick() {
        for (const auto& peer : peers_) peer->awareness.tick(now_).value();
    }

private:
    void broadcast(const Peer& from, const std::string& frame) {
        for (const auto& peer : peers_) {
            if (peer.get() != &from) peer->inbox.push_back(frame);
        }
    }
    static void drop(Peer& peer, std::size_t i) {
        peer.inbox.erase(peer.inbox.begin() + static_cast<std::ptrdiff_t>(i));
    }
    void deliver(Peer& peer, std::size_t i) {
        const std::string frame = std::move(peer.inbox[i]);
        drop(peer, i);
        const std::string answer = peer.take(frame, now_);
        if (!answer.empty()) broadcast(peer, answer);
    }
    void say(Peer& peer, Random& pick) {
        crdt::Awareness& awareness = peer.awareness;
        switch (pick(5)) {
            case 0:
                awareness.set_local_state("null", now_).value();
                break;
            case 1:
                awareness.set_local_state("{}", now_).value();
                break;
            case 2: {  // somebody's connection has ended
                const crdt::ClientId gone[] = {crdt::ClientId{1 + pick(peers_.size())}};
                if (gone[0] != awareness.client()) awareness.remove(gone, now_).value();
                break;
            }
            case 3:
                awareness.tick(now_).value();
                break;
            default:
                if (awareness.local_state() == "\"hi\"") awareness.set_local_state("{}", now_);
                awareness.set_local_field("n", std::to_string(pick(100)), now_).value();
        }
        broadcast(peer, peer.presence());
    }

    std::vector<std::unique_ptr<Peer>> peers_;
    crdt::Awareness::Time now_{0};
};

}  // namespace

TEST_CASE("[P1] documents that exchange sync messages converge, whatever was lost") {
    holds("converge", [](const Steps& steps) {
        Room room(3);
        for (const std::uint32_t seed : steps) room.step(seed);
        room.greet();
        room.settle();
        room.difference();
    });
}

TEST_CASE("awareness converges once everybody has written again") {
    holds("converge", [](const Steps& steps) {
        Room room(4);
        room.greet();
        for (const std::uint32_t seed : steps) room.step(seed);
        room.tick();
        room.greet();
        room.settle();
        room.difference();
    });
}

TEST_CASE("relative positions follow their unit through edits of several people") {
    holds("positions", [](const Steps& steps) {
        crdt::Doc a = document(1);
        crdt::Doc b = document(2);
        const crdt::Text text = a.text("t");
        CHECK(b.text("t").alive());  // a root that nobody has asked for is not known
        std::vector<crdt::RelativePosition> kept;
        for (const std::uint32_t seed : steps) {
            Random pick(seed);
            crdt::Doc& doc = pick(2) == 0 ? a : b;
            support::edit(doc, pick, nullptr).value();
            const crdt::Text here = doc.text("t");
            const std::size_t index = pick(here.length() + 1);
            const auto association =
                pick(2) == 0 ? crdt::Association::before : crdt::Association::after;
            const crdt::RelativePosition made = here.position_at(index, association);
            const auto place = doc.resolve(made);
            RC_ASSERT(place.has_value());
            RC_ASSERT(place->index == index);
            RC_ASSERT(place->type == here);
            kept.push_back(made);
            if (pick(4) == 0) {
                support::receive(a, support::diff_for(b, a)).value();
                support::receive(b, support::diff_for(a, b)).value();
            }
        }
        support::receive(a, support::diff_for(b, a)).value();
        support::receive(b, support::diff_for(a, b)).value();
        for (const crdt::RelativePosition& position : kept) {
            const auto here = a.resolve(position);
            const auto there = b.resolve(position);
            RC_ASSERT(here.has_value());
            RC_ASSERT(there.has_value());
            RC_ASSERT(here->index == there->index);
            RC_ASSERT(here->index <= text.length());
        }
    });
}
