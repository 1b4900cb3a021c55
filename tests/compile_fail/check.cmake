# cmake -DCOMPILER=<c++> -DSOURCE=<file> -DINCLUDE=<include> -P check.cmake
set(compile ${COMPILER} -std=c++20 -fsyntax-only -Wall -Wextra -Werror -I ${INCLUDE} ${SOURCE})

file(STRINGS ${SOURCE} expected REGEX "^// error: ")
if(expected STREQUAL "")
    message(FATAL_ERROR "${SOURCE} has no line \"// error: ...\"")
endif()
string(REPLACE "// error: " "" expected "${expected}")

execute_process(COMMAND ${compile} RESULT_VARIABLE status ERROR_VARIABLE errors)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "the twin that must compile does not:\n${errors}")
endif()

execute_process(
    COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${compile} -DROPEWALK_MUST_NOT_COMPILE
    RESULT_VARIABLE status
    ERROR_VARIABLE errors
)
if(status EQUAL 0)
    message(FATAL_ERROR "${SOURCE} compiles, and must not")
endif()
if(NOT errors MATCHES "${expected}")
    message(FATAL_ERROR "refused, but not with \"${expected}\":\n${errors}")
endif()
