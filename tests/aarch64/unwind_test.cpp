// SPDX-License-Identifier: BSL-1.0
//
// Unwinds from every instruction of a trampoline, of thunks, and of a form that moves the stack pointer. Each
// instruction becomes a brk; the handler unwinds and puts the instruction back. A plain program: it prints a line PASS
// or FAIL for each check and returns 1 if one failed.
#include <inlay/inlay.hpp>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using namespace inlay::aarch64::insn;
using inlay::alternative;

int failed = 0;
void check(bool good, const std::string& what) {
    std::printf("%s %s\n", good ? "PASS" : "FAIL", what.c_str());
    failed += good ? 0 : 1;
}

// ---- the functions that are unwound

int depth = 0;
[[gnu::noinline]] int plus_one(int x) { return x + 1; }
[[gnu::noinline]] void count() { ++depth; }
inline constexpr auto by_thunk = alternative<call<&plus_one>()>{}.takes<x0>().returns<x0, int>();
inline constexpr alternative<call<&count>()> by_thunk_of_void;
inline constexpr inlay::static_call<"test.call", &plus_one> by_trampoline;
inline constexpr inlay::dispatch<"test.dispatch", &plus_one> by_dispatch;
inline constexpr auto pushes =
    alternative<push(x1, x2) + add(x0, x0, 1) + push(x3, x4) + add(x0, x0, 1) + pop(x3, x4) + pop(x1, x2)>{}
        .takes<x0>()
        .returns<x0, int>();

[[gnu::noinline]] int calls_thunk(int x) { return by_thunk(x) + 1; }
[[gnu::noinline]] int calls_thunk_of_void(int x) {
    by_thunk_of_void();
    return x + 2;
}
[[gnu::noinline]] int calls_trampoline(int x) { return by_trampoline(x) + 1; }
[[gnu::noinline]] int calls_dispatch(int x) { return by_dispatch(x) + 1; }
[[gnu::noinline]] int moves_stack(int x) { return pushes(x); }
[[gnu::noinline]] int calls_what_moves_stack(int x) { return moves_stack(x - 1) + 1; }

// ---- the way from an instruction

using word = std::uint32_t;
constexpr word brk = 0xd4200000;

struct range {
    word* begin;
    word* end;
};

/// The instruction at or after `from` that is `bits` under `mask`.
word* find(word* from, word bits, word mask) {
    for (int i = 0; i < 4096; ++i) {
        if ((from[i] & mask) == bits) {
            return from + i;
        }
    }
    return nullptr;
}

template <class Function>
word* code_of(Function* function) {
    return reinterpret_cast<word*>(function);
}

/// The thunk that a function calls: from stp x29, x30, [sp, #-176]!, or a bti before it, to its ret.
range thunk_in(word* function) {
    for (word* at = find(function, 0x94000000, 0xfc000000); at != nullptr; at = find(at + 1, 0x94000000, 0xfc000000)) {
        word* const begin = at + (static_cast<std::int32_t>(*at << 6) >> 6);
        if (begin[*begin == 0xd503245f ? 1 : 0] == 0xa9b57bfd) {
            return {begin, find(begin, 0xd65f03c0, 0xffffffff) + 1};
        }
    }
    return {nullptr, nullptr};
}
/// The trampoline of a call, to its br x16.
template <class Call>
range trampoline_of(const Call& /*call*/) {
    word* const begin = code_of(Call::trampoline);
    return {begin, find(begin, 0xd61f0200, 0xffffffff) + 1};
}

constexpr int most = 64;
word saved[256];
range stepped;
unsigned hits = 0;
unsigned complete = 0; // got to everything()
unsigned steady = 0;   // with the same frames as the first
std::uintptr_t first_frames[most];
int first_count = 0;
std::uintptr_t stack_at_first = 0;

struct trace {
    bool interrupt; // the frame that the signal interrupted has been seen
    std::uintptr_t at;
    std::uintptr_t frames[most]; // of each caller: an instruction, the stack pointer (the CFA of its callee), x29
    int count;
    bool reached_end;
};

void write(word* at, word value) {
    std::memcpy(at, &value, sizeof value);
    __builtin___clear_cache(reinterpret_cast<char*>(at), reinterpret_cast<char*>(at + 1));
}

