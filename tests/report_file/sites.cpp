// SPDX-License-Identifier: BSL-1.0
//
// sites: a program with sites of all kinds, which reports on itself.
//
//     sites CPU...          a report for each CPU, as normalised JSON, before apply()
//     sites lines           "name line" of the sites whose line of source is known
#include "normalised.hpp"

#include <inlay/inlay.hpp>
#include <inlay/platform/linux.hpp>
#include <inlay/pv_ops.hpp>

#include <cstdio>
#include <iostream>
#include <string>

namespace {

using namespace inlay; // NOLINT(google-build-using-namespace): the vocabulary of declarations
using namespace inlay::arch::insn;

#if defined(__aarch64__)
constexpr auto one = cpu.crc32;
constexpr auto two = cpu.sve2;
constexpr auto empty = nop(8);
constexpr auto fence = dmb(barrier::ish);
constexpr auto seven = mov(w0, 7);
#else
constexpr auto one = cpu.sse2;
constexpr auto two = cpu.avx2;
constexpr auto empty = nop(7);
constexpr auto fence = mfence();
constexpr auto seven = mov(eax, 7);
#endif

bool probed() noexcept { return true; }
inline constexpr feature<"file.hand", by_hand{}> hand;
inline constexpr feature<"file.probed", &probed> by_function;

[[gnu::noinline]] void first() { asm volatile("" : : : "memory"); }
[[gnu::noinline]] void second() { asm volatile("" : : "r"(1) : "memory"); }
int one_more(int n) { return n + 1; }
int two_more(int n) { return n + 2; }
int seven_of() { return 7; }
void ignore(int /*value*/) {}

inline constexpr auto plain =
    alternative<empty, when<one && !hand, fence>, when<two || by_function, nop()>>{}.named<"file.plain">();
inline constexpr auto calls = alternative<call<&first>(), when<one, call<&second>()>>{}.named<"file.calls">();
inline constexpr dispatch<"file.dispatch", &one_more, when<two, &two_more>> chosen;
inline constexpr static_key<"file.off", false> off;
inline constexpr static_key<"file.on", true> on;
inline constexpr static_switch<"file.switch", 20, 3U> way;
inline constexpr static_call<"file.static", &one_more> retargeted;
inline constexpr static_call<"file.nothing", no_target<void(int)>> probe;
inline constexpr static_call<"file.zero", no_target<long(int)>> ask;

struct hook_ops {
    pv_op<int(int), &one_more> add;
    pv_op<int(), &seven_of> seven;
    pv_op<void(int), &ignore> idle;
    pv_op<void(int), nullptr> kick;
};
inline constinit hook_ops hooks; // NOLINT(*-avoid-non-const-global-variables)
inline constexpr pv_call<&hooks, &hook_ops::add> hook_add;
inline constexpr pv_alt_call<&hooks, &hook_ops::seven, seven, two> hook_seven;
inline constexpr pv_call<&hooks, &hook_ops::idle> hook_idle;
inline constexpr pv_call<&hooks, &hook_ops::kick> hook_kick;

// Each on one line, which a report on the file must find.
constexpr int plain_line = __LINE__ + 1;
[[gnu::noinline]] void run_plain() { plain(); }
constexpr int key_line = __LINE__ + 1;
[[gnu::noinline]] int run_off(int n) { return off ? n * 5 + 2 : n; }
constexpr int hook_line = __LINE__ + 1;
[[gnu::noinline]] int run_hook(int n) { return hook_add(n) * 2; }

[[gnu::noinline]] void run_calls() {
    calls();
    calls();
}
[[gnu::noinline]] int run_dispatch(int n) { return chosen(chosen(n)) + 1; }
[[gnu::noinline]] int run_on(int n) { return on ? n * 3 : n + 7; }
[[gnu::noinline]] unsigned run_switch() { return way * 3; }
[[gnu::noinline]] int run_static(int n) { return retargeted(n) + 1; }
[[gnu::noinline]] int run_tail(int n) { return retargeted(n); }
[[gnu::noinline]] long run_ask(int n) {
    probe.maybe(n);
    return ask.maybe(n) + 1;
}
[[gnu::noinline]] int run_hooks() {
    hook_idle(1);
    return hook_seven() * 2;
}
[[gnu::noinline]] void run_kick() { hook_kick(1); }

void report_for(const char* cpu) {
    const table::tables tables = this_image();
    const platform::process image;
    const auto names = report::used_feature_names(tables, image);
    std::cout << normalised(report::collect(tables, image, report::cpu_model::parse(cpu, names)));
}

} // namespace

int main(int count, char** arguments) {
    if (count == 2 && std::string{arguments[1]} == "lines") {
        std::cout << "file.plain " << plain_line << "\nfile.off " << key_line << "\nhooks.add " << hook_line << '\n';
        return 0;
    }
    if (count == 1) { // never: but all sites are in the program
        run_plain();
        run_calls();
        run_kick();
        return run_off(1) + run_hook(1) + run_dispatch(1) + run_on(1) + static_cast<int>(run_switch()) + run_static(1) +
               run_tail(1) + static_cast<int>(run_ask(1)) + run_hooks();
    }
    for (int i = 1; i < count; ++i) {
        report_for(arguments[i]);
    }
    return 0;
}
