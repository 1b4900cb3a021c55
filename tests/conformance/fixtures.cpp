#include "fixtures.hpp"

#include <zlib.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "support/unicode.hpp"

namespace conformance {
namespace {

using support::Json;
namespace fs = std::filesystem;

constexpr std::string_view kFormat = "ropewalk-yjs-fixtures/1";

// Packed or not: zlib passes through what it does not know.
std::string read_all(const fs::path& path) {
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
    if (file == nullptr) throw std::runtime_error("cannot open " + path.string());
    std::string text;
    std::vector<char> chunk(std::size_t{1} << 18);
    for (;;) {
        const int size = gzread(file.get(), chunk.data(), static_cast<unsigned>(chunk.size()));
        if (size < 0) throw std::runtime_error("cannot read " + path.string());
        if (size == 0) return text;
        text.append(chunk.data(), static_cast<std::size_t>(size));
    }
}

void join_utf16(Json& value) {
    if (value.is_array()) {
        for (Json& element : value.array()) join_utf16(element);
    } else if (const Json* list = value.find("$utf16")) {
        std::u16string units;
        for (const Json& unit : list->array()) {
            units.push_back(static_cast<char16_t>(unit.number()));
        }
        value = Json(support::to_wtf8(units));
    } else if (value.is_object()) {
        for (auto& [key, member] : value.object()) join_utf16(member);
    }
}

}  // namespace

std::vector<fs::path> list_fixtures(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (name == "manifest.json") continue;
        if (name.ends_with(".json") || name.ends_with(".json.gz")) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    if (const fs::path manifest = folder / "manifest.json"; fs::exists(manifest)) {
        const Json list = support::parse_json(read_all(manifest));
        for (const Json& file : list["files"].array()) {
            const fs::path path = folder / file["file"].string();
            if (!fs::exists(path)) {
                throw std::runtime_error("the manifest names " + path.string() + "; it is missing");
            }
        }
    }
    return files;
}

FixtureFile load_fixtures(const fs::path& file) {
    try {
        Json content = support::parse_json(read_all(file));
        if (content.text_or("format", "") != kFormat) {
            throw std::runtime_error("its format is not " + std::string(kFormat));
        }
        join_utf16(content);
        FixtureFile loaded{content["family"].string(), {}};
        for (auto& [key, member] : content.object()) {
            if (key == "cases") loaded.cases = std::move(member.array());
        }
        return loaded;
    } catch (const std::exception& error) {
        throw std::runtime_error(file.string() + ": " + error.what());
    }
}

}  // namespace conformance
