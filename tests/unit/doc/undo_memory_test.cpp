// T6 for undo managers and snapshots: whichever allocation fails, the document is sound, and what
// was not undone can be asked for again.
#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "support/document.hpp"
#include "unit/support/failing_memory.hpp"

using crdt::Doc;
using crdt::ErrorCode;
using crdt::Snapshot;
using crdt::Status;
using crdt::UndoManager;
using support::broken;
using support::document;
using test::FailingMemory;

namespace {

constexpr std::size_t kMostAllocations = 2000;

// Nested types, overwritten keys and text, in one transaction.
void fill(Doc& doc) {
    const crdt::Transaction open = doc.transact();
    doc.text("t").append("some text").value();
    doc.array("a")
        .push({1, crdt::ArrayInit{2, crdt::MapInit{{"k", crdt::TextInit("deep")}}}, "x"})
        .value();
    doc.map("m").set("k", crdt::MapInit{{"inner", crdt::ArrayInit{1, 2}}}).value();
    doc.map("m").set("l", 1).value();
}

void remove_some(Doc& doc) {
    const crdt::Transaction open = doc.transact();
    doc.text("t").erase(2, 4).value();
    doc.array("a").erase(0, 3).value();
    doc.map("m").erase("k").value();
    doc.map("m").set("l", 2).value();
}

// Lets the n-th allocation of one undo or redo fail, for each n, and asks again.
void fails_and_goes_on(bool redo) {
    for (std::size_t n = 0;; ++n) {
        REQUIRE(n < kMostAllocations);
        CAPTURE(n);
        Doc doc = document(1);
        fill(doc);
        const std::string before = support::show(doc);
        UndoManager undo{doc};
        remove_some(doc);
        const std::string after = support::show(doc);
        if (redo) REQUIRE(undo.undo());
        bool failed = false;
        Status status;
        {
            const FailingMemory memory(n);
            status = (redo ? undo.redo() : undo.undo()).status();
            failed = FailingMemory::failed();
        }
        REQUIRE(broken(doc) == "");
        REQUIRE((status.ok() || status.error().code == ErrorCode::out_of_memory));
        if (!status.ok()) {
            REQUIRE(failed);
            while (support::show(doc) != (redo ? after : before)) {
                REQUIRE((redo ? undo.redo() : undo.undo()));
            }
        }
        REQUIRE(support::show(doc) == (redo ? after : before));
        REQUIRE(doc.text("t").append("works").ok());
        REQUIRE(broken(doc) == "");
        const Doc copy = support::loaded(support::update_of(doc));
        REQUIRE(support::show(copy) == support::show(doc));
        if (!failed) break;
    }
}

}  // namespace

TEST_CASE("[P6] undo, whichever allocation fails") { fails_and_goes_on(false); }
TEST_CASE("[P6] redo, whichever allocation fails") { fails_and_goes_on(true); }

TEST_CASE("[P6] an edit that cannot be recorded stands, and says so") {
    for (std::size_t n = 0;; ++n) {
        REQUIRE(n < kMostAllocations);
        CAPTURE(n);
        Doc doc = document(1);
        fill(doc);
        UndoManager undo{doc};
        const std::string before = support::show(doc);
        bool failed = false;
        Status status;
        {
            const FailingMemory memory(n);
            status = doc.array("a").erase(1, 2);
            failed = FailingMemory::failed();
        }
        REQUIRE(broken(doc) == "");
        REQUIRE(status.ok() == !failed);
        if (undo.can_undo()) {
            REQUIRE(undo.undo());
            REQUIRE(support::show(doc) == before);
        }
        REQUIRE(doc.text("t").append("works").ok());
        REQUIRE(broken(doc) == "");
        if (!failed) break;
    }
}

TEST_CASE("[P6] a manager that cannot be made says so, and the document works") {
    static constexpr std::string_view kTracked[] = {"one", "two"};
    for (std::size_t n = 0;; ++n) {
        REQUIRE(n < kMostAllocations);
        Doc doc = document(1);
        fill(doc);
        bool failed = false;
        {
            const FailingMemory memory(n);
            crdt::UndoOptions options;
            options.tracked_origins = kTracked;
            UndoManager undo{doc, {doc.text("t"), doc.map("m")}, options};
            const auto heard = undo.on_event([](const crdt::UndoEvent&) noexcept {});
            failed = FailingMemory::failed();
            REQUIRE((undo.status().ok() && heard.active()) == !failed);
        }
        REQUIRE(doc.text("t").append("works").ok());
        REQUIRE(broken(doc) == "");
        if (!failed) break;
    }
}

TEST_CASE("[P6] snapshots, whichever allocation fails") {
    Doc doc = document(1, false);
    fill(doc);
    const Snapshot then = Snapshot::of(doc).value();
    remove_some(doc);
    const crdt::Bytes first = then.encode().value();
    const crdt::Bytes second = then.encode_v2().value();
    const std::string all = support::update_of(doc);
    const std::function<Status()> operations[] = {
        [&] { return Snapshot::of(doc).status(); },
        [&] { return then.encode().status(); },
        [&] { return then.encode_v2().status(); },
        [&] { return Snapshot::decode(first).status(); },
        [&] { return Snapshot::decode_v2(second).status(); },
        [&] { return then.restore(doc, {}).status(); },
        [&] { return then.contains_update(crdt::as_bytes(all)).status(); },
        [&] {
            crdt::Bytes out;
            return then.append_to(doc.text("t"), out);
        },
        [&] {
            return then.for_each_difference(doc.text("t"), Snapshot(),
                                            [](crdt::Difference, std::string_view) {});
        },
    };
    for (const auto& operate : operations) {
        const std::size_t failures = test::fail_each_allocation([&] {
            const Status status = operate();
            return status.ok();
        });
        CHECK(failures < kMostAllocations);
    }
    CHECK(broken(doc) == "");
}
