# ROPEWALK_SANITIZE: a list for -fsanitize=, for all targets, since instrumented and plain code that
# share inline functions would hide errors from each other. The first finding ends the program.
set(ROPEWALK_SANITIZE
    ""
    CACHE STRING "Sanitizers of all developer targets, such as address,undefined"
)
if(NOT ROPEWALK_SANITIZE STREQUAL "")
    set(flags -fsanitize=${ROPEWALK_SANITIZE} -fno-sanitize-recover=all)
    add_compile_options(${flags})
    add_link_options(${flags})
endif()

# A program that does little beside calling the engine: with sanitizers, optimizing it takes more
# than half of its build and saves nothing when it runs. The engine's own libraries are optimized.
function(ropewalk_quick_to_build target)
    if(NOT ROPEWALK_SANITIZE STREQUAL "")
        target_compile_options(${target} PRIVATE -O0)
    endif()
endfunction()
