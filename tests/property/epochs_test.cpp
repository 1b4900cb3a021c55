// A document that was renumbered, with all that came back from before, shows what its uncompacted
// twin shows.
#include <crdt/storage.hpp>

#include "property.hpp"
#include "support/epochs.hpp"
#include "support/seen.hpp"

using crdt::ByteView;
using crdt::Doc;
using crdt::EpochMap;
using support::broken;
using support::canonical;
using support::document;
using support::loaded;
using support::Random;
using support::receive;
using support::seen;
using support::send;
using support::text_of;
using support::update_of;

namespace {

crdt::Renumbered renumbered(const Doc& doc, std::uint64_t epoch, std::uint64_t seed) {
    return crdt::renumber(crdt::as_bytes(update_of(doc)),
                          {.from_epoch = epoch, .to_epoch = epoch + 1, .seed = seed})
        .value();
}

std::string through(const std::vector<EpochMap>& maps, std::string update, std::size_t from = 0) {
    for (; from < maps.size(); ++from) {
        update = text_of(maps[from].translate_update(crdt::as_bytes(update)).value());
    }
    return update;
}

}  // namespace

TEST_CASE("[9] a new epoch shows what the old one showed, and is dense") {
    holds("renumber", [](const Steps& steps, std::uint32_t seed, bool v2) {
        Doc a = document(1);
        Doc b = document(2);
        for (const std::uint32_t step : steps) {
            Random pick(step);
            Doc& doc = pick(2) == 0 ? a : b;
            if (pick(6) == 0) send(pick(2) == 0 ? a : b, doc);
            support::edit_all(doc, pick);
        }
        send(b, a);
        const auto format = v2 ? crdt::UpdateFormat::v2 : crdt::UpdateFormat::v1;
        const crdt::Bytes history =
            v2 ? a.encode_state_as_update_v2().value() : a.encode_state_as_update().value();
        const crdt::Renumbered made =
            crdt::renumber(history, {.format = format, .seed = seed}).value();
        Doc after = document(3);
        RC_ASSERT((v2 ? after.apply_v2(made.history) : after.apply(made.history)).ok());
        RC_ASSERT(broken(after) == "");
        RC_ASSERT(!after.has_pending());
        RC_ASSERT(seen(after) == seen(a));
        RC_ASSERT(after.delete_set().value().empty());
        RC_ASSERT(after.state_vector().value().size() <= 1);
        RC_ASSERT(!after.state_vector().value().has(crdt::ClientId{1}));
        // The map is what its bytes say.
        const EpochMap again = EpochMap::decode(made.map.encoded()).value();
        RC_ASSERT(again.old_state_vector().value() == a.state_vector().value());
        const std::string nothing = text_of(again.translate_update(history, format).value());
        RC_ASSERT(v2 || nothing == std::string(2, '\0'));
    });
}

// The order of what one replica writes follows from the old history alone, and so is the twin's.
TEST_CASE("[9] what one replica did while away up to three epochs is there as in the twin") {
    holds("away", [](const Steps& steps, std::uint32_t seed) {
        Random random(seed);
        Doc away = document(5);
        std::vector<Doc> docs;
        for (std::uint64_t id = 0; id < 1 + random(4); ++id) docs.push_back(document(3 + id * 4));
        const std::size_t leaves = random(steps.size() + 1);
        for (std::size_t i = 0; i < steps.size(); ++i) {
            Random pick(steps[i]);
            const bool here = i < leaves;
            const std::size_t at = pick(docs.size() + 1);
            Doc& doc = at < docs.size() ? docs[at] : away;
            if (pick(5) == 0) {
                const std::size_t other = pick(docs.size() + (here ? 1 : 0));
                const Doc& from = other < docs.size() ? docs[other] : away;
                if (&from != &doc && (here || &doc != &away)) send(from, doc);
            } else {
                support::edit_all(doc, pick);
            }
        }
        Doc twin = document(100);
        for (const Doc& doc : docs) send(doc, twin);
        std::vector<EpochMap> maps;
        std::string history = update_of(twin);
        for (std::uint64_t epoch = 1 + random(3); epoch > 0; --epoch) {
            crdt::Renumbered made = renumbered(loaded(history), maps.size(), random.next());
            history = text_of(made.history);
            maps.push_back(std::move(made.map));
        }
        Doc now = loaded(history, 101);
        RC_ASSERT(seen(now) == seen(twin));
        // All of the old copy, or what it has not sent.
        const crdt::StateVector known = maps[0].old_state_vector().value();
        const std::string pending =
            random(2) == 0 ? update_of(away) : text_of(away.encode_state_as_update(known).value());
        const std::string translated = through(maps, pending);
        receive(now, translated).value();
        receive(now, translated).value();  // told twice
        send(away, twin);
        RC_ASSERT(broken(now) == "");
        RC_ASSERT(!now.has_pending());
        RC_ASSERT(seen(now) == seen(twin));
    });
}

// Who is away together or one by one, for however long, with the server or with one another.
TEST_CASE("[9] nothing is lost, nothing doubled, and nobody sees units change places") {
    std::size_t worlds = 0;
    std::size_t same = 0;
    std::size_t epochs = 0;
    holds("worlds", [&](const Steps& steps, std::uint32_t seed) {
        Random random(seed);
        support::EpochWorld world(2 + random(5), seed);
        for (const std::uint32_t step : steps) world.step(step);
        const std::string wrong = world.settle();
        if (!wrong.empty()) RC_FAIL(wrong);
        ++worlds;
        same += world.same_order() ? 1 : 0;
        epochs += world.epochs();
    });
    MESSAGE("worlds: ", worlds, ", in the very order of their twins: ", same, ", epochs: ", epochs);
}
