# What `cmake --install` copies, and the package that find_package(ropewalk CONFIG) reads.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(ropewalk_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ropewalk)

set(ropewalk_libraries ropewalk)
if(TARGET ropewalk_storage)
    list(APPEND ropewalk_libraries ropewalk_storage)
endif()
if(TARGET ropewalk_zstd)
    list(APPEND ropewalk_libraries ropewalk_zstd)
endif()
install(
    TARGETS ropewalk_headers ${ropewalk_libraries}
    EXPORT ropewalkTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
    FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILE_SET bodies DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
)
install(
    EXPORT ropewalkTargets
    NAMESPACE ropewalk::
    DESTINATION ${ropewalk_package_dir}
)

configure_package_config_file(
    cmake/ropewalkConfig.cmake.in ropewalkConfig.cmake INSTALL_DESTINATION ${ropewalk_package_dir}
)
# Before 1.0 a minor release may change the API.
write_basic_package_version_file(ropewalkConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(
    FILES ${CMAKE_CURRENT_BINARY_DIR}/ropewalkConfig.cmake
          ${CMAKE_CURRENT_BINARY_DIR}/ropewalkConfigVersion.cmake
    DESTINATION ${ropewalk_package_dir}
)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/ropewalk)
