// T6: with allocation number n failing, for every n, an operation succeeds or says out_of_memory
// with the document as it was before; it works afterwards, and every block is given back.
#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "support/document.hpp"
#include "support/edits.hpp"

using crdt::Any;
using crdt::ArrayInit;
using crdt::Doc;
using crdt::ErrorCode;
using crdt::MapInit;
using crdt::Status;
using crdt::TextInit;
using support::document;

namespace {

// Counts living blocks; lets allocation number `fail_at` fail, alone or with all that follow.
struct Heap {
    static inline long living = 0;
    static inline std::size_t calls = 0;
    static inline std::size_t fail_at = static_cast<std::size_t>(-1);
    static inline bool once = false;
    static inline bool failed = false;

    static void* reallocate(void* block, std::size_t bytes) {
        const std::size_t call = calls++;
        if (call == fail_at || (call > fail_at && !once)) {
            failed = true;
            return nullptr;
        }
        void* const made = std::realloc(block, bytes);
        if (block == nullptr && made != nullptr) ++living;
        return made;
    }
    static void release(void* block) {
        if (block != nullptr) --living;
        std::free(block);
    }
    static void arm(std::size_t n, bool only_once) {
        calls = 0;
        failed = false;
        fail_at = n;
        once = only_once;
    }
    static void disarm() { fail_at = static_cast<std::size_t>(-1); }

    Heap() {
        living = 0;
        disarm();
        crdt::set_allocator({&reallocate, &release});
    }
    Heap(const Heap&) = delete;
    Heap& operator=(const Heap&) = delete;
    ~Heap() { crdt::set_allocator(before); }
    crdt::Allocator before = crdt::detail::allocator_in_use;
};

using Operation = std::function<Status(Doc&)>;
using Maker = std::function<Doc()>;

// `operate` on a document from `make`, for each n. Returns how many allocations it needs.
// `whole`: an operation that writes several times may have done a part of them.
std::size_t fail_each(const Maker& make, const Operation& operate, bool once, bool whole = true) {
    const Heap heap;
    for (std::size_t n = 0;; ++n) {
        REQUIRE(n < 5000);
        {
            Doc doc = make();
            // Built while memory lasts: a document that has been looked at.
            const std::string before = support::canonical(doc);
            const std::string all = support::fingerprint(doc);
            Heap::arm(n, once);
            const Status status = operate(doc);
            Heap::disarm();
            REQUIRE(support::broken(doc) == "");
            if (status.ok() && !Heap::failed) return n;
            if (!status.ok()) {
                REQUIRE(status.error().code == ErrorCode::out_of_memory);
                REQUIRE(Heap::failed);
                if (whole) {
                    REQUIRE(support::canonical(doc) == before);
                    REQUIRE(support::fingerprint(doc) == all);
                }
            }
            // It works afterwards, and comes to what an undisturbed one comes to.
            if (!status.ok() && whole) {
                REQUIRE(operate(doc).ok());
                Doc smooth = make();
                REQUIRE(operate(smooth).ok());
                REQUIRE(support::canonical(doc) == support::canonical(smooth));
            }
            REQUIRE(doc.text("t").append("works").ok());
            REQUIRE(support::broken(doc) == "");
        }
        REQUIRE(Heap::living == 0);
    }
}

void fail_each_way(const Maker& make, const Operation& operate, bool whole = true) {
    const std::size_t needs = fail_each(make, operate, false, whole);
    CHECK(fail_each(make, operate, true, whole) >= needs);
}

// Documents of several shapes: empty, small, cut up, with nested types, with parts that wait.
Doc random_document(std::uint64_t seed, int edits) {
    Doc doc = document(7);
    support::Random random(seed);
    for (int i = 0; i < edits; ++i) static_cast<void>(support::edit(doc, random).ok());
    return doc;
}

const Maker kMakers[] = {
    [] { return document(7); },
    [] { return random_document(1, 3); },
    [] { return random_document(2, 60); },
    [] { return random_document(3, 400); },
    // Opened from bytes: no cursor, no index, nothing armed.
    [] { return support::loaded(support::update_of(random_document(4, 200)), 8); },
};

// What another client wrote, who had seen nothing, in one update.
std::string update_from_afar(int edits) {
    Doc doc = document(3);
    support::Random random(99);
    for (int i = 0; i < edits; ++i) static_cast<void>(support::edit(doc, random).ok());
    return support::update_of(doc);
}

}  // namespace

TEST_CASE("[P6] text edits, whichever allocation fails") {
    for (const Maker& make : kMakers) {
        fail_each_way(make, [](Doc& doc) { return doc.text("t").insert(0, "abc"); });
        fail_each_way(make,
                      [](Doc& doc) { return doc.text("new").append(std::string(3000, 'x')); });
        fail_each_way(make, [](Doc& doc) {
            const std::size_t middle = doc.text("t").length() / 2;
            return doc.text("t").insert(middle, u"\U0001f600\u6f22");
        });
        fail_each_way(make, [](Doc& doc) {
            const std::size_t length = doc.text("t").length();
            return doc.text("t").erase(length / 3, length / 3);
        });
    }
}

