#pragma once

#include "../../base/sort.hpp"
#include "../../codec/any.hpp"
#include "../../store/store.hpp"

namespace crdt::detail {

// -- values -------------------------------------------------------------------------------------

ROPEWALK_INLINE FormatValue FormatValue::null() noexcept {
    static constexpr std::uint8_t kNull = kTagNull;
    return {kNone, {&kNull, 1}};
}

// Primitives as === has them; containers never.
ROPEWALK_INLINE bool same_primitive(AnyView a, AnyView b) noexcept {
    const AnyKind kind = a.kind();
    if (kind != b.kind() || kind == AnyKind::array || kind == AnyKind::object ||
        kind == AnyKind::bytes) {
        return false;
    }
    // NaN is unequal to itself, 0 equals -0.
    if (kind == AnyKind::number) return a.as_number() == b.as_number();
    return a == b;
}

ROPEWALK_INLINE bool is_container(AnyView value) noexcept {
    const AnyKind kind = value.kind();
    return kind == AnyKind::array || kind == AnyKind::object || kind == AnyKind::bytes;
}

ROPEWALK_INLINE bool identical(const FormatValue& a, const FormatValue& b) noexcept {
    const AnyView x(a.any);
    const AnyView y(b.any);
    if (is_container(x)) return a.source != kNone && a.source == b.source;
    return same_primitive(x, y);
}

ROPEWALK_INLINE bool equal_formats(const FormatValue& a, const FormatValue& b) noexcept {
    if (identical(a, b)) return true;
    const AnyView x(a.any);
    const AnyView y(b.any);
    if (!is_container(x) || !is_container(y)) return false;
    if (x.kind() == AnyKind::bytes || y.kind() == AnyKind::bytes) {
        return x.kind() == y.kind() && as_text(x.as_bytes()) == as_text(y.as_bytes());
    }
    if (x.size() != y.size()) return false;
    if (x.size() == 0) return true;
    if (x.kind() != y.kind()) return false;
    if (x.kind() == AnyKind::array) {
        auto other = y.elements().begin();
        for (const AnyView element : x.elements()) {
            if (!same_primitive(element, *other)) return false;
            ++other;
        }
        return true;
    }
    // Most often the members stand in one order; else each is looked for.
    auto other = y.members().begin();
    for (const auto& [key, value] : x.members()) {
        const auto [other_key, other_value] = *other;
        ++other;
        if (other_key == key) {
            if (!same_primitive(value, other_value)) return false;
            continue;
        }
        const auto found = y.find(key);
        if (!found || !same_primitive(value, *found)) return false;
    }
    return true;
}

// -- the lists ----------------------------------------------------------------------------------

// Predicates for SortedChunks::lower_bound: is a mark in front of a place?
struct BeforePlace {
    Sequences& sequences;
    Place place;
    bool operator()(const Mark& mark) const noexcept {
        return sequences.precedes(sequences.find(mark.unit()), place);
    }
};
struct BeforeKeyAndPlace {
    Sequences& sequences;
    std::uint32_t key;
    Place place;
    bool operator()(const Mark& mark) const noexcept {
        if (mark.key != key) return mark.key < key;
        return sequences.precedes(sequences.find(mark.unit()), place);
    }
};

ROPEWALK_INLINE std::size_t Formats::slot(std::uint32_t seq) const noexcept {
    std::size_t low = 0;
    std::size_t high = all_.size();
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (all_[middle]->seq < seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

ROPEWALK_INLINE FormatLists* Formats::find(std::uint32_t seq) const noexcept {
    const std::size_t at = slot(seq);
    return at < all_.size() && all_[at]->seq == seq ? all_[at] : nullptr;
}

ROPEWALK_INLINE FormatLists* Formats::lists(Store& store, std::uint32_t seq) noexcept {
    const std::size_t at = slot(seq);
    if (at < all_.size() && all_[at]->seq == seq) return all_[at];
    void* block = allocate(sizeof(FormatLists));
    if (block == nullptr) return nullptr;
    auto* made = ::new (block) FormatLists();
    made->seq = seq;
    if (!all_.insert(at, made)) {
        made->~FormatLists();
        release(block);
        return nullptr;
    }
    Vec<Mark> marks;
    bool memory = true;
    Sequences& sequences = store.sequences;
    for (std::uint32_t node = sequences.seqs[seq].first; node != kNone && memory;
         node = sequences.nodes.leaf(node).next) {
        const Leaf& leaf = sequences.nodes.leaf(node);
        for (std::uint32_t i = 0; i < leaf.count && memory; ++i) {
            const Run& run = store.runs[leaf.spans[i].run];
            if (run.kind != RunKind::format || store.content.deleted(run, 0)) continue;
            const Mark mark{store.content.format_key(run), leaf.spans[i].run};
            memory = made->in_order.push_back(mark) && marks.push_back(mark);
        }
    }
    // A mark's number in document order, to sort by key and then by that.
    Vec<std::uint32_t> order;
    memory = memory && order.reserve(marks.size());
    for (std::uint32_t i = 0; memory && i < marks.size(); ++i) order.push_back_reserved(i);
    if (memory) {
        sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
            return marks[a].key != marks[b].key ? marks[a].key < marks[b].key : a < b;
        });
    }
    for (const std::uint32_t i : order) {
        memory = memory && made->by_key.push_back(marks[i]);
        const FormatValue value{kNone, store.content.rich_value(store.runs[marks[i].run])};
        if (value.is_null()) memory = memory && made->ends.push_back(marks[i]);
    }
    if (memory) return made;
    drop(seq);
    return nullptr;
}

ROPEWALK_INLINE void Formats::added(Store& store, std::uint32_t number) noexcept {
    const Run& run = store.runs[number];
    FormatLists* known = find(run.seq);
    if (known == nullptr) return;
    const Mark mark{store.content.format_key(run), number};
    const Place place = store.sequences.find(mark.unit());
    const auto put = [&](SortedChunks<Mark>& list, const auto& before) {
        return list.insert(list.lower_bound(before), mark);
    };
    const BeforeKeyAndPlace before{store.sequences, mark.key, place};
    const FormatValue value{kNone, store.content.rich_value(run)};
    if (!put(known->in_order, BeforePlace{store.sequences, place}) || !put(known->by_key, before) ||
        (value.is_null() && !put(known->ends, before))) {
        drop(run.seq);
    }
}

ROPEWALK_INLINE void Formats::removed(Store& store, std::uint32_t number) noexcept {
    // A mark hides nothing: what was changed last must not pass for its sequence.
    store.sequences.settle();
    const Run& run = store.runs[number];
    FormatLists* known = find(run.seq);
    if (known == nullptr) return;
    const Mark mark{store.content.format_key(run), number};
    const Place place = store.sequences.find(mark.unit());
    const auto take = [&](SortedChunks<Mark>& list, const auto& before) {
        const auto at = list.lower_bound(before);
        if (at != list.end_place() && list.at(at).run == number) list.erase(at, list.next(at));
    };
    take(known->in_order, BeforePlace{store.sequences, place});
    take(known->by_key, BeforeKeyAndPlace{store.sequences, mark.key, place});
    take(known->ends, BeforeKeyAndPlace{store.sequences, mark.key, place});
}

ROPEWALK_INLINE void Formats::drop(std::uint32_t seq) noexcept {
    const std::size_t at = slot(seq);
    if (at == all_.size() || all_[at]->seq != seq) return;
    all_[at]->~FormatLists();
    release(all_[at]);
    all_.erase(at, 1);
}

ROPEWALK_INLINE void Formats::drop_all() noexcept {
    for (FormatLists* lists : all_) {
        lists->~FormatLists();
        release(lists);
    }
    all_.reset();
}

// -- asking -------------------------------------------------------------------------------------

ROPEWALK_INLINE Mark Formats::last_before(Store& store,
                                          const FormatLists& lists,
                                          std::uint32_t key,
                                          Place place) noexcept {
    auto at = lists.by_key.lower_bound(BeforeKeyAndPlace{store.sequences, key, place});
    if (!lists.by_key.previous(at)) return {};
    const Mark mark = lists.by_key.at(at);
    return mark.key == key ? mark : Mark{};
}

ROPEWALK_INLINE Mark Formats::first_from(Store& store,
                                         const FormatLists& lists,
                                         std::uint32_t key,
                                         Place place) noexcept {
    if (key == kNone) {
        const auto at = lists.in_order.lower_bound(BeforePlace{store.sequences, place});
        return at == lists.in_order.end_place() ? Mark{} : lists.in_order.at(at);
    }
    const auto at = lists.by_key.lower_bound(BeforeKeyAndPlace{store.sequences, key, place});
    if (at == lists.by_key.end_place() || lists.by_key.at(at).key != key) return {};
    return lists.by_key.at(at);
}

ROPEWALK_INLINE Mark Formats::next(Store& store,
                                   const FormatLists& lists,
                                   Mark mark,
                                   bool same_key) noexcept {
    const Place place = store.sequences.find(mark.unit());
    const SortedChunks<Mark>& list = same_key ? lists.by_key : lists.in_order;
    auto at = same_key ? list.lower_bound(BeforeKeyAndPlace{store.sequences, mark.key, place})
                       : list.lower_bound(BeforePlace{store.sequences, place});
    if (at == list.end_place()) return {};
    at = list.next(at);
    if (at == list.end_place()) return {};
    const Mark behind = list.at(at);
    return same_key && behind.key != mark.key ? Mark{} : behind;
}

template <class F>
void Formats::for_each_current(Store& store, const FormatLists& lists, Place place, F&& f) {
    if constexpr (kCallInstead<F>) {
        for_each_current(store, lists, place, Call<void(Mark, Mark)>(f));
        return;
    }
    const SortedChunks<Mark>& list = lists.by_key;
    for (auto first = list.lower_bound([](const Mark&) { return false; });
         first != list.end_place();) {
        const std::uint32_t key = list.at(first).key;
        const Mark mark = last_before(store, lists, key, place);
        if (mark.exists()) {
            const FormatValue value{kNone, store.content.rich_value(store.runs[mark.run])};
            if (!value.is_null()) {
                // Behind the last mark that ended it, or the first of all.
                auto end = lists.ends.lower_bound(BeforeKeyAndPlace{store.sequences, key, place});
                const bool ended = lists.ends.previous(end) && lists.ends.at(end).key == key;
                f(mark, ended ? next(store, lists, lists.ends.at(end), true) : list.at(first));
            }
        }
        first = list.lower_bound([key](const Mark& other) { return other.key <= key; });
    }
}

}  // namespace crdt::detail
