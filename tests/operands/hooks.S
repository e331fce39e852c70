# SPDX-License-Identifier: BSL-1.0
# The hooks of -finstrument-functions and -fsanitize-coverage=trace-pc: they change all registers that a function may
# change.
    .intel_syntax noprefix
    .text
    .globl __cyg_profile_func_enter, __cyg_profile_func_exit, __sanitizer_cov_trace_pc
    .type __cyg_profile_func_enter, @function
    .type __cyg_profile_func_exit, @function
    .type __sanitizer_cov_trace_pc, @function
__cyg_profile_func_enter:
__cyg_profile_func_exit:
__sanitizer_cov_trace_pc:
    .irp register, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11
    mov \register, -0x5a5a5a5b
    .endr
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    pcmpeqd xmm\number, xmm\number
    .endr
    ret
    .section .note.GNU-stack,"",@progbits
