#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include <crdt/store/check.hpp>
#include <crdt/store/store.hpp>

#include "support/edits.hpp"

using crdt::detail::kNone;
using crdt::detail::Measure;
using crdt::detail::Place;
using crdt::detail::Run;
using crdt::detail::RunKind;
using crdt::detail::RunPos;
using crdt::detail::Sequences;
using crdt::detail::Span;
using crdt::detail::Store;

namespace {

// The tree beside a plain list of its units.
struct Fixture {
    struct Unit {
        RunPos pos;
        bool hidden = false;
    };

    Store store{crdt::ClientId{1}};
    Sequences& sequences = store.sequences;
    std::uint32_t seq;
    std::vector<Unit> model;

    Fixture() {
        const std::uint32_t root = store.root("r");
        seq = store.types.types[root].list;
        REQUIRE(store.ensure_own().ok());
    }

    // A run of `length` letters that stands nowhere yet.
    std::uint32_t run(std::uint32_t length) {
        crdt::detail::ClientLog& log = store.clients[store.own];
        REQUIRE(store.runs.reserve_more(1));
        REQUIRE(log.reserve_more(1));
        REQUIRE(store.content.reserve_text(log, length));
        Run made{};
        made.client = store.own;
        made.clock = log.next_clock;
        made.length = length;
        made.data = log.text_tail;
        made.kind = RunKind::ascii;
        made.seq = seq;
        log.text_tail += length;
        return store.add_run(made);
    }
    // In front of visible unit `position`.
    void insert(std::uint32_t position, std::uint32_t length) {
        REQUIRE(sequences.nodes.reserve(1, 0, 0));
        REQUIRE(sequences.reserve_changes(2));
        const std::uint32_t number = run(length);
        const Place place = model.empty() ? sequences.begin(seq) : sequences.seek(seq, position);
        sequences.insert(seq, place, {number, 0, length}, {length, 0, 0});
        std::vector<Unit> units;
        for (std::uint32_t i = 0; i < length; ++i) units.push_back({{number, i}, false});
        model.insert(model.begin() + static_cast<std::ptrdiff_t>(index_of(position)), units.begin(),
                     units.end());
    }
    // Visible units from `position` on, as far as their span reaches, at most `most`.
    void hide(std::uint32_t position, std::uint32_t most) {
        REQUIRE(sequences.reserve_changes(2));
        const Place place = sequences.seek(seq, position);
        const Span span = sequences.span(place);
        const std::uint32_t count = std::min(most, span.length() - place.offset);
        for (std::uint32_t i = 0; i < count; ++i) model[index_of(position)].hidden = true;
        store.content.set_deleted(store.runs[span.run], span.offset + place.offset, count);
        sequences.hide(seq, place, count, {count, 0, 0});
    }
    // Of visible unit `position` in the model; its end when there are just so many.
    std::size_t index_of(std::uint32_t position) const {
        for (std::size_t i = 0; i < model.size(); ++i) {
            if (!model[i].hidden && position-- == 0) return i;
        }
        return model.size();
    }
    std::uint32_t visible() const {
        std::uint32_t count = 0;
        for (const Unit& unit : model) count += unit.hidden ? 0 : 1;
        return count;
    }
    // Walks along the tree and compares everything that can be asked.
    void compare() {
        sequences.settle();
        REQUIRE(sequences.units(seq) == visible());
        std::uint32_t position = 0;
        std::size_t at = 0;
        for (Place place = sequences.begin(seq); place.leaf != kNone;
             place = sequences.next(place)) {
            const Span span = sequences.span(place);
            for (std::uint32_t i = 0; i < span.length(); ++i, ++at) {
                REQUIRE(at < model.size());
                REQUIRE(model[at].pos == RunPos{span.run, span.offset + i});
                REQUIRE(model[at].hidden == span.hidden());
            }
            REQUIRE(sequences.position_of(place) == position);
            position += span.visible();
        }
        REQUIRE(at == model.size());
        const char* const rule = crdt::detail::Checker(store).run();
        REQUIRE_MESSAGE(rule == nullptr, rule);
    }
};

}  // namespace

