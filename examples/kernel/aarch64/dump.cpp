// SPDX-License-Identifier: BSL-1.0
// dump: the last words of a kernel that crashes.
//
// What. Class, vector, syndrome, the address if the class has one, all registers, and a stack trace.
// Why. Nothing else is left of the machine's state, and often this is enough.
// How. callers.hpp finds the callers, by the table of `inlay orc` or by frame records. A patched site is no obstacle: the table
// holds for each of its forms, and none changes x29. Addresses are for `addr2line -e kernel.elf`; all but the first are
// those after a call.
#include "callers.hpp"
#include "harness.hpp"
#include "print.hpp"
#include "smp.hpp"
#include "trap.hpp"

extern "C" const char text_begin[], text_end[], bss_begin[], bss_end[];

namespace kernel {

namespace {

[[nodiscard]] bool lies_in(u64 at, u64 size, const char* begin, const char* end) noexcept {
    return at >= reinterpret_cast<u64>(begin) && at <= reinterpret_cast<u64>(end) - size;
}

[[nodiscard]] const char* name_of_class(u32 number) noexcept {
    switch (number) {
    case 0x00:
        return "UNKNOWN";
    case 0x01:
        return "WFX";
    case 0x07:
        return "FP_ASIMD";
    case 0x0d:
        return "BTI";
    case 0x0e:
        return "ILL_STATE";
    case 0x15:
        return "SVC64";
    case 0x16:
        return "HVC64";
    case 0x17:
        return "SMC64";
    case 0x18:
        return "SYS64";
    case 0x19:
        return "SVE";
    case 0x1c:
        return "FPAC";
    case 0x20:
        return "IABT_EL0";
    case 0x21:
        return "IABT_EL1";
    case 0x22:
        return "PC_ALIGN";
    case 0x24:
        return "DABT_EL0";
    case 0x25:
        return "DABT_EL1";
    case 0x26:
        return "SP_ALIGN";
    case 0x2f:
        return "SERROR";
    case 0x30:
        return "BREAKPOINT_EL0";
    case 0x31:
        return "BREAKPOINT_EL1";
    case 0x32:
        return "STEP_EL0";
    case 0x33:
        return "STEP_EL1";
    case 0x34:
        return "WATCHPOINT_EL0";
    case 0x35:
        return "WATCHPOINT_EL1";
    case 0x3c:
        return "BRK64";
    default:
        return "reserved";
    }
}

/// Whether FAR_EL1 was written (Arm DDI 0487, FAR_EL1): by aborts, alignment faults of pc, watchpoints. An external
/// abort may say that it was not (FnV).
[[nodiscard]] bool has_address(const trap_frame& frame) noexcept {
    const u32 number = frame.exception_class();
    const bool abort = number == 0x20 || number == 0x21 || number == 0x24 || number == 0x25;
    const bool synchronous = frame.vector % 4 == 0;
    const bool external = abort && (frame.esr & 0x3f) == 0x10;
    const bool not_valid = external && (frame.esr >> 10 & 1) != 0;
    return synchronous && (abort || number == 0x22 || number == 0x34 || number == 0x35) && !not_valid;
}

constexpr const char* vector_names[16] = {"el1t_sync",   "el1t_irq",   "el1t_fiq",   "el1t_error",
                                          "el1h_sync",   "el1h_irq",   "el1h_fiq",   "el1h_error",
                                          "el0_sync_64", "el0_irq_64", "el0_fiq_64", "el0_error_64",
                                          "el0_sync_32", "el0_irq_32", "el0_fiq_32", "el0_error_32"};

void print_register(unsigned number, u64 value) noexcept {
    print("x", u64{number}, number < 10 ? " : " : ": ", hex{value, 16}, number % 2 == 0 ? "\n" : " ");
}

void print_stack_trace(const trap_frame& frame) noexcept {
    print("Stack trace:\n");
    const inlay::unwind::frame begin{frame.pc, frame.sp, frame.x[29], frame.x[30], true};
    for_each_caller(
        begin, [](u64 at) noexcept { return lies_in(at, 8, bss_begin, bss_end); },
        [](u64 pc) noexcept { return lies_in(pc, 4, text_begin, text_end); },
        [](u64 pc) noexcept { print("  ", hex{pc, 16}, "\n"); });
}

} // namespace

void dump(const trap_frame& frame) noexcept {
    const char* const name = name_of_class(frame.exception_class());
    print("\nUnhandled exception: class ", hex{frame.exception_class(), 2}, " (", name, ") on cpu", this_cpu().number,
          "\nVector: ", frame.vector, " (", vector_names[frame.vector & 15], ")\nESR_EL1: ", hex{frame.esr, 16},
          "\nFAR_EL1: ", hex{frame.far, 16}, has_address(frame) ? "" : " (not valid)",
          "\nException frame registers:\npc : ", hex{frame.pc, 16}, " lr : ", hex{frame.x[30], 16},
          " pstate: ", hex{frame.pstate, 8}, "\nsp : ", hex{frame.sp, 16}, "\n");
    for (unsigned i = 30; i-- > 0;) {
        print_register(i, frame.x[i]);
    }
    print_stack_trace(frame);
    leave(status::crash);
}

} // namespace kernel
