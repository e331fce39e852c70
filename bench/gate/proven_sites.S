// SPDX-License-Identifier: BSL-1.0
//
// SITES sites of alternatives, of the same kinds as in bench/made_image.hpp. They are 3 to 8 bytes long and 16 bytes
// apart. They belong to 16 declarations, in runs of four on average. One `when` holds. Two of 16 declarations become a
// call.
    .set bench_declarations, 16

    .text
    .balign 4096
    .globl bench_text_begin, bench_text_end
bench_target:
    ret
    .balign 16
bench_text_begin:
    .set state, 1
    .set which, 0
    .rept SITES
    .set state, (state * 1103515245 + 12345) & 0x7fffffff
    .if (state >> 16) % 4 == 0
    .set which, (which + 1 + (state >> 18) % 15) % bench_declarations
    .endif
    .balign 16, 0xcc
1:
    .if which % 6 >= 2
    .byte 0xe8
    .long bench_target - . - 4
    .fill which % 6 - 2, 1, which
    .else
    .fill 3 + which % 6, 1, which
    .endif
    .pushsection inlay_alternatives, "a", @progbits
    .balign 4
    .long 1b - ., bench_choices + 60 * which - .
    .popsection
    .endr
    .balign 16, 0xcc
bench_text_end:

    .section .rodata
    .balign 4
bench_choices: // of each declaration: the `when` that holds, one that does not, the original
    .set which, 0
    .rept bench_declarations
    .long bench_forms + 48 * which - ., bench_on - ., 1f - ., 0
    .byte 3 + which % 6, 2, 0, 0
1:  .long bench_forms + 48 * which + 16 - ., bench_off - ., 2f - ., 0
    .byte 3 + which % 6, 1, 0, 0
2:  .long bench_forms + 48 * which + 32 - ., 0, 0, 0
    .byte 3 + which % 6, 0, 0, 0
    .set which, which + 1
    .endr
    .balign 16
bench_forms: // 16 bytes each, in the same order
    .set which, 0
    .rept bench_declarations
    .if which == 3 || which == 10
    .byte 5, 1, 0, 0, 1, 255, 255, 255, 0xe8
    .long bench_target - . - 4
    .else
    .byte 3 + which % 6 - which % 3, 1, 0, 0, 255, 255, 255, 255
    .fill 3 + which % 6 - which % 3, 1, 0x40 + which
    .endif
    .balign 16
    .byte 3, 1, 0, 0, 255, 255, 255, 255, 0x90, 0x90, 0x90
    .balign 16
    .if which % 6 >= 2
    .byte 3 + which % 6, 1, 0, 0, 1, 255, 255, 255, 0xe8
    .long bench_target - . - 4
    .fill which % 6 - 2, 1, which
    .else
    .byte 3 + which % 6, 1, 0, 0, 255, 255, 255, 255
    .fill 3 + which % 6, 1, which
    .endif
    .balign 16
    .set which, which + 1
    .endr
bench_feature:
    .long bench_cell - ., bench_name - ., 0, 0, 0, 0, 0
bench_name:
    .asciz "bench.on"

    .data
    .balign 4
bench_on:
    .byte 1, 0, 0, 0
    .long 0, bench_feature - ., 0
bench_off:
    .byte 2, 0, 0, 0
    .long 0, bench_feature - ., 0
bench_cell: // set by hand
    .byte 0, 1, 0, 0
    .long 0, 0
    .section .note.GNU-stack, "", @progbits