TEST_CASE("[P6] list and map edits, whichever allocation fails") {
    for (const Maker& make : kMakers) {
        fail_each_way(make, [](Doc& doc) { return doc.array("a").push(1); });
        fail_each_way(make, [](Doc& doc) {
            return doc.array("a").insert(
                0, {1, "two", TextInit("three"), ArrayInit{4, ArrayInit{5}}, MapInit{{"six", 7}}});
        });
        fail_each_way(make, [](Doc& doc) {
            const crdt::Array list = doc.array("a");
            return list.erase(0, list.size());
        });
        fail_each_way(make, [](Doc& doc) { return doc.map("m").set("k", 1); });
        fail_each_way(make, [](Doc& doc) {
            return doc.map("m").set("new", MapInit{{"x", TextInit("y")}, {"z", ArrayInit{1}}});
        });
        fail_each_way(make, [](Doc& doc) { return doc.map("m").erase("k"); });
        fail_each_way(make, [](Doc& doc) { return doc.map("m").clear(); }, false);
    }
}

TEST_CASE("[P2] [P6] an update is applied whole or not at all, whichever allocation fails") {
    for (const int size : {1, 8, 80, 300}) {
        const std::string update = update_from_afar(size);
        for (const Maker& make : kMakers) {
            fail_each_way(make, [&](Doc& doc) { return support::receive(doc, update); });
        }
    }
}

TEST_CASE("[P6] what waits is parked or refused, and goes on when memory returns") {
    std::vector<std::string> updates;
    {
        Doc doc = document(3);
        const auto heard = doc.on_update([&](crdt::ByteView update, const crdt::Origin&) noexcept {
            updates.push_back(support::text_of(update));
        });
        support::Random random(5);
        for (int i = 0; i < 30; ++i) static_cast<void>(support::edit(doc, random).ok());
    }
    const Maker make = [&] {
        Doc doc = document(7);
        for (std::size_t i = updates.size() - 1; i > updates.size() / 2; --i) {
            static_cast<void>(support::receive(doc, updates[i]).ok());
        }
        return doc;
    };
    // Some more of it that waits.
    fail_each_way(make, [&](Doc& doc) { return support::receive(doc, updates[3]); });
    // What unlocks the rest; what memory does not suffice for stays parked, which is a success.
    const Heap heap;
    for (std::size_t n = 0;; ++n) {
        {
            Doc doc = make();
            Heap::arm(n, false);
            for (std::size_t i = 0; i <= updates.size() / 2; ++i) {
                static_cast<void>(support::receive(doc, updates[i]).ok());
            }
            Heap::disarm();
            REQUIRE(support::broken(doc) == "");
            for (const std::string& update : updates) REQUIRE(support::receive(doc, update).ok());
            REQUIRE(support::broken(doc) == "");
            REQUIRE(!doc.has_pending());
            Doc smooth = make();
            for (const std::string& update : updates)
                REQUIRE(support::receive(smooth, update).ok());
            REQUIRE(support::canonical(doc) == support::canonical(smooth));
        }
        REQUIRE(Heap::living == 0);
        if (!Heap::failed) break;
    }
}

TEST_CASE("[P6] encoding fails or gives all of it, and the document does not notice") {
    for (const Maker& make : kMakers) {
        fail_each_way(make, [](Doc& doc) { return doc.encode_state_as_update().status(); });
        fail_each_way(make, [](Doc& doc) { return doc.encode_canonical().status(); });
        fail_each_way(make, [](Doc& doc) { return doc.encode_state_vector().status(); });
        fail_each_way(make, [](Doc& doc) { return doc.delete_set().status(); });
        fail_each_way(make, [](Doc& doc) {
            crdt::Bytes out;
            return doc.text("t").append_to(out);
        });
    }
}

TEST_CASE("[P6] subscribing without memory gives an inactive subscription and leaks nothing") {
    const Heap heap;
    for (std::size_t n = 0;; ++n) {
        int calls = 0;
        {
            Doc doc = document(1);
            const std::string captured(100, 'x');
            Heap::arm(n, false);
            crdt::Subscription heard =
                doc.on_update([&calls, captured](crdt::ByteView, const crdt::Origin&) noexcept {
                    calls += static_cast<int>(captured.size());
                });
            Heap::disarm();
            REQUIRE(heard.active() == !Heap::failed);
            REQUIRE(doc.text("t").append("a").ok());
            REQUIRE(calls == (heard.active() ? 100 : 0));
        }
        REQUIRE(Heap::living == 0);
        if (!Heap::failed) break;
    }
}

TEST_CASE("[P6] telling a listener: the edit stands, the error says that it was not told") {
    const Heap heap;
    for (std::size_t n = 0;; ++n) {
        {
            Doc doc = random_document(6, 50);
            int calls = 0;
            const crdt::Subscription heard =
                doc.on_update([&](crdt::ByteView, const crdt::Origin&) noexcept { ++calls; });
            Heap::arm(n, false);
            const Status status = doc.array("a").push({1, "two", ArrayInit{3}});
            Heap::disarm();
            REQUIRE(support::broken(doc) == "");
            REQUIRE(calls == (status.ok() ? 1 : 0));
        }
        REQUIRE(Heap::living == 0);
        if (!Heap::failed) break;
    }
}

TEST_CASE("[P6] all memory of a document is returned when it goes") {
    const Heap heap;
    {
        const Doc doc = random_document(8, 2000);
        CHECK(Heap::living > 0);
    }
    CHECK(Heap::living == 0);
}
