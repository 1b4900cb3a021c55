// Keystroke-by-keystroke recordings of writing, in the form that is replayed: positions in UTF-16
// units, text in UTF-8, all converted before any clock runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

// As recorded: positions and lengths count code points.
struct RecordedPatch {
    std::uint32_t at = 0;
    std::uint32_t deleted = 0;
    std::string inserted;
};
struct Recording {
    std::string name;
    std::vector<std::vector<RecordedPatch>> transactions;
    std::string end_content;  // empty: not known
};

// Deletes `deleted` UTF-16 units at `at`, then inserts bytes [offset, offset + size) of the pool.
struct Patch {
    std::uint32_t at;
    std::uint32_t deleted;
    std::uint32_t offset;
    std::uint32_t size;
};

struct Trace {
    std::string name;
    std::string pool;
    std::vector<Patch> patches;
    std::vector<std::uint32_t> transaction_ends;  // number of patches up to there
    std::string end_content;
    std::uint32_t end_length = 0;      // UTF-16 units
    std::uint64_t inserted_units = 0;  // UTF-16 units ever inserted

    [[nodiscard]] std::string_view inserted(const Patch& patch) const {
        return {pool.data() + patch.offset, patch.size};
    }
};

// Replays into a gap buffer; throws std::runtime_error if that is not the recorded end.
[[nodiscard]] Trace to_trace(const Recording& recording);

// The same keystrokes with one ASCII letter for each character.
[[nodiscard]] Recording ascii_twin(const Recording& recording);

// Throws std::runtime_error, with the path, if the file is not such a recording.
[[nodiscard]] Recording read_recording(const std::string& path);

// The recordings of one writer: those in the folder that ROPEWALK_TRACES names, else in
// shared/data/editing-traces beside the repository, else made up (see synthetic.hpp).
struct Recordings {
    std::string folder;  // empty: made up
    std::vector<Recording> sequential;
    std::size_t main = 0;     // the one on which single figures are measured: automerge-paper
    std::size_t unicode = 0;  // one that is not ASCII: seph-blog1
};
[[nodiscard]] const Recordings& recordings();

}  // namespace bench