TEST_CASE("an empty sequence has no node and no place") {
    Fixture f;
    CHECK(f.sequences.begin(f.seq).leaf == kNone);
    CHECK(f.sequences.units(f.seq) == 0);
    CHECK(f.sequences.measure(f.seq).none());
    CHECK(f.sequences.empty_sequences() == 1);
    f.insert(0, 3);
    CHECK(f.sequences.empty_sequences() == 0);
    f.compare();
}

TEST_CASE("[S1-S4] random insertions and hidings agree with a plain list") {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
        Fixture f;
        support::Random random(seed);
        for (int step = 0; step < 1500; ++step) {
            const std::uint32_t visible = f.sequences.units(f.seq);
            if (visible == 0 || random(3) != 0) {
                // At the front, at the end, at random: the splits differ.
                const std::uint32_t where = seed % 3 == 0   ? 0
                                            : seed % 3 == 1 ? visible
                                                            : random(visible + 1U);
                f.insert(random(4) == 0 ? random(visible + 1U) : where, 1 + random(5));
            } else {
                f.hide(random(visible), 1 + random(4));
            }
            if (step % 250 == 0) f.compare();
        }
        f.compare();
    }
}

TEST_CASE("seek finds each visible unit from wherever the cursor stands") {
    Fixture f;
    support::Random random(3);
    for (int i = 0; i < 400; ++i) f.insert(random(f.sequences.units(f.seq) + 1U), 1 + random(3));
    for (int i = 0; i < 200; ++i) f.hide(random(f.sequences.units(f.seq)), 2);
    const std::uint32_t visible = f.visible();
    for (std::uint32_t step = 1; step < visible; step = step * 3 + 1) {
        for (std::uint32_t i = 0; i < visible; ++i) {
            const std::uint32_t position = i * step % visible;
            const Place place = f.sequences.seek(f.seq, position);
            const Span& span = f.sequences.span(place);
            REQUIRE(RunPos{span.run, span.offset + place.offset} ==
                    f.model[f.index_of(position)].pos);
        }
    }
    const Place end = f.sequences.seek(f.seq, visible);
    CHECK(end.index == f.sequences.nodes.leaf(end.leaf).count);
}

TEST_CASE("find leads from each unit to its place, and places are in order") {
    Fixture f;
    support::Random random(4);
    for (int i = 0; i < 300; ++i) f.insert(random(f.sequences.units(f.seq) + 1U), 1 + random(9));
    for (int i = 0; i < 150; ++i) f.hide(random(f.sequences.units(f.seq)), 1);
    Place before;
    for (const Fixture::Unit& unit : f.model) {
        const Place place = f.sequences.find(unit.pos);
        const Span& span = f.sequences.span(place);
        REQUIRE(span.contains(unit.pos));
        REQUIRE(span.offset + place.offset == unit.pos.offset);
        if (before.leaf != kNone) {
            REQUIRE(f.sequences.precedes(before, place));
            REQUIRE(!f.sequences.precedes(place, before));
        }
        before = place;
    }
}

TEST_CASE("previous walks the spans back") {
    Fixture f;
    support::Random random(5);
    for (int i = 0; i < 200; ++i) f.insert(random(f.sequences.units(f.seq) + 1U), 1);
    std::vector<std::uint32_t> forwards;
    Place last;
    for (Place at = f.sequences.begin(f.seq); at.leaf != kNone; at = f.sequences.next(at)) {
        forwards.push_back(f.sequences.span(at).run);
        last = at;
    }
    for (std::size_t i = forwards.size(); i-- > 0; last = f.sequences.previous(last)) {
        REQUIRE(last.leaf != kNone);
        REQUIRE(f.sequences.span(last).run == forwards[i]);
    }
    CHECK(last.leaf == kNone);
}

TEST_CASE("a sequence that is cleared gives back its nodes") {
    Fixture f;
    for (std::uint32_t i = 0; i < 500; ++i) f.insert(i / 2, 1);
    CHECK(f.sequences.nodes.leaves() > 1);
    CHECK(f.sequences.nodes.inners() > 0);
    f.sequences.clear(f.seq);
    CHECK(f.sequences.nodes.leaves() == 0);
    CHECK(f.sequences.nodes.inners() == 0);
    CHECK(f.sequences.begin(f.seq).leaf == kNone);
    CHECK(f.sequences.units(f.seq) == 0);
}
