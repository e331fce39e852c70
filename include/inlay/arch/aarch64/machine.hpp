// SPDX-License-Identifier: BSL-1.0
//
// machine: instructions of AArch64 that read and write system registers, and keep caches and pipelines in step.
//
//     const auto features = emit::read(emit::id_register::isar0);
//     emit::clean_text(written, executed, size);
//     emit::synchronise();                                  // this processor forgets the text that it has fetched
#pragma once

#include "inlay/arch/aarch64/probe.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64::emit {

using aarch64::id_register;

/// mrs and msr of the register that `Number` is: op0, op1, CRn, CRm, op2 (system_registers.hpp).
template <unsigned Number>
[[nodiscard, gnu::always_inline]] inline uint64_t read_system() noexcept {
    uint64_t value; // NOLINT(*-init-variables): an output
    asm volatile("mrs %0, S%c1_%c2_C%c3_C%c4_%c5"
                 : "=r"(value)
                 : "i"(Number >> 14), "i"(Number >> 11 & 7), "i"(Number >> 7 & 15), "i"(Number >> 3 & 15),
                   "i"(Number & 7)
                 : "memory");
    return value;
}
template <unsigned Number>
[[gnu::always_inline]] inline void write_system(uint64_t value) noexcept {
    asm volatile("msr S%c1_%c2_C%c3_C%c4_%c5, %x0"
                 :
                 : "rZ"(value), "i"(Number >> 14), "i"(Number >> 11 & 7), "i"(Number >> 7 & 15), "i"(Number >> 3 & 15),
                   "i"(Number & 7)
                 : "memory");
}

/// The value of an ID register; 0 for any other register. By number, since assemblers lack the newer names.
[[gnu::noinline]] inline uint64_t read(id_register which) noexcept {
    uint64_t value = 0;
    if (which == id_register::pfr0) {
        value = read_system<0xc000 | 4 << 3 | 0>();
    } else if (which == id_register::pfr1) {
        value = read_system<0xc000 | 4 << 3 | 1>();
    } else if (which == id_register::pfr2) {
        value = read_system<0xc000 | 4 << 3 | 2>();
    } else if (which == id_register::zfr0) {
        value = read_system<0xc000 | 4 << 3 | 4>();
    } else if (which == id_register::smfr0) {
        value = read_system<0xc000 | 4 << 3 | 5>();
    } else if (which == id_register::fpfr0) {
        value = read_system<0xc000 | 4 << 3 | 7>();
    } else if (which == id_register::dfr0) {
        value = read_system<0xc000 | 5 << 3 | 0>();
    } else if (which == id_register::dfr1) {
        value = read_system<0xc000 | 5 << 3 | 1>();
    } else if (which == id_register::isar0) {
        value = read_system<0xc000 | 6 << 3 | 0>();
    } else if (which == id_register::isar1) {
        value = read_system<0xc000 | 6 << 3 | 1>();
    } else if (which == id_register::isar2) {
        value = read_system<0xc000 | 6 << 3 | 2>();
    } else if (which == id_register::isar3) {
        value = read_system<0xc000 | 6 << 3 | 3>();
    } else if (which == id_register::mmfr0) {
        value = read_system<0xc000 | 7 << 3 | 0>();
    } else if (which == id_register::mmfr1) {
        value = read_system<0xc000 | 7 << 3 | 1>();
    } else if (which == id_register::mmfr2) {
        value = read_system<0xc000 | 7 << 3 | 2>();
    } else if (which == id_register::mmfr3) {
        value = read_system<0xc000 | 7 << 3 | 3>();
    }
    return value;
}

// ---- Text and caches. After a write of instructions, the manual asks for this sequence (DDI 0487, B2.7.4.2,
// "Synchronization and coherency issues between data and instruction accesses"):
//
//     1. dc cvau for each data line: clean it to the point of unification      5. isb
//     2. dsb ish                                                               6. on each other processor,
//     3. ic ivau for each instruction line: invalidate it                         a context synchronisation event
//     4. dsb ish
//
// CTR_EL0 has the length of the lines. A processor with its bit IDC does step 1 by itself, one with DIC step 3. The
// barriers remain.

