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
