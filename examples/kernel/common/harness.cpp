// SPDX-License-Identifier: BSL-1.0
//
// harness: the counters of harness.hpp.
#include "harness.hpp"

namespace kernel {

namespace {

constinit u64 tests = 0;
constinit u64 failures = 0;
constinit u64 skips = 0;
constinit const char* prefixes[most_prefixes]{};
constinit unsigned depth = 0;

} // namespace

report_prefix::report_prefix(const char* text) noexcept {
    if (depth < most_prefixes) {
        prefixes[depth] = text;
    }
    ++depth;
}
report_prefix::~report_prefix() { --depth; }

namespace detail {

void begin_line(const char* kind) noexcept {
    print(kind);
    for (unsigned i = 0; i < depth && i < most_prefixes; ++i) {
        print(prefixes[i], ": ");
    }
}

void begin_report(bool passed) noexcept {
    ++tests;
    failures += passed ? 0U : 1U;
    begin_line(passed ? "PASS: " : "FAIL: ");
}

void begin_skip() noexcept {
    ++tests;
    ++skips;
    begin_line("SKIP: ");
}

} // namespace detail

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

void leave(status how) noexcept {
    print("EXIT: STATUS=", static_cast<u32>(how), "\n");
    end_machine(how);
}

} // namespace kernel
