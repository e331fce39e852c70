// SPDX-License-Identifier: BSL-1.0
//
// test_gic: the common part of the interrupt controllers' tests.
//
//     const interrupt_test test{"ipi"};                     // PASS: gicv3: ipi: ...
//     const handled_by handler{&take_ipi};                  // until the end of the block
#pragma once

#include "harness.hpp"
#include "tests.hpp"

namespace kernel {

/// The prefixes of a test: the controller's version, and the test's name.
class interrupt_test {
public:
    explicit interrupt_test(const char* name) noexcept;

private:
    report_prefix version_;
    report_prefix name_;
};

/// Exchanges the kernel's handler of interrupts for another, on all processors.
class handled_by {
public:
    explicit handled_by(void (*handler)() noexcept) noexcept;
    handled_by(const handled_by&) = delete;
    handled_by& operator=(const handled_by&) = delete;
    ~handled_by();
};

/// Whether the machine has a controller. If not, the test is skipped with a line that says so.
[[nodiscard]] bool has_controller() noexcept;

} // namespace kernel
