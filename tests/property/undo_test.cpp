// What undo managers promise, for random edits by several people.
#include <algorithm>
#include <array>
#include <memory>

#include "property.hpp"
#include "support/document.hpp"
#include "support/edits.hpp"

using crdt::Doc;
using crdt::UndoManager;
using support::broken;
using support::canonical;
using support::document;
using support::Random;
using support::receive;
using support::update_of;

namespace {

// Pairs are left out: an edit that cuts one changes the character for good.
void edit_text(const crdt::Text& text, Random& random) {
    const std::size_t length = text.length();
    const std::size_t at = random(length + 1);
    if (random(3) == 0) {
        text.erase(at, std::min<std::size_t>(length - at, 5)).value();
    } else {
        text.insert(at, random(2) == 0 ? "ab" : "\xc3\xa9t\xc3\xa9").value();
    }
}

crdt::Content content(Random& random) {
    switch (random(5)) {
        case 0:
            return crdt::TextInit("text");
        case 1:
            return crdt::ArrayInit{1, crdt::MapInit{{"k", crdt::TextInit("deep")}}};
        case 2:
            return crdt::MapInit{{"k", crdt::ArrayInit{2}}, {"l", "m"}};
        default:
            return static_cast<int>(random(100));
    }
}

void edit_map(const crdt::Map& map, Random& random);

void edit_array(const crdt::Array& array, Random& random) {
    const std::size_t size = array.size();
    const std::size_t at = random(size + 1);
    const crdt::Value value = at < size ? *array.get(at) : crdt::Value();
    switch (random(4)) {
        case 0:
            if (value.kind() == crdt::ValueKind::array) return edit_array(value.array(), random);
            if (value.kind() == crdt::ValueKind::map) return edit_map(value.map(), random);
            if (value.kind() == crdt::ValueKind::text) return edit_text(value.text(), random);
            [[fallthrough]];
        case 1:
            return array.erase(at, std::min<std::size_t>(size - at, 2)).value();
        default:
            return array.insert(at, {content(random)}).value();
    }
}

void edit_map(const crdt::Map& map, Random& random) {
    const std::string_view key = random(2) == 0 ? "k" : "l";
    switch (random(4)) {
        case 0:
            if (map.get(key).kind() == crdt::ValueKind::array) {
                return edit_array(map.get(key).array(), random);
            }
            [[fallthrough]];
        case 1:
            return map.erase(key).value();
        default:
            return map.set(key, content(random)).value();
    }
}

void edit(Doc& doc, Random& random) {
    switch (random(4)) {
        case 0:
            return edit_array(doc.array("a"), random);
        case 1:
            return edit_map(doc.map("m"), random);
        default:
            return edit_text(doc.text("t"), random);
    }
}

void sync(Doc& a, Doc& b) {
    const std::string of_a = update_of(a);
    RC_ASSERT(receive(a, update_of(b)).ok());
    RC_ASSERT(receive(b, of_a).ok());
}

}  // namespace

TEST_CASE("all is undone and redone where nobody else writes") {
    holds("undo all, redo all", [](const Steps& steps, bool collect) {
        Doc doc = document(1, collect);
        Random start(steps.size());
        for (int i = 0; i < 5; ++i) edit(doc, start);
        const std::string before = support::show(doc);
        UndoManager undo{doc};
        for (std::size_t i = 0; i < steps.size(); ++i) {
            Random random(steps[i]);
            const crdt::Transaction open = doc.transact();
            // Not a key twice: a value that came and went within one transaction counts as somebody
            // else's when those before it are undone (docs/undo.md).
            edit(doc, random);
            for (std::uint32_t n = random(3); n > 0; --n) edit_text(doc.text("t"), random);
        }
        const std::string after = support::show(doc);
        for (int round = 0; round < 2; ++round) {
            while (undo.can_undo()) RC_ASSERT(undo.undo().status().ok());
            RC_ASSERT(support::show(doc) == before);
            RC_ASSERT(broken(doc).empty());
            while (undo.can_redo()) RC_ASSERT(undo.redo().status().ok());
            RC_ASSERT(support::show(doc) == after);
            RC_ASSERT(broken(doc).empty());
        }
        const Doc copy = support::loaded(update_of(doc));
        RC_ASSERT(support::show(copy) == after);
        RC_ASSERT(canonical(copy) == canonical(doc));
    });
}

