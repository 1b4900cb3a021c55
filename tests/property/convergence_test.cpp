// P1: replicas that hold the same updates are equal, whatever the network did.
#include <algorithm>

#include "property.hpp"
#include "support/network.hpp"

using support::broken;
using support::canonical;
using support::document;
using support::Network;
using support::receive;
using support::show;
using support::update_of;
using support::vector_of;

namespace {

// Edits by three clients with a network in between; what each transaction told.
std::vector<std::string> updates_of(const Steps& steps) {
    Network net({1, 2, 3});
    for (const std::uint32_t seed : steps) net.step(seed);
    return net.updates();
}

void shuffle(std::vector<std::string>& all, support::Random& random) {
    for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random(i)]);
}

}  // namespace

TEST_CASE("[P1] replicas converge through reordering, duplicates, losses and absences") {
    holds("converge", [](const Steps& steps) {
        Network net({1, 2, 0x1fffffffffffff});
        for (const std::uint32_t seed : steps) net.step(seed);
        net.settle();
        const std::string wrong = net.difference();
        if (!wrong.empty()) RC_FAIL(wrong);
    });
}

TEST_CASE("[P1] eight replicas converge") {
    holds("converge", [](const Steps& steps) {
        Network net({8, 1, 7, 2, 6, 3, 5, 4});
        for (const std::uint32_t seed : steps) net.step(seed);
        for (const std::uint32_t seed : steps) net.step(~seed);
        net.settle();
        const std::string wrong = net.difference();
        if (!wrong.empty()) RC_FAIL(wrong);
    });
}

TEST_CASE("[P1] updates commute: any order gives the same bytes") {
    holds("commute", [](const Steps& steps, std::uint32_t seed) {
        std::vector<std::string> all = updates_of(steps);
        crdt::Doc forwards = document(100);
        for (const std::string& update : all) RC_ASSERT(receive(forwards, update).ok());
        RC_ASSERT(!forwards.has_pending());
        support::Random random(seed);
        shuffle(all, random);
        crdt::Doc shuffled = document(101);
        for (const std::string& update : all) RC_ASSERT(receive(shuffled, update).ok());
        RC_ASSERT(broken(shuffled) == "");
        RC_ASSERT(!shuffled.has_pending());
        RC_ASSERT(canonical(shuffled) == canonical(forwards));
        RC_ASSERT(show(shuffled) == show(forwards));
    });
}

TEST_CASE("[P1] updates are idempotent: repeated ones change nothing") {
    holds("idempotent", [](const Steps& steps, std::uint32_t seed) {
        std::vector<std::string> all = updates_of(steps);
        support::Random random(seed);
        shuffle(all, random);
        crdt::Doc doc = document(100);
        for (const std::string& update : all) {
            RC_ASSERT(receive(doc, update).ok());
            const std::string before = support::fingerprint(doc);
            RC_ASSERT(receive(doc, update).ok());
            RC_ASSERT(support::fingerprint(doc) == before);
        }
        const std::string before = canonical(doc);
        for (const std::string& update : all) RC_ASSERT(receive(doc, update).ok());
        RC_ASSERT(receive(doc, update_of(doc)).ok());
        RC_ASSERT(canonical(doc) == before);
        RC_ASSERT(broken(doc) == "");
    });
}

TEST_CASE("[P1] deleted content that one replica keeps makes no difference") {
    holds("collect or keep", [](const Steps& steps) {
        const std::vector<std::string> all = updates_of(steps);
        crdt::Doc collects = document(100);
        crdt::Doc keeps = document(101, false);
        for (const std::string& update : all) {
            RC_ASSERT(receive(collects, update).ok());
            RC_ASSERT(receive(keeps, update).ok());
        }
        RC_ASSERT(broken(keeps) == "");
        RC_ASSERT(canonical(keeps) == canonical(collects));
        RC_ASSERT(show(keeps) == show(collects));
        RC_ASSERT(vector_of(keeps) == vector_of(collects));
    });
}

TEST_CASE("[P5] a gap hides all that depends on it, and says what is missing") {
    holds("gap", [](const Steps& steps, std::uint32_t seed) {
        const std::vector<std::string> all = updates_of(steps);
        if (all.empty()) return;
        const std::size_t lost = seed % all.size();
        crdt::Doc doc = document(100);
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (i != lost) RC_ASSERT(receive(doc, all[i]).ok());
        }
        RC_ASSERT(broken(doc) == "");
        // A relay with a gap passes everything on, what waits included.
        crdt::Doc relayed = document(101);
        RC_ASSERT(receive(relayed, update_of(doc)).ok());
        RC_ASSERT(canonical(relayed) == canonical(doc));
        RC_ASSERT(relayed.has_pending() == doc.has_pending());
        RC_ASSERT(doc.has_pending() == !doc.missing().value().empty());
        RC_ASSERT(receive(doc, all[lost]).ok());
        RC_ASSERT(receive(relayed, all[lost]).ok());
        RC_ASSERT(!doc.has_pending());
        RC_ASSERT(!relayed.has_pending());
        RC_ASSERT(canonical(relayed) == canonical(doc));
    });
}
