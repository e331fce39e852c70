// SPDX-License-Identifier: BSL-1.0
//
// Operands in all registers, thunks and paravirt calls with six arguments: for modes where a compiler adds calls.
#include <inlay/inlay.hpp>
#include <inlay/pv.hpp>

#include <cstdio>

namespace {

using namespace inlay::x86::insn;
using inlay::when;

inline constexpr inlay::feature<"modes.x", inlay::by_hand{}> x;

long six(long a, long b, long c, long d, long e, long f) noexcept {
    return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f;
}
long three(long a, long b, long c) noexcept { return a + 10 * b + 100 * c; }

constexpr auto in_r8 =
    inlay::alternative<lea(rax, ptr(r8, 5)), when<x, lea(rax, ptr(r8, 7))>>{}.takes<r8>().returns<rax, long>();
constexpr auto in_r9 =
    inlay::alternative<lea(rax, ptr(r9, 5)), when<x, lea(rax, ptr(r9, 7))>>{}.takes<r9>().returns<rax, long>();
constexpr auto in_rbx = inlay::alternative<lea(rax, ptr(rbx, 5)), when<x, lea(rax, ptr(rbx, 7))>>{}
                            .takes<rbx>()
                            .returns<rax, long>()
                            .clobbers_all();
constexpr auto calls_six = inlay::alternative<call<&six>(), when<x, lea(rax, ptr(r9, 1))>>{}
                               .takes<rdi, rsi, rdx, rcx, r8, r9>()
                               .returns<rax, long>();
constexpr auto calls_three =
    inlay::alternative<call<&three>(), when<x, lea(rax, ptr(rdx, 1))>>{}.takes<rdi, rsi, rdx>().returns<rax, long>();

struct operations {
    inlay::pv_op<long(long, long, long, long, long, long), &six> plain;
    inlay::pv_op<long(long, long, long, long, long, long), inlay::callee_save<&six>> kept;
};
constinit operations table;
constexpr inlay::pv_call<&table, &operations::plain> plain;
constexpr inlay::pv_call<&table, &operations::kept> kept;

int failures = 0;

void expect(long got, long wanted, const char* what, int round) {
    if (got != wanted) {
        ++failures;
        std::printf("FAIL: %s: %ld, not %ld (%s apply())\n", what, got, wanted, round == 0 ? "before" : "after");
    }
}

void check(long one, int round) {
    const long more = round == 0 ? 5 : 7;
    expect(in_r8(one * 40), 40 + more, "r8, a variable", round);
    expect(in_r9(one * 40), 40 + more, "r9, a variable", round);
    expect(in_rbx(one * 40), 40 + more, "rbx, a variable", round);
    expect(in_r8(40), 40 + more, "r8, a constant", round);
    expect(in_r9(40), 40 + more, "r9, a constant", round);
    expect(in_rbx(40), 40 + more, "rbx, a constant", round);
    expect(calls_six(one, one + 1, one + 2, one + 3, one + 4, one + 5), round == 0 ? 654321 : 7, "six by a thunk",
           round);
    expect(calls_three(one, one + 1, one + 2), round == 0 ? 321 : 4, "three by a thunk", round);
    expect(plain(one, one + 1, one + 2, one + 3, one + 4, one + 5), 654321, "a paravirt call", round);
    expect(kept(one, one + 1, one + 2, one + 3, one + 4, one + 5), 654321, "a callee-save paravirt call", round);
}

} // namespace

int main(int count, char** /*arguments*/) {
    check(count, 0);
    inlay::set(x, true);
    const auto done = inlay::apply();
    if (!done) {
        std::printf("FAIL: apply: %s\n", inlay::message(done.error()));
        return 1;
    }
    check(count, 1);
    return failures == 0 ? 0 : 1;
}
