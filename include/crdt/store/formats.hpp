// Where the living format marks of a text stand, so that nobody has to walk the text for them.
//
// A mark is an item (key, value) that is not visible: from there on the key has the value, null
// ends it. A cache for each sequence that holds marks and was asked about them; a text without
// marks has none. Where memory fails it is dropped and built again when next needed, O(length).
//
// Invariants (of a cache that exists):
//   F1  both lists hold exactly the living marks of the sequence
//   F2  `in_order` is in document order; `by_key` is ordered by key, then in document order, and so
//       is `ends`, which holds only those whose value is null
#pragma once

#include <cstdint>

#include "../base/call.hpp"
#include "../base/sorted_chunks.hpp"
#include "sequence.hpp"

namespace crdt::detail {

struct Store;

// The value of a mark as Yjs compares them: objects by where they are from, else by what they are.
struct FormatValue {
    std::uint32_t source = kNone;  // marks with one source share one value
    ByteView any;                  // canonical

    [[nodiscard]] static FormatValue null() noexcept;
    [[nodiscard]] bool is_null() const noexcept { return any[0] == 0x7e; }
};
// JavaScript's a === b.
[[nodiscard]] bool identical(const FormatValue& a, const FormatValue& b) noexcept;
// Identical, or two containers with the same members, none of which is a container.
[[nodiscard]] bool equal_formats(const FormatValue& a, const FormatValue& b) noexcept;

struct Mark {
    std::uint32_t key = kNone;  // interned
    std::uint32_t run = kNone;
    [[nodiscard]] bool exists() const noexcept { return run != kNone; }
    [[nodiscard]] RunPos unit() const noexcept { return {run, 0}; }
};

struct FormatLists {
    std::uint32_t seq = kNone;
    SortedChunks<Mark> in_order;
    SortedChunks<Mark> by_key;
    SortedChunks<Mark> ends;
};

// A gap between visible units that a remote change may have left with needless marks (tidy.hpp).
struct UntidyGap {
    std::uint32_t seq;
    RunPos deleted;  // a unit in it; none: the first gap, which is all that Yjs tidies of the text
};

class Formats {
public:
    Formats() noexcept = default;
    Formats(const Formats&) = delete;
    Formats& operator=(const Formats&) = delete;
    ~Formats() { drop_all(); }

    // The lists of a sequence, built if need be; nullptr when memory is exhausted.
    [[nodiscard]] FormatLists* lists(Store& store, std::uint32_t seq) noexcept;
    // The same if they exist.
    [[nodiscard]] FormatLists* find(std::uint32_t seq) const noexcept;

    // A mark was put into its sequence.
    void added(Store& store, std::uint32_t number) noexcept;
    // A mark that stands in its sequence is deleted now.
    void removed(Store& store, std::uint32_t number) noexcept;
    void drop(std::uint32_t seq) noexcept;
    void drop_all() noexcept;

    // -- asking: marks in front of `place`, which is in the sequence of the lists -----------------

    // The last of that key, or none.
    [[nodiscard]] static Mark last_before(Store& store,
                                          const FormatLists& lists,
                                          std::uint32_t key,
                                          Place place) noexcept;
    // The first of that key, or of any (kNone), that is not in front of it, or none.
    [[nodiscard]] static Mark first_from(Store& store,
                                         const FormatLists& lists,
                                         std::uint32_t key,
                                         Place place) noexcept;
    // The mark behind another, of its key or of any.
    [[nodiscard]] static Mark next(Store& store,
                                   const FormatLists& lists,
                                   Mark mark,
                                   bool same_key) noexcept;
    // f(mark, since) for each key that has a value there: the mark that gave it, and the one since
    // which it has had one without a break.
    template <class F>
    static void for_each_current(Store& store, const FormatLists& lists, Place place, F&& f);

    bool tidying = false;  // some sequence is `tidied`
    Vec<UntidyGap> untidy;

private:
    [[nodiscard]] std::size_t slot(std::uint32_t seq) const noexcept;

    Vec<FormatLists*> all_;  // ascending by sequence
};

}  // namespace crdt::detail
