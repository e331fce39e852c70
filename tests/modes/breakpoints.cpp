// SPDX-License-Identifier: BSL-1.0
//
// A site of each kind, in separate functions. A debugger puts a breakpoint on one. apply() must refuse to overwrite
// the breakpoint, and name the site. All sites must still work.
#include <inlay/inlay.hpp>
#include <inlay/pv.hpp>

#include <cstdint>
#include <cstdio>

using namespace inlay::x86::insn;
using inlay::when;

static int bits_in_software(std::uint64_t x) {
    int count = 0;
    for (; x != 0; x &= x - 1) {
        ++count;
    }
    return count;
}
inline constexpr auto bits = inlay::alternative<call<&bits_in_software>(), when<inlay::cpu.fpu, mov(eax, 8)>>{}
                                 .takes<rdi>()
                                 .returns<rax, std::uint64_t>();
static long plus_one(long x) { return x + 1; }
static long also_plus_one(long x) { return x - ~0L; }
struct operations {
    inlay::pv_op<long(long), inlay::callee_save<&plus_one>> op;
};
inline constinit operations table;
inline constexpr inlay::pv_call<&table, &operations::op> operation;
inline constexpr inlay::static_call<"breakpoints.call", &plus_one> called;
inline constexpr inlay::dispatch<"breakpoints.dispatch", &plus_one, when<inlay::cpu.fpu, &also_plus_one>> chosen;
inline constexpr inlay::static_key<"breakpoints.key", true> key;

extern "C" {
[[gnu::noinline]] int alternative_site(std::uint64_t x) { return static_cast<int>(bits(x)); }
[[gnu::noinline]] long operation_site(long x) { return operation(x) * 2; }
[[gnu::noinline]] long call_site(long x) { return called(x) * 2; }
[[gnu::noinline]] long tail_site(long x) { return called(x); }
[[gnu::noinline]] long dispatch_site(long x) { return chosen(x) * 2; }
[[gnu::noinline]] int key_site(int x) {
    asm volatile("");
    return key ? x + 1 : x;
}
[[gnu::noinline]] void later() { asm volatile(""); }
}

int main() {
    std::setvbuf(stdout, nullptr, _IONBF, 0);
    const auto done = inlay::apply();
    std::printf("apply: %s; site %#zx\n", inlay::message(done.error()), done.record().site);
    later();
    const bool good = alternative_site(255) == 8 && operation_site(1) == 4 && call_site(1) == 4 && tail_site(1) == 2 &&
                      dispatch_site(1) == 4 && key_site(1) == 2;
    std::printf("results: %s\n", good ? "right" : "WRONG");
    return good ? 0 : 1;
}
