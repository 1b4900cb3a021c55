# What tests and benchmarks need. The engine itself needs nothing. Nothing is fetched: what is not
# there is named, with the command that installs it.
function(ropewalk_need package apt)
    find_package(${package} ${ARGN} QUIET)
    if(NOT ${package}_FOUND)
        message(
            FATAL_ERROR
                "${package} was not found. On Debian and Ubuntu: apt-get install ${apt}\n"
                "`tools/setup.sh all` installs everything that is missing."
        )
    endif()
endfunction()
