# SPDX-License-Identifier: BSL-1.0
# cpack -G DEB, cpack -G TGZ: a Debian package `libinlay-dev` for all architectures, or an archive of the installed tree.
set(CPACK_PACKAGE_NAME inlay)
set(CPACK_PACKAGE_VENDOR "inlay")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_PACKAGE_FILE_NAME "inlay-${PROJECT_VERSION}") # for any system
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_COMPONENTS_ALL inlay inlay_license)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_GENERATOR TGZ)
set(CPACK_PROJECT_CONFIG_FILE "${CMAKE_CURRENT_BINARY_DIR}/package-options.cmake")
file(WRITE "${CPACK_PROJECT_CONFIG_FILE}" [[
if(CPACK_GENERATOR STREQUAL "DEB")
  set(CPACK_COMPONENTS_ALL inlay inlay_debian)
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
endif()
]])

set(CPACK_DEBIAN_PACKAGE_NAME libinlay-dev)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libzydis-dev, libdw-dev, libboost-dev, pkgconf")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# CPack puts the summary before it.
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "inlay is a library of C++20 headers. A program or a kernel declares, as C++
types, which instructions may replace which, and when. At start-up, the
library looks at the processor, checks every site and rewrites the text:
alternatives, static keys, static calls and paravirt operations, as Linux
has them, for ordinary programs as well.
.
The report of what is patched where needs libzydis-dev and libdw-dev.")

# The maintainer: by the variables that Debian's own tools read, or by git.
set(INLAY_DEB_MAINTAINER "" CACHE STRING "Maintainer of the Debian package: NAME <ADDRESS>")
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${INLAY_DEB_MAINTAINER}")
if(NOT INLAY_DEB_MAINTAINER AND DEFINED ENV{DEBFULLNAME} AND DEFINED ENV{DEBEMAIL})
  set(CPACK_DEBIAN_PACKAGE_MAINTAINER "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
find_program(INLAY_GIT git)
find_program(INLAY_GZIP gzip)
mark_as_advanced(INLAY_GIT INLAY_GZIP)
if(NOT CPACK_DEBIAN_PACKAGE_MAINTAINER AND INLAY_GIT)
  execute_process(COMMAND "${INLAY_GIT}" log -1 "--format=%an <%ae>" WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
                  OUTPUT_VARIABLE CPACK_DEBIAN_PACKAGE_MAINTAINER OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT CPACK_DEBIAN_PACKAGE_MAINTAINER)
  set(CPACK_DEBIAN_PACKAGE_MAINTAINER "unknown <unknown@example.org>")
endif()

# Debian wants its own names: copyright, changelog.gz (CHANGELOG.md) and changelog.Debian.gz (the changes of the
# packaging).
if(INLAY_GZIP)
  set(inlay_debian "${CMAKE_CURRENT_BINARY_DIR}/debian")
  configure_file(cmake/debian/copyright "${inlay_debian}/copyright" COPYONLY)
  configure_file(CHANGELOG.md "${inlay_debian}/changelog" COPYONLY)
  string(TIMESTAMP inlay_date "%a, %d %b %Y %H:%M:%S +0000" UTC) # SOURCE_DATE_EPOCH, if that is set
  configure_file(cmake/debian/changelog.in "${inlay_debian}/changelog.Debian" @ONLY)
  foreach(name IN ITEMS changelog changelog.Debian)
    execute_process(COMMAND "${INLAY_GZIP}" -9nf "${inlay_debian}/${name}" COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  install(FILES "${inlay_debian}/copyright" "${inlay_debian}/changelog.gz" "${inlay_debian}/changelog.Debian.gz"
          DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/libinlay-dev" COMPONENT inlay_debian EXCLUDE_FROM_ALL)
  install(FILES cmake/debian/lintian-overrides DESTINATION "${CMAKE_INSTALL_DATADIR}/lintian/overrides"
          RENAME libinlay-dev COMPONENT inlay_debian EXCLUDE_FROM_ALL)
endif()
include(CPack)
