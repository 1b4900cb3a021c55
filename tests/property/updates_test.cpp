// P5: what works on updates without a document never makes holes, and says what a document would.
#include "property.hpp"
#include "support/network.hpp"

using crdt::Bytes;
using crdt::ByteView;
using crdt::UpdateFormat;
using support::canonical;
using support::document;
using support::Network;
using support::text_of;

namespace {

// What three clients said, in any order and in part twice.
std::vector<std::string> said(const Steps& steps, support::Random& random) {
    Network net({1, 2, 3});
    for (const std::uint32_t seed : steps) net.step(seed);
    std::vector<std::string> all = net.updates();
    for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random(i)]);
    for (std::size_t i = all.size() / 4; i > 0; --i) {
        std::string again = all[i];
        all.push_back(std::move(again));
    }
    return all;
}

crdt::Doc told(const std::vector<std::string>& updates) {
    crdt::Doc doc = document(100);
    for (const std::string& update : updates) support::receive(doc, update).value();
    return doc;
}

std::vector<ByteView> views(const std::vector<std::string>& updates, std::size_t from = 0) {
    std::vector<ByteView> all;
    for (; from < updates.size(); ++from) all.push_back(crdt::as_bytes(updates[from]));
    return all;
}

std::string merged(const std::vector<ByteView>& updates, bool collect) {
    return text_of(crdt::merge(updates, {.collect = collect}).value());
}

}  // namespace

TEST_CASE("[P5] a merge does what its updates do, with collection and without") {
    holds("merge", [](const Steps& steps, std::uint32_t seed, bool collect) {
        support::Random random(seed);
        const std::vector<std::string> all = said(steps, random);
        const crdt::Doc expected = told(all);
        RC_ASSERT(canonical(told({merged(views(all), collect)})) == canonical(expected));
    });
}

TEST_CASE("[P5] a merge of a part waits for the rest, whichever way they meet") {
    holds("merge in parts", [](const Steps& steps, std::uint32_t seed, bool collect) {
        support::Random random(seed);
        const std::vector<std::string> all = said(steps, random);
        if (all.empty()) return;
        const std::size_t cut = random(all.size());
        std::vector<ByteView> first = views(all);
        first.resize(cut);
        const std::string a = merged(first, collect);
        const std::string b = merged(views(all, cut), collect);
        const std::string expected = canonical(told(all));
        RC_ASSERT(canonical(told({b, a})) == expected);
        const std::vector<std::string> halves{b, a};
        RC_ASSERT(canonical(told({merged(views(halves), !collect)})) == expected);
    });
}

TEST_CASE("[P5] collected twice is collected once, and no longer than a document encodes") {
    holds("collect", [](const Steps& steps, std::uint32_t seed) {
        support::Random random(seed);
        const std::vector<std::string> all = said(steps, random);
        const std::string once = merged(views(all), true);
        RC_ASSERT(merged({crdt::as_bytes(once)}, true) == once);
    });
}

TEST_CASE("[P5] a diff and what was known make the whole; vectors agree") {
    holds("diff", [](const Steps& steps, std::uint32_t seed, bool in_v2) {
        support::Random random(seed);
        const std::vector<std::string> all = said(steps, random);
        const crdt::Doc whole = told(all);
        crdt::Doc part = document(101);
        for (const std::string& update : all) {
            if (random(2) == 0) support::receive(part, update).value();
        }
        const UpdateFormat format = in_v2 ? UpdateFormat::v2 : UpdateFormat::v1;
        const Bytes update = in_v2 ? whole.encode_state_as_update_v2().value()
                                   : whole.encode_state_as_update().value();
        const Bytes rest = crdt::diff(update, part.state_vector().value(), format).value();
        RC_ASSERT((in_v2 ? part.apply_v2(rest) : part.apply(rest)).ok());
        RC_ASSERT(!part.has_pending());
        RC_ASSERT(canonical(part) == canonical(whole));
        RC_ASSERT(crdt::state_vector_of(update, format).value() == whole.state_vector().value());
    });
}

TEST_CASE("[P5] V1 to V2 and back is the same update") {
    holds("convert", [](const Steps& steps, std::uint32_t seed) {
        support::Random random(seed);
        for (const std::string& update : said(steps, random)) {
            const Bytes v2 =
                crdt::convert(crdt::as_bytes(update), UpdateFormat::v1, UpdateFormat::v2).value();
            const Bytes v1 = crdt::convert(v2, UpdateFormat::v2, UpdateFormat::v1).value();
            RC_ASSERT(text_of(v1) == update);
        }
    });
}

TEST_CASE("[P5] an obfuscated history has the same structs") {
    holds("obfuscate", [](const Steps& steps, std::uint32_t seed) {
        support::Random random(seed);
        const crdt::Doc doc = told(said(steps, random));
        const Bytes whole = doc.encode_state_as_update().value();
        const Bytes hidden = crdt::obfuscate(whole).value();
        RC_ASSERT(crdt::state_vector_of(hidden).value() == doc.state_vector().value());
        RC_ASSERT(crdt::inspect(hidden)->items == crdt::inspect(whole)->items);
        RC_ASSERT(crdt::inspect(hidden)->delete_ranges == crdt::inspect(whole)->delete_ranges);
        static_cast<void>(told({text_of(hidden)}));
    });
}
