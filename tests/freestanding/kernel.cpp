// SPDX-License-Identifier: BSL-1.0
//
// Sites of every kind in freestanding code: it must compile and link with nothing but the library.
#include <inlay/kernel.hpp>
#include <inlay/pv/linux.hpp>

using namespace inlay::x86::insn;
using inlay::cpu, inlay::when;

extern "C" {
[[noreturn]] void _start();
int kernel_apply() noexcept;                                            // runtime.cpp
extern const char image_begin[], text_begin[], text_end[], image_end[]; // from the linker script
[[gnu::visibility("hidden")]] extern const inlay::table::predicate_node entry_x, entry_y, entry_both;
}

namespace {

inline constexpr inlay::alternative<nop(3), when<cpu.smap, stac()>> user_access_begin;
inline constexpr inlay::alternative<nop(3), when<cpu.smap, clac()>> user_access_end;
inline constexpr inlay::alternative<mfence(), when<cpu.sse2, lfence()>, when<cpu.sse2 && !cpu.xenpv, lock_add()>>
    barrier;

// rax and rdi; in 32-bit mode eax both.
inline constexpr inlay::x86::address_register result{0};
inline constexpr inlay::x86::address_register argument{inlay::x86::is_64_bit ? inlay::uint8_t{7} : inlay::uint8_t{0}};

inlay::uintptr_t popcount(inlay::uintptr_t x) noexcept {
    inlay::uintptr_t count = 0;
    for (; x != 0; x &= x - 1) {
        ++count;
    }
    return count;
}
inline constexpr auto hweight = inlay::alternative<call<&popcount>(), when<cpu.popcnt, popcnt(result, argument)>>{}
                                    .takes<argument>()
                                    .returns<result, inlay::uintptr_t>();
inlay::uintptr_t at(const char* symbol) noexcept { return reinterpret_cast<inlay::uintptr_t>(symbol); }
int default_console(char c) noexcept { return c; }
int xen_console(char c) noexcept { return -c; }
inline constexpr inlay::static_key<"kernel.trace", false> trace;
inline constexpr inlay::static_switch<"kernel.scheduler", 20, 17U> scheduler;
inlay::uint64_t by_ticks() noexcept { return 1; }
inlay::uint64_t by_tsc() noexcept { return 2; }
inline constexpr inlay::static_call<"kernel.clock", &by_ticks> clock;
inline constexpr inlay::static_call<"kernel.probe", inlay::no_target<void(int)>> probe;
inline constexpr inlay::dispatch<"console", &default_console, when<cpu.xenpv, &xen_console>> console;

} // namespace

extern "C" [[noreturn]] void _start() {
    inlay::name_for_assembly<&entry_x, cpu.xenpv>();
    inlay::name_for_assembly<&entry_y, cpu.pvunlock>();
    inlay::name_for_assembly<&entry_both, cpu.xenpv && cpu.pvunlock>();
    inlay::set(cpu.xenpv, false);
    int status = kernel_apply();
    user_access_begin();
    status += console('x') + static_cast<int>(hweight(5U));
    user_access_end();
    barrier();
    // Changes with the kernel's own platform; here as if no other processor ran.
    inlay::platform::bare<inlay::arch::emit::synchronise> kernel{{at(text_begin), at(text_end)},
                                                                 {at(image_begin), at(image_end)}};
    const bool changed = inlay::set(trace, true, kernel) && inlay::enable(trace, kernel) &&
                         inlay::disable(trace, kernel) && inlay::set(scheduler, 3, kernel) &&
                         inlay::update(clock, &by_tsc, kernel) && inlay::update(probe, nullptr, kernel) &&
                         inlay::choose(console, 1, inlay::unsupported_too, kernel) &&
                         inlay::choose(console, &default_console, kernel) &&
                         inlay::choose_automatically(console, kernel) && decltype(console)::chosen() == 0;
    inlay::transaction<3> together;
    together.set(trace, false).set(scheduler, 3).update(clock, &by_tsc);
    status += changed && together.commit(kernel) ? 0 : 1;
    if (trace) {
        status += static_cast<int>(clock());
    }
    switch (scheduler) {
    case 3:
        probe.maybe(status);
        break;
    default:
        status += 1;
    }
    namespace pv = inlay::x86::pv;
    pv::irq_disable();
    status += static_cast<int>(pv::pte_val(pv::save_fl()));
    pv::kick(status);
    for (;;) {
        asm volatile("hlt" : : "a"(status)); // NOLINT(hicpp-no-assembler)
    }
}
