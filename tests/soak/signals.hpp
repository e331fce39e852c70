// SPDX-License-Identifier: BSL-1.0
//
// signals: interrupts at 10 kHz.
//
//     soak::signals_for_all(handle);          // SIGALRM to any thread
//     const soak::signals_for_me mine;        // SIGRTMIN to this one
//     soak::no_signals();
#pragma once

#include "count.hpp"

#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace soak {

inline constexpr long period = 100'000; // nanoseconds: 10 kHz

/// Signals for the process; any thread may get them. `handle` also handles those of signals_for_me.
inline void signals_for_all(void (*handle)(int)) {
    struct sigaction action{};
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, nullptr);
    sigaction(SIGRTMIN, &action, nullptr);
    const itimerval often{{0, period / 1000}, {0, period / 1000}};
    expect(setitimer(ITIMER_REAL, &often, nullptr) == 0, "setitimer()");
}

inline void no_signals() {
    const itimerval never{};
    setitimer(ITIMER_REAL, &never, nullptr);
}

/// Signals for this thread, as long as it lives.
class signals_for_me {
public:
    signals_for_me() {
        sigevent event{};
        event.sigev_notify = SIGEV_THREAD_ID;
        event.sigev_signo = SIGRTMIN;
#ifdef sigev_notify_thread_id
        event.sigev_notify_thread_id = gettid();
#else
        event._sigev_un._tid = gettid();
#endif
        const itimerspec often{{0, period}, {0, period}};
        expect(timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0 && timer_settime(timer_, 0, &often, nullptr) == 0,
               "timer_create()");
    }
    signals_for_me(const signals_for_me&) = delete;
    signals_for_me(signals_for_me&&) = delete;
    signals_for_me& operator=(const signals_for_me&) = delete;
    signals_for_me& operator=(signals_for_me&&) = delete;
    ~signals_for_me() { timer_delete(timer_); }

private:
    timer_t timer_{};
};

} // namespace soak