void everything();

_Unwind_Reason_Code note(_Unwind_Context* context, void* argument) {
    auto& to = *static_cast<trace*>(argument);
    const std::uintptr_t at = _Unwind_GetIP(context);
    if (!to.interrupt) {
        to.interrupt = at == to.at;
        return _URC_NO_REASON;
    }
    if (to.count + 3 <= most) { // the frames of the callers
        to.frames[to.count++] = at;
        to.frames[to.count++] = _Unwind_GetCFA(context);
        to.frames[to.count++] = _Unwind_GetGR(context, 29);
    }
    const auto* const function = static_cast<const word*>(_Unwind_FindEnclosingFunction(reinterpret_cast<void*>(at)));
    to.reached_end = to.reached_end || function == code_of(&everything);
    return _URC_NO_REASON;
}

void trapped(int /*signal*/, siginfo_t* /*info*/, void* argument) {
    auto* const context = static_cast<ucontext_t*>(argument);
    auto* const at = reinterpret_cast<word*>(context->uc_mcontext.pc);
    trace here{};
    here.at = context->uc_mcontext.pc;
    _Unwind_Backtrace(&note, &here);
    if (at < stepped.begin || at >= stepped.end) {
        _exit(3);
    }
    ++hits;
    if (hits == 1) {
        std::memcpy(first_frames, here.frames, sizeof first_frames);
        first_count = here.count;
        stack_at_first = context->uc_mcontext.sp;
    }
    complete += here.interrupt && here.reached_end ? 1U : 0U;
    steady += here.count == first_count && std::memcmp(first_frames, here.frames, sizeof first_frames) == 0 ? 1U : 0U;
    write(at, saved[at - stepped.begin]);
}

template <class Function>
void step_through(range code, Function* function, const std::string& what, bool is_function = true) {
    if (code.begin == nullptr || code.end <= code.begin || code.end - code.begin > 200) {
        check(false, what + ": not found");
        return;
    }
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto from = reinterpret_cast<std::uintptr_t>(code.begin) & ~(page - 1);
    const auto to = (reinterpret_cast<std::uintptr_t>(code.end) + page - 1) & ~(page - 1);
    check(mprotect(reinterpret_cast<void*>(from), to - from, PROT_READ | PROT_WRITE | PROT_EXEC) == 0,
          what + ": writable");
    stepped = code;
    hits = complete = steady = 0;
    const auto length = static_cast<unsigned>(code.end - code.begin);
    std::memcpy(saved, code.begin, length * sizeof(word));
    for (word* at = code.begin; at != code.end; ++at) {
        write(at, brk);
    }
    const int result = function(40);
    check(result == 42, what + ": the result");
    check(hits == length, what + ": " + std::to_string(hits) + " of " + std::to_string(length) + " instructions");
    check(complete == hits, what + ": unwound to the end from " + std::to_string(complete));
    check(steady == hits, what + ": the same frames from " + std::to_string(steady));
    if (is_function) {
        check(first_frames[1] == stack_at_first, what + ": the stack pointer of the caller");
    }
}

[[gnu::noinline]] void everything() {
    step_through(thunk_in(code_of(&calls_thunk)), &calls_thunk, "a thunk");
    step_through(thunk_in(code_of(&calls_thunk_of_void)), &calls_thunk_of_void, "a thunk of a void function");
    step_through(trampoline_of(by_trampoline), &calls_trampoline, "the trampoline of a static call");
    step_through(trampoline_of(by_dispatch), &calls_dispatch, "the trampoline of a dispatch");
    word* const first = find(code_of(&moves_stack), 0xa9bf0be1, 0xffffffff); // stp x1, x2, [sp, #-16]!
    word* const last = find(code_of(&moves_stack), 0xa8c10be1, 0xffffffff);  // ldp x1, x2, [sp], #16
    step_through({first, last + 1}, &calls_what_moves_stack, "a form that moves the stack pointer", false);
}

} // namespace

int main() {
    struct sigaction action{};
    action.sa_sigaction = &trapped;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGTRAP, &action, nullptr);
    everything();
    return failed == 0 ? 0 : 1;
}

// NOLINTEND(*-avoid-magic-numbers)
