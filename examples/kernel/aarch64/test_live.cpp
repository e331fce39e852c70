// SPDX-License-Identifier: BSL-1.0
//
// test_live: text changes while other processors run through it.
//
// What. A key, a switch, three static calls and the handler of interrupts change 10,000 times (live=N: as often). All
// other processors run through the sites meanwhile; the second one also changes a key of its own.
// Why. Each pass must find the old or the new form of each site. Once a change has returned, no pass that begins then
// may find the old one: that is what the interrupt and the isb are for (text_window.hpp).
// How. The word `state` says what the sites are, or that they are changing. A pass reads it before and after. If it was
// the same and said so, the pass must have found just that.
// What this does not show. An emulator has no caches, and fetches each instruction as a whole: tests/kernel_aarch64
// looks at the instructions. And QEMU before 8.1 needs `-accel tcg,thread=single` here: with a thread for each
// processor, one may translate an instruction while another writes it, and then keep the old one, whatever barriers
// follow (its commit deba78709a locks the page before the translation).
#include "command_line.hpp"
#include "gic.hpp"
#include "harness.hpp"
#include "irq.hpp"
#include "smp.hpp"
#include "text_window.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

namespace {

inline constexpr inlay::static_key<"live.key", false> key;
inline constexpr inlay::static_key<"live.key_of_cpu1", false> key_of_cpu1;
inline constexpr inlay::static_switch<"live.switch", 4, 0> way;

[[gnu::noinline]] u64 plus_0(u64 value) noexcept { return value; }
[[gnu::noinline]] u64 plus_1(u64 value) noexcept { return value + 1; }
[[gnu::noinline]] u64 plus_2(u64 value) noexcept { return value + 2; }
inline constexpr inlay::static_call<"live.call", &plus_0> call;

/// A function, or nothing: bl or nop.
[[gnu::noinline]] void note(u64* at) noexcept { *at = 1; }
inline constexpr inlay::static_call<"live.nothing", &note> nothing;

/// A function, or zero: bl or mov, which may not be exchanged while others run.
[[gnu::noinline]] u64 one() noexcept { return 1; }
inline constexpr inlay::static_call<"live.zero", &one> zero;

/// What a pass finds, and what the sites are.
struct found {
    u64 key;     ///< 0 or 1
    u64 way;     ///< 0 to 3
    u64 call;    ///< 0 to 2
    u64 nothing; ///< 0 or 1
    u64 zero;    ///< 0 or 1

    [[nodiscard]] constexpr bool legal() const noexcept {
        return key <= 1 && way <= 3 && call <= 2 && nothing <= 1 && zero <= 1;
    }
    [[nodiscard]] constexpr u64 packed() const noexcept {
        return key | way << 1 | call << 3 | nothing << 5 | zero << 6;
    }
};
constexpr u64 changing = 1 << 7;
constexpr unsigned count_at = 8; // changes so far: so that no two states are the same

struct [[gnu::aligned(256)]] passes {
    u64 all;
    u64 settled; ///< between changes
    u64 illegal;
    u64 stale; ///< found another form than that of the state
};

constinit u64 state = 0;
constinit u32 over = 0;
constinit u64 by_first = 0, by_second = 0; // interrupts, by handler
constinit u64 changes_of_cpu1 = 0, failures_of_cpu1 = 0;
constinit passes seen[most_cpus]{};

[[nodiscard]] u64 load(const u64& from) noexcept { return __atomic_load_n(&from, __ATOMIC_ACQUIRE); }
void store(u64& to, u64 value) noexcept { __atomic_store_n(&to, value, __ATOMIC_RELEASE); }

[[gnu::noinline]] found run_through() noexcept {
    found result{};
    result.key = key ? 1 : 0;
    switch (way) {
    case 0:
        result.way = 0;
        break;
    case 1:
        result.way = 1;
        break;
    case 2:
        result.way = 2;
        break;
    default:
        result.way = 3;
        break;
    }
    constexpr u64 something = 0x1234567800000000;
    result.call = call(something) - something;
    nothing(&result.nothing);
    result.zero = zero();
    return result;
}

void pass(passes& mine) noexcept {
    const u64 before = load(state);
    const found result = run_through();
    const u64 after = load(state);
    const bool settled = before == after && (before & changing) == 0;
    mine.all += 1;
    mine.settled += settled ? 1U : 0U;
    mine.illegal += result.legal() ? 0U : 1U;
    mine.stale += settled && result.packed() != (before & (changing - 1)) ? 1U : 0U;
}

/// A processor that has made so many passes since the last change sleeps until the next one interrupts it. (Else an
/// emulator with fewer processors of its own would spend its time on passes.)
constexpr u32 enough = 40;

void work_of_others() noexcept {
    passes& mine = seen[this_cpu().number];
    const bool changes = this_cpu().number == 1;
    u64 round = 0; // it changes its key once for each 128 changes of the first processor
    u64 last = 0;
    u32 count = 0;
    while (__atomic_load_n(&over, __ATOMIC_ACQUIRE) == 0) {
        pass(mine);
        const u64 now = load(state);
        count = now == last ? count + 1 : 0;
        last = now;
        if (changes && now >> (count_at + 7) > round) {
            ++round;
            const bool value = round % 2 == 1;
            live_text live;
            const bool done = static_cast<bool>(inlay::set(key_of_cpu1, value, live));
            changes_of_cpu1 += 1;
            failures_of_cpu1 += done && static_cast<bool>(key_of_cpu1) == value ? 0U : 1U;
        }
        if (count > enough) {
            irq_disable(); // an interrupt between the question and wfi would be slept through
            if (load(state) == now && __atomic_load_n(&over, __ATOMIC_ACQUIRE) == 0) {
                wait_for_interrupt();
            }
            irq_enable();
            count = 0;
        }
    }
}

void first_handler() noexcept {
    __atomic_fetch_add(&by_first, 1U, __ATOMIC_RELAXED);
    gic::take_interrupt();
}
void second_handler() noexcept {
    __atomic_fetch_add(&by_second, 1U, __ATOMIC_RELAXED);
    gic::take_interrupt();
}

/// The change with this number. It says what the sites are afterwards.
[[nodiscard]] inlay::outcome change(u64 number, found& sites, live_text& live) noexcept {
    const u64 value = number / 6;
    switch (number % 6) {
    case 0:
        sites.key = value % 2;
        return inlay::set(key, value % 2 == 1, live);
    case 1:
        sites.way = value % 4;
        return inlay::set(way, static_cast<unsigned>(value % 4), live);
    case 2:
        sites.call = value % 3;
        return value % 3 == 0   ? inlay::update(call, &plus_0, live)
               : value % 3 == 1 ? inlay::update(call, &plus_1, live)
                                : inlay::update(call, &plus_2, live);
    case 3:
        sites.nothing = value % 2;
        return value % 2 == 1 ? inlay::update(nothing, &note, live) : inlay::update(nothing, nullptr, live);
    case 4:
        sites.zero = value % 2;
        return value % 2 == 1 ? inlay::update(zero, &one, live)
                              : inlay::update(zero, inlay::returns_zero<u64() noexcept>, live);
    default:
        return value % 2 == 1 ? inlay::update(handle_irq, &first_handler, live)
                              : inlay::update(handle_irq, &second_handler, live);
    }
}

} // namespace

