// SPDX-License-Identifier: BSL-1.0
//
// 4. Operands: a call, or one instruction in its place.
//
// What. A site can take values in registers and return one: `.takes<rdi>().returns<rax, std::uint64_t>()`. The forms
// agree on these registers, so that a call of a function and a single popcnt are interchangeable.
//
// Why. Counting bits is one instruction on a CPU with popcnt, and a loop on others. Linux's hweight64()
// (asm/arch_hweight.h) is the same site: a call in the kernel's image, popcnt in the memory of most machines.
//
// How it works underneath. A function may change nine of the sixteen general registers. If the site simply called a
// function, the compiler would have to save these registers around the site, on all CPUs. But only few CPUs need the
// call. So `call<&f>()` calls a thunk: assembly that saves the registers, aligns the stack, calls f and restores the
// registers. At the site, the compiler gives up rax for the result, and the vector registers, because saving them would
// slow the thunk down. Linux: PV_CALLEE_SAVE_REGS_THUNK() in asm/paravirt.h.
#include "tour.hpp"

#include <cstdio>

using namespace inlay::x86::insn;
using inlay::cpu, inlay::when;

namespace {

unsigned calls = 0;

/// Clears the lowest set bit until none is left (Wegner, 1960).
std::uint64_t software_popcount(std::uint64_t value) {
    ++calls;
    std::uint64_t count = 0;
    for (; value != 0; value &= value - 1) {
        ++count;
    }
    return count;
}

inline constexpr auto hweight64 = inlay::alternative<call<&software_popcount>(), when<cpu.popcnt, popcnt(rax, rdi)>>{}
                                      .named<"hweight64">()
                                      .takes<rdi>()
                                      .returns<rax, std::uint64_t>();

constexpr unsigned count = 100'000;

/// Sums up the bits of many values; each is the previous value times Knuth's multiplier for MMIX, plus his increment.
[[gnu::noinline]] std::uint64_t sum_of_bits() {
    std::uint64_t sum = 0;
    std::uint64_t value = 1;
    for (unsigned i = 0; i < count; ++i) {
        value = value * 6364136223846793005U + 1442695040888963407U;
        sum += hweight64(value);
    }
    return sum;
}

std::uint64_t run(const char* label) {
    calls = 0;
    const std::uint64_t sum = sum_of_bits();
    tour::show(label, "hweight64");
    std::printf("        -> %llu bits in %u values, %u calls\n", static_cast<unsigned long long>(sum), count, calls);
    return sum;
}

/// Where the site's call goes.
const std::uint8_t* find_thunk() { return reinterpret_cast<const std::uint8_t*>(tour::inspect("hweight64").target); }

void show_thunk(const std::uint8_t* thunk) {
    std::string line = "        thunk:";
    for (const auto& each : tour::instructions({thunk, 64})) {
        if (each.starts_with("call")) {
            break;
        }
        if (line.size() + each.size() > 90) {
            std::printf("%s\n", line.c_str());
            line = "              ";
        }
        line += " " + each + ";";
    }
    std::printf("%s\n               call software_popcount; then the same in reverse\n", line.c_str());
}

} // namespace

int main() {
    tour::title(4, "Operands: a call, or one instruction in its place");
    tour::say(
        "hweight64(value) counts set bits. The site is five bytes: a call of a thunk that saves the registers for\n"
        "a function in C++, or popcnt. Both must give the same results.");
    const auto* const thunk = find_thunk();
    tour::call_it(reinterpret_cast<inlay::address>(thunk), "thunk");
    const std::uint64_t called = run("not applied yet");
    show_thunk(thunk);
    tour::apply_or_leave();
    const std::uint64_t applied = run("applied");
    if (tour::inspect("hweight64").form == inlay::standing::original) {
        std::printf("This CPU has no popcnt, or INLAY_FEATURES hides it: the call stays.\n");
    }
    tour::next("a whole function chosen by feature, doing real work on a real file.");
    return called == applied ? 0 : 1;
}
