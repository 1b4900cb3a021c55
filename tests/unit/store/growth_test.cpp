// T5 in small: shapes that have made peers quadratic. Times are the best of several, compared for
// n and 4 n; the figures of reliability.md are the soak's and the benchmarks'. Nothing here
// recurses as deep as its input, so deep documents are built, loaded, deleted and destroyed.
#include <doctest/doctest.h>
#include <crdt/codec/writer.hpp>

#include <algorithm>
#include <ctime>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/document.hpp"
#include "support/edits.hpp"

using crdt::Doc;
using support::broken;
using support::document;
using support::receive;
using support::update_of;

namespace {

// Makes what is measured for n; what it returns is timed.
using Shape = std::function<std::function<void()>(std::uint32_t n)>;

// Time of the processor: on a busy machine whatever takes long is put aside for others, and what
// takes little is not.
double best_of(const Shape& shape, std::uint32_t n, int times) {
    double best = 1e9;
    for (int i = 0; i < times; ++i) {
        const auto run = shape(n);
        const std::clock_t start = std::clock();
        run();
        best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    }
    return best;
}

// 2.6 per doubling is 6.8 for four times as much; quadratic is 16. Between them is room for a busy
// machine, and so is what takes no time anyway.
void grows_gently(const std::string& what, std::uint32_t n, const Shape& shape) {
    constexpr double kFloor = 0.004;
    constexpr double kRatio = 9.0;
    double small = 0;
    double large = 0;
    for (int attempt = 0; attempt < 4; ++attempt) {
        small = best_of(shape, n, 3);
        large = best_of(shape, n * 4, 3);
        if (large < kFloor || large / small <= kRatio) break;
    }
    INFO(what << ": " << n << " in " << small << " s, " << n * 4 << " in " << large << " s");
    CHECK((large < kFloor || large / small <= kRatio));
}

// One insertion at the start of an empty text by each of n clients.
std::vector<std::string> crowd(std::uint32_t n, int order) {
    std::vector<std::uint32_t> ids(n);
    for (std::uint32_t i = 0; i < n; ++i) ids[i] = i + 1;
    support::Random random(n);
    if (order == 1) std::reverse(ids.begin(), ids.end());
    if (order == 2) {
        for (std::size_t i = n; i > 1; --i) std::swap(ids[i - 1], ids[random(i)]);
    }
    std::vector<std::string> updates;
    for (const std::uint32_t id : ids) {
        Doc doc = document(id);
        doc.text("t").append("ab");
        updates.push_back(update_of(doc));
    }
    return updates;
}

std::function<void()> receives(std::vector<std::string> updates) {
    return [updates = std::move(updates)] {
        Doc doc = document(0xffffff);
        for (const std::string& update : updates) receive(doc, update).value();
        if (doc.has_pending()) throw std::runtime_error("something still waits");
    };
}

std::vector<std::string> told(std::uint32_t n,
                              const std::function<void(Doc&, std::uint32_t)>& edit) {
    Doc doc = document(3);
    std::vector<std::string> updates;
    updates.reserve(n);
    const auto heard = doc.on_update([&](crdt::ByteView update, const crdt::Origin&) noexcept {
        updates.push_back(support::text_of(update));
    });
    for (std::uint32_t i = 0; i < n; ++i) edit(doc, i);
    return updates;
}

// Lists in lists, n deep.
Doc nested(std::uint32_t n) {
    Doc doc = document(3);
    crdt::Array list = doc.array("a");
    const crdt::Transaction open = doc.transact();
    for (std::uint32_t i = 0; i < n; ++i) {
        list.push(crdt::ArrayInit{}).value();
        list = list.get(0)->array();
    }
    return doc;
}

}  // namespace

TEST_CASE("[P4] n clients insert at one place, their ids rising, falling and at random") {
    for (const int order : {0, 1, 2}) {
        grows_gently("crowd", 500, [&](std::uint32_t n) { return receives(crowd(n, order)); });
    }
}

TEST_CASE("[P4] n clients insert behind one letter and in front of another") {
    grows_gently("crowd between", 500, [](std::uint32_t n) {
        Doc base = document(0xfffffe);
        base.text("t").append("()");
        std::vector<std::string> updates{update_of(base)};
        for (std::uint32_t id = 1; id <= n; ++id) {
            Doc doc = support::loaded(updates[0], (id * 7919) % 100003);
            const crdt::StateVector known = doc.state_vector().value();
            doc.text("t").insert(1, "x");
            updates.push_back(support::text_of(*doc.encode_state_as_update(known)));
        }
        return receives(std::move(updates));
    });
}

