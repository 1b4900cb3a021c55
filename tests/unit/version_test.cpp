#include <crdt/version.hpp>

#include <doctest/doctest.h>

#include <string>

TEST_CASE("the version is the same in its macros, its constant and CMake") {
    const std::string macros = std::to_string(ROPEWALK_VERSION_MAJOR) + "." +
                               std::to_string(ROPEWALK_VERSION_MINOR) + "." +
                               std::to_string(ROPEWALK_VERSION_PATCH);
    CHECK(macros == crdt::kVersion);
    CHECK(macros == ROPEWALK_CMAKE_VERSION);
}
