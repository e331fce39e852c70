// SPDX-License-Identifier: BSL-1.0
//
// test_gic: see test_gic.hpp.
#include "test_gic.hpp"

#include "gic.hpp"
#include "irq.hpp"
#include "text_window.hpp"

#include <inlay/inlay.hpp>

namespace kernel {

interrupt_test::interrupt_test(const char* name) noexcept
    : version_{gic::name() != nullptr ? gic::name() : "gic"}, name_{name} {}

namespace {

/// One `bl` becomes another: an instruction that may be exchanged while other processors run it. They fetch it anew when
/// they take an interrupt, since that synchronises their context.
void set_handler(void (*handler)() noexcept) noexcept {
    text_window window;
    if (const auto done = inlay::update(handle_irq, handler, window); !done) {
        abort_run("the handler of interrupts is not exchanged: ", inlay::message(done.error()));
    }
}

} // namespace

handled_by::handled_by(void (*handler)() noexcept) noexcept { set_handler(handler); }
handled_by::~handled_by() { set_handler(&gic::take_interrupt); }

bool has_controller() noexcept {
    if (gic::name() == nullptr) {
        skip("No GIC, skip ...");
        return false;
    }
    return true;
}

} // namespace kernel
