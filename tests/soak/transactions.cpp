// SPDX-License-Identifier: BSL-1.0
//
// transactions: eight threads run through 66 sites, and two commit transactions over keys, switches and calls. A site
// finds each transaction that is complete, and none that has not begun. Sites of one page find it at one moment. A
// transaction that is refused is seen by none.
//
//     transactions plain SECONDS [EXECUTIONS [CHANGES]]
//     transactions storm SECONDS PLUGIN PLUGIN    SIGALRM at 10 kHz, whose handler runs the sites and takes a backtrace;
//                                                 threads and plugins come and go; the mappings are looked at all the time
//     transactions debugged SECONDS               as plain, and it calls beside_sites(), which has a debugger's breakpoint
#include "count.hpp"
#include "history.hpp"
#include "mappings.hpp"
#include "plugin.hpp"
#include "signals.hpp"
#include "sites.hpp"

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <execinfo.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

std::array<soak::history, soak::names> histories = []<std::size_t... I>(std::index_sequence<I...> /*of*/) {
    return std::array<soak::history, soak::names>{soak::history{soak::values[I], soak::answers[I]}...};
}(std::make_index_sequence<soak::names>{});
const std::vector<soak::site> sites = soak::all_sites<4, 2>();
std::atomic<bool> stop{};

void look_at(unsigned name, long (*ask)()) {
    soak::expect(histories[name].holds(ask), "a site has another value than those of the transactions of now");
}

// ---- Sites of one page ---------------------------------------------------------------------------------------

inline constexpr inlay::static_switch<"soak.page.first", 13, 0U> first;
inline constexpr inlay::static_switch<"soak.page.second", 13, 0U> second;
soak::history page{13};

asm(".pushsection soak_page, \"ax\"; .balign 4096; .popsection"); // NOLINT(hicpp-no-assembler)
#define IN_THE_PAGE gnu::noinline, gnu::section("soak_page")
[[IN_THE_PAGE]] unsigned ask_first() { return first; }
[[IN_THE_PAGE]] unsigned ask_second() { return second; }
[[IN_THE_PAGE]] long beside_sites(long x) {
    asm volatile("" : "+r"(x)); // NOLINT(hicpp-no-assembler)
    return x + 1;
}
#undef IN_THE_PAGE

/// The second site, which is asked later, must not have an earlier value than the first one.
void look_at_page() {
    soak::expect(
        page.in_order([] { return static_cast<long>(ask_first()); }, [] { return static_cast<long>(ask_second()); }),
        "sites of one page find a transaction at different moments");
    soak::did_execute(2);
}

// ---- Threads that run through the sites ------------------------------------------------------------------------

std::atomic<unsigned long> passed_breakpoint{};

void run_through(unsigned long turns, bool debugged) {
    for (unsigned long turn = 0; turn < turns && !stop; ++turn) {
        for (const auto& each : sites) {
            look_at(each.of, each.ask);
        }
        soak::did_execute(sites.size());
        for (int i = 0; i < 8; ++i) {
            look_at_page();
        }
        if (debugged && turn % 2000 == 0) {
            soak::expect(beside_sites(soak::always) == 2, "a function beside a site");
            ++passed_breakpoint;
        }
    }
}

/// Threads that change go before threads that read, or little would change on a machine with few processors.
void give_way() { setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 10); }

void read_for_ever(bool debugged) {
    give_way();
    run_through(~0UL, debugged);
}
/// By threads that come and go.
void read_by_others() {
    give_way();
    while (!stop) {
        std::thread{[] { run_through(1000, false); }}.join();
    }
}

// ---- Threads that commit transactions ------------------------------------------------------------------------

std::atomic<unsigned long> transactions{};
inline constexpr inlay::static_key<"soak.counted", false> counted;
inline constexpr inlay::static_key<"soak.never", false> never;
[[gnu::noinline]] bool ask_counted() { return counted; }
[[gnu::noinline]] bool ask_never() { return never; }

/// Keys, a switch and calls: no name is changed by both.
const std::array<std::vector<unsigned>, 2> changed{
    std::vector<unsigned>{soak::key_off, soak::five_ways, soak::call_add},
    std::vector<unsigned>{soak::key_on, soak::forty_ways, soak::most_ways, soak::call_note}};

/// A transaction with all names that this thread changes.
void change_together(unsigned updater) {
    inlay::transaction t;
    t.enable(counted);
    for (const unsigned each : changed[updater]) {
        soak::add_change(t, each, histories[each].next());
    }
    if (updater == 0) {
        t.set(first, page.next()).set(second, page.next());
        page.begin();
    }
    for (const unsigned each : changed[updater]) {
        histories[each].begin();
    }
    soak::expect(bool{t.commit()}, "a transaction is refused");
    for (const unsigned each : changed[updater]) {
        histories[each].end();
    }
    if (updater == 0) {
        page.end();
    }
    soak::did_change(t.size());
    ++transactions;
}

/// A transaction whose last change is refused.
void change_in_vain(unsigned updater) {
    inlay::transaction t;
    t.enable(counted).set(never, true);
    for (const unsigned each : changed[updater]) {
        soak::add_change(t, each, histories[each].next());
    }
    t.set(never, false).disable(never);
    soak::expect(t.commit().error() == inlay::error::not_enabled && t.failed() == t.size() - 1,
                 "a transaction is not refused");
    soak::expect(!ask_never(), "a transaction that was refused has changed a key");
}

