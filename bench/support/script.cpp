#include "script.hpp"

#include <array>
#include <cstdio>
#include <filesystem>

namespace bench {

std::string repository_file(const std::string& path) {
    namespace fs = std::filesystem;
    for (fs::path at = fs::current_path();; at = at.parent_path()) {
        if (fs::exists(at / path)) return (at / path).string();
        if (at == at.parent_path()) return {};
    }
}

bool run_command(const std::string& command, const std::function<void(const char*)>& line) {
    std::FILE* const out = popen(command.c_str(), "r");  // NOLINT(cert-env33-c): our own script
    if (out == nullptr) return false;
    std::array<char, 4096> text{};
    while (std::fgets(text.data(), text.size(), out) != nullptr) line(text.data());
    return pclose(out) == 0;
}

}  // namespace bench
