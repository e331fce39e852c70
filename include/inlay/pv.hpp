// SPDX-License-Identifier: BSL-1.0
//
// pv: paravirt operations. A table of what a hypervisor may replace, and calls that cost what the machine needs.
//
//     struct irq_ops {
//         inlay::pv_op<u64(), inlay::callee_save<pushf_pop(rax)>> save_fl;      // native code, as a function
//         inlay::pv_op<void(), &native_halt>                      halt;         // a C++ function
//         inlay::pv_op<void(u64), nullptr>                        kick;         // none: a call of it is reported
//     };
//     inline constinit irq_ops irq;                                             // plain data
//
//     inline constexpr inlay::pv_call<&irq, &irq_ops::halt> halt;
//     inline constexpr inlay::pv_alt_call<&irq, &irq_ops::save_fl, pushf_pop(rax), !cpu.xenpv> save_fl;
//
//     irq.save_fl = inlay::callee_save<&xen_save_fl>;                           // a hypervisor's set-up, ...
//     inlay::set(cpu.xenpv, true);                                              // ... before apply()
//     auto flags = save_fl();                                                   // a call of xen_save_fl
//
// How it works. A call is `call *pointer(%rip)` and works from the first moment. (AArch64 has no such instruction:
// there it is `bl thunk`, and the thunk jumps through the pointer.) Its record is that of an alternative whose
// original is such a call. apply() makes it a direct call of what the pointer holds; nothing at all if that does
// nothing (`pv_nop`); a call of the reporter if it is null. Out of reach, it stays. A pv_alt_call has a `when` besides:
// where the predicate holds, the native instructions stand in place. One function decides all of that, features
// first, so that a call cannot overwrite an instruction.
//
// The compiler sees an assembly statement that changes what the convention says. Ordinary functions change what
// functions may. A callee-save function keeps all general registers but the result's: a C++ function gets a thunk that
// does so, instructions and assembly functions need none. (AArch64: x16, x17 and x30 change in any call.)
//
// The table is read by apply() and, until then, by each call: change it before, or call apply() again.
//
// Compare pv_ops, PVOP_CALL, PVOP_ALT_CALLEE, PV_CALLEE_SAVE, __PV_IS_CALLEE_SAVE and paravirt_nop in Linux's
// asm/paravirt_types.h. Position-independent libraries need their tables hidden ([[gnu::visibility("hidden")]]).

//
//     pv/targets.hpp       what an operation may call                        pv/calls.hpp    pv_call, pv_alt_call
//     pv/operation.hpp     pv_op                                             pv/names.hpp    "irq.halt"
//     pv/missing.hpp       the report on a call without a target             pv/linux.hpp    the operations of Linux (x86)
#pragma once

#include "inlay/pv/calls.hpp"
#include "inlay/pv/missing.hpp"
#include "inlay/pv/operation.hpp"
#include "inlay/pv/targets.hpp"
