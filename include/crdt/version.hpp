// The version. CMake and the packages of other languages read it from here.
#pragma once

#include <string_view>

#define ROPEWALK_VERSION_MAJOR 0
#define ROPEWALK_VERSION_MINOR 1
#define ROPEWALK_VERSION_PATCH 0

namespace crdt {

inline constexpr std::string_view kVersion = "0.1.0";
// The release of Yjs whose documents, updates and merge rules these are.
inline constexpr std::string_view kYjsVersion = "13.6";

}  // namespace crdt
