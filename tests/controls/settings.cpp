// SPDX-License-Identifier: BSL-1.0
//
// A program that is set by its environment and its arguments, and prints its knobs.
#include <inlay/controls.hpp>

#include <sys/auxv.h>

namespace {

[[gnu::noinline]] unsigned long jiffies_clock() { return 1; }
[[gnu::noinline]] unsigned long tsc_clock() { return 2; }

inline constexpr inlay::static_key<"app.trace", false> trace;
inline constexpr inlay::static_switch<"codec.level", 4, 0> level;
inline constexpr inlay::static_call<"sched_clock", &jiffies_clock> sched_clock;
inline constexpr auto knobs = inlay::controls(
    trace, level,
    inlay::control(sched_clock, inlay::target<"jiffies", &jiffies_clock>, inlay::target<"tsc", &tsc_clock>));

using namespace inlay::literals;

} // namespace

int main(int argc, char** argv) {
    for (const auto& done : {inlay::configure_environment(knobs), inlay::configure_arguments(knobs, argc, argv)}) {
        if (!done) {
            std::fputs(done.text().c_str(), stderr);
            return 1;
        }
    }
    std::printf("%d %u %lu %d %s\n", knobs["app.trace"_s] ? 1 : 0, unsigned{knobs["codec.level"_s]},
                knobs["sched_clock"_s](), argc, getauxval(AT_SECURE) != 0 ? "secure" : "ordinary");
    return 0;
}
