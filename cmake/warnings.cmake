# Errors, because the presets are where the code is written; no consumer sees this file.
add_compile_options(
    -Wall
    -Wextra
    -Wpedantic
    -Wconversion
    -Wshadow
    -Wold-style-cast
    -Werror
)
# GCC 12 sees overlap in `"literal" + std::string` at -O3 (its bug 105651), in the standard library's own code.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    add_compile_options(-Wno-restrict)
endif()
