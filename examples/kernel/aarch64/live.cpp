// SPDX-License-Identifier: BSL-1.0
//
// live: how processors obey one that changes text: the hooks of text_poke. See text_window.hpp.
//
// How. The writer stores its request, and sends an interrupt to all others. Each answers in the handler:
//
//   synchronise: isb, then it says so, and goes on.
//   stop: it says that it stands still, waits until the writer has finished, and goes on as above.
//
// A request has a number, and a processor answers with it, so that an answer to an earlier request is told from one to
// this. A processor that starts says first that it answers, and then obeys the last request as if it had been asked: it
// waits while the others stand still. So if the writer did not see it answer, it sees the writer's request.
//
// The functions here that run while text changes have no patch site. Sites lead to them (the handler of
// interrupts is a static call), but no site lies between the answer and the return from the exception.
#include "atomic.hpp"
#include "gic.hpp"
#include "harness.hpp"
#include "irq.hpp"
#include "live_sites.hpp"
#include "sample.hpp"
#include "smp.hpp"
#include "text_window.hpp"

#include <inlay/kernel.hpp>

extern "C" const char image_begin[], text_begin[], text_end[], text_window_begin[];

namespace kernel {

namespace {

[[nodiscard]] u64 linked_at(const char* symbol) noexcept { return reinterpret_cast<u64>(symbol); }

constinit inlay::text_poke<live_hooks> text{{0, 0}, {0, 0}};
constinit u32 changing = 0;        ///< the lock of begin_change()
constinit u64 request = 0;         ///< the number of the last one
constinit bool standstill = false; ///< it is to stop
constinit u64 stops = 0;
constinit bool obeyed = false; ///< live_begin() was called
constinit u64 complete = 0;    ///< the last request that all have obeyed
using standstill_function = void (*)() noexcept;
constinit standstill_function in_standstill = nullptr;

[[nodiscard]] u64 load(const u64& from) noexcept { return __atomic_load_n(&from, __ATOMIC_ACQUIRE); }
void store(u64& to, u64 value) noexcept { __atomic_store_n(&to, value, __ATOMIC_RELEASE); }

template <class Condition>
void wait_for_others(const Condition& condition) noexcept {
    const u32 self = this_cpu().number;
    for (u32 i = 0; i < most_cpus; ++i) { // one that stops meanwhile is not waited for
        while (i != self && __atomic_load_n(&cpus[i].answers, __ATOMIC_SEQ_CST) != 0 && !condition(cpus[i])) {
            pause();
        }
    }
}
void wait_until_synchronised(u64 number) noexcept {
    wait_for_others([number](const per_cpu& cpu) { return load(cpu.synchronised) >= number; });
    store(this_cpu().synchronised, number);
    store(complete, number);
}

/// Asks all others, by one interrupt.
u64 ask(bool stop) noexcept {
    __atomic_store_n(&standstill, stop, __ATOMIC_RELAXED);
    const u64 number = request + 1;
    __atomic_store_n(&request, number, __ATOMIC_SEQ_CST); // before anyone is asked whether it answers: see live_join()
    gic::send_to_others(gic::sgi_stop);
    return number;
}

/// The handler of the interrupt.
void obey(u32 /*sgi*/, int /*sender*/) noexcept { obey_writer(); }

} // namespace

void obey_writer() noexcept {
    per_cpu& cpu = this_cpu();
    const u64 number = __atomic_load_n(&request, __ATOMIC_SEQ_CST);
    store(cpu.arrived, number);
    while (__atomic_load_n(&standstill, __ATOMIC_ACQUIRE) && load(request) == number) {
        pause();
    }
#ifndef KERNEL_MUTATION_NO_OTHERS_ISB
    isb();
#endif
    store(cpu.synchronised, number);
}

u64 standstills() noexcept { return stops; }
bool others_obey() noexcept { return obeyed || cpus_running() == 1; }
inlay::text_poke<live_hooks>& live_text() noexcept {
    text.text = {linked_at(text_begin), linked_at(text_end)};
    text.image = {linked_at(image_begin), linked_at(text_window_begin)};
    return text;
}

bool live_hooks::write(inlay::uintptr_t at, const u8* bytes, inlay::size_t size) noexcept {
    text_pages pages;
    return others_obey() && pages.write(at, bytes, size);
}

void live_hooks::synchronise() noexcept {
    inlay::arch::emit::synchronise();
    if (obeyed && cpus_running() > 1) {
        wait_until_synchronised(ask(false));
    }
}

bool live_hooks::stop(void (*to_do)(void*) noexcept, void* what) noexcept {
    if (!others_obey()) {
        return false;
    }
    const bool alone = cpus_running() == 1;
    const u64 number = alone ? 0 : ask(true);
    if (!alone) {
        ++stops;
        wait_for_others([number](const per_cpu& cpu) { return load(cpu.arrived) >= number; });
        if (in_standstill != nullptr) {
            in_standstill();
        }
    }
    to_do(what);
    if (!alone) {
        __atomic_store_n(&standstill, false, __ATOMIC_RELEASE);
        wait_until_synchronised(number);
    }
    return true;
}

void begin_change() noexcept {
    while (exchange(changing, 1) != 0) {
        if (obeyed && load(this_cpu().synchronised) != load(request)) {
            obey_writer(); // interrupts may be masked here
        }
        pause();
    }
}
void end_change() noexcept { __atomic_store_n(&changing, 0U, __ATOMIC_RELEASE); }

void live_begin() noexcept {
    gic::on_sgi(gic::sgi_stop, &obey);
    obeyed = true;
    live_join();
}

void live_join() noexcept {
    __atomic_store_n(&this_cpu().answers, 1U, __ATOMIC_SEQ_CST);
#ifdef KERNEL_MUTATION_JOIN_RUNS // a test must find that it says it has obeyed, and runs while the others stand still
    store(this_cpu().synchronised, load(request));
#else
    obey_writer();
#endif
}
void live_leave() noexcept { __atomic_store_n(&this_cpu().answers, 0U, __ATOMIC_SEQ_CST); }
u64 live_requests() noexcept { return load(request); }
void on_standstill(void (*what)() noexcept) noexcept { in_standstill = what; }

inlay::outcome sample_by(void (*target)(u64) noexcept) noexcept { return inlay::update(interrupted, target); }
u64 live::synchronised_everywhere() noexcept { return load(complete); }
u64 live::synchronised_here() noexcept { return load(this_cpu().synchronised); }

void set_irq_handler(void (*handler)() noexcept) noexcept {
    if (const auto done = inlay::update(handle_irq, handler); !done) {
        abort_run("the handler of interrupts is not exchanged: ", inlay::message(done.error()));
    }
}

} // namespace kernel
