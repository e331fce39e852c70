// SPDX-License-Identifier: BSL-1.0
//
// A signal at every single instruction in functions with sites, in thunks and in trampolines: each time the unwinder
// must find its way to main(). And an exception that cannot pass ends the program by std::terminate().
#include <inlay/inlay.hpp>
#include <inlay/pv.hpp>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include <ucontext.h>
#include <unwind.h>

namespace {

using namespace inlay::x86::insn;
using inlay::when;

inline constexpr inlay::feature<"unwinding.x", inlay::by_hand{}> x;

[[gnu::noinline]] long plus_one(long a) { return a + 1; }
[[gnu::noinline]] long plus_two(long a) { return a + 2; }
constexpr auto by_thunk =
    inlay::alternative<call<&plus_one>(), when<x, lea(rax, ptr(rdi, 1))>>{}.takes<rdi>().returns<rax, long>();
constexpr auto flags = inlay::alternative<pushf_pop(rax), when<x, push(rdi) + pop(rax)>>{}.returns<rax, long>();
constexpr auto pushes = inlay::alternative<push(rcx) + push(rdx) + pop(rdx) + pop(rcx)>{};
inline constexpr inlay::static_call<"unwinding.call", &plus_one> call_it;
inline constexpr inlay::dispatch<"unwinding.dispatch", &plus_one, when<x, &plus_two>> choose_it;
inline constexpr inlay::static_key<"unwinding.key", false> key;
inline constexpr inlay::hook<"unwinding.hook", void(long)> hook_it;
void see(long a) noexcept { (void)plus_one(a); }
struct operations {
    inlay::pv_op<long(long), &plus_one> plain;
    inlay::pv_op<long(long), inlay::callee_save<&plus_one>> kept;
};
constinit operations table;
constexpr inlay::pv_call<&table, &operations::plain> plain;
constexpr inlay::pv_call<&table, &operations::kept> kept;

extern "C" {
[[gnu::noinline]] long uses_thunk(long a) { return by_thunk(a) + 1; }
[[gnu::noinline]] long uses_flags(long a) { return (flags() != -1 ? 1 : 0) + a; }
[[gnu::noinline]] long uses_pushes(long a) {
    pushes();
    return plus_two(a) + a;
}
[[gnu::noinline]] long uses_call(long a) { return call_it(a) + 1; }
[[gnu::noinline]] long tail_calls(long a) { return call_it(a); }
[[gnu::noinline]] long uses_dispatch(long a) { return choose_it(a) + 1; }
[[gnu::noinline]] long uses_key(long a) { return key ? plus_two(a) : a; }
[[gnu::noinline]] long uses_hook(long a) {
    hook_it(a);
    return a + 1;
}
[[gnu::noinline]] long uses_operations(long a) { return plain(a) + kept(a); }
}

int failures = 0;
int steps = 0;
std::uintptr_t begin_of_main = 0;
extern "C" char __executable_start[]; // NOLINT
extern "C" char etext[];              // NOLINT

_Unwind_Reason_Code is_in_main(_Unwind_Context* context, void* found) {
    if (_Unwind_GetRegionStart(context) == begin_of_main) {
        *static_cast<bool*>(found) = true;
        return _URC_END_OF_STACK;
    }
    return _URC_NO_REASON;
}

void at_each_instruction(int /*signal*/, siginfo_t* /*about*/, void* context) {
    const auto at = static_cast<std::uintptr_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
    if (at < reinterpret_cast<std::uintptr_t>(__executable_start) || at >= reinterpret_cast<std::uintptr_t>(etext)) {
        return;
    }
    ++steps;
    bool found = false;
    _Unwind_Backtrace(&is_in_main, &found);
    if (!found && ++failures < 20) {
        std::printf("FAIL: no way from %#zx to main()\n", at - reinterpret_cast<std::uintptr_t>(__executable_start));
    }
}

// The frame's address as an operand: these statements push, too.
[[gnu::noinline]] long step_through(long (*function)(long)) {
    asm volatile("pushf\n\torq $0x100,(%%rsp)\n\tpopf" : : "r"(__builtin_frame_address(0)) : "memory", "cc");
    const long result = function(1);
    asm volatile("pushf\n\tandq $~0x100,(%%rsp)\n\tpopf" : : "r"(__builtin_frame_address(0)) : "memory", "cc");
    return result;
}

// ---- exceptions

[[gnu::noinline]] long throws(long a) {
    if (a == 1) {
        throw 1;
    }
    return a;
}
constexpr auto thrown_by_thunk = inlay::alternative<call<&throws>()>{}.takes<rdi>().returns<rax, long>();
struct throwing_operations {
    inlay::pv_op<long(long), &throws> plain;
    inlay::pv_op<long(long), inlay::callee_save<&throws>> kept;
};
constinit throwing_operations throwing;
constexpr inlay::pv_call<&throwing, &throwing_operations::plain> thrown_by_plain;
constexpr inlay::pv_call<&throwing, &throwing_operations::kept> thrown_by_kept;
long (*slot)(long) = &throws;
constexpr auto thrown_by_slot = inlay::alternative<call_slot<&slot>()>{}.takes<rdi>().returns<rax, long>();

[[gnu::noinline]] long run_thrower(char which) {
    switch (which) {
    case 't':
        return thrown_by_thunk(1) + 1;
    case 'p':
        return thrown_by_plain(1) + 1;
    case 'k':
        return thrown_by_kept(1) + 1;
    default:
        return thrown_by_slot(1) + 1;
    }
}

int throw_through(char which, bool patched) {
    std::set_terminate([] { std::_Exit(0); });
    if (patched && !inlay::apply()) {
        return 2;
    }
    try {
        try {
            (void)run_thrower(which);
        } catch (const char* /*other*/) {
            return 3;
        }
    } catch (int /*thrown*/) {
        std::puts("FAIL: caught what cannot pass");
        return 4;
    }
    return 5;
}

} // namespace

int main(int count, char** arguments) {
    if (count > 1 && arguments[1][0] == 'x') { // for a debugger
        if (!inlay::update(hook_it, &see)) {
            return 2;
        }
        const long sum = uses_thunk(1) + uses_flags(1) + uses_pushes(1) + tail_calls(1) + uses_dispatch(1) +
                         uses_operations(1) + uses_hook(1);
        return sum != 0 ? 0 : 1;
    }
    if (count > 1) {
        return throw_through(arguments[1][0], count > 2);
    }
    begin_of_main = reinterpret_cast<std::uintptr_t>(&main);
    struct sigaction action{};
    action.sa_sigaction = &at_each_instruction;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGTRAP, &action, nullptr);
    long (*const functions[])(long) = {&uses_thunk,    &uses_flags, &uses_pushes,     &uses_call, &tail_calls,
                                       &uses_dispatch, &uses_key,   &uses_operations, &uses_hook};
    for (int round = 0; round < 4; ++round) {
        if (round % 2 == 1 ? !inlay::update(hook_it, &see) : !inlay::update(hook_it, nullptr)) {
            return 2;
        }
        for (auto* const function : functions) {
            (void)step_through(function);
        }
        inlay::set(x, round == 1);
        if (round < 2 ? !inlay::apply() : !inlay::update(call_it, &plus_two) || !inlay::set(key, true)) {
            return 2;
        }
    }
    std::printf("%d instructions, %d of them without a way to main()\n", steps, failures);
    return failures == 0 && steps > 400 ? 0 : 1;
}
