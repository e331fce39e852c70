// SPDX-License-Identifier: BSL-1.0
//
// test_gic: see test_gic.hpp.
#include "test_gic.hpp"

#include "gic.hpp"
#include "irq.hpp"

namespace kernel {

interrupt_test::interrupt_test(const char* name) noexcept
    : version_{gic::name() != nullptr ? gic::name() : "gic"}, name_{name} {}

handled_by::handled_by(void (*handler)() noexcept) noexcept { set_irq_handler(handler); }
handled_by::~handled_by() { set_irq_handler(&gic::take_interrupt); }

bool has_controller() noexcept {
    if (gic::name() == nullptr) {
        skip("No GIC, skip ...");
        return false;
    }
    return true;
}

} // namespace kernel
