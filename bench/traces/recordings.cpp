#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "synthetic.hpp"
#include "trace.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

constexpr std::array kNames{"automerge-paper", "seph-blog1", "sveltecomponent", "json-crdt-patch",
                            "friendsforever_flat"};

// The folder itself, or "" if there is none. A folder that was named must be there.
std::string find_folder() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): read before any thread exists
    if (const char* named = std::getenv("ROPEWALK_TRACES"); named != nullptr && *named != '\0') {
        if (!fs::is_directory(named)) {
            throw std::runtime_error(std::string("ROPEWALK_TRACES names no folder: ") + named);
        }
        return named;
    }
    // Beside the repository: ../shared seen from its root, further up from a folder inside it.
    for (fs::path at = fs::current_path();; at = at.parent_path()) {
        const fs::path folder = at / "shared" / "data" / "editing-traces";
        if (fs::is_directory(folder)) return folder.string();
        if (at == at.parent_path()) return {};
    }
}

Recordings find_recordings() {
    Recordings all;
    all.folder = find_folder();
    if (all.folder.empty()) {
        all.sequential = synthetic_recordings();
    } else {
        fs::path folder = all.folder;
        if (fs::is_directory(folder / "sequential")) folder /= "sequential";
        for (const char* name : kNames) {
            const fs::path file = folder / (std::string(name) + ".json.gz");
            if (fs::exists(file)) all.sequential.push_back(read_recording(file.string()));
        }
        if (all.sequential.empty()) throw std::runtime_error("no traces in " + folder.string());
    }
    const auto index_of = [&](std::string_view name, std::size_t otherwise) {
        for (std::size_t i = 0; i < all.sequential.size(); ++i) {
            if (all.sequential[i].name == name) return i;
        }
        return std::min(otherwise, all.sequential.size() - 1);
    };
    all.main = index_of(kNames[0], 0);
    all.unicode = index_of(kNames[1], 1);
    return all;
}

}  // namespace

const Recordings& recordings() {
    static const Recordings all = find_recordings();
    return all;
}

}  // namespace bench