TEST_CASE("[P4] n updates arrive backwards") {
    grows_gently("backwards", 1000, [](std::uint32_t n) {
        std::vector<std::string> updates =
            told(n, [](Doc& doc, std::uint32_t) { doc.text("t").append("x"); });
        std::reverse(updates.begin(), updates.end());
        return receives(std::move(updates));
    });
    grows_gently("backwards, prepended", 1000, [](std::uint32_t n) {
        std::vector<std::string> updates =
            told(n, [](Doc& doc, std::uint32_t) { doc.text("t").insert(0, "x"); });
        std::reverse(updates.begin(), updates.end());
        return receives(std::move(updates));
    });
}

TEST_CASE("[P4] n updates that all lack the first wait, and each tells what waits") {
    grows_gently("first missing", 1000, [](std::uint32_t n) {
        std::vector<std::string> updates =
            told(n, [](Doc& doc, std::uint32_t) { doc.text("t").append("x"); });
        std::rotate(updates.begin(), updates.begin() + 1, updates.end());
        return receives(std::move(updates));
    });
}

TEST_CASE("[P4] one key is set n times, here and elsewhere") {
    const auto set = [](Doc& doc, std::uint32_t i) { doc.map("m").set("k", i); };
    grows_gently("set", 1000, [&](std::uint32_t n) {
        return std::function<void()>([=] { static_cast<void>(told(n, set)); });
    });
    grows_gently("set elsewhere", 1000, [&](std::uint32_t n) { return receives(told(n, set)); });
}

TEST_CASE("[P4] n clients set one key") {
    grows_gently("key of many", 500, [](std::uint32_t n) {
        std::vector<std::string> updates;
        for (std::uint32_t id = n; id > 0; --id) {
            Doc doc = document(id);
            doc.map("m").set("k", id);
            updates.push_back(update_of(doc));
        }
        return receives(std::move(updates));
    });
}

TEST_CASE("[P4] every second letter is deleted; letters are deleted at the head") {
    const auto text = [](std::uint32_t n) {
        Doc doc = document(3);
        doc.text("t").append(std::string(n * 2, 'x'));
        return doc;
    };
    grows_gently("alternate", 2000, [&](std::uint32_t n) {
        auto doc = std::make_shared<Doc>(text(n));
        return std::function<void()>([doc, n] {
            for (std::uint32_t i = 0; i < n; ++i) doc->text("t").erase(i, 1).value();
            static_cast<void>(update_of(*doc));
        });
    });
    grows_gently("head", 2000, [&](std::uint32_t n) {
        auto doc = std::make_shared<Doc>(text(n));
        return std::function<void()>([doc, n] {
            for (std::uint32_t i = 0; i < n; ++i) doc->text("t").erase(0, 1).value();
        });
    });
    grows_gently("alternate, elsewhere", 1000, [&](std::uint32_t n) {
        std::vector<std::string> updates = told(n + 1, [&](Doc& doc, std::uint32_t i) {
            if (i == 0) {
                doc.text("t").append(std::string(n * 2, 'x'));
            } else {
                doc.text("t").erase(i, 1);
            }
        });
        return receives(std::move(updates));
    });
}

TEST_CASE("[P4] n clients of one operation each make one document, in one update") {
    grows_gently("one update", 1000, [](std::uint32_t n) {
        Doc all = document(0xffffff);
        for (const std::string& update : crowd(n, 2)) receive(all, update).value();
        return receives({update_of(all)});
    });
}

// Known to be quadratic.
TEST_CASE("[P4] n deletions of what nobody has sent" * doctest::may_fail()) {
    grows_gently("parked deletions", 500, [](std::uint32_t n) {
        std::vector<std::string> updates;
        for (std::uint32_t i = 0; i < n; ++i) {
            std::string update("\0\x01\x05\x01", 4);
            update += static_cast<char>((i * 2 & 0x7fU) | 0x80U);
            update += static_cast<char>((i * 2 >> 7U & 0x7fU) | 0x80U);
            update += static_cast<char>(i * 2 >> 14U);
            update += '\x01';
            updates.push_back(update);
        }
        return std::function<void()>([updates] {
            Doc doc = document(1);
            for (const std::string& update : updates) receive(doc, update).value();
        });
    });
}

TEST_CASE("[P3] lists 20,000 deep are built, loaded, deleted and destroyed without recursion") {
    const std::uint32_t depth = 20'000;
    Doc doc = nested(depth);
    const std::string update = update_of(doc);
    CHECK(broken(doc) == "");
    Doc copy = support::loaded(update);
    CHECK(update_of(copy) == update);
    // Deleted here, and by an update elsewhere.
    CHECK(doc.array("a").erase(0).ok());
    CHECK(doc.array("a").empty());
    CHECK(broken(doc) == "");
    CHECK(update_of(doc).size() < 40);
    CHECK(receive(copy, update_of(doc)).ok());
    CHECK(support::canonical(copy) == support::canonical(doc));
    CHECK(broken(copy) == "");
}

