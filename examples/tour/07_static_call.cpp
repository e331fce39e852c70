// SPDX-License-Identifier: BSL-1.0
//
// 7. Static call: a function pointer without the indirect call.
//
// What. `static_call<"tour.now", &clocks::by_system_call>` is called like a function. update() gives it another
// function of the same type at any time, while other threads call it. A static call that begins with `no_target` does
// nothing until an update().
//
// Why. A kernel chooses the machine's clock some time after boot, and reads it a million times a second. A function
// pointer costs an indirect call each time; with retpolines, that is some twenty cycles. Linux: DEFINE_STATIC_CALL,
// static_call_update(), static_call_cond() (static_call.h); a guest's sched_clock() is one.
//
// How it works underneath. As in dispatch, the compiler calls a trampoline that jumps through a pointer, and a record
// marks the call. apply() makes the site call the function itself. update() stores the pointer, then rewrites those
// calls. It copies the page of text, changes the copy, and moves it over the page in a single step. A thread finds the
// old call or the new one, never half of each. A null target means a nop of the same five bytes.
#include "tour.hpp"

#include <atomic>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <thread>

#include <sys/syscall.h>
#include <time.h>

using namespace inlay::x86::insn;
using inlay::cpu, inlay::when;

/// Nanoseconds of CLOCK_MONOTONIC_RAW: the hardware's time, without corrections.
namespace clocks {

constexpr std::uint64_t second = 1'000'000'000;

inline std::uint64_t nanoseconds(const timespec& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * second + static_cast<std::uint64_t>(time.tv_nsec);
}

/// Always available, and slow.
std::uint64_t by_system_call() {
    timespec time{};
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC_RAW, &time);
    return nanoseconds(time);
}

/// The same time by the C library, mostly without a system call (see vdso(7)).
std::uint64_t by_library() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC_RAW, &time);
    return nanoseconds(time);
}

/// The CPU's time stamp counter. rdtscp waits until all instructions before it are done, so no reading is too early.
std::uint64_t ticks() {
    unsigned processor = 0;
    return __builtin_ia32_rdtscp(&processor);
}

/// A reading of the other clock, and the counter before and after it.
struct sample {
    std::uint64_t before, time, after;

    static sample take() {
        sample best{0, 0, ~std::uint64_t{}};
        for (int i = 0; i < 100; ++i) {
            const sample one{ticks(), by_library(), ticks()};
            best = one.after - one.before < best.after - best.before ? one : best;
        }
        return best;
    }
};

sample start{};
double nanoseconds_per_tick{};

/// Measures the counter against the other clock for 20 ms. Both ends count too few ticks rather than too many. So the
/// counter's clock is some nanoseconds ahead of the others, never late: a change to it never goes back in time.
void calibrate() {
    const sample first = sample::take();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    start = sample::take();
    nanoseconds_per_tick =
        static_cast<double>(start.time - first.time) / static_cast<double>(start.before - first.after);
}

std::uint64_t by_counter() {
    return start.time + static_cast<std::uint64_t>(static_cast<double>(ticks() - start.before) * nanoseconds_per_tick);
}

/// Linux takes "tsc" off its list if the counters of several processors disagree.
bool trusted_by_linux() {
    std::ifstream file{"/sys/devices/system/clocksource/clocksource0/available_clocksource"};
    for (std::string each; file >> each;) {
        if (each == "tsc") {
            return true;
        }
    }
    return false;
}

} // namespace clocks

