// SPDX-License-Identifier: BSL-1.0
//
// 1. A nop that becomes an instruction.
//
// What. `alternative<nop(3), when<cpu.lfence_rdtsc, lfence()>>` is three bytes in the middle of a function. They do
// nothing, until apply() has looked at the CPU; from then on they are an lfence, where that is needed.
//
// Why. A kernel is built once and boots on every CPU. `if (cpu_has_smap) stac();` costs a load, a compare and a
// branch each time, on a path that runs at every system call, and stac itself does not exist on older CPUs.
// Bytes that are right already cost nothing. Linux has some ten thousand of them: see ALTERNATIVE() in
// arch/x86/include/asm/alternative.h.
//
// How it works underneath. The compiler puts the nop into .text and a record of 8 bytes into a section of its own:
// "there is a site here, and this is what it may become". The program's text stays read-only and executable; on
// Linux the bytes are written through /proc/self/mem, which is where a debugger writes its breakpoints.
#include "tour.hpp"

#include <cinttypes>

using namespace inlay::x86::insn; // machine code as values: nop(3), lfence(), stac() ...
using inlay::cpu, inlay::when;

// rdtsc may run ahead of what stands before it. lfence makes it wait.
inline constexpr auto wait_before_rdtsc =
    inlay::alternative<nop(3), when<cpu.sse2, lfence()>>{}.named<"wait_before_rdtsc">();
inline constexpr auto read_tsc =
    inlay::alternative<rdtsc(), when<cpu.never_mind, rdtscp()>>{};
