// conformance <folder> [--family F] [--case NAME] [--verbose]
//
// Replays a folder of fixtures. Ends with 0 if no case failed, 1 if one did, 2 if nothing could be
// replayed.

#include <exception>
#include <iostream>
#include <span>
#include <string_view>

#include "fixtures.hpp"
#include "suite.hpp"

namespace {

constexpr std::string_view kUsage =
    "usage: conformance <folder> [--family F] [--case NAME] [--verbose]\n"
    "The folder holds *.json or *.json.gz of the format ropewalk-yjs-fixtures/1.\n";

struct Arguments {
    std::string folder;
    conformance::Selection selection;
    bool verbose = false;
    bool good = true;
};

Arguments parse(std::span<char*> words) {
    Arguments arguments;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string_view word = words[i];
        const bool has_value = i + 1 < words.size();
        if (word == "--family" && has_value) {
            arguments.selection.family = words[++i];
        } else if (word == "--case" && has_value) {
            arguments.selection.name = words[++i];
        } else if (word == "--verbose") {
            arguments.verbose = true;
        } else if (arguments.folder.empty() && !word.starts_with("--")) {
            arguments.folder = word;
        } else {
            arguments.good = false;
        }
    }
    arguments.good = arguments.good && !arguments.folder.empty();
    return arguments;
}

int run(const Arguments& arguments) {
    std::vector<conformance::FamilyResult> families;
    std::size_t cases = 0;
    std::size_t failed = 0;
    for (const auto& file : conformance::list_fixtures(arguments.folder)) {
        families.push_back(conformance::run_file(file, arguments.selection));
        cases += families.back().cases.size();
        failed += families.back().count(conformance::Verdict::failed);
    }
    conformance::print_account(std::cout, families, arguments.verbose);
    if (cases == 0)
        std::cerr << "conformance: no case of that name in " << arguments.folder << '\n';
    return cases == 0 ? 2 : failed == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
    const Arguments arguments = parse({words, static_cast<std::size_t>(count)});
    if (!arguments.good) {
        std::cerr << kUsage;
        return 2;
    }
    try {
        return run(arguments);
    } catch (const std::exception& error) {
        std::cerr << "conformance: " << error.what() << '\n';
        return 2;
    }
}
