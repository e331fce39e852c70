// SPDX-License-Identifier: BSL-1.0
//
// pv: paravirt operations. A table of functions that a hypervisor may replace, and calls without needless cost on any
// machine.
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
// How it works. A call is `call *pointer(%rip)`, and works before apply(). (AArch64 has no such instruction: the call
// is `bl thunk`, and the thunk jumps through the pointer.) Its record is the record of an alternative whose original is
// this call. apply() makes it a direct call of the pointer's target. It becomes a nop if the target does nothing
// (`pv_nop`), and a call of the reporter if the pointer is null. If the target is out of reach, the call stays. A
// pv_alt_call also has a `when`: if its predicate holds, the native instructions take the place of the call. One
// function decides all of this, features first, so that a call cannot overwrite an instruction.
//
// The compiler sees an assembly statement that changes the registers of the operation's convention. An ordinary
// function changes all call-clobbered registers. A callee-save function keeps all general registers except the
// result's: a C++ function gets a thunk for this; instructions and assembly functions need none. (AArch64: x16, x17 and
// x30 change in any call.)
//
// The table is read by apply() and, until then, by each call: change it before, or call apply() again.
//
// Compare pv_ops, PVOP_CALL, PVOP_ALT_CALLEE, PV_CALLEE_SAVE, __PV_IS_CALLEE_SAVE and paravirt_nop in Linux's
// asm/paravirt_types.h. Position-independent libraries need their tables hidden ([[gnu::visibility("hidden")]]).

//
//     pv/targets.hpp       the targets of an operation                       pv/calls.hpp    pv_call, pv_alt_call
//     pv/operation.hpp     pv_op                                             pv/names.hpp    "irq.halt"
//     pv/missing.hpp       the report on a call without a target             pv/linux.hpp    the operations of Linux (x86)
#pragma once

#include "inlay/pv/calls.hpp"
#include "inlay/pv/missing.hpp"
#include "inlay/pv/operation.hpp"
#include "inlay/pv/targets.hpp"
