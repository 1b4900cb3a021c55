// Small worlds exhaustively: every interleaving of up to four edits by three clients, and every
// order in which their updates can arrive; of four updates those that start with each, forwards
// and backwards, because all of them take long.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "support/document.hpp"

using support::broken;
using support::canonical;
using support::document;
using support::receive;

namespace {

using Edit = std::function<void(crdt::Doc&)>;

// An edit is made by `who`, who has heard all or nothing of what was made before.
struct Made {
    std::size_t who;
    bool heard;
    std::size_t what;
};

class EveryOrder {
public:
    explicit EveryOrder(const std::vector<Edit>& edits) : edits_(edits) {}

    // Fails the test where orders of delivery give different documents.
    void play(const std::vector<Made>& history) {
        std::vector<crdt::Doc> docs;
        for (const std::uint64_t id : {2U, 1U, 3U}) docs.push_back(document(id));
        for (crdt::Doc& doc : docs) receive(doc, base()).value();
        std::vector<std::string> updates;
        for (const Made& made : history) {
            crdt::Doc& doc = docs[made.who];
            if (made.heard) {
                for (const std::string& update : updates) receive(doc, update).value();
            }
            std::string told;
            const auto heard =
                doc.on_update([&](crdt::ByteView update, const crdt::Origin&) noexcept {
                    told = support::text_of(update);
                });
            edits_[made.what](doc);
            if (!told.empty()) updates.push_back(told);
        }
        const std::string bytes = deliver(updates);
        const auto compare = [&] {
            if (deliver(updates) != bytes) FAIL("another order gives another document");
        };
        if (updates.size() > 3) {
            for (std::size_t i = 0; i < updates.size(); ++i) {
                std::rotate(updates.begin(), updates.begin() + 1, updates.end());
                compare();
                std::reverse(updates.begin(), updates.end());
                compare();
            }
        } else {
            std::sort(updates.begin(), updates.end());
            while (std::next_permutation(updates.begin(), updates.end())) compare();
        }
        const crdt::Doc last = support::loaded(bytes);
        if (!broken(last).empty() || canonical(last) != bytes) FAIL("what is loaded differs");
        ++played;
    }

    // All histories of that many edits.
    void play_all(std::size_t count, std::vector<Made> history = {}) {
        if (history.size() == count) {
            play(history);
            return;
        }
        for (std::size_t who = 0; who < 3; ++who) {
            // Whoever comes first has nothing to hear.
            for (int heard = history.empty() ? 1 : 0; heard < 2; ++heard) {
                for (std::size_t what = 0; what < edits_.size(); ++what) {
                    std::vector<Made> longer = history;
                    longer.push_back({who, heard == 1, what});
                    play_all(count, std::move(longer));
                }
            }
        }
    }

    int played = 0;

private:
    static std::string deliver(const std::vector<std::string>& updates) {
        crdt::Doc doc = document(9);
        receive(doc, base()).value();
        for (const std::string& update : updates) receive(doc, update).value();
        if (doc.has_pending()) FAIL("something still waits");
        return canonical(doc);
    }
    static const std::string& base() {
        static const std::string update = [] {
            crdt::Doc doc = document(0);
            doc.text("t").append("ab");
            doc.array("a").push({1, 2});
            doc.map("m").set("k", 1);
            return support::update_of(doc);
        }();
        return update;
    }
    const std::vector<Edit>& edits_;
};

void insert(crdt::Doc& doc, std::size_t at, const char* piece) {
    const crdt::Text text = doc.text("t");
    REQUIRE(text.insert(std::min(at, text.length()), piece).ok());
}
void erase(crdt::Doc& doc, std::size_t at, std::size_t count) {
    const crdt::Text text = doc.text("t");
    at = std::min(at, text.length());
    REQUIRE(text.erase(at, std::min(count, text.length() - at)).ok());
}

}  // namespace

TEST_CASE("[P1] text: every history of up to four insertions and deletions") {
    const std::vector<Edit> edits = {
        [](crdt::Doc& doc) { insert(doc, 1, "xy"); },
        [](crdt::Doc& doc) { erase(doc, 0, 2); },
    };
    EveryOrder world(edits);
    for (std::size_t count = 1; count <= 4; ++count) world.play_all(count);
    CHECK(world.played > 10'000);
}

TEST_CASE("[P1] text: every history of three edits at both sides and in the middle") {
    const std::vector<Edit> edits = {
        [](crdt::Doc& doc) { insert(doc, 0, "x"); },
        [](crdt::Doc& doc) { insert(doc, 1, "\xf0\x9f\x98\x80"); },
        [](crdt::Doc& doc) { insert(doc, 2, "z"); },
        [](crdt::Doc& doc) { erase(doc, 1, 2); },
    };
    EveryOrder world(edits);
    world.play_all(3);
    CHECK(world.played > 5'000);
}

TEST_CASE("[P1] lists and maps: every history of three edits") {
    const std::vector<Edit> edits = {
        [](crdt::Doc& doc) { doc.array("a").insert(1, {crdt::ArrayInit{1}}); },
        [](crdt::Doc& doc) {
            const crdt::Array list = doc.array("a");
            if (!list.empty()) list.erase(list.size() / 2);
        },
        [](crdt::Doc& doc) { doc.map("m").set("k", 2); },
        [](crdt::Doc& doc) { doc.map("m").erase("k"); },
    };
    EveryOrder world(edits);
    world.play_all(3);
    CHECK(world.played > 6'000);
}

TEST_CASE("[P1] nested types: every history of three edits") {
    const std::vector<Edit> edits = {
        [](crdt::Doc& doc) { doc.map("m").set("k", crdt::MapInit{{"x", 1}}); },
        [](crdt::Doc& doc) {
            // Edits what somebody else may delete or replace meanwhile.
            const crdt::Map inner = doc.map("m").get("k").map();
            if (inner.alive()) inner.set("y", crdt::ArrayInit{2});
        },
        [](crdt::Doc& doc) { doc.map("m").erase("k"); },
    };
    EveryOrder world(edits);
    world.play_all(3);
    CHECK(world.played > 2'000);
}
