// A container says what the document says, without being one: whole, in part, and from any place.
#include "property.hpp"
#include "support/containers.hpp"
#include "support/network.hpp"

using crdt::Container;
using crdt::UpdateFormat;
using crdt::ViewSource;
using support::container_of;
using support::diff_of;
using support::Network;
using support::update_of;

namespace {

// What a replica lacks that knows so many units of each client.
void check_diffs(const crdt::Doc& doc, const Container& container, support::Random& pick) {
    const crdt::StateVector all = doc.state_vector().value();
    crdt::StateVector known;
    for (const auto& [client, clock] : all) {
        RC_ASSERT(known.set(client, crdt::Clock{pick(std::size_t{raw(clock)} + 3)}));
    }
    RC_ASSERT(diff_of(container, known) ==
              support::text_of(doc.encode_state_as_update(known).value()));
}

}  // namespace

TEST_CASE("a container is its document") {
    holds("container", [](const Steps& steps) {
        Network net({5, 3, 0x1fffffffffffff});
        for (const std::uint32_t seed : steps) net.step(seed);
        net.settle();
        const std::string update = update_of(net[0]);
        const std::string bytes = container_of(update);
        const ViewSource source(crdt::as_bytes(bytes));
        const Container container = Container::open(source).value();
        RC_ASSERT(container.verify().ok());
        RC_ASSERT(support::difference(container, update, UpdateFormat::v1) == "");
        support::Random pick(steps.size());
        for (int i = 0; i < 4; ++i) check_diffs(net[0], container, pick);

        // The same from V2, from another replica, compressed, and read from far away.
        const std::string v2 = support::text_of(net[1].encode_state_as_update_v2().value());
        RC_ASSERT(container_of(v2, UpdateFormat::v2) == bytes);
        const crdt::ZstdPages zstd(3);
        const support::FarSource far(
            container_of(update, UpdateFormat::v1, {.compression = &zstd}));
        const Container packed = Container::open(far, &zstd).value();
        RC_ASSERT(packed.verify().ok());
        RC_ASSERT(support::difference(packed, update, UpdateFormat::v1) == "");
        check_diffs(net[0], packed, pick);
    });
}

TEST_CASE("a container and what came behind it are answered as what both are together") {
    holds("behind", [](const Steps& steps) {
        Network net({5, 3, 9});
        for (const std::uint32_t seed : steps) net.step(seed);
        net.settle();
        const std::string all = update_of(net[0]);
        support::Random pick(steps.size() + 2);
        // In their order nothing waits; in any other it may.
        const bool in_order = pick(3) > 0;
        std::vector<crdt::ByteView> first;
        std::vector<crdt::ByteView> then;
        const std::size_t cut = pick(net.updates().size() + 1);
        for (std::size_t i = 0; i < net.updates().size(); ++i) {
            const bool before = in_order ? i < cut : pick(2) == 0;
            (before ? first : then).push_back(crdt::as_bytes(net.updates()[i]));
        }
        const std::string bytes = container_of(support::text_of(crdt::merge(first).value()));
        const std::string behind = support::text_of(crdt::merge(then).value());
        const ViewSource source(crdt::as_bytes(bytes));
        const Container container = Container::open(source).value();
        const crdt::StateVector state = net[0].state_vector().value();
        for (int i = 0; i < 4; ++i) {
            crdt::StateVector known;
            for (const auto& [client, clock] : state) {
                RC_ASSERT(known.set(client, crdt::Clock{pick(std::size_t{raw(clock)} + 3)}));
            }
            const crdt::JoinAnswer answer =
                crdt::JoinAnswer::of(container, known, crdt::as_bytes(behind)).value();
            std::vector<std::uint8_t> room(answer.most());
            const std::size_t size = answer.write(room).value();
            const crdt::ByteView made = crdt::ByteView(room).first(size);
            const crdt::Bytes apart = crdt::diff(crdt::as_bytes(behind), known).value();
            const std::string packed = diff_of(container, known);
            RC_ASSERT(
                support::text_of(crdt::merge({made}).value()) ==
                support::text_of(crdt::merge({crdt::as_bytes(packed), apart.view()}).value()));
        }
    });
}

TEST_CASE("a container of updates with gaps keeps what waits") {
    holds("waiting", [](const Steps& steps) {
        Network net({1, 2, 3});
        for (const std::uint32_t seed : steps) net.step(seed);
        support::Random pick(steps.size() + 1);
        std::vector<crdt::ByteView> some;
        for (const std::string& update : net.updates()) {
            if (pick(3) != 0) some.push_back(crdt::as_bytes(update));
        }
        const std::string update = support::text_of(crdt::merge(some).value());
        const std::string bytes = container_of(update);
        const ViewSource source(crdt::as_bytes(bytes));
        const Container container = Container::open(source).value();
        RC_ASSERT(support::difference(container, update, UpdateFormat::v1) == "");
    });
}

TEST_CASE("a container of a document that keeps what is deleted keeps it, too") {
    holds("kept", [](const Steps& steps) {
        crdt::Doc doc = support::document(7, false);
        for (const std::uint32_t seed : steps) {
            support::Random pick(seed);
            support::edit(doc, pick).value();
        }
        const std::string update = update_of(doc);
        const std::string bytes = container_of(update, UpdateFormat::v1, {.collect = false});
        const ViewSource source(crdt::as_bytes(bytes));
        const Container container = Container::open(source).value();
        RC_ASSERT(support::unpacked(container) == update);
        RC_ASSERT(support::difference(container, update, UpdateFormat::v1, false) == "");
        support::Random pick(steps.size());
        for (int i = 0; i < 4; ++i) check_diffs(doc, container, pick);
    });
}

TEST_CASE("a document that is opened from a container goes on as one that was loaded") {
    holds("lazy", [](const Steps& steps, const Steps& more) {
        Network net({1, 2});
        for (const std::uint32_t seed : steps) net.step(seed);
        net.settle();
        const std::string bytes = container_of(update_of(net[0]));
        const ViewSource source(crdt::as_bytes(bytes));
        crdt::Doc lazy(crdt::DocOptions{.client = crdt::ClientId{9}, .new_client_id = nullptr},
                       crdt::ContainerSource::open(source).value());
        crdt::Doc eager = support::loaded(update_of(net[0]), 9);
        RC_ASSERT(lazy.text("t").to_string() == eager.text("t").to_string());
        RC_ASSERT(support::vector_of(lazy) == support::vector_of(eager));
        RC_ASSERT(update_of(lazy) == update_of(eager));
        RC_ASSERT(lazy.store()->source != nullptr);
        for (const std::uint32_t seed : more) {
            support::Random first(seed);
            support::Random second(seed);
            RC_ASSERT(support::edit(lazy, first).ok());
            RC_ASSERT(support::edit(eager, second).ok());
        }
        RC_ASSERT(support::show(lazy) == support::show(eager));
        RC_ASSERT(support::canonical(lazy) == support::canonical(eager));
        RC_ASSERT(support::broken(lazy) == "");
    });
}
