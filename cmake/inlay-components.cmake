# SPDX-License-Identifier: BSL-1.0
# The needs of inlay::pv, inlay::report and inlay::check on the compiling machine, for inlay's own build and for the installed
# package. An installed inlay serves any architecture, so the installation cannot decide these needs.

# inlay_without_red_zone(TARGET): units that use TARGET have no red zone. Paravirt operations are called from assembly
# statements. The library makes the compiler avoid the red zone there; this option makes sure, with any compiler. Only
# 64-bit x86 has the option. The function asks the compiler, since CMAKE_SYSTEM_PROCESSOR ignores -m32 and --target.
function(inlay_without_red_zone target)
  if(NOT CMAKE_CXX_COMPILER_LOADED)
    return()
  endif()
  include(CheckCXXSourceCompiles)
  set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # a kernel's toolchain may link nothing
  set(CMAKE_REQUIRED_QUIET ON)
  check_cxx_source_compiles("
    #ifndef __x86_64__
    #error
    #endif
    int inlay;" INLAY_COMPILES_FOR_X86_64)
  if(INLAY_COMPILES_FOR_X86_64)
    target_compile_options(${target} INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-mno-red-zone>)
  endif()
endfunction()

# inlay_find_report_packages(MISSING): finds Zydis, as Zydis::Zydis, and libdw, as inlay::libdw. MISSING names the
# package that was not found; it is empty if both were.
function(inlay_find_report_packages missing)
  set(lacks)
  if(NOT TARGET Zydis::Zydis)
    find_package(Zydis QUIET)
  endif()
  if(NOT TARGET Zydis::Zydis)
    list(APPEND lacks "Zydis (Debian: libzydis-dev)")
  endif()
  if(NOT TARGET inlay::libdw)
    set(libdw)
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
      pkg_check_modules(inlay_libdw QUIET IMPORTED_TARGET libdw)
    endif()
    if(TARGET PkgConfig::inlay_libdw)
      set(libdw PkgConfig::inlay_libdw)
    else()
      # Without pkg-config, or without a .pc file of a library that libdw itself uses.
      find_path(INLAY_LIBDW_INCLUDE_DIR elfutils/libdwfl.h)
      find_library(INLAY_LIBDW_LIBRARY dw)
      find_library(INLAY_LIBELF_LIBRARY elf)
      mark_as_advanced(INLAY_LIBDW_INCLUDE_DIR INLAY_LIBDW_LIBRARY INLAY_LIBELF_LIBRARY)
      if(INLAY_LIBDW_INCLUDE_DIR AND INLAY_LIBDW_LIBRARY AND INLAY_LIBELF_LIBRARY)
        set(libdw ${INLAY_LIBDW_LIBRARY} ${INLAY_LIBELF_LIBRARY})
      endif()
    endif()
    if(libdw)
      add_library(inlay::libdw INTERFACE IMPORTED)
      target_link_libraries(inlay::libdw INTERFACE ${libdw})
      if(NOT TARGET PkgConfig::inlay_libdw)
        target_include_directories(inlay::libdw INTERFACE "${INLAY_LIBDW_INCLUDE_DIR}")
      endif()
    else()
      list(APPEND lacks "libdw (Debian: libdw-dev)")
    endif()
  endif()
  list(JOIN lacks " and " lacks)
  set(${missing} "${lacks}" PARENT_SCOPE)
endfunction()

# inlay_find_check_packages(MISSING): finds, beyond those of the report, Capstone, as inlay::capstone.
function(inlay_find_check_packages missing)
  inlay_find_report_packages(lacks)
  if(NOT TARGET inlay::capstone)
    find_path(INLAY_CAPSTONE_INCLUDE_DIR capstone/capstone.h)
    find_library(INLAY_CAPSTONE_LIBRARY capstone)
    mark_as_advanced(INLAY_CAPSTONE_INCLUDE_DIR INLAY_CAPSTONE_LIBRARY)
    if(INLAY_CAPSTONE_INCLUDE_DIR AND INLAY_CAPSTONE_LIBRARY)
      add_library(inlay::capstone INTERFACE IMPORTED)
      target_link_libraries(inlay::capstone INTERFACE "${INLAY_CAPSTONE_LIBRARY}")
      target_include_directories(inlay::capstone INTERFACE "${INLAY_CAPSTONE_INCLUDE_DIR}")
    else()
      list(APPEND lacks "Capstone (Debian: libcapstone-dev)")
    endif()
  endif()
  list(JOIN lacks " and " lacks)
  set(${missing} "${lacks}" PARENT_SCOPE)
endfunction()

# inlay_check(TARGET [OPTION...]): after TARGET is linked, `inlay check` proves its sites. An error stops the build, in a
# compiler's words. The options are those of `inlay check`, such as --retpoline. The program is the one of this build
# (INLAY_TOOLS), or an installed one.
function(inlay_check target)
  if(TARGET inlay_tool)
    set(program "$<TARGET_FILE:inlay_tool>")
    add_dependencies(${target} inlay_tool)
  else()
    find_program(INLAY_PROGRAM inlay HINTS "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../../bin")
    mark_as_advanced(INLAY_PROGRAM)
    if(NOT INLAY_PROGRAM)
      message(FATAL_ERROR "inlay: inlay_check(${target}) needs the program inlay: build and install inlay with "
                          "INLAY_TOOLS=ON, or set INLAY_PROGRAM to its path.")
    endif()
    set(program "${INLAY_PROGRAM}")
  endif()
  add_custom_command(TARGET ${target} POST_BUILD COMMAND "${program}" check --quiet ${ARGN} "$<TARGET_FILE:${target}>"
                     VERBATIM)
endfunction()

# inlay_add_module(TARGET DIRECTORY MISSING): a library that compiles the module interface in DIRECTORY, and its alias
# inlay::module. MISSING names the missing requirement; it is empty if the library was made.
function(inlay_add_module target directory missing)
  set(lacks)
  if(CMAKE_VERSION VERSION_LESS 3.28)
    list(APPEND lacks "CMake 3.28 or later")
  endif()
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 17)
    list(APPEND lacks "Clang 17 or later as the compiler")
  endif()
  if(NOT CMAKE_GENERATOR MATCHES "Ninja")
    list(APPEND lacks "the generator Ninja")
  endif()
  if(NOT lacks)
    add_library(${target} STATIC)
    target_sources(${target} PUBLIC FILE_SET CXX_MODULES BASE_DIRS "${directory}" FILES "${directory}/inlay/inlay.cppm")
    target_link_libraries(${target} PUBLIC inlay::inlay)
    add_library(inlay::module ALIAS ${target})
  endif()
  list(JOIN lacks " and " lacks)
  set(${missing} "${lacks}" PARENT_SCOPE)
endfunction()
