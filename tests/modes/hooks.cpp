// SPDX-License-Identifier: BSL-1.0
//
// The hooks of instrumentation, in a program that is compiled with -finstrument-functions or
// -fsanitize-coverage=trace-pc. They change every register that a function may change. So a value that is in a register
// too early is lost.

#if defined(__clang__)
#define PLAIN [[gnu::no_instrument_function, gnu::used, clang::no_sanitize("coverage")]]
#else
#define PLAIN [[gnu::no_instrument_function, gnu::used, gnu::no_sanitize_coverage]]
#endif
#define SPOIL                                                                                                          \
    asm volatile("mov $-1, %%rax; mov $-1, %%rcx; mov $-1, %%rdx; mov $-1, %%rsi; mov $-1, %%rdi; mov $-1, %%r8; "     \
                 "mov $-1, %%r9; mov $-1, %%r10; mov $-1, %%r11"                                                       \
                 :                                                                                                     \
                 :                                                                                                     \
                 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11")

extern "C" {
PLAIN void __sanitizer_cov_trace_pc() { SPOIL; }                                     // NOLINT
PLAIN void __cyg_profile_func_enter(void* /*function*/, void* /*caller*/) { SPOIL; } // NOLINT
PLAIN void __cyg_profile_func_exit(void* /*function*/, void* /*caller*/) { SPOIL; }  // NOLINT
}
