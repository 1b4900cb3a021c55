// What the targets share.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "../tests/support/document.hpp"
#include "../tests/support/edits.hpp"

namespace fuzz {

// A broken promise ends the program, so that libFuzzer and the replay keep the input.
inline void require(bool holds, const char* promise) {
    if (holds) return;
    std::fprintf(stderr, "broken promise: %s\n", promise);
    std::abort();
}

inline void require_sound(const crdt::Doc& doc) {
    const std::string rule = support::broken(doc);
    require(rule.empty(), rule.c_str());
}

// A document that is not empty: what arrives meets text, tombstones, keys and nested types of the
// clients that small inputs name most easily.
inline crdt::Doc seeded(std::uint64_t client) {
    crdt::Doc doc = support::document(client);
    static const std::string update = [] {
        crdt::Doc first = support::document(1);
        static_cast<void>(first.text("t").insert(0, "hello \xf0\x9f\x98\x80 world"));
        static_cast<void>(first.text("t").erase(2, 3));
        static_cast<void>(first.array("a").push(
            {crdt::Any(1), crdt::TextInit("in"), crdt::ArrayInit{crdt::MapInit{{"k", 1}}}}));
        crdt::Doc second = support::document(2);
        static_cast<void>(support::receive(second, support::update_of(first)));
        static_cast<void>(second.map("m").set("k", crdt::MapInit{{"k", 1}}));
        static_cast<void>(second.map("m").set("k", "again"));
        static_cast<void>(second.array("a").erase(2));
        return support::update_of(second);
    }();
    require(support::receive(doc, update).ok(), "the seed is an update");
    return doc;
}

}  // namespace fuzz
