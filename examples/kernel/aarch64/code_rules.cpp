// SPDX-License-Identifier: BSL-1.0
//
// code_rules: which barrier is where in this kernel's text, and where none is; and who accesses the PMU.
//
// What. Rules for `inlay check kernel.elf`, which proves them from the instructions, with every form of every site.
// Why. An emulator executes a kernel without one barrier as well as one with all of them, and does not fault on the
// registers of an absent PMU. (tests/kernel_aarch64/memory_model.py: why each barrier is needed.)
// How. received.cpp, its.cpp and live.cpp name the places that no instruction marks.
#include "features.hpp"

#include <inlay/code_rules.hpp>
#include <inlay/kernel.hpp>

namespace kernel {

namespace {

namespace rules = inlay::rules;
using namespace inlay::aarch64::insn;

constexpr auto stores_complete = rules::dsb(barrier::ishst, barrier::ish, barrier::st, barrier::sy);
constexpr auto stores_ordered = rules::dmb(barrier::ishst, barrier::ish, barrier::st, barrier::sy) | stores_complete;
constexpr auto loads_ordered = rules::dmb(barrier::ishld, barrier::ish, barrier::ld, barrier::sy) |
                               rules::dsb(barrier::ishld, barrier::ish, barrier::ld, barrier::sy);

} // namespace

// ---- The GIC (Arm IHI 0069; gic_interface.hpp)

inline constexpr auto sgi_after_stores = rules::each(rules::msr(icc_sgi1r_el1))
                                             .after(stores_complete)
                                             .without(rules::store, rules::call)
                                             .because("an SGI is sent when the stores before it are complete");
inline constexpr auto sgi_leaves = rules::each(rules::msr(icc_sgi1r_el1))
                                       .then(rules::isb)
                                       .without(rules::load, rules::store, rules::call)
                                       .because("an SGI is sent at once");
inline constexpr auto sgir_after_stores =
    rules::each(rules::store)
        .in_sites("gic.send")
        .after(rules::dsb(barrier::st))
        .without(rules::store, rules::call)
        .because("an SGI of GICv2 is sent when the stores before it are complete");
inline constexpr auto acknowledged = rules::each(rules::mrs(icc_iar1_el1))
                                         .next(rules::dsb(barrier::sy))
                                         .because("an interrupt is active before later accesses");
inline constexpr auto acknowledged_v2 = rules::each(rules::load)
                                            .in_sites("gic.acknowledge")
                                            .next(rules::dsb(barrier::ld))
                                            .because("an interrupt of GICv2 is active before later accesses");
constexpr auto access_or_barrier = rules::store | rules::load | rules::any_barrier | rules::isb;
inline constexpr auto sgir_and_barrier = rules::each(access_or_barrier)
                                             .in_sites("gic.send")
                                             .where<gicv2 && !gicv3>()
                                             .times(2)
                                             .because("an SGI of GICv2 is one store with one barrier");
inline constexpr auto iar_and_barrier = rules::each(access_or_barrier)
                                            .in_sites("gic.acknowledge")
                                            .where<gicv2 && !gicv3>()
                                            .times(2)
                                            .because("an acknowledgement of GICv2 is one load with one barrier");
inline constexpr auto ended =
    rules::each(rules::msr(icc_eoir1_el1)).next(rules::isb).because("an interrupt has ended before later instructions");
inline constexpr auto int_after_stores = rules::each(rules::point("its.int"))
                                             .after(stores_complete)
                                             .without(rules::call)
                                             .because("stores are complete before the command INT is queued");

// ---- Handlers and their checker (received.cpp)

inline constexpr auto count_after_record = rules::each(rules::point("ipi.count"))
                                               .since(rules::point("ipi.recorded"))
                                               .after(stores_ordered)
                                               .because("the handler counts after it has recorded");
inline constexpr auto rest_after_count = rules::each(rules::point("check.rest"))
                                             .since(rules::point("check.counted"))
                                             .after(loads_ordered)
                                             .because("the checker reads the rest after the count");
inline constexpr auto handler_ends = rules::each(rules::point("ipi.counted"))
                                         .then(stores_complete)
                                         .because("the handler's stores are complete when it returns");
inline constexpr auto end_orders_nothing = rules::each(rules::any_barrier)
                                               .since(rules::point("ipi.ended"))
                                               .until(rules::point("ipi.recorded"))
                                               .outside_sites("gic.*")
                                               .over_calls()
                                               .never()
                                               .because("the record needs no barrier after the end of interrupt");
inline constexpr auto self_orders_nothing = rules::each(rules::any_barrier)
                                                .in("kernel::take_self_ipi")
                                                .outside_sites("gic.*")
                                                .never()
                                                .because("an interrupt to oneself needs no barrier");
inline constexpr auto reset_orders_nothing = rules::each(rules::any_barrier)
                                                 .in("kernel::reset_statistics")
                                                 .never()
                                                 .because("the sender of an interrupt orders the reset before it");
inline constexpr auto spurious_orders_nothing =
    rules::each(rules::any_barrier).in("kernel::check_spurious").never().because("a counter alone needs no barrier");

// ---- Text (live.cpp)

inline constexpr auto others_synchronise = rules::each(rules::point("others.synchronised"))
                                               .after(rules::isb)
                                               .without(rules::call)
                                               .because("a processor synchronises before it says so");

// ---- The performance monitors (pmu.cpp, pmu_loop.S, start.S)

inline constexpr auto pmu_if_present =
    rules::each(rules::pmu_registers).outside("go_to_el1").only_when<inlay::cpu.pmuv3>().because("there may be no PMU");
inline constexpr auto pmu_asked_at_el2 = rules::each(rules::pmu_registers)
                                             .in("go_to_el1")
                                             .after(rules::mrs(id_aa64dfr0_el1))
                                             .without(rules::call)
                                             .because("there may be no PMU at EL2");
inline constexpr auto counter_on = rules::each(rules::msr(pmcr_el0))
                                       .in("pmu_loop")
                                       .next(rules::isb)
                                       .because("the counter is on, or off, before the next instruction");
inline constexpr auto on_and_off =
    rules::each(rules::msr(pmcr_el0)).in("pmu_loop").times(2).because("the counter is turned on once, and off once");

} // namespace kernel

template struct inlay::code_rules<
    kernel::sgi_after_stores, kernel::sgi_leaves, kernel::sgir_after_stores, kernel::acknowledged,
    kernel::acknowledged_v2, kernel::ended, kernel::int_after_stores, kernel::count_after_record,
    kernel::rest_after_count, kernel::handler_ends, kernel::end_orders_nothing, kernel::self_orders_nothing,
    kernel::reset_orders_nothing, kernel::spurious_orders_nothing, kernel::others_synchronise, kernel::pmu_if_present,
    kernel::pmu_asked_at_el2, kernel::counter_on, kernel::on_and_off, kernel::sgir_and_barrier,
    kernel::iar_and_barrier>;
