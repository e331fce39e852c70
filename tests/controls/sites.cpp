// SPDX-License-Identifier: BSL-1.0
//
// Sites by name (NAMED) or by declaration: the code is the same. Compiled only.
#include <inlay/controls.hpp>

unsigned long jiffies_clock();
unsigned long tsc_clock();
void work(unsigned long);

inline constexpr inlay::static_key<"app.trace", false> trace;
inline constexpr inlay::static_key<"app.checks", true> checks;
inline constexpr inlay::static_switch<"codec.level", 4, 0> level;
inline constexpr inlay::static_call<"sched_clock", &jiffies_clock> sched_clock;

#ifdef NAMED
inline constexpr auto knobs =
    inlay::controls(trace, checks, level, inlay::control(sched_clock, inlay::target<"tsc", &tsc_clock>));
using namespace inlay::literals;
#define TRACE knobs["app.trace"_s]
#define CHECKS knobs["app.checks"_s]
#define LEVEL knobs["codec.level"_s]
#define CLOCK knobs["sched_clock"_s]
#else
#define TRACE trace
#define CHECKS checks
#define LEVEL level
#define CLOCK sched_clock
#endif

extern "C" void use_key();
extern "C" void use_key() {
    if (TRACE) {
        work(1);
    }
    if (likely(CHECKS) && !TRACE) {
        work(2);
    }
}
extern "C" void use_switch();
extern "C" void use_switch() {
    switch (LEVEL) {
    case 0:
        break;
    case 1:
        work(3);
        break;
    default:
        work(4);
    }
}
extern "C" void use_call();
extern "C" void use_call() { work(CLOCK()); }
