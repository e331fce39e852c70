// SPDX-License-Identifier: BSL-1.0
//
// The program that the oracle steps through: sites of all kinds, in one state after the other. Between two markers,
// everything is stepped. sites/ has the functions in assembly, for each architecture.
#include <inlay/inlay.hpp>
#include <inlay/unwind.hpp>

#include <cstdint>

using inlay::when;
#if defined(__aarch64__)
using namespace inlay::aarch64::insn;
#else
using namespace inlay::x86::insn;
#endif

#ifndef ENTRIES
#define ENTRIES 4000
#endif
[[gnu::section("inlay_unwind"), gnu::used]] constinit inlay::unwind::space<ENTRIES> frames{};

inline constexpr inlay::feature<"orc.x", inlay::by_hand{}> x;
inline constexpr inlay::feature<"orc.y", inlay::by_hand{}> y;

extern "C" {
[[gnu::visibility("hidden")]] extern const inlay::table::predicate_node with_x;
[[gnu::visibility("hidden")]] extern const inlay::table::predicate_node with_y;
void first_series();
void frame_pointer();
void deeper();
void deeper_again();
void saved_before();
void with_frame();
void leaves();
void one();
void two();
extern void (*slot)();
[[gnu::noinline]] void one() { asm volatile("" : : : "memory"); }
[[gnu::noinline]] void two() { asm volatile("nop" : : : "memory"); }
void (*slot)() = &one;
}

int plus_one(int value);
int plus_two(int value);
[[gnu::noinline]] int plus_one(int value) {
    asm volatile("" : "+r"(value));
    return value + 1;
}
[[gnu::noinline]] int plus_two(int value) {
    asm volatile("" : "+r"(value));
    return value + 2;
}

inline constexpr inlay::static_key<"orc.key", false> key;
inline constexpr inlay::static_call<"orc.call", &plus_one> number;
inline constexpr inlay::dispatch<"orc.dispatch", &plus_one, when<x, &plus_two>> chosen;
#if defined(__x86_64__)
using inlay::x86::rax, inlay::x86::rdi;
std::uint64_t count_bits(std::uint64_t value);
[[gnu::noinline]] std::uint64_t count_bits(std::uint64_t value) {
    std::uint64_t count = 0;
    for (; value != 0; value &= value - 1) {
        ++count;
        asm("" : "+r"(count)); // or GCC calls a function of libgcc, through the procedure linkage table
    }
    return count;
}
inline constexpr auto bits = inlay::alternative<call<&count_bits>(), when<x, popcnt(rax, rdi)>>{}
                                 .template takes<rdi>()
                                 .template returns<rax, std::uint64_t>();
#else
inline constexpr inlay::alternative<call<&one>(), when<x, call<&two>()>> call_of_function;
static unsigned bits(unsigned value) {
    call_of_function();
    return value;
}
#endif

[[gnu::noinline]] static int compiled(int value) {
    if (key) {
        value = number(value);
    }
    value += static_cast<int>(bits(static_cast<unsigned>(value)));
    volatile int kept[3] = {value, 2, 3}; // NOLINT(*-avoid-c-arrays)
    return chosen(kept[0]) + number(kept[1]);
}

[[gnu::noinline]] static int tail(int value) { return number(value); }

#if defined(__aarch64__)
extern "C" void marker(); // not in this unit: the search for a call takes a brk for a debugger's
#else
[[gnu::always_inline]] static inline void marker() { asm volatile("int3" : : : "memory"); }
#endif

static void all() {
    marker();
    first_series();
    frame_pointer();
    deeper();
    deeper_again();
    saved_before();
    with_frame();
    leaves();
    (void)compiled(4);
    (void)tail(3);
    marker();
}

int main() {
    inlay::name_for_assembly<&with_x, x>();
    inlay::name_for_assembly<&with_y, y>();
    all(); // as the compiler has left it
    for (unsigned mask = 0; mask != 4; ++mask) {
        inlay::set(x, (mask & 1) != 0);
        inlay::set(y, (mask & 2) != 0);
        if (!inlay::apply()) {
            return 1;
        }
        all();
        if (!inlay::set(key, (mask & 1) == 0) || !inlay::update(number, (mask & 1) != 0 ? &plus_one : &plus_two)) {
            return 2;
        }
        all();
    }
}
