// SPDX-License-Identifier: BSL-1.0
//
// harness: counters behind harness.hpp.
#include "harness.hpp"

#include "console.hpp"

namespace kernel {

namespace {

constexpr u16 isa_debug_exit = 0xf4; // -device isa-debug-exit,iobase=0xf4: QEMU ends with (value << 1) | 1

constinit u64 tests = 0;
constinit u64 failures = 0;
constinit u64 skips = 0;
constinit const char* prefixes[4]{};
constinit unsigned depth = 0;
using shutdown = void (*)();
constinit shutdown shut_down = nullptr;

void line(const char* kind, const char* what) noexcept {
    print(kind);
    for (unsigned i = 0; i < depth; ++i) {
        print(prefixes[i], ": ");
    }
    print(what, "\n");
}

} // namespace

report_prefix::report_prefix(const char* text) noexcept { prefixes[depth++] = text; }
report_prefix::~report_prefix() { --depth; }

void report(bool passed, const char* what) noexcept {
    ++tests;
    failures += passed ? 0U : 1U;
    line(passed ? "PASS: " : "FAIL: ", what);
}

void skip(const char* what) noexcept {
    ++tests;
    ++skips;
    line("SKIP: ", what);
}

status summary() noexcept {
    print("SUMMARY: ", tests, " tests");
    if (failures != 0) {
        print(", ", failures, " unexpected failures");
    }
    if (skips != 0) {
        print(", ", skips, " skipped");
    }
    print("\n");
    return failures != 0 ? status::fail : tests == skips ? status::skipped : status::pass;
}

void on_leave(void (*shutdown)()) noexcept { shut_down = shutdown; }

void leave(status how) noexcept {
    print("EXIT: STATUS=", static_cast<u32>(how), "\n");
    for (;;) {
        if (shut_down != nullptr) {
            shut_down();
        } else {
            out32(isa_debug_exit, static_cast<u32>(how));
        }
        pause();
    }
}

} // namespace kernel