void test_live() noexcept {
    const report_prefix prefix{"live"};
    if (cpus_running() > 1 && gic::name() == nullptr) {
        skip("no interrupt controller, so that no processor can ask another for anything");
        return;
    }
    const u64 changes = number_for("live", 10'000);
    found sites{.key = 0, .way = 0, .call = 0, .nothing = 1, .zero = 1};
    store(state, sites.packed());
    __atomic_store_n(&over, 0U, __ATOMIC_RELEASE);
    for (u32 i = 1; i < cpus_running(); ++i) {
        on_cpu(i, &work_of_others);
    }
    for (u32 i = 1; i < cpus_running(); ++i) {
        while (__atomic_load_n(&seen[i].all, __ATOMIC_RELAXED) == 0) {
            pause();
        }
    }
    const u64 stops_before = standstills();
    const u64 begin = nanoseconds();
    u64 failures = 0;
    u64 written = 0;
    for (u64 i = 0; i < changes;) {
        live_text live; // for so many changes, so that the second processor has its turn in between
        for (const u64 end = i + 16; i < changes && i < end; ++i) {
            store(state, i << count_at | changing);
            const inlay::outcome done = change(i, sites, live);
            failures += done ? 0U : 1U;
            written += done.written;
            store(state, (i + 1) << count_at | sites.packed());
            pass(seen[0]);
        }
    }
    const u64 time = nanoseconds() - begin;
    const u64 stops = standstills() - stops_before;
    __atomic_store_n(&over, 1U, __ATOMIC_RELEASE);
    if (cpus_running() > 1) {
        gic::send_to_others(gic::sgi_wake);
    }
    passes sum{};
    bool all_ran = true;
    for (u32 i = 0; i < cpus_running(); ++i) {
        while (i != 0 && !is_idle(i)) {
            pause();
        }
        all_ran = all_ran && seen[i].all != 0 && seen[i].settled != 0;
        sum.all += seen[i].all;
        sum.settled += seen[i].settled;
        sum.illegal += seen[i].illegal;
        sum.stale += seen[i].stale;
    }
    set_irq_handler(&gic::take_interrupt);
    const u64 of_zero = (changes + 1) / 6; // changes with number % 6 == 4; the first of them is from a function to zero
    info(changes, " changes, ", written, " instructions written, in ", time / 1'000'000, " ms; ", stops,
         " standstills");
    info(sum.all, " passes, ", cpus_running(), " processors, ", sum.settled, " of them between changes");
    report(failures == 0 && written >= changes - 3, "each change is made");
    report(all_ran, "all processors ran through the sites");
    report(sum.illegal == 0, "each pass found the old or the new form of each site");
    report(sum.stale == 0, "no pass that began after a change found the old form");
    report(stops == (cpus_running() > 1 ? of_zero : 0),
           "the others stood still for instructions that may not be exchanged, and for these alone");
    if (cpus_running() > 1) {
        report(by_first != 0 && by_second != 0, "interrupts came while their handler changed, to both handlers");
        report(changes_of_cpu1 != 0 && failures_of_cpu1 == 0, "changes by two processors wait for each other");
    }
}

} // namespace kernel
