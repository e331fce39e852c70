// SPDX-License-Identifier: BSL-1.0
// machines: x86_64 i386 aarch64
// expect: error: the trace may be off: REACHED is reached without point tracing [code-rule]
#include "common.hpp"

// A key's state is no predicate: a point in its branch is the gate.
inline constexpr inlay::static_key<"test.tracing", false> tracing;
inline constexpr auto gated =
    rules::each(rules::call_of("write_trace")).after(rules::point("tracing")).because("the trace may be off");
template struct inlay::code_rules<gated>;

extern "C" [[gnu::noinline]] void write_trace() { flag = flag + 1; }

extern "C" void _start() {
    word = 1;
    if (tracing) {
        inlay::code_point<"tracing">();
        write_trace();
    }
    word = 2;
#ifndef FIXED
    write_trace(); // here
#endif
    word = 3;
}