/// CTR_EL0: bits 3:0 and 19:16 are the instruction and data line (in words, log2); bits 28 and 29 are IDC and DIC.
[[nodiscard, gnu::always_inline]] inline uint64_t cache_type() noexcept {
    uint64_t value; // NOLINT(*-init-variables): an output
    asm volatile("mrs %0, ctr_el0" : "=r"(value));
    return value;
}
/// Cortex-A53 r0p0 to r0p2: `dc cvau` may leave other processors with old data, `dc civac` does not (Arm errata 819472,
/// 824069, 826319 and 827319; Linux: ARM64_WORKAROUND_CLEAN_CACHE). A program asks nothing: Linux carries the operation
/// out for it on these processors.
[[nodiscard, gnu::always_inline]] inline bool cleans_by_invalidating() noexcept {
#if __STDC_HOSTED__
    return false;
#else
    constexpr uint64_t all_but_revision = 0xfffffff0;
    constexpr uint64_t cortex_a53_r0 = 0x410fd030;
    const uint64_t id = read_system<0xc000>(); // MIDR_EL1
    return (id & all_but_revision) == cortex_a53_r0 && (id & 0xf) <= 2;
#endif
}
inline constexpr unsigned data_lines = 16;       ///< where cache_type() has the length of a data line
inline constexpr unsigned instruction_lines = 0; ///< and that of an instruction line

/// Calls `operation(address)` for each line with any of the `size` bytes at `at`.
template <class Operation>
[[gnu::always_inline]] inline void each_line(uint64_t type, unsigned which, uintptr_t at, size_t size,
                                             const Operation& operation) noexcept {
    const uintptr_t line = uintptr_t{4} << (type >> which & 15U);
    for (uintptr_t each = at & ~(line - 1); each < at + size; each += line) {
        operation(each);
    }
}

inline namespace INLAY_TARGET {

/// Makes the next reads of `size` bytes at `at` see memory. The bytes were written through another address, which need
/// not be cached.
[[gnu::noinline]] inline void forget_data(uintptr_t at, size_t size) noexcept {
    asm volatile("dsb ish" : : : "memory");
    each_line(cache_type(), data_lines, at, size, [](uintptr_t each) noexcept {
        asm volatile("dc civac, %0" : : "r"(each) : "memory");
    });
    asm volatile("dsb ish" : : : "memory");
}

/// Makes all processors that share these caches fetch the new bytes: `size` bytes at `written`, which run at
/// `executed`. A processor forgets already fetched instructions by synchronise(): its dsb ish and isb complete this
/// function. Linux lets programs do this, too.
[[gnu::noinline]] inline void clean_text(uintptr_t written, uintptr_t executed, size_t size) noexcept {
    const uint64_t type = cache_type();
    constexpr unsigned idc = 28;
    constexpr unsigned dic = 29;
    if (cleans_by_invalidating()) {
        each_line(type, data_lines, written, size, [](uintptr_t each) noexcept {
            asm volatile("dc civac, %0" : : "r"(each) : "memory");
        });
    } else if ((type >> idc & 1) == 0) {
        each_line(type, data_lines, written, size, [](uintptr_t each) noexcept {
            asm volatile("dc cvau, %0" : : "r"(each) : "memory");
        });
    }
    asm volatile("dsb ish" : : : "memory");
    if ((type >> dic & 1) == 0) {
        each_line(type, instruction_lines, executed, size, [](uintptr_t each) noexcept {
            asm volatile("ic ivau, %0" : : "r"(each) : "memory");
        });
    }
}

} // namespace INLAY_TARGET

/// Waits until clean_text() has been done everywhere, and makes this processor forget the text that it has fetched.
/// The others need an event of their own: an interrupt that each takes and returns from, or an isb. (Visible: it is an
/// argument of platform::bare. A hidden argument would make platform::bare hidden, but a kernel's visible type derives
/// from it.)
[[gnu::visibility("default")]] inline void synchronise() noexcept {
    asm inline volatile("dsb ish\n\tisb" : : : "memory");
}

} // namespace aarch64::emit
} // namespace inlay