TEST_CASE("[P4] nesting n deep: built, loaded, deleted") {
    grows_gently("build", 1000, [](std::uint32_t n) {
        return std::function<void()>([n] { static_cast<void>(nested(n)); });
    });
    grows_gently("load", 1000, [](std::uint32_t n) { return receives({update_of(nested(n))}); });
    grows_gently("delete", 1000, [](std::uint32_t n) {
        auto doc = std::make_shared<Doc>(nested(n));
        return std::function<void()>([doc] { doc->array("a").erase(0).value(); });
    });
}

TEST_CASE("[P3] a chain of keys and lists 20,000 deep arrives piece by piece, from its end") {
    std::vector<std::string> updates;
    {
        Doc doc = document(3);
        const auto heard = doc.on_update([&](crdt::ByteView update, const crdt::Origin&) noexcept {
            updates.push_back(support::text_of(update));
        });
        crdt::Map map = doc.map("m");
        for (int i = 0; i < 20'000; ++i) {
            map.set("k", crdt::MapInit{}).value();
            map = map.get("k").map();
        }
    }
    Doc doc = document(4);
    for (std::size_t i = updates.size(); i-- > 0;) receive(doc, updates[i]).value();
    CHECK(!doc.has_pending());
    CHECK(doc.map("m").erase("k").ok());
    CHECK(broken(doc) == "");
}

TEST_CASE("[P4] n clients are there, in one update and in n, and go") {
    using crdt::Awareness;
    using Time = Awareness::Time;
    const auto all = [](std::uint32_t n, const char* json) {
        crdt::Bytes bytes;
        crdt::detail::Writer out(bytes);
        out.var_uint(n);
        for (std::uint32_t id = 2; id < n + 2; ++id) {
            out.var_uint(id);
            out.var_uint(1);
            out.var_string(json);
        }
        return support::text_of(bytes);
    };
    const auto present = [](std::uint32_t n) {
        return std::make_shared<Awareness>(crdt::ClientId{1}, Time(0),
                                           crdt::AwarenessLimits{.clients = n + 1, .departed = n});
    };
    for (const char* json : {"null", R"({"name":"a","cursor":{"b":[1,2,3]}})"}) {
        grows_gently("awareness in one update", 5000, [&](std::uint32_t n) {
            return std::function<void()>([awareness = present(n), update = all(n, json)] {
                CHECK(awareness->apply(crdt::as_bytes(update), Time(0)).ok());
                CHECK(awareness->tick(Awareness::kDropAfter).ok());
                CHECK(awareness->states() == 1);
            });
        });
    }
    grows_gently("awareness in n updates", 5000, [&](std::uint32_t n) {
        return std::function<void()>([awareness = present(n), n] {
            for (std::uint32_t id = 2; id < n + 2; ++id) {
                crdt::Bytes update;
                crdt::detail::Writer out(update);
                for (const std::uint32_t number : {1U, id, 1U}) out.var_uint(number);
                out.var_string("{}");
                CHECK(awareness->apply(update, Time(id % 7)).ok());
            }
            CHECK(awareness->states() == n + 1);
        });
    });
}

TEST_CASE("[P4] n positions are made and found in a text of n pieces") {
    grows_gently("positions", 2000, [](std::uint32_t n) {
        auto doc = std::make_shared<Doc>(document(1));
        support::Random random(n);
        const crdt::Text text = doc->text("t");
        for (std::uint32_t i = 0; i < n; ++i) text.insert(random(text.length() + 1), "ab");
        return std::function<void()>([doc, text, random, n]() mutable {
            for (std::uint32_t i = 0; i < n; ++i) {
                const std::size_t index = random(text.length() + 1);
                const auto place = doc->resolve(text.position_at(index));
                CHECK((place && place->index == index));
            }
        });
    });
}

TEST_CASE("[P4] the clocks of short texts before a long one are read once") {
    grows_gently("clocks", 10'000, [](std::uint32_t n) {
        Doc doc = document(1);
        // One letter at the front of the one before each: a block of its own.
        for (std::uint32_t i = 0; i < n; ++i) doc.text("t").insert(0, "a");
        doc.text("t").insert(0, std::string(300, 'b'));
        return [update = update_of(doc)] {
            const auto vector = crdt::state_vector_of(crdt::as_bytes(update));
            if (!vector.ok()) throw std::runtime_error("it is a state vector");
        };
    });
}
