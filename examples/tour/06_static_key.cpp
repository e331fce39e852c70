// SPDX-License-Identifier: BSL-1.0
//
// 6. Static key: a branch that costs nothing while it is off.
//
// What. `static_key<"tour.verbose", false>` is a bool that code reads without touching memory. `if (verbose) log(n)` is
// one nop while it is off, one jump while it is on. set() changes it at any time, while other threads run.
//
// Why. Code is full of questions whose answer is "no" for weeks: trace points, statistics, checks for debugging. Each
// costs a load, a compare and a branch, and a cache line. Linux answers thousands of them with a nop, and changes the
// nop when a user starts `perf record`: DEFINE_STATIC_KEY_FALSE, static_branch_unlikely() (jump_label.h).
//
// How it works underneath. The site begins as a jump to out-of-line code that loads and compares the value. So the site
// is right before apply(). apply() puts a nop there, or a jump to the other side. set() writes this instruction again,
// at each site of the key. `asm goto` tells the compiler of both sides, so it optimises them as for any `if`. Several
// users of a key count: enable() and disable().
#include "tour.hpp"

#include <cstdio>

namespace {

inline constexpr inlay::static_key<"tour.verbose", false> verbose;

unsigned lines = 0;

[[gnu::noinline]] void log(unsigned n) {
    ++lines;
    std::printf(" %u", n);
}

[[gnu::noinline]] unsigned half(unsigned n) {
    if (verbose) {
        log(n);
    }
    return n / 2;
}

/// The same function, for a log that is mostly on.
[[gnu::noinline]] unsigned half_likely(unsigned n) {
    if (likely(verbose)) {
        log(n);
    }
    return n / 2;
}

bool right = true;
void expect(bool each) { right = right && each; }

/// Halves 100 down to 0, by either function: it logs each of the seven steps if the key is on, else none.
void run(unsigned (*function)(unsigned), bool on) {
    lines = 0;
    unsigned steps = 0;
    std::printf("        -> seven steps, log:");
    for (unsigned n = 100; n != 0; ++steps) {
        n = function(n);
    }
    std::printf("%s\n", lines == 0 ? " nothing" : "");
    expect(steps == 7 && lines == (on ? 7 : 0));
}

} // namespace

int main() {
    tour::title(6, "Static key: a branch that costs nothing while it is off");
    tour::say(
        "half() logs its argument if (verbose). Here is its machine code as the compiler left it; \">\" marks the\n"
        "site. It jumps to code that loads the key's value and compares it: right from the start, but slow.");
    tour::call_it(reinterpret_cast<inlay::address>(&decltype(verbose)::state), "verbose");
    tour::call_it(tour::address_of(&log), "log");
    const auto function = tour::find_function(tour::address_of(&half));
    const auto site = tour::find_key(verbose, function);
    tour::list("half(), compiled", function, site);
    run(&half, false);

    std::printf("\nThe site is one instruction, and the only one that changes from now on:\n\n");
    tour::apply_or_leave();
    tour::show("applied", site);
    run(&half, false);
    expect(static_cast<bool>(inlay::set(verbose, true)));
    tour::show("set(verbose, true)", site);
    run(&half, true);
    const auto other = tour::find_function(tour::address_of(&half_likely));
    std::printf(
        "\nhalf_likely() says if (likely(verbose)): there \"on\" falls through the site, and off is the jump.\n\n");
    tour::list("half_likely(), verbose is on", other, tour::find_key(verbose, other));
    run(&half_likely, true);

    std::printf("\nUsers who want the key on for a while are counted: it is on while the count is not 0.\n\n");
    expect(static_cast<bool>(inlay::set(verbose, false)));
    tour::show("set(verbose, false)", site);
    tour::show("    in half_likely()", tour::find_key(verbose, other));
    const struct {
        const char* label;
        bool enables;
        bool on;
    } steps[] = {{"enable(verbose)", true, true},
                 {"enable(verbose), again", true, true},
                 {"disable(verbose)", false, true},
                 {"disable(verbose), again", false, false}};
    for (const auto& each : steps) {
        const auto done = each.enables ? inlay::enable(verbose) : inlay::disable(verbose);
        expect(done && verbose == each.on);
        tour::show(each.label, site);
    }
    const auto more = inlay::disable(verbose);
    std::printf("    %-26s %s\n", "disable(verbose), too many", tour::sentence(more).c_str());
    expect(more.error() == inlay::error::not_enabled && !verbose);

    tour::next("a function pointer without the indirect call.");
    return right ? 0 : 1;
}
