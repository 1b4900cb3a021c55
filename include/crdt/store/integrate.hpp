// Where a block goes: the YATA rule, and what follows from its place.
//
// Rules (docs/merge-rules.md has them one by one): a block stands behind its origin and in front of
// its right origin; among blocks that compete for one gap the smaller client id goes left, and what
// was inserted behind one of them stays with it. Of a map key the last item is the value.
#pragma once

#include <cstdint>

#include "store.hpp"

namespace crdt::detail {

struct Integrator {
    Store& store;
    const DecodedUpdate& update;
    const std::uint32_t* numbers;  // slot of the update -> client number

    // A block whose causes are known and which is not known whole.
    // requires: its memory is reserved (Apply::reserve)
    void integrate(const BlockView& block) noexcept;

    // Steps of conflict scans so far; servers count them.
    std::uint64_t scan_steps = 0;

private:
    friend class Redo;

    // Behind `left`, in front of whatever stands at `place`.
    struct Gap {
        RunPos left;
        Place left_place;
        Place place;
    };
    [[nodiscard]] bool is_unit(RunPos unit, WireId id) const noexcept {
        const Run& run = store.runs[unit.run];
        return run.client == numbers[id.slot] && run.clock + unit.offset == id.clock;
    }
    [[nodiscard]] RunPos resolve(WireId id) noexcept {
        return store.resolve_near(numbers[id.slot], id.clock);
    }
    [[nodiscard]] std::uint32_t parent_sequence(const BlockView& block) noexcept;
    [[nodiscard]] Gap gap_behind(std::uint32_t seq, RunPos left) noexcept;
    [[nodiscard]] RunPos first_behind(const Gap& gap) const noexcept;
    void scan(
        std::uint32_t seq, std::uint64_t client, RunPos origin, RunPos right, Gap& gap) noexcept;
    // The nodes above the right origin, its leaf first: a scan must not pass them.
    struct Path {
        static constexpr std::uint32_t kLevels = 12;  // 8^11 leaves exceed 32 bits
        std::uint32_t nodes[kLevels];
        std::uint32_t count = 0;
        bool known = false;
        [[nodiscard]] bool holds(std::uint32_t node, std::uint32_t level) const noexcept {
            return level < count && nodes[level] == node;
        }
    };
    void find_path(RunPos unit, std::uint32_t seq, Path& path) noexcept;
    // From the start of a leaf on, over whole subtrees of siblings with smaller client ids: the
    // last leaf that was passed (kNone: none), and in `next` the first that was not (kNone: end).
    [[nodiscard]] std::uint32_t pass_siblings(RunPos origin,
                                              std::uint64_t client,
                                              const Path& right,
                                              std::uint32_t leaf,
                                              std::uint32_t& next) noexcept;
    [[nodiscard]] const Summary& summary_of(std::uint32_t node, std::uint32_t level) noexcept;
    void add_gc(std::uint32_t client, std::uint32_t length) noexcept;
    [[nodiscard]] Place lengthen(std::uint32_t seq,
                                 const Gap& gap,
                                 RunPos added,
                                 std::uint32_t length,
                                 bool visible) noexcept;
    void settle_key(Place place, RunPos added, std::uint32_t length) noexcept;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/integrate.ipp"
#endif
