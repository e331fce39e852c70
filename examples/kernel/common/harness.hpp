// SPDX-License-Identifier: BSL-1.0
//
// harness: tests inside the kernel, and the end of a run.
//
//     report_prefix prefix{"swapgs"};
//     report(entries == 100000, "as many entries as calls");       // PASS: swapgs: as many entries as calls
//     if (!found) { skip("no local APIC"); }
//
// What. PASS, FAIL, SKIP, INFO, WARN and ABORT lines, a SUMMARY, and a status: 0 pass, 1 fail, 77 nothing but skips,
// 127 crash.
// Why. A script needs to know only the lines of a test (they are those of kvm-unit-tests).
// How. Counters. The architecture ends the machine with the status, if the machine can pass one on; a last line says
// it in any case.
#pragma once

#include "print.hpp"
#include "types.hpp"

namespace kernel {

enum class status : u8 { pass = 0, fail = 1, skipped = 77, crash = 127 };

/// The prefix of all lines as long as it lives. Prefixes nest, `most_prefixes` deep.
inline constexpr unsigned most_prefixes = 8;
class report_prefix {
public:
    explicit report_prefix(const char* text) noexcept;
    report_prefix(const report_prefix&) = delete;
    report_prefix& operator=(const report_prefix&) = delete;
    ~report_prefix();
};

namespace detail {
void begin_line(const char* kind) noexcept;
void begin_report(bool passed) noexcept;
void begin_skip() noexcept;
} // namespace detail

/// One test: PASS or FAIL.
template <class... Parts>
void report(bool passed, Parts... parts) noexcept {
    detail::begin_report(passed);
    print(parts..., "\n");
}

/// One test that this machine cannot run.
template <class... Parts>
void skip(Parts... parts) noexcept {
    detail::begin_skip();
    print(parts..., "\n");
}

template <class... Parts>
void info(Parts... parts) noexcept {
    detail::begin_line("INFO: ");
    print(parts..., "\n");
}

template <class... Parts>
void warn(Parts... parts) noexcept {
    detail::begin_line("WARN: ");
    print(parts..., "\n");
}

/// Prints the summary; the status that follows from it.
[[nodiscard]] status summary() noexcept;

/// Says the status, and ends the machine.
[[noreturn]] void leave(status how) noexcept;

/// For leave(): of the architecture. Ends the machine with this status.
[[noreturn]] void end_machine(status how) noexcept;

/// The run cannot go on: status 127.
template <class... Parts>
[[noreturn]] void abort_run(Parts... parts) noexcept {
    detail::begin_line("ABORT: ");
    print(parts..., "\n");
    leave(status::crash);
}

} // namespace kernel
