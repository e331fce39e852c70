# SPDX-License-Identifier: BSL-1.0
# The installed files. All of it goes below include/ and share/: it is the same for every architecture.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(INLAY_CMAKE_DIR "${CMAKE_INSTALL_DATADIR}/cmake/inlay" CACHE STRING "Where inlay-config.cmake is installed")
mark_as_advanced(INLAY_CMAKE_DIR)
install(TARGETS inlay EXPORT inlay-targets FILE_SET HEADERS COMPONENT inlay)
install(EXPORT inlay-targets NAMESPACE inlay:: DESTINATION "${INLAY_CMAKE_DIR}" COMPONENT inlay)
configure_package_config_file(cmake/inlay-config.cmake.in inlay-config.cmake INSTALL_DESTINATION "${INLAY_CMAKE_DIR}"
                              PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
configure_file(cmake/inlay-config-version.cmake.in inlay-config-version.cmake @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/inlay-config.cmake" "${CMAKE_CURRENT_BINARY_DIR}/inlay-config-version.cmake"
              cmake/inlay-components.cmake
        DESTINATION "${INLAY_CMAKE_DIR}" COMPONENT inlay)

set(inlay_pc_dir "${CMAKE_INSTALL_DATADIR}/pkgconfig")
file(RELATIVE_PATH INLAY_PC_PREFIX "/p/${inlay_pc_dir}" /p)
string(REGEX REPLACE "/$" "" INLAY_PC_PREFIX "${INLAY_PC_PREFIX}")
foreach(name IN ITEMS inlay inlay-report)
  configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${name}.pc" DESTINATION "${inlay_pc_dir}" COMPONENT inlay)
endforeach()

# The single header is made when it is installed, so that `cmake --install` needs no `cmake --build`.
find_program(INLAY_PYTHON python3)
mark_as_advanced(INLAY_PYTHON)
set(inlay_single "${CMAKE_CURRENT_BINARY_DIR}/single_header/inlay.hpp")
if(INLAY_PYTHON)
  add_custom_target(inlay_single_header
                    COMMAND "${INLAY_PYTHON}" "${PROJECT_SOURCE_DIR}/tools/single_header.py" -o "${inlay_single}"
                    COMMENT "Writing ${inlay_single}" VERBATIM)
  install(CODE "execute_process(COMMAND \"${INLAY_PYTHON}\" \"${PROJECT_SOURCE_DIR}/tools/single_header.py\"
                                        -o \"${inlay_single}\" COMMAND_ERROR_IS_FATAL ANY)" COMPONENT inlay)
  install(FILES "${inlay_single}" DESTINATION "${CMAKE_INSTALL_DATADIR}/inlay/single_header" COMPONENT inlay)
else()
  message(STATUS "inlay: no single header, since it needs Python 3 (Debian: python3)")
endif()

# In a package of Debian, debian/copyright says it.
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT inlay_license)

if(PROJECT_IS_TOP_LEVEL)
  include(cmake/package.cmake)
endif()
