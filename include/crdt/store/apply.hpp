// A remote update: decide, reserve, then write.
//
// A keystroke from afar, one string or some deletions whose causes are here, goes straight through.
//
//   decode    all of it, or it is refused                                   (codec/update_v1.hpp,
//   update_v2.hpp) plan      which blocks can be integrated, in which order, and which must wait:
//   from clocks only reserve   all the memory that the plan needs; failing here changes nothing
//   write     integrate, park, delete; then what was parked and is now complete follows, as far as
//             memory lasts (what does not stays parked)
#pragma once

#include <cstdint>

#include "integrate.hpp"
#include "store.hpp"

namespace crdt::detail {

class Apply {
public:
    Apply(Store& store, const DecodedUpdate& update, ApplyScratch& scratch) noexcept
        : store_(store),
          update_(update),
          numbers_(scratch.numbers),
          known_(scratch.known),
          needs_(scratch.needs),
          sections_(scratch.sections),
          section_of_(scratch.section_of),
          stack_(scratch.stack),
          order_(scratch.order),
          parked_(scratch.parked) {}

    [[nodiscard]] Status run() noexcept;

private:
    struct Lack {
        std::uint32_t slot = kNoSlot;
        std::uint32_t clock = 0;
    };

    [[nodiscard]] Status keystroke(bool& done) noexcept;
    [[nodiscard]] Status number_clients() noexcept;
    [[nodiscard]] Status plan() noexcept;
    [[nodiscard]] Status plan_section(std::uint32_t first) noexcept;
    [[nodiscard]] bool count(const BlockView& block) noexcept;
    [[nodiscard]] bool count_content(const BlockView& block) noexcept;
    [[nodiscard]] bool count_parent(const BlockView& block) noexcept;
    [[nodiscard]] Lack lack_of(const BlockView& block) const noexcept;
    [[nodiscard]] Status reserve(std::size_t runs, std::uint64_t changes) noexcept;
    [[nodiscard]] Status reserve_parking() noexcept;
    [[nodiscard]] Status load(bool& loaded) noexcept;
    void write() noexcept;
    void delete_range(std::uint32_t client, const DeleteRange& range) noexcept;
    void park_deletes() noexcept;
    void unpark() noexcept;
    [[nodiscard]] bool unpark_one(std::uint32_t client) noexcept;
    [[nodiscard]] std::uint32_t known(std::uint32_t slot) const noexcept { return known_[slot]; }

    // What all blocks that were taken need beside ApplyScratch::Needs.
    struct Totals {
        std::size_t cells = 0;
        std::size_t values = 0;
        std::uint32_t types = 0;
        std::uint32_t keys = 0;
        std::uint32_t roots = 0;
    };

    Store& store_;
    const DecodedUpdate& update_;
    Totals totals_;
    Vec<std::uint32_t>& numbers_;
    Vec<std::uint32_t>& known_;
    Vec<ApplyScratch::Needs>& needs_;
    Vec<ApplyScratch::Section>& sections_;
    Vec<std::uint32_t>& section_of_;
    Vec<std::uint32_t>& stack_;
    Vec<std::uint32_t>& order_;
    Vec<std::uint32_t>& parked_;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/apply.ipp"
#endif
