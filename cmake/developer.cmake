# Everything that only people who change Ropewalk see: cmake -DROPEWALK_DEVELOPER_MODE=ON, or any
# preset of CMakePresets.json.
include(${CMAKE_CURRENT_LIST_DIR}/warnings.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/sanitizers.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/deps.cmake)

set(CMAKE_EXPORT_COMPILE_COMMANDS ON) # for clang-tidy and editors

option(ROPEWALK_TESTS "Tests" ON)
option(ROPEWALK_BENCH "Benchmarks and figures" OFF)
option(ROPEWALK_FUZZER "Fuzz targets are libFuzzer programs (clang); else they replay the corpus" OFF)

# A macro, so that test and target names are those of the top directory.
macro(ropewalk_add_developer_targets)
    if(ROPEWALK_TESTS)
        enable_testing()
        add_subdirectory(tests)
        add_subdirectory(examples/cpp)
    endif()
    if(ROPEWALK_TESTS OR ROPEWALK_FUZZER)
        add_subdirectory(fuzz)
    endif()
    if(ROPEWALK_BENCH AND EXISTS ${PROJECT_SOURCE_DIR}/bench/CMakeLists.txt)
        add_subdirectory(bench)
    endif()
endmacro()
