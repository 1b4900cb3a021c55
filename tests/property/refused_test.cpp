// P2: a refused update leaves what the document says, knows and waits for as it was.
#include "property.hpp"
#include "support/network.hpp"

using support::broken;
using support::document;
using support::fingerprint;
using support::Network;
using support::receive;

namespace {

// A document with parts that wait, and updates to damage.
struct World {
    crdt::Doc doc = document(100);
    std::vector<std::string> updates;

    explicit World(const Steps& steps) {
        Network net({1, 2, 300});
        for (const std::uint32_t seed : steps) net.step(seed);
        updates = net.updates();
        for (std::size_t i = 0; i < updates.size(); ++i) {
            if (i % 5 != 2) RC_ASSERT(receive(doc, updates[i]).ok());
        }
        updates.push_back(support::update_of(net[0]));
    }
    void offer(const std::string& bytes) {
        const std::string before = fingerprint(doc);
        const crdt::Status status = receive(doc, bytes);
        if (!status.ok()) {
            RC_ASSERT(fingerprint(doc) == before);
            RC_ASSERT(status.error().offset <= bytes.size());
        }
    }
};

}  // namespace

TEST_CASE("[P2] an update that ends early is refused wherever it ends") {
    holds("cut", [](const Steps& steps, std::uint32_t seed) {
        World world(steps);
        const std::string& update = world.updates[seed % world.updates.size()];
        const std::string before = fingerprint(world.doc);
        const std::size_t stride = update.size() / 64 + 1;
        for (std::size_t size = 0; size < update.size(); size += stride) {
            RC_ASSERT(!receive(world.doc, update.substr(0, size)).ok());
        }
        RC_ASSERT(!receive(world.doc, update.substr(0, update.size() - 1)).ok());
        RC_ASSERT(fingerprint(world.doc) == before);
        RC_ASSERT(broken(world.doc) == "");
    });
}

TEST_CASE("[P2] an update with any byte changed is applied whole or not at all") {
    holds("flip", [](const Steps& steps, std::uint32_t seed) {
        World world(steps);
        support::Random random(seed);
        for (int i = 0; i < 40; ++i) {
            std::string update = world.updates[random(world.updates.size())];
            for (std::uint32_t n = random(3) + 1; n > 0; --n) {
                update[random(update.size())] = static_cast<char>(random(256));
            }
            world.offer(update);
        }
        RC_ASSERT(broken(world.doc) == "");
        // What is honest still comes through, and the document still encodes what loads.
        for (const std::string& update : world.updates) RC_ASSERT(receive(world.doc, update).ok());
        RC_ASSERT(broken(world.doc) == "");
        const crdt::Doc again = support::loaded(support::update_of(world.doc));
        RC_ASSERT(broken(again) == "");
    });
}

TEST_CASE("[P2] bytes moved, repeated and left out are applied whole or not at all") {
    holds("splice", [](const Steps& steps, std::uint32_t seed) {
        World world(steps);
        support::Random random(seed);
        for (int i = 0; i < 40; ++i) {
            std::string update = world.updates[random(world.updates.size())];
            const std::string& other = world.updates[random(world.updates.size())];
            const std::size_t from = random(other.size());
            const std::string piece = other.substr(from, random(24));
            const std::size_t at = random(update.size());
            if (random(2) == 0) {
                update.insert(at, piece);
            } else {
                update.replace(at, random(24), piece);
            }
            world.offer(update);
        }
        RC_ASSERT(broken(world.doc) == "");
    });
}

TEST_CASE("[P2] edits out of bounds change nothing") {
    holds("bounds", [](const Steps& steps, std::uint32_t past) {
        World world(steps);
        crdt::Doc& doc = world.doc;
        const std::string before = fingerprint(doc);
        const crdt::Text text = doc.text("t");
        const crdt::Array list = doc.array("a");
        const std::uint32_t beyond = 1 + past % 1000;
        RC_ASSERT(!text.insert(text.length() + beyond, "x").ok());
        RC_ASSERT(!text.erase(0, text.length() + beyond).ok());
        RC_ASSERT(!list.insert(list.size() + beyond, {1}).ok());
        RC_ASSERT(!list.erase(0, list.size() + beyond).ok());
        RC_ASSERT(fingerprint(doc) == before);
    });
}
