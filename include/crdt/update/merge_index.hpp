// The first pass of a merge: everything is read and checked once, the delete sets are united, and
// where each client's clocks lie is noted in stretches: updates of one segment that have nothing
// but one client's clocks, one continuing the other. A log of keystrokes is one stretch for each
// client and segment, however many updates it has.
#pragma once

#include "../codec/client_slots.hpp"
#include "delete_ranges.hpp"
#include "update_block.hpp"
#include "update_segment.hpp"

namespace crdt::detail {

struct Stretch {
    std::uint64_t offset;  // in the segment: of the frame, or of the section in a single update
    std::uint32_t slot;
    std::uint32_t from;
    std::uint32_t to;
    std::uint32_t input : 30;
    std::uint32_t framed : 1;     // frames that continue one another, not a single section
    std::uint32_t has_skips : 1;  // only of a single section
};
inline constexpr std::uint32_t kMostInputs = (1U << 30) - 1;
static_assert(sizeof(Stretch) == 24, "a log may have many");

struct MergeClient {
    std::uint64_t structs = 0;  // in all inputs together
    // The clocks known without a hole from the first one on.
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    // The newest framed stretch, and where its last update ends.
    std::uint32_t open = 0xffffffffU;
    std::uint64_t open_end = 0;
};

class MergeIndex {
public:
    explicit MergeIndex(const Limits& limits, UpdateForm form) noexcept
        : limits_(limits), form_(form) {}

    [[nodiscard]] Error add(std::uint32_t input, const UpdateSegment& segment) noexcept;
    // Sorts what was added.
    [[nodiscard]] bool finish() noexcept;

    [[nodiscard]] const Vec<Stretch>& stretches() const noexcept { return stretches_; }
    [[nodiscard]] const Vec<ClientId>& clients() const noexcept { return clients_; }
    [[nodiscard]] const MergeClient& client(std::uint32_t slot) const noexcept {
        return infos_[slot];
    }
    [[nodiscard]] const DeleteRanges& deletes() const noexcept { return deletes_; }
    // Slots of clients that have structs or deletions, highest client first.
    [[nodiscard]] const Vec<std::uint32_t>& order() const noexcept { return order_; }
    // A unit that is there and deleted.
    [[nodiscard]] bool is_deleted(const UpdateId& id) noexcept;

private:
    // Others' bytes that may lie between two updates of one stretch: what is passed over when the
    // stretch is read.
    static constexpr std::uint64_t kFarthest = 1024;

    [[nodiscard]] Error add_update(std::uint32_t input,
                                   ByteView update,
                                   std::uint64_t frame,
                                   std::uint64_t frame_end,
                                   std::uint64_t update_at) noexcept;
    [[nodiscard]] bool add_section(const Stretch& found,
                                   std::uint64_t structs,
                                   bool may_continue,
                                   std::uint64_t frame_end) noexcept;
    // kNoSlot: memory is exhausted.
    [[nodiscard]] std::uint32_t slot_of(std::uint64_t client) noexcept {
        if (ROPEWALK_LIKELY(client == last_client_)) return last_slot_;
        return find_slot(client);
    }
    [[nodiscard]] std::uint32_t find_slot(std::uint64_t client) noexcept;

    Limits limits_;
    UpdateForm form_;
    ClientSlots slots_;
    Vec<ClientId> clients_;
    Vec<MergeClient> infos_;
    Vec<Stretch> stretches_;
    Vec<std::uint32_t> order_;
    DeleteRanges deletes_;
    std::uint64_t last_client_ = ~std::uint64_t{0};
    std::uint32_t last_slot_ = 0;
};

// Reads the blocks of one stretch, those of other clients and Skips left out.
class StretchReader {
public:
    StretchReader() noexcept = default;
    StretchReader(const UpdateSegment& segment,
                  const Stretch& stretch,
                  std::uint64_t client,
                  UpdateForm form,
                  const Limits& limits) noexcept;

    // False: the stretch is over (or, which error() tells, broken).
    [[nodiscard]] bool next(UpdateBlock& block) noexcept {
        for (;;) {
            while (ROPEWALK_LIKELY(reader_.structs_left() > 0)) {
                if (ROPEWALK_UNLIKELY(!reader_.next(block))) return false;
                if (ROPEWALK_LIKELY(block.kind != ContentKind::skip)) return true;
            }
            if (!framed_ || reader_.clock() >= to_ || !next_frame()) return false;
        }
    }
    [[nodiscard]] Error error() const noexcept { return reader_.error(); }

private:
    // What is read first.
    [[nodiscard]] ByteView first() noexcept;
    [[nodiscard]] bool next_frame() noexcept;

    UpdateSegment segment_;
    Limits limits_;
    std::size_t at_ = 0;  // behind the frame that is being read
    std::uint64_t client_ = 0;
    std::uint32_t to_ = 0;
    bool framed_ = false;
    UpdateForm form_ = UpdateForm::v1;
    UpdateReader reader_;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/update/merge_index.ipp"
#endif