void update(unsigned updater) {
    for (unsigned long turn = 0; !stop; ++turn) {
        change_together(updater);
        soak::expect(ask_counted(), "an enabled key is off");
        for (const auto& each : sites) {
            for (const unsigned own : changed[updater]) {
                soak::expect(each.of != own || each.ask() == histories[own].now(),
                             "commit() has returned, and a site has another value");
            }
        }
        inlay::transaction back;
        back.disable(counted);
        soak::expect(bool{back.commit()}, "a transaction of one change is refused");
        soak::did_change();
        if (turn % 8 == 0) {
            change_in_vain(updater);
        }
    }
}

// ---- The storm -----------------------------------------------------------------------------------------------

std::atomic<unsigned long> handled{};
std::atomic<unsigned long> traced{};
std::atomic<unsigned long> plugins_loaded{};
soak::mappings mappings;
thread_local std::size_t next_site;

void handle(int /*signal*/) {
    constexpr std::size_t some = 8;
    for (std::size_t i = 0; i < some; ++i) {
        const auto& each = sites[next_site++ % sites.size()];
        look_at(each.of, each.ask);
    }
    look_at_page();
    soak::did_execute(some);
    std::array<void*, 32> frames{};
    traced.fetch_add(backtrace(frames.data(), frames.size()) > 1 ? 1 : 0, std::memory_order_relaxed);
    handled.fetch_add(1, std::memory_order_relaxed);
}

void visit(const char* file, bool applies) {
    void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    const auto* const plugin =
        library == nullptr ? nullptr : static_cast<const soak::plugin*>(dlsym(library, "soak_plugin"));
    soak::expect(plugin != nullptr, "a plugin cannot be loaded");
    if (plugin == nullptr) {
        return;
    }
    for (const bool again : {false, true}) {
        for (std::size_t i = 0; i < plugin->sites; ++i) {
            soak::expect(histories[plugin->name_of(i)].holds([&] { return plugin->ask(i); }),
                         "a site of a plugin has another value");
        }
        soak::did_execute(plugin->sites);
        if (!again && applies) {
            soak::expect(plugin->apply(), "apply() of a plugin is refused");
        }
    }
    soak::expect(dlclose(library) == 0, "dlclose()");
    ++plugins_loaded;
}

class all_threads {
public:
    template <class... Arguments>
    void start(Arguments... arguments) {
        threads_.emplace_back(arguments...);
    }
    void join() {
        for (auto& each : threads_) {
            each.join();
        }
    }

private:
    std::vector<std::thread> threads_;
};

/// Starts the storm; its handler runs in any thread but this one.
void start_storm(all_threads& threads, const char* const* plugins) {
    std::array<void*, 1> once{};
    (void)backtrace(once.data(), 1); // it loads a library when it is called first
    for (unsigned i = 0; i < 2; ++i) {
        threads.start([plugins, i] {
            for (unsigned turn = 0; !stop; ++turn) {
                visit(plugins[i], turn % 2 == 0);
            }
        });
    }
    soak::expect(mappings.finds_a_page(), "memory that is writable and executable is not found");
    threads.start([] { mappings.watch(stop); });
    soak::signals_for_all(handle);
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarms, nullptr);
}

void end_storm() {
    soak::no_signals();
    soak::expect(handled != 0 && traced == handled, "a signal handler has no backtrace");
    soak::expect(plugins_loaded > 1, "no plugin was loaded");
}

std::string numbers(bool storm) {
    std::string text = "8 threads read, 2 made " + std::to_string(transactions) + " transactions";
    if (storm) {
        text += ", " + std::to_string(handled) + " signals, " + std::to_string(plugins_loaded) + " plugins, " +
                mappings.text();
    } else if (passed_breakpoint != 0) {
        text += ", " + std::to_string(passed_breakpoint) + " times over a breakpoint";
    }
    return text;
}

} // namespace

int main(int count, char** arguments) {
    const std::string_view how = count > 2 ? arguments[1] : "";
    const bool storm = how == "storm" && count == 5;
    if (!storm && how != "plain" && how != "debugged") {
        return 2;
    }
    const auto done = inlay::apply();
    soak::expect(bool{done} && done.keys_direct == done.keys, inlay::message(done.error()));
    const soak::goal goal{storm ? 1 : count - 2, arguments + 2};
    all_threads threads;
    for (unsigned i = 0; i < 8; ++i) {
        storm ? threads.start(read_by_others) : threads.start(read_for_ever, how == "debugged");
    }
    for (unsigned i = 0; i < 2; ++i) {
        threads.start(update, i);
    }
    if (storm) {
        start_storm(threads, arguments + 3);
    }
    while (!goal.reached()) {
        usleep(10'000);
    }
    stop = true;
    threads.join();
    if (storm) {
        end_storm();
    }
    soak::expect(!ask_counted(), "as many disable() as enable(), and the key is on");
    return soak::report("transactions", numbers(storm).c_str());
}
