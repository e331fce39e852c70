// SPDX-License-Identifier: BSL-1.0
//
// The architecture at hand, as namespace inlay::arch. What an architecture provides:
//
//     emit::thunk, code_macro, form, feature, predicate, choice, site_macro, site, ...   (emit.hpp)
//     insn::nop(count)                       padding as code
//     fill_nops(bytes, count)                padding at run time
//     relocate(field, shift)                 moves a relative operand
//     is_branch_to, retarget                 finds and redirects calls
//     has(probe_words)                       asks this machine for a feature
//     cpu_features, inlay::cpu               the features by name
#pragma once

#if defined(__x86_64__)
#include "inlay/arch/x86/arch.hpp"
#elif defined(__aarch64__)
#include "inlay/arch/aarch64/arch.hpp"
#else
#error "inlay: no arch/ folder for this architecture; x86-64 and AArch64 are there"
#endif
