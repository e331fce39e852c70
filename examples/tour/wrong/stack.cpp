// SPDX-License-Identifier: BSL-1.0
//
// If an unwinder stops after the first byte of this site, it cannot know the form. One form has pushed a word there,
// the other has not. Linux finds this mistake with objtool, after the build; here, the compiler finds it.
#include <inlay/inlay.hpp>

using namespace inlay::x86::insn;
using inlay::cpu, inlay::when;

inlay::alternative<nop(1) + nop(1), when<cpu.smap, push(rax) + pop(rax)>> site; // wrong

void use() { site(); }