TEST_CASE("what is undone, redone and kept converges") {
    holds("converge", [](const Steps& steps, bool collect) {
        std::vector<Doc> docs;
        for (const std::uint64_t id : {3, 1, 2}) docs.push_back(document(id, collect));
        std::vector<UndoManager> managers;
        for (Doc& doc : docs) managers.emplace_back(doc);
        for (const std::uint32_t seed : steps) {
            Random random(seed);
            const std::uint32_t who = random(docs.size());
            switch (random(8)) {
                case 0:
                case 1:
                    RC_ASSERT(managers[who].undo().status().ok());
                    break;
                case 2:
                    RC_ASSERT(managers[who].redo().status().ok());
                    break;
                case 3:
                    sync(docs[who], docs[(who + 1) % docs.size()]);
                    break;
                case 4:
                    if (random(4) == 0) managers[who].clear();
                    break;
                default:
                    edit(docs[who], random);
            }
            RC_ASSERT(broken(docs[who]).empty());
        }
        for (int round = 0; round < 2; ++round) {
            for (std::size_t i = 1; i < docs.size(); ++i) sync(docs[0], docs[i]);
        }
        for (const Doc& doc : docs) {
            RC_ASSERT(canonical(doc) == canonical(docs[0]));
            RC_ASSERT(support::show(doc) == support::show(docs[0]));
            RC_ASSERT(broken(doc).empty());
        }
    });
}

TEST_CASE("undo never takes away what others wrote, and leaves nothing of one's own") {
    holds("letters of others", [](const Steps& steps) {
        Doc mine = document(1);
        Doc theirs = document(2);
        UndoManager undo{mine};
        std::size_t written = 0;
        for (const std::uint32_t seed : steps) {
            Random random(seed);
            const crdt::Text text = mine.text("t");
            const crdt::Text other = theirs.text("t");
            const std::size_t at = random(text.length() + 1);
            switch (random(5)) {
                case 0:
                    sync(mine, theirs);
                    break;
                case 1:
                    other.insert(random(other.length() + 1), "T").value();
                    ++written;
                    break;
                case 2:
                    text.erase(at, std::min<std::size_t>(text.length() - at, 4)).value();
                    break;
                case 3:
                    if (random(3) == 0) static_cast<void>(undo.redo());
                    if (random(3) == 0) static_cast<void>(undo.undo());
                    break;
                default:
                    text.insert(at, "mm").value();
            }
        }
        sync(mine, theirs);
        while (undo.can_undo()) RC_ASSERT(undo.undo().status().ok());
        RC_ASSERT(mine.text("t").to_string() == std::string(written, 'T'));
    });
}

TEST_CASE("what a snapshot restores is what was shown, also where things came back") {
    holds("snapshots are what was shown", [](const Steps& steps) {
        Doc doc = document(1, false);
        std::vector<std::pair<crdt::Snapshot, std::string>> past;
        UndoManager undo{doc};
        for (const std::uint32_t seed : steps) {
            Random random(seed);
            if (random(4) == 0) {
                static_cast<void>(random(2) == 0 ? undo.undo() : undo.redo());
            } else {
                edit(doc, random);
            }
            if (random(4) == 0) {
                past.emplace_back(crdt::Snapshot::of(doc).value(), support::show(doc));
            }
        }
        for (const auto& [snapshot, shown] : past) {
            const auto restored = snapshot.restore(doc, {});
            RC_ASSERT(restored.ok());
            RC_ASSERT(support::show(*restored) == shown);
            RC_ASSERT(snapshot.to_string(doc.text("t")) == restored->text("t").to_string());
        }
    });
}
