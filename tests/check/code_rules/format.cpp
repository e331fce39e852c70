// SPDX-License-Identifier: BSL-1.0
// machines: x86_64 i386 aarch64
// expect: error: a code rule has a line that this version of inlay does not know: "inlay code rule 2" [code-format]
#include "common.hpp"

asm(".pushsection inlay_code_rules, \"\", %progbits; .asciz \"inlay code rule "
#ifdef FIXED
    "1"
#else
    "2"
#endif
    "\\neach: call\\nin: _start\\nnever:\\ndeclared: x.cpp:1\\nrule: r\\n\"; .popsection");

extern "C" void _start() { word = 2; }
