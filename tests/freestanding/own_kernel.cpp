// SPDX-License-Identifier: BSL-1.0
//
// A small program without any library, in place of a kernel that has its own macros, types and namespace std. It patches
// itself and exits: with 0, or with the number of the step that failed. Its text is writable (program.lds).
#include "own_kernel.hpp"

#include <inlay/kernel.hpp>

#if !defined(inline) || !defined(likely) || !defined(cpu) || !defined(bool) || !defined(begin) || !defined(section)
#error "inlay/kernel.hpp has not brought a macro back"
#endif
#undef bool
#undef true
#undef false
#undef asm
#undef begin
#undef end
#undef cpu
#undef noreturn
#undef register
#undef set
#undef used

extern "C" {
extern const char image_begin[], text_begin[], text_end[], image_end[]; // from the linker script
[[noreturn, gnu::used]] void own_main() noexcept;

// Compilers call these where they copy or clear.
void* memset(void* to, int value, size_t count);
void* memcpy(void* to, const void* from, size_t count);
[[gnu::used]] void* memset(void* to, int value, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        static_cast<volatile unsigned char*>(to)[i] = static_cast<unsigned char>(value);
    }
    return to;
}
[[gnu::used]] void* memcpy(void* to, const void* from, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        static_cast<volatile unsigned char*>(to)[i] = static_cast<const unsigned char*>(from)[i];
    }
    return to;
}
}

namespace {

[[noreturn]] void leave(int status) noexcept {
#if defined(__x86_64__)
    __asm__ volatile("syscall" : : "a"(231), "D"(status)); // exit_group
#elif defined(__i386__)
    __asm__ volatile("int $0x80" : : "a"(252), "b"(status));
#else
    register long number __asm__("x8") = 94;
    register long first __asm__("x0") = status;
    __asm__ volatile("svc #0" : : "r"(number), "r"(first));
#endif
    __builtin_unreachable();
}

constexpr inlay::feature<"own.asked", inlay::by_hand{}> asked;

#if defined(__aarch64__)
namespace insn = inlay::aarch64::insn;
constexpr auto fence = (insn::isb)(); // parentheses keep `isb` and `nop` functions, since the macros are back
#else
namespace insn = inlay::x86::insn;
constexpr auto fence = insn::lfence();
#endif
constexpr inlay::alternative<(insn::nop)(4), inlay::when<asked, fence>> gap;
constexpr inlay::static_key<"own.trace", false> trace;
constexpr inlay::static_switch<"own.scheduler", 4> scheduler;
noinline int one() noexcept { return 1; }
noinline int two() noexcept { return 2; }
constexpr inlay::static_call<"own.clock", &one> clock;
constexpr inlay::dispatch<"own.console", &one, inlay::when<asked, &two>> console;

noinline int sum() noexcept {
    gap();
    int result = clock() + 10 * console();
    if (likely(trace)) { // the kernel's macro: the key as a condition
        result += 100;
    }
    if ((inlay::unlikely)(trace)) {
        result += 1000;
    }
    if (inlay::has<asked>) {
        result += 10000;
    }
    switch (scheduler) {
    case 3:
        return result + 100000;
    default:
        return result;
    }
}

/// How many sites of a table hold the form.
template <class Platform, class Section>
unsigned count(const Platform& kernel, const Section& records, inlay::standing form) noexcept {
    unsigned result = 0;
    for (size_t i = 0; i < records.size(); ++i) {
        result += inlay::inspect(kernel, inlay::this_image(), records.records[i]).form == form ? 1U : 0U;
    }
    return result;
}

inlay::uintptr_t at(const char* symbol) noexcept { return reinterpret_cast<inlay::uintptr_t>(symbol); }

inlay::platform::bare<inlay::arch::emit::synchronise> kernel{{0, 0}, {0, 0}};
int changes = 0;

} // namespace

template <>
struct inlay::this_kernel<> {
    static outcome change(const auto& make) noexcept {
        ++changes;
        return make(kernel);
    }
};

void own_main() noexcept {
    kernel.text = {at(text_begin), at(text_end)};
    kernel.image = {at(image_begin), at(image_end)};
    const auto keys = inlay::this_image().keys;
    if (sum() != 11 || count(kernel, keys, inlay::standing::reads_memory) != keys.size()) {
        leave(1);
    }
    inlay::set(asked, true);
    if (!inlay::apply(inlay::this_image(), kernel)) {
        leave(2);
    }
    if (!inlay::is_patched() || sum() != 10021) {
        leave(3);
    }
    if (!inlay::set(trace, true, kernel) || !inlay::set(scheduler, 3U, kernel) || !inlay::update(clock, &two, kernel)) {
        leave(4);
    }
    if (sum() != 111122) {
        leave(5);
    }
    int wrong = 0;
    inlay::each_site(inlay::this_image(), kernel, [&](const inlay::site_note& note) noexcept {
        // Without optimisation compilers move calls away from their markers.
        wrong += note.why == inlay::reason::none || note.why == inlay::reason::call_not_found ? 0 : 1;
    });
    if (wrong != 0) {
        leave(6);
    }
    const auto tables = inlay::this_image();
    if (count(kernel, tables.alternatives, inlay::standing::when) != tables.alternatives.size() ||
        count(kernel, tables.keys, inlay::standing::jump) +
                count(kernel, tables.keys, inlay::standing::falls_through) !=
            tables.keys.size() ||
        count(kernel, tables.calls, inlay::standing::direct) + count(kernel, tables.calls, inlay::standing::other) !=
            tables.calls.size()) {
        leave(7);
    }
    if (!inlay::set(trace, false) || !inlay::set(scheduler, 0U) || !inlay::update(clock, &one) ||
        !inlay::choose(console, 0) || changes != 4 || sum() != 10011) { // by the kernel's declaration
        leave(8);
    }
    inlay::transaction<3> together;
    together.set(trace, true).set(scheduler, 3U).update(clock, &two);
    if (!together.commit() || changes != 5 || sum() != 111112) {
        leave(9);
    }
    leave(0);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\tand $-16, %rsp\n\tcall own_main\n");
#elif defined(__i386__)
__asm__(".globl _start\n_start:\n\tand $-16, %esp\n\tcall own_main\n");
#else
__asm__(".globl _start\n_start:\n\tbl own_main\n");
#endif
