// SPDX-License-Identifier: BSL-1.0
//
// A unit that imports inlay, in one program with a unit that includes it (includer.cpp): a name is one thing in both.
import inlay;

#include <cstdio>

using namespace inlay::x86::insn;
using inlay::cpu, inlay::when;

namespace {

int slow(int x) { return x + 1; }
int fast(int x) { return x + 2; }

} // namespace

inline constexpr inlay::static_key<"module.trace", false> trace;
inline constexpr inlay::static_switch<"module.level", 4, 0> level;
inline constexpr inlay::static_call<"module.clock", &slow> read_clock;
inline constexpr inlay::dispatch<"module.sum", &slow, when<cpu.sse2, &fast>> sum;
inline constexpr inlay::alternative<nop(3), when<cpu.sse2, lfence()>> barrier;
inline constexpr auto number = inlay::alternative<mov(eax, 1), when<cpu.sse2, mov(eax, 2)>>{}.returns<rax, int>();

int trace_of_the_includer();

static int wrong(const char* what) {
    std::printf("wrong: %s\n", what);
    return 1;
}

int main() {
    barrier();
    if (trace || trace_of_the_includer() != 0 || number() != 1 || read_clock(1) != 2) {
        return wrong("before apply()");
    }
    if (const inlay::outcome done = inlay::apply(); !done) {
        return wrong(inlay::message(done.error()));
    }
    barrier();
    if (number() != 2 || sum(1) != 3) {
        return wrong("not patched");
    }
    if (!inlay::set(trace, true) || !inlay::set(level, 2) || !inlay::update(read_clock, &fast)) {
        return wrong("a change is refused");
    }
    if (!trace || trace_of_the_includer() != 1 || level != 2 || read_clock(1) != 3) {
        return wrong("a change is not seen");
    }
    std::puts("import and include are one program");
    return 0;
}
