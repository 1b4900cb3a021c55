// T6: with allocation number n failing, for every n, each operation of a stored document succeeds
// or says out_of_memory; what was acknowledged is there afterwards.
#include <doctest/doctest.h>

#include <cstdlib>

#include "support/simulated_disk.hpp"
#include "support/typist.hpp"

using crdt::DocumentFile;
using crdt::ErrorCode;
using crdt::Status;

namespace {

struct Heap {
    static inline std::size_t calls = 0;
    static inline std::size_t fail_at = static_cast<std::size_t>(-1);

    static void* reallocate(void* block, std::size_t bytes) {
        return calls++ == fail_at ? nullptr : std::realloc(block, bytes);
    }
    static void arm(std::size_t n) {
        calls = 0;
        fail_at = n;
    }
    static void disarm() { fail_at = static_cast<std::size_t>(-1); }

    Heap() { crdt::set_allocator({&reallocate, &std::free}); }
    Heap(const Heap&) = delete;
    Heap& operator=(const Heap&) = delete;
    ~Heap() { crdt::set_allocator({}); }
};

bool fine(const Status& status) {
    return status.ok() || status.error().code == ErrorCode::out_of_memory;
}

}  // namespace

TEST_CASE("T6: a failed allocation is an error, and nothing acknowledged is lost by it") {
    const Heap heap;
    for (std::size_t n = 0;; ++n) {
        CAPTURE(n);
        support::SimulatedDisk disk;
        std::uint64_t acknowledged = 0;
        std::vector<crdt::Bytes> updates;
        for (std::uint64_t i = 0; i < 6; ++i) updates.push_back(support::typed(1, i));
        bool failed = false;
        Heap::arm(n);
        for (int session = 0; session < 2 && !failed; ++session) {
            auto opened = DocumentFile::open(disk, "d.rope", {.document = 7});
            if (!opened.ok()) {
                CHECK(fine(opened.status()));
                failed = true;
                break;
            }
            DocumentFile& file = **opened;
            for (int i = 0; i < 3; ++i) {
                const auto sequence = file.commit(updates[acknowledged]);
                CHECK(fine(sequence.status()));
                // Nothing was written, so the next attempt is the same letter.
                if (!sequence.ok()) failed = true;
                if (sequence.ok()) ++acknowledged;
            }
            const Status compacted = file.compact();
            CHECK(fine(compacted));
            const crdt::Result<crdt::Bytes> merged = file.merged();
            CHECK(fine(merged.status()));
            failed |= !compacted || !merged.ok();
            REQUIRE(file.close().ok());
        }
        const bool reached = Heap::calls > n;
        Heap::disarm();
        if (disk.exists("d.rope")) {
            const auto file = DocumentFile::open(disk, "d.rope", {.create = false}).value();
            CHECK_FALSE(file->report().damaged);
            crdt::Doc doc = support::read_file(*file);
            CHECK(support::text_of_client(doc, 1) == support::typed_text(acknowledged));
        }
        if (!reached) break;
    }
}
