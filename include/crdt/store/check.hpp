// Says which invariant of a store is broken, if any: for tests, fuzz targets and full checks. Slow.
#pragma once

#include "store.hpp"

namespace crdt::detail {

class Checker {
public:
    explicit Checker(Store& store) noexcept : store_(store) {}

    // nullptr: the store is sound. Otherwise the invariant, as static text.
    [[nodiscard]] const char* run() noexcept;

private:
    [[nodiscard]] const char* clients() noexcept;
    [[nodiscard]] const char* runs() noexcept;
    [[nodiscard]] const char* sequence(std::uint32_t seq) noexcept;
    [[nodiscard]] const char* node(std::uint32_t number,
                                   std::uint32_t level,
                                   std::uint32_t parent,
                                   Measure& total,
                                   std::uint32_t& last) noexcept;
    [[nodiscard]] const char* leaf(std::uint32_t number, Measure& total) noexcept;
    [[nodiscard]] bool summary_holds(const Leaf& leaf) const noexcept;
    [[nodiscard]] const char* keys(std::uint32_t type) noexcept;
    [[nodiscard]] const char* formats(std::uint32_t seq) noexcept;

    Store& store_;
    Vec<std::uint32_t> covered_;  // units of each run that stand in a sequence
    std::uint32_t seq_ = kNone;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/check.ipp"
#endif
