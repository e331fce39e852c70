// SPDX-License-Identifier: BSL-1.0
//
// 13. Controls: knobs by name, in the program and outside.
//
// What. `inlay::controls(trace, level, ...)` is a table of a program's keys, switches and calls. `knobs["app.trace"_s]`
// finds one of them while compiling. `inlay::configure(knobs, "app.trace=on,codec.level=2")` sets them by text: from a
// command line, a file, or the variable INLAY_SET. Try it: INLAY_SET=tour.level=3 build/tour/examples/tour/13_controls
//
// Why. Users want to turn a knob without a debugger. But a lookup by name costs a hash and a comparison, and only users
// find a misspelled name. Here, the compiler does the lookup, and refuses a misspelled name.
//
// How it works underneath. In the program, names are types (Boost.Hana's strings) in a map that exists only while
// compiling; a lookup gives the declaration itself. From outside, the names are in the tables that apply() reads. The
// library finds them in all images of the process, checks the whole text, and then changes the sites.
#include "tour.hpp"

#include <inlay/controls.hpp>

#include <cstdio>

namespace {

[[gnu::noinline]] unsigned long jiffies_clock() { return 4711; }
[[gnu::noinline]] unsigned long tsc_clock() { return __builtin_ia32_rdtsc(); }

inline constexpr inlay::static_key<"tour.trace", false> trace;
inline constexpr inlay::static_switch<"tour.level", 4, 1> level;
inline constexpr inlay::static_call<"tour.clock", &jiffies_clock> sched_clock;

inline constexpr auto knobs = inlay::controls(
    trace, level,
    inlay::control(sched_clock, inlay::target<"jiffies", &jiffies_clock>, inlay::target<"tsc", &tsc_clock>));

using namespace inlay::literals;

unsigned traced = 0;

[[gnu::noinline]] unsigned by_declaration(unsigned n) {
    if (trace) {
        ++traced;
    }
    return n / 2;
}
[[gnu::noinline]] unsigned by_name(unsigned n) {
    if (knobs["tour.trace"_s]) {
        ++traced;
    }
    return n / 3;
}

bool right = true;
void expect(bool each) { right = right && each; }

/// Carries out a text, and prints the text, or the error.
void set(const char* text, bool good) {
    const auto done = inlay::configure(knobs, text);
    std::printf("    configure(knobs, \"%s\")\n", text);
    std::printf("%s\n", done ? "" : done.text().c_str());
    expect(static_cast<bool>(done) == good);
}

} // namespace

int main(int argc, char** argv) {
    tour::title(13, "Controls: knobs by name, in the program and outside");
    tour::apply_or_leave();
    tour::say("A key by its declaration, and the same key by its name: the compiler found it, and left the same nop.");
    const auto declared = tour::find_function(tour::address_of(&by_declaration));
    const auto named = tour::find_function(tour::address_of(&by_name));
    tour::show("if (trace)", tour::find_key(trace, declared));
    tour::show("if (knobs[\"tour.trace\"_s])", tour::find_key(trace, named));

    tour::say("\nFrom outside: a text is checked as a whole, and then carried out.");
    set("tour.trace=on, tour.level=2, tour.clock=tsc", true);
    tour::show("if (trace)", tour::find_key(trace, declared));
    tour::show("if (knobs[\"tour.trace\"_s])", tour::find_key(trace, named));
    expect(by_declaration(4) == 2 && by_name(9) == 3 && traced == 2 && unsigned{level} == 2 && sched_clock() != 4711);

    tour::say("\nA mistake changes nothing, and the answer lists the valid names or values:");
    set("tour.level=3, tour.trac=off", false);
    set("tour.trace=off, tour.level=4", false);
    set("tour.clock=tcs", false);
    expect(unsigned{level} == 2 && trace);

    std::printf("The same without a table of controls: inlay::for_each_name() lists all names of the process, and\n"
                "inlay::set_by_name(\"tour.trace\", \"off\") sets one, in any library or plugin.\n\n");
    expect(static_cast<bool>(inlay::set_by_name("tour.trace", "off")) && !trace);
    for (const auto& done : {inlay::configure_environment(knobs), inlay::configure_arguments(knobs, argc, argv)}) {
        if (!done) {
            std::printf("%s", done.text().c_str());
        }
    }
    expect(static_cast<bool>(inlay::print(knobs)));

    tour::next("costs and savings, measured on this machine.");
    return right ? 0 : 1;
}
