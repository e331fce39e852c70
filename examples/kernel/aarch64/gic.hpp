// SPDX-License-Identifier: BSL-1.0
//
// gic: the generic interrupt controller, GICv2 or GICv3, whichever the device tree names.
//
//     const u32 taken = gic::acknowledge();
//     if (gic::number_of(taken) == gic::spurious) { return; }
//     gic::end_of_interrupt(taken);
//
//     gic::send(2, gic::sgi_wake);               // a software-generated interrupt for processor 2
//
// What. Finds the controller, sets it up for each processor, takes interrupts and sends them between processors.
// Why. Machines have one or the other, and one image of the kernel runs on both.
// How. Acknowledging, ending and sending are alternatives (gic_interface.hpp). Data whose format differs, such as the
// targets of an interrupt, is computed once for each processor in the format of the version. The set-up, which runs
// once, asks for the version.
#pragma once

#include "cpu.hpp"
#include "device_tree.hpp"
#include "gic_interface.hpp"
#include "smp.hpp"

namespace kernel::gic {

/// Software-generated interrupts: those of the tests; 6 and 7 are the kernel's own.
inline constexpr u32 sgi_test = 1;
inline constexpr u32 sgi_storm = 2;
inline constexpr u32 sgi_wake = 6;
inline constexpr u32 sgi_stop = 7;

/// The facts about one processor. (GICv2 has at most eight.)
struct processor {
    u64 private_frame; ///< registers of its SGIs and PPIs: the distributor (GICv2), or a frame of its redistributor
    u64 redistributor; ///< GICv3; 0: none was found
    u64 affinity;      ///< of MPIDR_EL1
    u64 self;          ///< as targets: itself
    u64 cluster;       ///< as targets: without `bit`; processors that agree in it are reached by one write
    u64 bit;
};

struct controller {
    u64 distributor;
    u64 interface;  ///< GICv2
    u64 others;     ///< as targets: all processors but the sender
    u32 interrupts; ///< numbers of SGIs, PPIs and SPIs, from 0
    u32 id_bits;    ///< of interrupt numbers, with LPIs
    processor processors[most_cpus];
};
extern controller the;

/// Finds the controller, says so to the features (so call it before apply()), and sets up the distributor and this
/// processor. Returns whether one was found that the kernel can drive.
bool begin(const device_tree& tree) noexcept;
/// Sets up any other processor, when it runs.
void begin_on_this_cpu() noexcept;

/// "gicv2" or "gicv3"; a null pointer if the machine has neither.
[[nodiscard]] const char* name() noexcept;

// ---- Handlers.

/// The handler of an SGI. It runs with interrupts masked, after the end of the interrupt. An SGI without a handler ends
/// the run, unless a test counts it.
using sgi_handler = void (*)(u32 sgi, int sender);
void on_sgi(u32 number, sgi_handler handler) noexcept;
/// Calls the handler of this number. False if it has none.
bool handle_sgi(u32 number, int sender) noexcept;

/// The kernel's target of handle_irq.
void take_interrupt() noexcept;

// ---- In the path of an interrupt. (Inlined, or a handler would call functions of two instructions.)

[[nodiscard, gnu::always_inline]] inline u32 acknowledge() noexcept { return detail::acknowledge_site(the.interface); }
/// The number of an interrupt, from the result of acknowledge().
[[nodiscard, gnu::always_inline]] inline u32 number_of(u32 taken) noexcept { return detail::number_site(taken); }
/// The interface number of the processor that sent this SGI; -1 on GICv3, which does not tell.
[[nodiscard, gnu::always_inline]] inline int sender_of(u32 taken) noexcept {
    return static_cast<int>(detail::sender_site(taken));
}
[[gnu::always_inline]] inline void end_of_interrupt(u32 taken) noexcept { detail::end_site(the.interface, taken); }

[[gnu::always_inline]] inline void send(u32 cpu, u32 sgi) noexcept {
    const processor& to = the.processors[cpu];
    detail::send_site(the.distributor, to.cluster | to.bit, sgi);
}
[[gnu::always_inline]] inline void send_to_self(u32 sgi) noexcept {
    detail::send_site(the.distributor, the.processors[this_cpu().number].self, sgi);
}
[[gnu::always_inline]] inline void send_to_others(u32 sgi) noexcept {
    detail::send_site(the.distributor, the.others, sgi);
}
/// To each processor whose bit is set in `mask`: one write for each cluster.
void send_to(u32 mask, u32 sgi) noexcept;

// ---- Outside of it.

/// The result of sender_of() for an SGI from this processor.
[[nodiscard]] int reported_sender(u32 cpu) noexcept;

/// Interrupts of this number, below 1020; an SGI or PPI for this processor alone.
void enable(u32 number) noexcept;
void disable(u32 number) noexcept;
/// An SPI goes to this processor.
void route(u32 number, u32 cpu) noexcept;
/// As if its device had raised it.
void set_pending(u32 number) noexcept;
/// SGI or PPI `number` of this processor.
void deactivate(u32 number) noexcept;
[[nodiscard]] bool is_active(u32 number) noexcept;

/// Whether the end of an interrupt, on this processor, only drops the priority: it stays active until deactivate().
void split_end_of_interrupt(bool split) noexcept;

} // namespace kernel::gic
