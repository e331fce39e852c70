// SPDX-License-Identifier: BSL-1.0
//
// Hooks on AArch64: no register changes but x16, x17 and x30, with a target that changes all; arguments; null and set. A plain
// program: it prints a line PASS or FAIL for each check and returns 1 if one failed.
#include <inlay/inlay.hpp>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include <asm/hwcap.h>
#include <sys/auxv.h>
#include <unwind.h>

// NOLINTBEGIN(*-avoid-magic-numbers)

struct registers {
    std::uint64_t general[32];
    std::uint8_t vectors[32][16];
    std::uint8_t wide[32 * 256]; // of SVE
    std::uint8_t predicates[17 * 32];
};

// call_with_registers(function, in, out, sve): sets all registers but the stack pointer from `in`, calls the function, and
// stores them to `out`.
asm(R"(
    .arch_extension sve
    .text
    .type call_with_registers, %function
    .globl call_with_registers
call_with_registers:
    stp x29, x30, [sp, #-192]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    stp x2, x3, [sp, #160]
    mov x16, x0
    mrs x17, fpcr
    str x17, [sp, #176]
    mov x17, #0x400000
    msr fpcr, x17
    cbz x3, 1f
    add x17, x1, #768
    add x18, x1, #2048
    add x18, x18, #2048
    add x18, x18, #2048
    add x18, x18, #2048
    add x18, x18, #768
    ldr p0, [x18, #16, mul vl]
    wrffr p0.b
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    ldr p\n, [x18, #\n, mul vl]
    .endr
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ldr z\n, [x17, #\n, mul vl]
    .endr
    b 2f
1:  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ldr q\n, [x1, #256 + 16 * \n]
    .endr
2:  .irp n, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
    ldr x\n, [x1, #8 * \n]
    .endr
    ldr x1, [x1, #8]
    blr x16
    ldr x16, [sp, #160]
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
    str x\n, [x16, #8 * \n]
    .endr
    mrs x0, fpcr
    str x0, [x16, #248]
    ldr x3, [sp, #168]
    cbz x3, 3f
    add x17, x16, #768
    add x18, x16, #2048
    add x18, x18, #2048
    add x18, x18, #2048
    add x18, x18, #2048
    add x18, x18, #768
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    str p\n, [x18, #\n, mul vl]
    .endr
    rdffr p0.b
    str p0, [x18, #16, mul vl]
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    str z\n, [x17, #\n, mul vl]
    .endr
    b 4f
3:  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    str q\n, [x16, #256 + 16 * \n]
    .endr
4:  ldr x17, [sp, #176]
    msr fpcr, x17
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    ldp x29, x30, [sp], #192
    ret

    .type changes_all_registers, %function
    .globl changes_all_registers
changes_all_registers: // (long sve)
    hint #34 // bti c
    cbz x0, 5f
    pfalse p0.b
    wrffr p0.b
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    pfalse p\n\().b
    .endr
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    dup z\n\().b, #-1
    .endr
    b 6f
5:  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    movi v\n\().16b, #255
    .endr
6:  .irp n, 8, 9, 10, 11, 12, 13, 14, 15 // their low halves are preserved
    mov v\n\().d[1], xzr
    .endr
    msr fpcr, xzr
    mov x0, #-1
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
    mov x\n, x0
    .endr
    ret
)");
extern "C" void call_with_registers(void (*function)(), const registers* in, registers* out, long sve);
extern "C" void changes_all_registers(long sve) noexcept;

namespace {

int failed = 0;
void check(bool good, const std::string& what) {
    std::printf("%s %s\n", good ? "PASS" : "FAIL", what.c_str());
    failed += good ? 0 : 1;
}

inline constexpr inlay::hook<"test.none", void()> none;
inline constexpr inlay::hook<"test.wide", void(long)> wide;
inline constexpr inlay::hook<"test.six", void(int, unsigned char, const char*, long&, bool, unsigned long)> six;

long called = 0;
std::string said;
[[gnu::noinline]] long call_none(long a) {
    none();
    return a + called;
}
[[gnu::noinline]] void call_six(int a, long& d) { six(a, 255, "text", d, a < 0, ~0UL); }
[[gnu::noinline]] void call_wide(long a) { wide(a); }

void take_six(int a, unsigned char b, const char* c, long& d, bool e, unsigned long f) noexcept {
    said = std::to_string(a) + ' ' + std::to_string(b) + ' ' + c + ' ' + std::to_string(d) + (e ? " yes " : " no ") +
           std::to_string(static_cast<long>(f));
    d = 9;
}

template <bool Hooked>
[[gnu::noinline]] double keep_values(double a, long b, long number) {
    using vector = float __attribute__((vector_size(16)));
    vector v = {static_cast<float>(a), 2, 3, static_cast<float>(b)};
    double sum = 0;
    for (int i = 0; i < 5; ++i) {
        if constexpr (Hooked) {
            wide(number);
        } else {
            asm volatile("" : "+r"(number) : : "memory");
        }
        v += v * 0.5F;
        sum += a * i + static_cast<double>(v[i & 3]);
        b = b * 5 + i;
    }
    return sum + static_cast<double>(b);
}

/// The trampoline of `wide`, by the tables.
void (*trampoline_of_wide())() {
    const auto tables = inlay::this_image();
    for (std::size_t i = 0; i < tables.names.size(); ++i) {
        const auto& named = tables.names.records[i];
        if (std::strcmp(reinterpret_cast<const char*>(named.name.target()), "test.wide") == 0) {
            return reinterpret_cast<void (*)()>(named.trampoline.target());
        }
    }
    return nullptr;
}

void check_registers(void (*trampoline)(), const std::string& when) {
    static registers before;
    static registers after;
    const bool has_sve = (::getauxval(AT_HWCAP) & HWCAP_SVE) != 0;
    for (long sve = 0; sve <= (has_sve ? 1 : 0); ++sve) {
        auto* const bytes = reinterpret_cast<std::uint8_t*>(&before);
        for (std::size_t i = 0; i < sizeof(before); ++i) {
            bytes[i] = static_cast<std::uint8_t>(3 + i * 7 + i / 64);
        }
        std::memset(before.predicates + 16 * 2, 3, 32 * 16); // FFR begins with ones
        before.general[0] = static_cast<std::uint64_t>(sve);
        before.general[16] = before.general[17] = before.general[30] = 0;
        before.general[31] = 0x400000;
        std::memset(&after, 0, sizeof(after));
        call_with_registers(trampoline, &before, &after, sve);
        std::string wrong;
        for (int i = 0; i < 32; ++i) {
            wrong += after.general[i] == before.general[i] ? "" : " x" + std::to_string(i);
            wrong +=
                sve != 0 || std::memcmp(after.vectors[i], before.vectors[i], 16) == 0 ? "" : " q" + std::to_string(i);
        }
        if (sve != 0) {
            std::uint64_t length = 0;
            asm volatile(".inst 0x04bf5020 | 9\n\tmov %0, x9" : "=r"(length) : : "x9"); // rdvl x9, #1
            wrong += std::memcmp(after.wide, before.wide, 32 * length) == 0 ? "" : " z";
            wrong += std::memcmp(after.predicates, before.predicates, 17 * length / 8) == 0 ? "" : " p or ffr";
        }
        check(wrong.empty(), when + (sve != 0 ? ", SVE: " : ": ") + "all registers are kept" + wrong);
    }
}

_Unwind_Reason_Code is_caller(_Unwind_Context* context, void* found) {
    *static_cast<bool*>(found) =
        *static_cast<bool*>(found) || _Unwind_GetRegionStart(context) == reinterpret_cast<std::uintptr_t>(&call_wide);
    return _URC_NO_REASON;
}
bool passed_thunk = false;

void run(const std::string& when) {
    long variable = 7;
    called = 0;
    said.clear();
    check(call_none(1) == 1, when + ": a null hook does nothing");
    call_six(-1, variable);
    check(said.empty(), when + ": and takes arguments");
    check(static_cast<bool>(inlay::update(none, []() noexcept { ++called; })) && call_none(1) == 2, when + ": set");
    check(static_cast<bool>(inlay::update(six, &take_six)), when + ": set, with arguments");
    call_six(-1, variable);
    check(said == "-1 255 text 7 yes -1" && variable == 9, when + ": the arguments arrive: " + said);
    check(inlay::update(none, nullptr) && inlay::update(six, nullptr) && call_none(1) == 2, when + ": null again");
    const double right = keep_values<false>(1.25, 77, 0);
    check(keep_values<true>(1.25, 77, 0) == right, when + ": values across a null hook");
    check(static_cast<bool>(inlay::update(wide, &changes_all_registers)), when + ": set to what changes all");
    check(keep_values<true>(1.25, 77, 0) == right, when + ": values across it");
    check_registers(trampoline_of_wide(), when);
    check(static_cast<bool>(
              inlay::update(wide, [](long /*number*/) noexcept { _Unwind_Backtrace(&is_caller, &passed_thunk); })),
          when + ": set to a backtrace");
    passed_thunk = false;
    call_wide(0);
    check(passed_thunk, when + ": the backtrace passes the thunk");
}

} // namespace

int main() {
    run("before apply()");
    check(static_cast<bool>(inlay::update(wide, nullptr)), "null");
    const auto done = inlay::apply();
    check(static_cast<bool>(done), std::string{"apply(): "} + inlay::message(done.error()));
    check(done.calls_missed() == 0 && done.calls_kept() == 0, "every site is found");
    run("after apply()");
    return failed == 0 ? 0 : 1;
}

// NOLINTEND(*-avoid-magic-numbers)
