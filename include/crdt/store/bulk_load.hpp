// Opening a document: a whole update into an empty store, without integrating block by block.
//
//   runs     blocks that continue one another become one run; their content is copied once
//   pieces   each run is cut where another run has its origin or right origin: one bit a clock, and
//            the number of bits in front of a clock is the number of its piece
//   order    the pieces are linked by the YATA rule; the left neighbour is found in O(1)
//   deletes  bits
//   leaves   along the list, bottom-up
//
// Only for updates without gaps. Where conflicts would make the linking slow it gives up, with
// nothing done, and the block-by-block way with its summaries takes over.
#pragma once

#include <cstdint>

#include "store.hpp"

namespace crdt::detail {

class BulkLoad {
public:
    // `order`: all blocks of the update, causes first. By slot: the client's number, and the clocks
    // known once all is done.
    BulkLoad(Store& store,
             const DecodedUpdate& update,
             const Vec<std::uint32_t>& order,
             const Vec<std::uint32_t>& numbers,
             const Vec<std::uint32_t>& known) noexcept
        : store_(store), update_(update), order_(order), numbers_(numbers), known_(known) {}

    // Whether bits for every clock are worth their memory.
    [[nodiscard]] bool worthwhile() const noexcept;

    // False: given up, or no memory; the store is as empty as before.
    // requires: content, types and logs are reserved
    [[nodiscard]] bool run() noexcept;

private:
    // Leaves are left with some room.
    static constexpr std::uint32_t kFilledLeaf = kLargeLeaf * 3 / 4;

    // What a run is on its way.
    struct Draft {
        WireId origin;
        WireId right;
        std::uint32_t head;   // its first block
        std::uint32_t first;  // its pieces
        std::uint32_t last;
        std::uint32_t origin_piece;
        std::uint32_t right_piece;
    };
    // Of a run, as far as nobody else's origin cuts it; in the order of clocks.
    struct Piece {
        std::uint32_t run;
        std::uint32_t offset;
        std::uint32_t end;
        std::uint32_t next;  // the following piece in its sequence
    };
    struct Bits {
        std::uint32_t first_word = 0;  // of a client, in words_
        std::uint32_t clocks = 0;
    };

    [[nodiscard]] bool allocate_bits() noexcept;
    [[nodiscard]] bool make_runs() noexcept;
    void mark(WireId id, std::uint32_t ahead) noexcept;
    [[nodiscard]] bool make_pieces() noexcept;
    [[nodiscard]] std::uint32_t piece_of(WireId id) const noexcept;
    [[nodiscard]] bool reserve_firsts() noexcept;
    [[nodiscard]] bool link() noexcept;
    [[nodiscard]] std::uint32_t sequence_of(const Draft& draft) noexcept;
    [[nodiscard]] bool scan(const Draft& draft,
                            std::uint32_t seq,
                            std::uint64_t client,
                            std::uint32_t& left) noexcept;
    [[nodiscard]] std::uint32_t after(std::uint32_t left, std::uint32_t seq) const noexcept {
        return left == kNone ? first_[seq] : pieces_[left].next;
    }
    [[nodiscard]] bool reserve_leaves() noexcept;
    void apply_deletes() noexcept;
    void delete_superseded() noexcept;
    void build(std::uint32_t seq) noexcept;
    void undo() noexcept;
    Store& store_;
    const DecodedUpdate& update_;
    const Vec<std::uint32_t>& order_;
    const Vec<std::uint32_t>& numbers_;
    const Vec<std::uint32_t>& known_;

    Vec<Draft> drafts_;  // by run
    Vec<Bits> bits_;     // by slot
    Vec<std::uint64_t> words_;
    Vec<std::uint32_t> rank_;  // pieces in front of each word
    Vec<Piece> pieces_;
    Vec<std::uint32_t> first_;  // sequence -> its first piece
    // Made by the first conflict.
    Vec<std::uint32_t> seen_;      // piece -> the scan that met it
    Vec<std::uint32_t> conflict_;  // piece -> the conflict set that holds it
    Vec<std::uint32_t> level_;     // nodes of the level being built
    std::uint32_t scans_ = 0;
    std::uint32_t conflicts_ = 0;
    std::uint64_t steps_ = 0;
    std::uint32_t marked_ = 0;  // bits
    std::uint32_t deleted_blocks_ = 0;
    std::uint32_t types_before_ = 0;
    std::uint32_t seqs_before_ = 0;
};

}  // namespace crdt::detail

#if !defined(ROPEWALK_COMPILED) || !ROPEWALK_COMPILED
#include "../impl/store/bulk_load.ipp"
#endif
