// SPDX-License-Identifier: BSL-1.0
//
// Sites of every kind in freestanding code: it must compile and link with nothing but the library.
#include <inlay/inlay.hpp>
#include <inlay/platform/bare.hpp>

using namespace inlay::x86::insn;
using inlay::cpu, inlay::when;

extern "C" {
int kernel_apply() noexcept; // runtime.cpp
[[gnu::visibility("hidden")]] extern const inlay::table::predicate_node entry_x, entry_y, entry_both;
}

namespace {

inline constexpr inlay::alternative<nop(3), when<cpu.smap, stac()>> user_access_begin;
inline constexpr inlay::alternative<nop(3), when<cpu.smap, clac()>> user_access_end;
inline constexpr inlay::alternative<mfence(), when<cpu.sse2, lfence()>, when<cpu.sse2 && !cpu.xenpv, lock_add()>>
    barrier;

std::uint64_t popcount(std::uint64_t x) noexcept {
    std::uint64_t count = 0;
    for (; x != 0; x &= x - 1) {
        ++count;
    }
    return count;
}
inline constexpr auto hweight64 = inlay::alternative<call<&popcount>(), when<cpu.popcnt, popcnt(rax, rdi)>>{}
                                      .takes<rdi>()
                                      .returns<rax, std::uint64_t>();
int default_console(char c) noexcept { return c; }
int xen_console(char c) noexcept { return -c; }
inline constexpr inlay::dispatch<"console", &default_console, when<cpu.xenpv, &xen_console>> console;

} // namespace

extern "C" [[noreturn]] void _start() {
    inlay::name_for_assembly<&entry_x, cpu.xenpv>();
    inlay::name_for_assembly<&entry_y, cpu.pvunlock>();
    inlay::name_for_assembly<&entry_both, cpu.xenpv && cpu.pvunlock>();
    inlay::set(cpu.xenpv, false);
    int status = kernel_apply();
    user_access_begin();
    status += console('x') + static_cast<int>(hweight64(5UL));
    user_access_end();
    barrier();
    for (;;) {
        asm volatile("hlt" : : "a"(status)); // NOLINT(hicpp-no-assembler)
    }
}
