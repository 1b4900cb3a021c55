// Scripts of this repository whose output is read line by line.
#pragma once

#include <functional>
#include <string>

namespace bench {

// A file of the repository that the current folder belongs to, such as "bench/report.py"; empty if
// it is not there.
[[nodiscard]] std::string repository_file(const std::string& path);

// Runs a command and hands over each line that it prints. False if it cannot be run or fails.
[[nodiscard]] bool run_command(const std::string& command,
                               const std::function<void(const char*)>& line);

}  // namespace bench
