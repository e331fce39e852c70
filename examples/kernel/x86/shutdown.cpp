// SPDX-License-Identifier: BSL-1.0
//
// shutdown: the end of the machine. See shutdown.hpp.
#include "shutdown.hpp"

#include "cpu.hpp"
#include "harness.hpp"

namespace kernel {

namespace {

constexpr u16 isa_debug_exit = 0xf4; // -device isa-debug-exit,iobase=0xf4: QEMU ends with (value << 1) | 1

using shutdown = void (*)();
constinit shutdown shut_down = nullptr;

} // namespace

void on_leave(void (*shutdown)()) noexcept { shut_down = shutdown; }

void end_machine(status how) noexcept {
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
