// Folders of fixtures: *.json and *.json.gz of the schema in the fixtures' README.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "support/json.hpp"

namespace conformance {

struct FixtureFile {
    std::string family;
    std::vector<support::Json> cases;
};

// The fixture files of a folder, sorted by name. manifest.json is optional and not among them.
// Throws where the folder cannot be read, or where the manifest names a file that is not there.
[[nodiscard]] std::vector<std::filesystem::path> list_fixtures(const std::filesystem::path& folder);

// Throws where the file cannot be read or is no fixture file. {"$utf16": [...]} has become a string
// everywhere.
[[nodiscard]] FixtureFile load_fixtures(const std::filesystem::path& file);

}  // namespace conformance
