// Bytes out and in again: nothing is lost, and nothing comes twice.
#include "property.hpp"
#include "support/network.hpp"

using support::broken;
using support::canonical;
using support::diff_for;
using support::document;
using support::loaded;
using support::Network;
using support::receive;
using support::show;
using support::update_of;
using support::vector_of;

TEST_CASE("encode, load and encode give the same bytes") {
    holds("round trip", [](const Steps& steps) {
        Network net({5, 3, 9});
        for (const std::uint32_t seed : steps) net.step(seed);
        net.settle();
        const crdt::Doc again = loaded(update_of(net[0]));
        RC_ASSERT(broken(again) == "");
        RC_ASSERT(update_of(again) == update_of(net[0]));
        RC_ASSERT(canonical(again) == canonical(net[0]));
        RC_ASSERT(update_of(again) == canonical(net[0]));
        RC_ASSERT(show(again) == show(net[0]));
    });
}

TEST_CASE("a document that was edited and one that was loaded encode alike, and go on alike") {
    holds("edit and load", [](const Steps& steps, const Steps& more) {
        crdt::Doc edited = document(1);
        for (const std::uint32_t seed : steps) {
            support::Random pick(seed);
            support::edit(edited, pick).value();
        }
        crdt::Doc opened = document(1);
        RC_ASSERT(receive(opened, update_of(edited)).ok());
        for (const std::uint32_t seed : more) {
            support::Random first(seed);
            support::Random second(seed);
            RC_ASSERT(support::edit(edited, first).ok());
            RC_ASSERT(support::edit(opened, second).ok());
        }
        RC_ASSERT(broken(opened) == "");
        RC_ASSERT(show(opened) == show(edited));
        RC_ASSERT(canonical(opened) == canonical(edited));
    });
}

TEST_CASE("what a state vector asks for completes the one who asks") {
    holds("diff", [](const Steps& steps) {
        Network net({1, 2, 3});
        for (const std::uint32_t seed : steps) net.step(seed);
        for (std::size_t i = 0; i < net.size(); ++i) {
            for (std::size_t k = 0; k < net.size(); ++k) {
                crdt::Doc copy = loaded(update_of(net[k]), 77);
                RC_ASSERT(receive(copy, diff_for(net[i], net[k])).ok());
                crdt::Doc whole = loaded(update_of(net[k]), 78);
                RC_ASSERT(receive(whole, update_of(net[i])).ok());
                RC_ASSERT(broken(copy) == "");
                RC_ASSERT(canonical(copy) == canonical(whole));
                RC_ASSERT(copy.has_pending() == whole.has_pending());
            }
        }
    });
}

TEST_CASE("a diff for somebody who has everything holds no struct") {
    holds("nothing", [](const Steps& steps) {
        Network net({1, 2});
        for (const std::uint32_t seed : steps) net.step(seed);
        net.settle();
        const std::string diff = diff_for(net[0], net[1]);
        RC_ASSERT(diff[0] == '\0');
    });
}

TEST_CASE("the updates that listeners get, one by one, are the document") {
    holds("updates", [](const Steps& steps) {
        crdt::Doc doc = document(1);
        crdt::Doc mirror = document(2);
        bool applied = true;
        const auto heard = doc.on_update([&](crdt::ByteView update, const crdt::Origin&) noexcept {
            applied = applied && mirror.apply(update).ok();
        });
        for (const std::uint32_t seed : steps) {
            support::Random pick(seed);
            RC_ASSERT(support::edit(doc, pick).ok());
            RC_ASSERT(show(mirror) == show(doc));
        }
        RC_ASSERT(applied);
        RC_ASSERT(broken(mirror) == "");
        RC_ASSERT(canonical(mirror) == canonical(doc));
    });
}

TEST_CASE("updates that pass through a replica are told to its own listeners whole") {
    holds("relay", [](const Steps& steps, std::uint32_t seed) {
        Network net({1, 2, 3});
        for (const std::uint32_t step : steps) net.step(step);
        std::vector<std::string> all = net.updates();
        support::Random random(seed);
        for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random(i)]);
        crdt::Doc relay = document(10);
        crdt::Doc behind = document(11);
        bool applied = true;
        const auto heard =
            relay.on_update([&](crdt::ByteView update, const crdt::Origin& origin) noexcept {
                applied = applied && origin.remote() && behind.apply(update).ok();
            });
        for (const std::string& update : all) {
            RC_ASSERT(receive(relay, update).ok());
            RC_ASSERT(canonical(behind) == canonical(relay));
        }
        RC_ASSERT(applied);
        RC_ASSERT(!behind.has_pending());
    });
}
