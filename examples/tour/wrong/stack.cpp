// SPDX-License-Identifier: BSL-1.0
//
// An unwinder that stops behind the first byte of this site cannot know which form it is in: in one of them a word
// has been pushed, in the other not. Linux finds this with objtool, after the build; here the compiler does.
#include <inlay/inlay.hpp>

using namespace inlay::x86::insn;
using inlay::cpu, inlay::when;

inlay::alternative<nop(1) + nop(1), when<cpu.smap, push(rax) + pop(rax)>> site; // wrong

void use() { site(); }