namespace {

inline constexpr inlay::static_call<"tour.now", &clocks::by_system_call> now;
inline constexpr inlay::static_call<"tour.on_reading", inlay::no_target<void(std::uint64_t)>> on_reading;

// The counter is a clock if it exists, ticks at one rate at all times, and is the same on all processors.
inline constexpr inlay::feature<"tour.trusted_by_linux", &clocks::trusted_by_linux> trusted_by_linux;
inline constexpr auto counter_is_a_clock =
    inlay::alternative<mov(eax, 0), when<cpu.rdtscp && cpu.nonstop_tsc && trusted_by_linux, mov(eax, 1)>>{}
        .returns<rax, unsigned>();

/// The start time of this program, in nanoseconds.
std::uint64_t began = 0;

[[gnu::noinline]] std::uint64_t uptime() {
    const std::uint64_t time = now() - began;
    on_reading.maybe(time);
    return time;
}

std::atomic<std::uint64_t> counted{0};
void count(std::uint64_t /*time*/) { counted.fetch_add(1, std::memory_order_relaxed); }

/// Reads the clock all the time in a separate thread. No reading may be earlier than the previous one.
class reader {
public:
    /// Waits for `more` new readings.
    void wait(std::uint64_t more) const {
        for (const auto until = readings_.load() + more; readings_.load() < until;) {
            std::this_thread::yield();
        }
    }
    void stop() {
        stop_ = true;
        thread_.join();
    }
    [[nodiscard]] std::uint64_t readings() const { return readings_; }
    [[nodiscard]] std::uint64_t backward() const { return backward_; }

private:
    void run() {
        for (std::uint64_t last = 0; !stop_; ++readings_) {
            const std::uint64_t time = uptime();
            backward_ += time < last ? 1 : 0;
            last = time;
        }
    }

    std::atomic<bool> stop_{false};
    std::atomic<std::uint64_t> readings_{0};
    std::atomic<std::uint64_t> backward_{0};
    std::thread thread_{[this] { run(); }};
};

bool right = true;
void expect(bool each) { right = right && each; }

void show_call(const char* label, tour::site call) {
    if (call.bytes != nullptr) {
        tour::show(label, call);
    } else {
        std::printf("    %-26s %-20s the call goes through its trampoline, as it does without -O\n", label, "");
    }
}

} // namespace

int main() {
    tour::title(7, "Static call: a function pointer without the indirect call");
    tour::say(
        "uptime() reads a clock, and calls a probe that has no target yet. As the compiler left it, it calls two\n"
        "trampolines; each jumps through a pointer.");
    tour::call_it(tour::address_of(decltype(now)::trampoline), "now's trampoline");
    tour::call_it(tour::address_of(decltype(on_reading)::trampoline), "on_reading's trampoline");
    tour::call_it(reinterpret_cast<inlay::address>(&began), "began");
    tour::call_it(tour::address_of(&count), "count");
    tour::list("uptime(), compiled", tour::find_function(tour::address_of(&uptime)));
    began = clocks::by_system_call();
    const std::uint64_t early = uptime();
    expect(early <= clocks::by_system_call() - began);

    std::printf("\nOnly these two instructions change:\n\n");
    tour::apply_or_leave();
    const auto clock = tour::find_call(now);
    const auto probe = tour::find_call(on_reading);
    show_call("now()", clock);
    show_call("on_reading.maybe()", probe);

    std::printf("\nFrom here on another thread reads the clock all the time.\n\n");
    reader reading;
    reading.wait(1000);
    unsigned updates = 0;
    const auto change = [&](const auto& call, auto target) {
        expect(static_cast<bool>(inlay::update(call, target)));
        ++updates;
        reading.wait(100);
    };
    for (int i = 0; i < 100; ++i) {
        change(now, &clocks::by_library);
        change(now, &clocks::by_system_call);
    }
    change(now, &clocks::by_library);
    show_call("now(), changed", clock);
    change(on_reading, &count);
    show_call("on_reading.maybe(), too", probe);
    if (counter_is_a_clock() != 0) {
        clocks::calibrate();
        change(now, &clocks::by_counter);
        show_call("now(), by the counter", clock);
        reading.wait(100'000);
        const std::uint64_t earliest = clocks::by_library();
        const std::uint64_t time = clocks::by_counter();
        expect(earliest <= time && time < clocks::by_library() + clocks::second / 1000);
    } else {
        std::printf("    This CPU's counter is no clock, or INLAY_FEATURES hides it: the library's clock stays.\n");
    }
    change(on_reading, nullptr);
    show_call("on_reading.maybe(), null", probe);
    const std::uint64_t probed = counted;
    reading.stop();

    expect(reading.backward() == 0 && probed != 0 && counted == probed);
    std::printf("\n%u changes, %llu readings: %llu were earlier than the previous one, %llu called the probe.\n",
                updates, static_cast<unsigned long long>(reading.readings()),
                static_cast<unsigned long long>(reading.backward()), static_cast<unsigned long long>(probed));
    std::printf("Try it: INLAY_FEATURES=-nonstop_tsc build/tour/examples/tour/07_static_call\n");
    tour::next("a branch with more than two ways.");
    return right ? 0 : 1;
}
