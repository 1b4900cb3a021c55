// A history that was compacted and keeps its ids is as good as one that was not, wherever it comes
// from and whoever goes on with it.
#include <crdt/storage.hpp>

#include "property.hpp"
#include "support/seen.hpp"

using crdt::ByteView;
using crdt::Doc;
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

std::string compacted(const std::string& history) {
    return text_of(crdt::compact(crdt::as_bytes(history)).value());
}

}  // namespace

TEST_CASE("[9] replicas that had a history compacted and those that had not stay equal") {
    holds("compact", [](const Steps& steps) {
        std::uint64_t next_id = 100;
        std::vector<Doc> docs;
        for (std::uint64_t id = 1; id <= 4; ++id) docs.push_back(document(id));
        for (const std::uint32_t step : steps) {
            Random pick(step);
            const std::size_t at = pick(docs.size());
            switch (pick(6)) {
                case 0:
                    send(docs[pick(docs.size())], docs[at]);
                    break;
                case 1:
                    // It goes on with what is left of its history, under another id.
                    docs[at] = loaded(compacted(update_of(docs[at])), next_id++);
                    break;
                default:
                    support::edit_all(docs[at], pick);
            }
        }
        for (int round = 0; round < 2; ++round) {
            for (const Doc& from : docs) {
                for (Doc& to : docs) {
                    if (&from != &to) send(from, to);
                }
            }
        }
        for (const Doc& doc : docs) {
            RC_ASSERT(broken(doc) == "");
            RC_ASSERT(!doc.has_pending());
            RC_ASSERT(seen(doc) == seen(docs[0]));
            RC_ASSERT(doc.state_vector().value() == docs[0].state_vector().value());
            RC_ASSERT(compacted(update_of(doc)) == compacted(update_of(docs[0])));
        }
    });
}

TEST_CASE("[9] compacted twice is compacted once; clocks, deletions and what is seen stay") {
    holds("compact once", [](const Steps& steps, bool v2) {
        Doc keeps = document(1, false);  // as an application that restores snapshots
        Doc other = document(2, false);
        for (const std::uint32_t step : steps) {
            Random pick(step);
            Doc& doc = pick(2) == 0 ? keeps : other;
            if (pick(8) == 0) send(pick(2) == 0 ? keeps : other, doc);
            support::edit_all(doc, pick);
        }
        send(other, keeps);
        const auto format = v2 ? crdt::UpdateFormat::v2 : crdt::UpdateFormat::v1;
        const crdt::Bytes history =
            v2 ? keeps.encode_state_as_update_v2().value() : keeps.encode_state_as_update().value();
        const crdt::Bytes once = crdt::compact(history, {.format = format}).value();
        const crdt::Bytes twice = crdt::compact(once, {.format = format}).value();
        RC_ASSERT(once == twice);
        // Columns may gain a byte where a pattern is broken.
        if (!v2) RC_ASSERT(once.size() <= history.size());
        const crdt::Bytes merged = crdt::merge({history}, {.collect = true}).value_or({});
        if (!v2) RC_ASSERT(once.size() <= merged.size());
        Doc after = document(3);
        RC_ASSERT((v2 ? after.apply_v2(once) : after.apply(once)).ok());
        RC_ASSERT(seen(after) == seen(keeps));
        RC_ASSERT(after.state_vector().value() == keeps.state_vector().value());
        RC_ASSERT(after.delete_set().value() == keeps.delete_set().value());
    });
}

TEST_CASE("[9] what waits for changes that are not here goes on waiting") {
    holds("compact with holes", [](const Steps& steps, std::uint32_t seed) {
        Random pick(seed);
        std::vector<std::string> updates;
        Doc doc = document(1);
        const crdt::Subscription told =
            doc.on_update([&](ByteView update, const crdt::Origin&) noexcept {
                updates.push_back(text_of(update));
            });
        for (const std::uint32_t step : steps) {
            Random edit(step);
            support::edit_all(doc, edit);
        }
        Doc holey = document(2);
        Doc rest = document(3);
        for (const std::string& update : updates) {
            receive(pick(3) == 0 ? rest : holey, update).value();
        }
        Doc back = loaded(compacted(update_of(holey)), 4);
        RC_ASSERT(back.missing().value() == holey.missing().value());
        for (const std::string& update : updates) receive(back, update).value();
        RC_ASSERT(!back.has_pending());
        RC_ASSERT(seen(back) == seen(doc));
        RC_ASSERT(canonical(back) == canonical(loaded(update_of(doc))));
    });
}
