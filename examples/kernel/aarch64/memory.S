/* SPDX-License-Identifier: BSL-1.0 */
/*
 * memory: the four functions that compilers call without being asked.
 *
 * What, why. A freestanding compiler may call memcpy, memmove, memset and memcmp. The patcher may run through them, so
 * they hold no patch site. They run before the MMU is on, so all their accesses are aligned.
 * How. Eight bytes at once where both addresses are multiples of eight, else a byte at a time.
 */
#include "assembly.h"

	.text
FUNCTION(memmove)
	sub	x3, x0, x1
	cmp	x3, x2				/* does the destination begin inside of the source? */
	b.hs	memcpy
	add	x3, x0, x2
	add	x1, x1, x2
1:	cbz	x2, 2f
	ldrb	w4, [x1, #-1]!
	strb	w4, [x3, #-1]!
	sub	x2, x2, #1
	b	1b
2:	ret
END_FUNCTION(memmove)
FUNCTION(memcpy)
	mov	x3, x0
	orr	x4, x0, x1
	tst	x4, #7
	b.ne	2f
1:	subs	x2, x2, #8
	b.lo	3f
	ldr	x4, [x1], #8
	str	x4, [x3], #8
	b	1b
3:	add	x2, x2, #8
2:	cbz	x2, 4f
	ldrb	w4, [x1], #1
	strb	w4, [x3], #1
	sub	x2, x2, #1
	b	2b
4:	ret
END_FUNCTION(memcpy)
FUNCTION(memset)
	mov	x3, x0
	and	x1, x1, #0xff
	tst	x0, #7
	b.ne	2f
	mov	x4, #0x0101010101010101
	mul	x4, x4, x1
1:	subs	x2, x2, #8
	b.lo	3f
	str	x4, [x3], #8
	b	1b
3:	add	x2, x2, #8
2:	cbz	x2, 4f
	strb	w1, [x3], #1
	sub	x2, x2, #1
	b	2b
4:	ret
END_FUNCTION(memset)
FUNCTION(memcmp)
	cbz	x2, 2f
	ldrb	w3, [x0], #1
	ldrb	w4, [x1], #1
	sub	x2, x2, #1
	subs	w3, w3, w4
	b.eq	memcmp
	mov	w0, w3
	ret
2:	mov	w0, #0
	ret
END_FUNCTION(memcmp)

	.section .note.GNU-stack, "", %progbits
