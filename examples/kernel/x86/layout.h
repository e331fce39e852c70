/* SPDX-License-Identifier: BSL-1.0 */
/*
 * layout: the numbers that assembly and C++ share.
 *
 * What. Addresses, selectors, and the offsets of members that entry code touches.
 * Why. An assembler cannot ask a struct where its members are; C++ checks these by static_assert (per_cpu.hpp,
 * trap.hpp).
 * How. Preprocessor constants, because .S files know no others.
 */
#ifndef KERNEL_LAYOUT_H
#define KERNEL_LAYOUT_H

/* Where physical address 0 is; the image is linked 1 MiB above. (GNU as takes the other spelling for a bignum.) */
#ifdef __ASSEMBLER__
#define KERNEL_BASE (-0x80000000)
#else
#define KERNEL_BASE 0xffffffff80000000
#endif
#define DIRECT_MAP 0xffff888000000000  /* natively: the first 4 GiB of physical memory, not executable */
#define USER_TEXT 0x400000
#define USER_DATA 0x401000
#define USER_STACK 0x402000

/* Segments natively, in the order that SYSCALL and SYSRET want (Intel SDM volume 2, SYSRET: CS = STAR[63:48] + 16). */
#define KERNEL_CS 0x08
#define KERNEL_DS 0x10
#define USER_DS (0x18 | 3)
#define USER_CS (0x20 | 3)
#define TSS_SELECTOR 0x28

/* Segments under Xen: it offers these, all of ring 3 (xen/include/public/arch-x86/xen-x86_64.h, FLAT_*). */
#define XEN_CS 0xe033
#define XEN_DS 0xe02b

/* struct per_cpu, through %gs. */
#define PER_CPU_SELF 0
#define PER_CPU_KERNEL_STACK 8
#define PER_CPU_USER_STACK 16
#define PER_CPU_USER_SELECTORS 24 /* cs in the low half, ss in the high half */

/* How a trap came in: bits 8 to 15 of trap_frame::vector. */
#define PATH_ORDINARY 0
#define PATH_IST 1
#define PATH_NO_IST 2
#define PATH_SYSCALL 3

#define AP_START 0x8000 /* physical; a page below 1 MiB, because a processor starts in real mode */

#endif
