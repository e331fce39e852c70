// SPDX-License-Identifier: BSL-1.0
//
// no_libdw: libdw for a program that has no use for it: it finds nothing.
//
// inlay's reports look up source lines by libdw, and Debian's cross compilers have no libdw to link with.
// sites.cpp needs no source lines.

// The types do not matter: no argument is looked at, and 0 says "nothing" for pointers and "no" for numbers.
#define NOTHING(function)                                                                                              \
    extern "C" void* function();                                                                                       \
    void* function() { return nullptr; }

NOTHING(dwfl_begin)
NOTHING(dwfl_end)
NOTHING(dwfl_linux_proc_report)
NOTHING(dwfl_linux_proc_find_elf)
NOTHING(dwfl_report_begin)
NOTHING(dwfl_report_end)
NOTHING(dwfl_module_info)
NOTHING(dwfl_module_addrinfo)
NOTHING(dwfl_module_addrdie)
NOTHING(dwfl_module_nextcu)
NOTHING(dwfl_addrmodule)
NOTHING(dwfl_standard_find_debuginfo)
NOTHING(dwfl_offline_section_address)
NOTHING(dwarf_attr)
NOTHING(dwarf_child)
NOTHING(dwarf_diecu)
NOTHING(dwarf_diename)
NOTHING(dwarf_filesrc)
NOTHING(dwarf_formref_die)
NOTHING(dwarf_formudata)
NOTHING(dwarf_getsrcfiles)
NOTHING(dwarf_getsrc_die)
NOTHING(dwarf_haspc)
NOTHING(dwarf_linesrc)
NOTHING(dwarf_lineno)
NOTHING(dwarf_ranges)
NOTHING(dwarf_siblingof)
NOTHING(dwarf_tag)
