// SPDX-License-Identifier: BSL-1.0
//
// dump: the last words of a kernel that crashes.
//
// What. Class, vector, error code, cr2, all registers, the bytes around rip, and a backtrace.
// Why. Nothing else is left of the machine's state, and often this is enough.
// How. callers.hpp finds the callers, by the table of `inlay orc` or by frame pointers. A patched site is no obstacle: the
// table holds for each of its forms, and none changes rbp. Addresses are for `addr2line -e kernel.elf`.
#include "callers.hpp"
#include "harness.hpp"
#include "print.hpp"
#include "trap.hpp"

#include <inlay/pv/linux.hpp>

extern "C" const char text_begin[], text_end[], image_begin[], image_end[];

namespace kernel {

namespace {

[[nodiscard]] bool in_text(u64 at) noexcept {
    return at >= reinterpret_cast<u64>(text_begin) && at < reinterpret_cast<u64>(text_end);
}
[[nodiscard]] bool in_image(u64 at) noexcept {
    return at >= reinterpret_cast<u64>(image_begin) && at + 8 <= reinterpret_cast<u64>(image_end);
}

void print_register(const char* name, u64 value) noexcept { print(name, "=", hex{value, 16}, " "); }

void print_code(u64 rip) noexcept {
    print("Code:");
    for (u64 at = rip - 16; at < rip + 16; ++at) {
        if (!in_text(at)) {
            print(" ??");
        } else {
            print(at == rip ? " <" : " ", hex{*reinterpret_cast<const u8*>(at), 2}, at == rip ? ">" : "");
        }
    }
    print("\n");
}

void print_backtrace(const trap_frame& frame) noexcept {
    print("Backtrace:\n");
    const inlay::unwind::frame begin{frame.rip, frame.rsp, frame.rbp, 0, true};
    for_each_caller(begin, in_image, in_text, [](u64 rip) noexcept { print("  ", hex{rip, 16}, "\n"); });
}

} // namespace

const char* name_of(unsigned vector) noexcept {
    static constexpr const char* names[] = {"#DE divide error",
                                            "#DB debug",
                                            "NMI",
                                            "#BP breakpoint",
                                            "#OF overflow",
                                            "#BR bound range",
                                            "#UD invalid opcode",
                                            "#NM device not available",
                                            "#DF double fault",
                                            "coprocessor segment overrun",
                                            "#TS invalid TSS",
                                            "#NP segment not present",
                                            "#SS stack segment",
                                            "#GP general protection",
                                            "#PF page fault",
                                            "reserved",
                                            "#MF x87",
                                            "#AC alignment check",
                                            "#MC machine check",
                                            "#XM SIMD",
                                            "#VE virtualization",
                                            "#CP control protection"};
    return vector < sizeof(names) / sizeof(names[0]) ? names[vector] : vector < 32 ? "reserved" : "interrupt";
}

void dump(const trap_frame& frame) noexcept {
    print("\nUnhandled exception: ", name_of(frame.number()), "\nVector: ", frame.number(), " (",
          frame.from_user() ? "ring 3" : "kernel", ")\nError code: ", hex{frame.error, 4},
          "\ncr2: ", hex{inlay::x86::pv::read_cr2(), 16},
          frame.number() == static_cast<u8>(vector::page_fault) ? "" : " (not valid)",
          "\nException frame registers:\n");
    const struct {
        const char* name;
        u64 value;
    } all[] = {{"rax", frame.rax}, {"rbx", frame.rbx}, {"rcx", frame.rcx}, {"rdx", frame.rdx},    {"rsi", frame.rsi},
               {"rdi", frame.rdi}, {"rbp", frame.rbp}, {"rsp", frame.rsp}, {"r8 ", frame.r8},     {"r9 ", frame.r9},
               {"r10", frame.r10}, {"r11", frame.r11}, {"r12", frame.r12}, {"r13", frame.r13},    {"r14", frame.r14},
               {"r15", frame.r15}, {"rip", frame.rip}, {"cs ", frame.cs},  {"fl ", frame.rflags}, {"ss ", frame.ss}};
    for (unsigned i = 0; i < 20; ++i) {
        print_register(all[i].name, all[i].value);
        print(i % 4 == 3 ? "\n" : "");
    }
    print_code(frame.rip);
    print_backtrace(frame);
    leave(status::crash);
}

} // namespace kernel
