// SPDX-License-Identifier: BSL-1.0
//
// 1. A nop that becomes an instruction.
//
// What. `alternative<nop(3), when<cpu.smap, stac()>>` is three bytes in the middle of a function. They do nothing until
// apply() has looked at the CPU. From then on, they are a stac if the CPU has this instruction.
//
// Why. A kernel is built once and boots on every CPU. `if (has_smap) stac();` costs a load, a compare and a branch on a
// path that every system call takes. Bytes that are right already cost nothing. Linux has thousands of these sites: see
// ALTERNATIVE() in arch/x86/include/asm/alternative.h, and stac() in asm/smap.h.
//
// How it works underneath. The compiler puts the nop into .text, and a record of 8 bytes into a separate section. The
// record says: "here is a site, and these are its forms". apply() reads the records, decides, and writes the bytes.
// Text (machine code) stays read-only and executable all the time: on Linux, the bytes go through /proc/self/mem, as a
// debugger's breakpoints do.
#include "tour.hpp"

#include <cstdio>
#include <cstring>

using namespace inlay::x86::insn; // machine code as values: nop(3), lfence(), stac() ...
using inlay::cpu, inlay::when;

namespace {

// No instruction after an lfence starts before all instructions before it are done; here, the check of an index.
inline constexpr auto no_speculation = inlay::alternative<nop(3), when<cpu.sse2, lfence()>>{}.named<"no_speculation">();

// The kernel may touch memory of the user from here on.
inline constexpr auto user_access_begin =
    inlay::alternative<nop(3), when<cpu.smap, stac()>>{}.named<"user_access_begin">();

[[gnu::noinline]] int element(const int (&table)[4], unsigned index) {
    if (index >= 4) {
        return -1;
    }
    no_speculation();
    return table[index];
}

// stac is for kernels, so no code calls this function. apply() still patches the bytes, and we may look at them.
[[gnu::used, gnu::noinline]] void copy_to_user() { user_access_begin(); }

} // namespace

int main() {
    tour::title(1, "A nop that becomes an instruction");
    tour::say("Two functions of this program hold three bytes that do nothing. Here they are as the compiler left\n"
              "them, and again after inlay::apply() has looked at this CPU. Nothing else in the program changed.");

    const int table[] = {10, 20, 30, 40};
    const int before = element(table, 2);
    tour::show("no_speculation, compiled", "no_speculation");
    tour::show("user_access_begin", "user_access_begin");
    const auto done = tour::counts_or_leave();
    std::printf("\n");
    tour::show("no_speculation, applied", "no_speculation");
    tour::show("user_access_begin", "user_access_begin");

    std::printf("\nelement(table, 2) was %d and is %d. apply() looked at %u sites and wrote %u.\n", before,
                element(table, 2), done.sites, done.written);
    if (std::memcmp(tour::find("user_access_begin").bytes, "\x0f\x01\xcb", 3) != 0) {
        std::printf("This CPU has no smap, or INLAY_FEATURES hides it: that site stays a nop, as it should.\n");
    }
    tour::next("a site that gives the right answer even before apply() has looked at the CPU.");
    return before == element(table, 2) ? 0 : 1;
}
