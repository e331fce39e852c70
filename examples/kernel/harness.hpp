// SPDX-License-Identifier: BSL-1.0
//
// harness: tests inside the kernel, and the end of a run.
//
//     report_prefix prefix{"swapgs"};
//     report(entries == 100000, "as many entries as calls");       // PASS: swapgs: as many entries as calls
//     if (!found) { skip("no local APIC"); }
//
// What. PASS, FAIL and SKIP lines, a SUMMARY, and a status: 0 pass, 1 fail, 77 nothing but skips, 127 crash.
// Why. So that a script needs to know nothing about a test but its lines (they are those of kvm-unit-tests).
// How. Counters. The status leaves by QEMU's isa-debug-exit, natively, and in a last line in any case, since Xen's
// shutdown has no status.
#pragma once

#include "cpu.hpp"

namespace kernel {

enum class status : u8 { pass = 0, fail = 1, skipped = 77, crash = 127 };

void report(bool passed, const char* what) noexcept;
void skip(const char* what) noexcept;

/// What stands in front of reports as long as it lives.
class report_prefix {
public:
    explicit report_prefix(const char* text) noexcept;
    report_prefix(const report_prefix&) = delete;
    report_prefix& operator=(const report_prefix&) = delete;
    ~report_prefix();
};

/// Prints the summary; the status that follows from it.
[[nodiscard]] status summary() noexcept;

/// Ends the machine: natively by a port of QEMU's, under Xen by a shutdown.
[[noreturn]] void leave(status how) noexcept;
void on_leave(void (*shutdown)()) noexcept;

} // namespace kernel
