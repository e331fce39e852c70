// SPDX-License-Identifier: BSL-1.0
//
// trap: the handler of each exception. See trap.hpp.
#include "trap.hpp"

#include "irq.hpp"
#include "sample.hpp"
#include "smp.hpp"

namespace kernel {

namespace {

struct recovery {
    u64 sp;
    u64 pc;
};
struct expectation {
    recovery back;
    seen_trap seen;
    exception_class expected;
    u32 cpu;
};
constinit expectation* expecting = nullptr;

extern "C" int try_call(void* back, void (*what)(void*), void* argument) noexcept;

} // namespace

seen_trap detail::provoke(exception_class expected, void (*what)(void*), void* argument) noexcept {
    expectation it{.back = {}, .seen = {}, .expected = expected, .cpu = this_cpu().number};
    expecting = &it;
    it.seen.came = try_call(&it.back, what, argument) != 0;
    expecting = nullptr;
    return it.seen;
}

extern "C" void take_trap(trap_frame* frame) noexcept {
    constexpr u64 el1h_sync = 4;
    if (expecting == nullptr || expecting->cpu != this_cpu().number || frame->vector != el1h_sync ||
        frame->exception_class() != static_cast<u32>(expecting->expected)) {
        dump(*frame);
    }
    expectation& it = *expecting;
    expecting = nullptr;
    it.seen.frame = *frame;
    frame->pc = it.back.pc;
    frame->sp = it.back.sp;
    frame->x[0] = 1;
    frame->x[29] = it.back.sp;
}

extern "C" void take_irq(trap_frame* frame) noexcept {
    interrupted(frame->pc);
    handle_irq();
}

} // namespace kernel
