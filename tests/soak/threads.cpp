// SPDX-License-Identifier: BSL-1.0
//
// threads: two threads run through sites of all kinds, three change names at once, and so does one that counts. With
// signals: all of them are interrupted at 10 kHz by handlers that run through sites, too.
//
//     threads threads|signals SECONDS [EXECUTIONS [CHANGES]]
#include "count.hpp"
#include "history.hpp"
#include "signals.hpp"
#include "sites.hpp"

#include <cstring>
#include <string>
#include <thread>

#include <signal.h>
#include <unistd.h>

namespace {

std::array<soak::history, soak::names> histories = []<std::size_t... I>(std::index_sequence<I...> /*of*/) {
    return std::array<soak::history, soak::names>{soak::history{soak::values[I], soak::answers[I]}...};
}(std::make_index_sequence<soak::names>{});
const std::vector<soak::site> sites = soak::all_sites<8, 2>();
std::atomic<bool> stop{};

constexpr std::array<const char*, soak::names> what{
    "a key that is off at first", "a key that is on at first", "a switch of 5 ways", "a switch of 40 ways",
    "a switch of 64 ways",        "a call with a result",      "a call without one"};

void look_at(const soak::site& site) { soak::expect(histories[site.of].holds(site.ask), what[site.of]); }

void read_all() {
    while (!stop) {
        for (const auto& each : sites) {
            look_at(each);
        }
        soak::did_execute(sites.size());
    }
}

inline constexpr inlay::static_key<"soak.counted", false> counted;
[[gnu::noinline]] bool ask_counted() { return counted; }

/// Changes its own names, a third of all, and the counted key with the others.
void change(unsigned first) {
    while (!stop) {
        for (unsigned which = first; which < soak::names; which += 3) {
            auto& history = histories[which];
            history.begin();
            soak::expect(soak::change(which, history.next()), "a change is refused");
            history.end();
            soak::did_change();
            for (const auto& each : sites) {
                if (each.of == which) {
                    soak::expect(each.ask() == history.now(), "a change is complete, and a site has another value");
                    soak::did_execute();
                }
            }
        }
        soak::expect(bool{inlay::enable(counted)}, "enable() is refused");
        soak::expect(ask_counted(), "an enabled key is off");
        soak::expect(bool{inlay::disable(counted)}, "disable() is refused");
        soak::did_change();
        soak::did_change();
    }
}

// ---- Signals -----------------------------------------------------------------------------------------------

std::atomic<unsigned long> handled{};
thread_local std::size_t next_site;

void handle(int /*signal*/) {
    constexpr std::size_t some = 8; // not all, or the program does nothing else
    for (std::size_t i = 0; i < some; ++i) {
        look_at(sites[next_site++ % sites.size()]);
    }
    soak::did_execute(some);
    handled.fetch_add(1, std::memory_order_relaxed);
}

} // namespace

int main(int count, char** arguments) {
    const bool signals = count > 1 && std::strcmp(arguments[1], "signals") == 0;
    // Changes before apply() are in the sites' cells.
    histories[soak::forty_ways].begin();
    soak::expect(soak::change(soak::forty_ways, histories[soak::forty_ways].next()), "a change before apply()");
    histories[soak::forty_ways].end();
    const auto done = inlay::apply();
    soak::expect(bool{done} && done.keys_direct == done.keys, inlay::message(done.error()));
    const soak::goal goal{count - 2, arguments + 2};
    if (signals) {
        soak::signals_for_all(handle);
    }
    const auto with_signals = [signals](auto work) {
        if (signals) {
            const soak::signals_for_me mine;
            work();
        } else {
            work();
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 2; ++i) {
        threads.emplace_back([&] { with_signals([] { read_all(); }); });
    }
    for (unsigned i = 0; i < 3; ++i) {
        threads.emplace_back([&, i] { with_signals([i] { change(i); }); });
    }
    while (!goal.reached()) {
        usleep(10'000);
    }
    stop = true;
    for (auto& each : threads) {
        each.join();
    }
    soak::no_signals();
    soak::expect(!ask_counted(), "as many disable() as enable(), and the key is on");
    if (!signals) {
        return soak::report("threads", "2 threads read, 3 changed");
    }
    soak::expect(handled != 0, "no signal came");
    return soak::report("signals", (std::to_string(handled) + " signals handled").c_str());
}
