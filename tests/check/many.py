#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The assembly source of a program with COUNT sites: alternatives, keys and static calls, in functions of their own.
tests/check/many.py COUNT >many.S; g++ -I tests/check -nostdlib -static many.S"""
import sys

count = int(sys.argv[1])
print('#include "corpus.h"')
print("""	function target
	ret
	end	target
	function trampoline
	jmp	*cell_c(%rip)
	end	trampoline
	cell	cell_c, c, target
	named	c, c, FvvE, cell_c, trampoline
	cell	cell_k, k
	named	k, k, FbvE, cell_k""")
for i in range(50):
    print("""	feature	x{0}
	form	f{0}
	.fill	5, 1, 0x90
	form_end f{0}
	form	g{0}, 1, 1
	.byte	0xe8
	.long	target - . - 4
	form_end g{0}
	text	name{0}, "alternative.{0}"
	original c{0}, f{0}, 5, name{0}
	when	d{0}, g{0}, x{0}, c{0}, 5, 1, name{0}""".format(i))
for i in range(count):
    print("\tfunction function_%d\n\tpush %%rbx\n\tmov %%rdi, %%rbx\n\tlea 1(%%rdi,%%rsi,8), %%rax" % i)
    if i % 4 == 0:
        print("\tcall_record .Ls%d, c\n.Ls%d: call trampoline" % (i, i))
    elif i % 4 == 1:
        print(".Ls%d: {disp32} jmp 1f\n\tmov $1, %%eax\n1:\tkey .Ls%d, 1b, k" % (i, i))
    else:
        print(".Ls%d: .fill 5, 1, 0x90\n\talternative .Ls%d, d%d" % (i, i, i % 50))
    print("\tadd %%rbx, %%rax\n\tpop %%rbx\n\tret\n\tend function_%d" % i)
