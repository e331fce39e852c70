// SPDX-License-Identifier: BSL-1.0
//
// Functions that instrumentation calls change every register that a function may. What a site takes and gives must
// get through: in registers, from constants, variables and memory. Compiled with -finstrument-functions or
// -fsanitize-coverage=trace-pc; or, by GCC, with -DCOUNTERS --coverage -fprofile-update=atomic, whose counters are calls
// of libgcc. Prints a line PASS or FAIL a check and returns 1 if one failed.
#include <inlay/inlay.hpp>

#include <cstdio>

// NOLINTBEGIN(*-avoid-magic-numbers)

#if defined(__clang__)
#define NOT_INSTRUMENTED [[gnu::no_instrument_function, gnu::used, clang::no_sanitize("coverage")]]
#else
#define NOT_INSTRUMENTED [[gnu::no_instrument_function, gnu::used, gnu::no_sanitize_coverage]]
#endif

extern "C" {
extern unsigned long calls_of_hooks;
unsigned long calls_of_hooks = 0;
NOT_INSTRUMENTED void spoil();
NOT_INSTRUMENTED void spoil() {
    calls_of_hooks = calls_of_hooks + 1;
    asm volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n\tmov x\\n, #-1\n\t.endr"
                 :
                 :
                 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
                   "x16", "x17");
}
NOT_INSTRUMENTED void __sanitizer_cov_trace_pc();
NOT_INSTRUMENTED void __sanitizer_cov_trace_pc() { spoil(); }
NOT_INSTRUMENTED void __cyg_profile_func_enter(void* function, void* from);
NOT_INSTRUMENTED void __cyg_profile_func_enter(void* /*function*/, void* /*from*/) { spoil(); }
NOT_INSTRUMENTED void __cyg_profile_func_exit(void* function, void* from);
NOT_INSTRUMENTED void __cyg_profile_func_exit(void* /*function*/, void* /*from*/) { spoil(); }
}

namespace {

using namespace inlay::aarch64::insn;
using inlay::alternative, inlay::when;

inline constexpr inlay::feature<"test.on", inlay::by_hand{}> on;

std::uint64_t six(std::uint64_t p, std::uint64_t q, std::uint64_t r, std::uint64_t s, std::uint64_t t,
                  std::uint64_t u) noexcept {
    return p + 10 * q + 100 * r + 1000 * s + 10000 * t + 100000 * u;
}
std::uint64_t seen = 0;
[[maybe_unused]] void note(std::uint64_t p, std::uint64_t q) noexcept { seen = 10 * p + q; }

inline constexpr auto one =
    alternative<add(x0, x0, 5), when<on, add(x0, x0, 7)>>{}.takes<x0>().returns<x0, std::uint64_t>();
inline constexpr auto three =
    alternative<sub(x0, x0, x2) + add(x0, x0, x1), when<on, add(x0, x1, x2)>>{}.takes<x0, x1, x2>().returns<x0, int>();
inline constexpr auto stores = alternative<str(x1, ptr(x0)), when<on, str(x2, ptr(x0))>>{}.takes<x0, x1, x2>();
#if !defined(COUNTERS) || defined(__OPTIMIZE__) // without optimisation, GCC with counters cannot compile thunks
#define WITH_THUNKS
inline constexpr auto calls = alternative<call<&six>(), when<on, call<&six>() + add(x0, x0, 1)>>{}
                                  .takes<x0, x1, x2, x3, x4, x5>()
                                  .returns<x0, std::uint64_t>();
inline constexpr auto notes = alternative<call<&note>(), when<on, call<&note>()>>{}.takes<x0, x1>();
#endif
inline constexpr auto ordinary = alternative<adr<&six>(x9) + call(x9), when<on, adr<&six>(x10) + call(x10)>>{}
                                     .takes<x0, x1, x2, x3, x4, x5>()
                                     .returns<x0, std::uint64_t>()
                                     .clobbers<x9, x10>();
inline constexpr auto changes = alternative<add(x1, x1, x1) + add(x0, x0, x1), when<on, mov(x1, 0) + mov(x16, 1)>>{}
                                    .takes<x0, x1>()
                                    .returns<x0, std::uint64_t>()
                                    .clobbers<x1, x16>();
inline constexpr auto many =
    alternative<add(x8, x1, x2) + add(x20, x8, x3) + add(x0, x0, x20), when<on, mov(x0, 4) + mov(x28, 1)>>{}
        .takes<x0, x1, x2, x3>()
        .returns<x0, std::uint64_t>()
        .clobbers<x8, x20, x28>();

int failed = 0;
void expect(std::uint64_t value, std::uint64_t expected, const char* what) {
    if (value != expected) {
        std::printf("%s: %llu, not %llu\n", what, static_cast<unsigned long long>(value),
                    static_cast<unsigned long long>(expected));
    }
    std::printf("%s %s\n", value == expected ? "PASS" : "FAIL", what);
    failed += value == expected ? 0 : 1;
}

struct numbers {
    std::uint64_t a, b;
};

void everything(std::uint64_t c, const numbers& memory, bool applied) {
    const std::uint64_t v = c * 40;
    expect(one(v), applied ? 47 : 45, "a variable");
    expect(one(40), applied ? 47 : 45, "a constant");
    expect(one(memory.a), applied ? 107 : 105, "memory");
    expect(static_cast<std::uint64_t>(three(v, memory.b, 3)), applied ? 203 : 237, "all three");
    std::uint64_t stored = 0;
    stores(&stored, c + 8, 11);
    expect(stored, applied ? 11 : 9, "no result");
#ifdef WITH_THUNKS
    expect(calls(c, c + 1, 3, memory.a / 25, 5, c + 5), applied ? 654322 : 654321, "a call of six");
    notes(memory.a / 25, 2);
    expect(seen, 42, "a call without a result");
#endif
    expect(ordinary(c, 2, c + 2, memory.a / 25, 5, 6), 654321, "an ordinary call of six");
    expect(changes(v, memory.b), applied ? 40 : 440, "an operand that changes");
    expect(many(v, 1, c, memory.b), applied ? 4 : 242, "registers that a function keeps");
}

} // namespace

int main(int argc, char** /*argv*/) {
    const auto c = static_cast<std::uint64_t>(argc);
    const numbers memory{c * 100, c * 200};
    everything(c, memory, false);
    inlay::set(on, true);
    inlay::platform::process self{inlay::platform::process::way::replace_page}; // QEMU sees that
    if (!inlay::apply(inlay::this_image(), self)) {
        return 2;
    }
    everything(c, memory, true);
#ifndef COUNTERS
    expect(calls_of_hooks > 20 ? 1 : 0, 1, "the hooks are called");
#endif
    return failed == 0 ? 0 : 1;
}

// NOLINTEND(*-avoid-magic-numbers)
